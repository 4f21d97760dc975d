/* Comma-separated values (RFC 4180): UTF-8 with a byte order mark, lines that end in CRLF, a head line. Instants as
 * "2026-11-29 08:30:00", days as "2026-11-29", numbers plain.
 *
 * Spreadsheets take a text that begins with = + - @, a tab or CR for a formula, in quotes as well: such a text, also behind
 * apostrophes, gets an apostrophe in front. Whoever reads the file takes one off before these again, and has exactly what it was. */
#ifndef MMS_EXCEL_CSV_H
#define MMS_EXCEL_CSV_H

#include "excel/table.h"

#define CSV_TYPE "text/csv; charset=utf-8"

/* NULL: no file can be made in that folder. */
struct table *csv_new(const char *folder, const struct table_column *columns, size_t count);

#endif
