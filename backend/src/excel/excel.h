/* Workbooks (.xlsx): a bold head that stays in sight and can be filtered by, and rows of text, exact decimals, instants and days.
 * Every text is a text, whatever it begins with: never a formula, a number or a link. The only folder that sees xlsxwriter.h. */
#ifndef MMS_EXCEL_EXCEL_H
#define MMS_EXCEL_EXCEL_H

#include "excel/table.h"

#define EXCEL_TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#define EXCEL_ROWS_MAX 1048575 /* of a sheet, beside the head */
#define EXCEL_TEXT_MAX 32767   /* characters of a cell; longer texts are cut, with … at their end */

/* What does not fit into a sheet of rows_max rows goes on in another, "NAME (2)". `columns`, `sheet` and `folder` must outlive it.
 * NULL: no file can be made in that folder. */
struct table *excel_new(const char *folder, const char *sheet, const struct table_column *columns, size_t count, uint32_t rows_max);

#endif
