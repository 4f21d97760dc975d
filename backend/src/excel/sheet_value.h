/* What numbers of a workbook mean, in decimal arithmetic on their text. */
#ifndef MMS_EXCEL_SHEET_VALUE_H
#define MMS_EXCEL_SHEET_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#define SHEET_DIGITS 15 /* Excel shows no more */

/* ±0.d₁d₂… × 10^exponent, d₁ not 0; zero has no digits. */
struct sheet_number {
    bool negative;
    char digits[SHEET_DIGITS];
    int count, exponent;
};

/* "0.1", "0.10000000000000001", "1E5": rounded half up to 15 significant digits. False: not a number of a spreadsheet. */
bool sheet_number_read(const char *text, struct sheet_number *out);

#define SHEET_NUMBER_MAX 384
void sheet_number_print(const struct sheet_number *x, char out[static SHEET_NUMBER_MAX]); /* no exponent, no needless zero */

enum sheet_format { SHEET_FORMAT_NUMBER, SHEET_FORMAT_DATE, SHEET_FORMAT_TIME };
enum sheet_format sheet_format_of_id(unsigned id);       /* built in */
enum sheet_format sheet_format_of_code(const char *code); /* e.g. yyyy"年"m"月"d"日" */

#define SHEET_DATE_MAX 32
/* A day number with its part of a day, to the second. False: no date of a spreadsheet (negative, after 9999). */
bool sheet_date_print(const struct sheet_number *x, enum sheet_format format, bool from_1904, char out[static SHEET_DATE_MAX]);
/* ISO 8601 as a workbook may have it: "2026-11-29T08:30:00", "2026-11-29", "08:30:00". */
bool sheet_date_iso(const char *text, char out[static SHEET_DATE_MAX]);

#endif
