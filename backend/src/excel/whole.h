/* Whether a workbook that the library has written is all there.
 *
 * libxlsxwriter keeps each part in a temporary file before it packs it and does not look whether writing that file was possible, so
 * that a full disk would give a workbook that lacks its end, or its middle. */
#ifndef MMS_EXCEL_WHOLE_H
#define MMS_EXCEL_WHOLE_H

#include <stdbool.h>
#include <stdint.h>

/* row_bytes: what the rows of all sheets together are, as XML. The archive has `size` bytes. */
bool workbook_is_whole(int fd, int64_t size, int64_t row_bytes);

#endif
