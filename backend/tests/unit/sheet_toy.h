/* What the tests of tables share: archives made in memory, and a table told as one text. */
#ifndef MMS_SHEET_TOY_H
#define MMS_SHEET_TOY_H

#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "excel/sheet.h"

#define MAIN_SPACE "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define OFFICE_TYPE "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE_SPACE "http://schemas.openxmlformats.org/package/2006/relationships"

struct toy_part {
    const char *name, *text;
    size_t n; /* 0: of the text up to its NUL */
};

/* The archive; the caller frees it. A NULL name ends the parts. `change` may be NULL. */
static inline char *toy_zip(const struct toy_part *parts, size_t *n, void (*change)(zip_t *zip))
{
    zip_source_t *memory = zip_source_buffer_create(NULL, 0, 0, NULL);
    zip_source_keep(memory);
    zip_t *zip = zip_open_from_source(memory, ZIP_TRUNCATE, NULL);
    for (; parts->name; parts++) {
        size_t length = parts->n ? parts->n : strlen(parts->text);
        zip_int64_t index = zip_file_add(zip, parts->name, zip_source_buffer(zip, parts->text, length, 0), 0);
        if (index < 0 || zip_set_file_compression(zip, (zip_uint64_t)index, length < 4096 ? ZIP_CM_STORE : ZIP_CM_DEFLATE, 1) != 0)
            abort();
    }
    if (change)
        change(zip);
    zip_stat_t facts;
    if (zip_close(zip) != 0 || zip_source_open(memory) != 0 || zip_source_stat(memory, &facts) != 0)
        abort();
    char *bytes = malloc(facts.size + 1);
    if (!bytes || zip_source_read(memory, bytes, facts.size) != (zip_int64_t)facts.size)
        abort();
    zip_source_close(memory);
    zip_source_free(memory);
    *n = facts.size;
    return bytes;
}

/* Whatever was read, this is so of a row; `before` is the number of the one before. */
static inline bool toy_row_is_sound(const struct sheet_row *row, int64_t before)
{
    bool sound = row->number > before && row->line >= 1 && row->count >= 1 && row->count <= SHEET_COLUMNS_MAX;
    for (size_t i = 0; i < row->count; i++) {
        const struct sheet_cell *c = &row->cells[i];
        sound = sound && text_is_utf8(c->text, strlen(c->text)) && text_chars(c->text) <= SHEET_TEXT_MAX;
        sound = sound && (c->kind != SHEET_CELL_EMPTY || *c->text == '\0');
        sound = sound && (c->kind != SHEET_CELL_NUMBER || (*c->text && strspn(c->text, "-0123456789.") == strlen(c->text)));
        sound = sound && (c->kind != SHEET_CELL_DATE || (*c->text && strspn(c->text, "0123456789-: ") == strlen(c->text)));
    }
    return sound && (row->cells[row->count - 1].kind != SHEET_CELL_EMPTY || row->cells[row->count - 1].is_formula);
}

#define TOY_ROOT {"_rels/.rels", "<Relationships xmlns='" PACKAGE_SPACE "'>" \
    "<Relationship Id='a' Type='" OFFICE_TYPE "/officeDocument' Target='xl/workbook.xml'/></Relationships>"}
#define TOY_BOOK(properties) {"xl/workbook.xml", "<workbook xmlns='" MAIN_SPACE "' xmlns:r='" OFFICE_TYPE "'>" properties \
    "<sheets><sheet name='One' sheetId='1' r:id='s1'/></sheets></workbook>"}
#define TOY_RELATIONS {"xl/_rels/workbook.xml.rels", "<Relationships xmlns='" PACKAGE_SPACE "'>" \
    "<Relationship Id='s1' Type='" OFFICE_TYPE "/worksheet' Target='worksheets/sheet1.xml'/>" \
    "<Relationship Id='s2' Type='" OFFICE_TYPE "/styles' Target='styles.xml'/>" \
    "<Relationship Id='s3' Type='" OFFICE_TYPE "/sharedStrings' Target='sharedStrings.xml'/></Relationships>"}
#define TOY_SHEET(rows) {"xl/worksheets/sheet1.xml", "<worksheet xmlns='" MAIN_SPACE "'><sheetData>" rows "</sheetData></worksheet>"}

static const char TOY_MARKS[] = {[SHEET_CELL_TEXT] = '\'', [SHEET_CELL_NUMBER] = '#', [SHEET_CELL_DATE] = '@', [SHEET_CELL_BOOL] = '?',
                                 [SHEET_CELL_FAULT] = '!'};

/* A line per row: "4: 'text | #0.1 | @2026-11-29 | ?TRUE | !#REF! | =#3 | | =\n", with = for a formula; in the end the error. */
static inline enum rc toy_tell(struct sheet *s, struct buf *out, struct error *why)
{
    const struct sheet_row *row;
    enum rc rc;
    while ((rc = sheet_next(s, &row, why)) == RC_OK && row) {
        buf_fmt(out, "%lld:", (long long)row->number);
        for (size_t i = 0; i < row->count; i++) {
            const struct sheet_cell *c = &row->cells[i];
            buf_fmt(out, "%s %s", i ? " |" : "", c->is_formula ? "=" : "");
            if (c->kind != SHEET_CELL_EMPTY)
                buf_char(out, TOY_MARKS[c->kind]);
            buf_str(out, c->text);
        }
        buf_char(out, '\n');
    }
    if (rc != RC_OK)
        buf_fmt(out, "%s: %s\n", error_row(rc)->code, why->en ? why->en : error_row(rc)->en);
    return rc;
}

#endif
