/* Workbooks: those of other programs (tests/fixtures/sheets), our own, and what is wrong with some. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "excel/excel.h"
#include "sheet_toy.h"

struct told {
    struct arena arena;
    struct buf text;
    struct sheet_facts facts;
    struct error why;
    enum rc rc;
};

static void told_free(struct told *t)
{
    buf_free(&t->text);
    arena_free(&t->arena);
}

static void tell_opened(struct told *t, struct sheet *s)
{
    if (t->rc == RC_OK) {
        t->rc = toy_tell(s, &t->text, &t->why);
        t->facts = *sheet_facts(s);
    } else {
        buf_fmt(&t->text, "%s: %s\n", error_row(t->rc)->code, t->why.en ? t->why.en : error_row(t->rc)->en);
    }
    sheet_close(s);
}

static void told_init(struct told *t)
{
    *t = (struct told){0};
    arena_init(&t->arena);
    buf_init(&t->text, 1 << 24);
}

/* Takes `bytes`. */
static void tell(struct told *t, char *bytes, size_t n)
{
    struct sheet *s = NULL;
    told_init(t);
    t->rc = sheet_open_bytes(bytes, n, &t->arena, &s, &t->why);
    tell_opened(t, s);
    free(bytes);
}

static void tell_fixture(struct told *t, const char *name)
{
    struct sheet *s = NULL;
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/fixtures/sheets/%s", getenv("MMS_SOURCE_DIR") ? getenv("MMS_SOURCE_DIR") : "../backend", name);
    told_init(t);
    t->rc = sheet_open(path, &t->arena, &s, &t->why);
    tell_opened(t, s);
}

static void fixture_reads(const char *name, const char *expected)
{
    struct told t;
    tell_fixture(&t, name);
    assert_string_equal(buf_text(&t.text), expected);
    told_free(&t);
}

static void parts_read(const struct toy_part *parts, void (*change)(zip_t *zip), const char *expected)
{
    struct told t;
    size_t n;
    char *bytes = toy_zip(parts, &n, change);
    tell(&t, bytes, n);
    assert_string_equal(buf_text(&t.text), expected);
    told_free(&t);
}

/* A usual workbook with these rows; styles: 0 none, 1 a day, 2 1.5 as a duration, 3 a custom day. */
static void rows_read_in(const char *sheet, const char *expected)
{
    const struct toy_part parts[] = {TOY_ROOT, TOY_BOOK(""), TOY_RELATIONS, {"xl/worksheets/sheet1.xml", sheet},
        {"xl/styles.xml", "<styleSheet xmlns='" MAIN_SPACE "'><numFmts><numFmt numFmtId='164' formatCode='yyyy&quot;年&quot;m&quot;月&quot;'/>"
                          "<numFmt numFmtId='14' formatCode='0.00'/></numFmts><cellStyleXfs><xf numFmtId='15'/></cellStyleXfs>"
                          "<cellXfs><xf numFmtId='0'/><xf numFmtId='15'/><xf numFmtId='46'/><xf numFmtId='164'/><xf numFmtId='14'/></cellXfs>"
                          "<dxfs><dxf><numFmt numFmtId='0' formatCode='yyyy'/></dxf></dxfs></styleSheet>"},
        {"xl/sharedStrings.xml", "<sst xmlns='" MAIN_SPACE "'><si><t>zero</t></si><si/></sst>"}, {NULL}};
    parts_read(parts, NULL, expected);
}

#define ROWS(rows, expected) rows_read_in("<worksheet xmlns='" MAIN_SPACE "'><sheetData>" rows "</sheetData></worksheet>", expected)

/* ---------------------------------------------------------------- other programs */

#define STOCK_HEAD "1: '氢能物料库存\n4: '编码 | '名称, “规格” | '数量 | '日期\n"
#define STOCK_TAIL " | @2026-11-29 | @2026-11-29 08:30:00 | @08:30:00\n" \
    "9: #-1234567.891 | #0.0000001 | #100000000000000000000 | #0.13 | #1 | ='00123- | =!#DIV/0! | =' | =?TRUE\n"

static void libreoffice(void **state)
{
    struct told t;
    (void)state;
    tell_fixture(&t, "libreoffice.xlsx");
    assert_string_equal(buf_text(&t.text), STOCK_HEAD "5: '00123 | '1/2\" 不锈钢管\n第二行 | =#0.3" STOCK_TAIL);
    assert_string_equal(t.facts.kind, "xlsx");
    assert_null(t.facts.encoding);
    assert_string_equal(t.facts.name, "库存");
    assert_int_equal(t.facts.name_count, 2);
    assert_string_equal(t.facts.names[1], "Second & last");
    assert_int_equal(t.facts.merged_count, 1);
    assert_string_equal(t.facts.merged_first, "A1:C1");
    told_free(&t);
    fixture_reads("libreoffice-1904.xlsx", STOCK_HEAD "5: '00123 | '1/2\" 不锈钢管\n第二行 | =#0.3" STOCK_TAIL);
}

static void libreoffice_text(void **state)
{
    static const struct {
        const char *name, *encoding;
        char delimiter;
    } files[] = {{"libreoffice-utf8.csv", "UTF-8", ','}, {"libreoffice-semicolon.csv", "UTF-8", ';'}, {"libreoffice-gbk.csv", "GBK", ','},
                 {"libreoffice-unicode.csv", "UTF-16LE", '\t'}};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct told t;
        tell_fixture(&t, files[i].name);
        assert_string_equal(buf_text(&t.text), STOCK_HEAD "5: '00123 | '1/2\" 不锈钢管\n第二行 | '0.3 | '2026年11月29日 | '2026-11-29 08:30 | "
                            "'08:30:00\n9: '-1234567.891 | '0.00 | '1E+020 | '13% | '1 | '00123- | '#DIV/0! |  | 'TRUE\n");
        assert_string_equal(t.facts.encoding, files[i].encoding);
        assert_int_equal(t.facts.delimiter, files[i].delimiter);
        assert_null(t.facts.name);
        told_free(&t);
    }
}

#define PYTHON_ROWS "1: '编码 | '名称 | '数量 | '日期\n2: '00123 | ' 前后有空格  | #0.3 | @2026-11-29\n" \
    "4: #0.0000001 | #100000000000000000000 | #-1234567.891 | @2026-11-29 08:30:00 | @08:30:00 | #1.5\n" \
    "5: ?TRUE | ?FALSE | = | = | !#N/A | #123456789012346000\n6: 'line\nbreak | '<&>\"' | '𠮷野家\n"

static void openpyxl(void **state)
{
    struct told t;
    (void)state;
    tell_fixture(&t, "openpyxl.xlsx");
    assert_string_equal(buf_text(&t.text), PYTHON_ROWS "8: '合并 |  | '旁边\n");
    assert_string_equal(t.facts.name, "库存");
    assert_string_equal(t.facts.names[0], "隐藏");
    assert_string_equal(t.facts.merged_first, "A8:B9");
    told_free(&t);
    fixture_reads("openpyxl-write-only-1904.xlsx", PYTHON_ROWS);
    fixture_reads("openpyxl-iso-dates.xlsx", PYTHON_ROWS);
}

static void what_few_programs_write(void **state)
{
    struct told t;
    (void)state;
    tell_fixture(&t, "quirks.xlsx");
    assert_string_equal(buf_text(&t.text), "1: 'plain | 'bold and not |  | '東京\n3: #12.5 |  |  | =#2 | #3\n7:  | 'inline  | ?TRUE\n"
                                           "9:  |  | !#REF! | ='a\nb_x0041_\n");
    assert_string_equal(t.facts.name, "Wanted & 表");
    assert_int_equal(t.facts.name_count, 3);
    assert_int_equal(t.facts.merged_count, 0);
    assert_null(t.facts.merged_first);
    told_free(&t);
    fixture_reads("strict.xlsx", "1: @2026-11-29 08:30:00 | @2026-11-29\n");
    fixture_reads("parts.xlsx", "1: #1\n");
}

static void our_own(void **state)
{
    static const struct table_column columns[] = {{"编码", 10}, {"数量", 10}, {"备注", 10}};
    struct told t;
    struct table_file file;
    (void)state;
    struct table *out = excel_new("/tmp", "物料", columns, 3, EXCEL_ROWS_MAX);
    for (int i = 1; i <= 3; i++) {
        table_text(out, "KOH-01 & <b>");
        table_dec(out, (struct dec){i * INT64_C(100000)});
        table_text(out, i == 2 ? " " : NULL);
        table_next_row(out);
    }
    assert_int_equal(table_finish(out, &file), RC_OK);
    char *bytes = malloc((size_t)file.bytes);
    assert_int_equal(pread(file.fd, bytes, (size_t)file.bytes, 0), file.bytes);
    close(file.fd);
    tell(&t, bytes, (size_t)file.bytes);
    assert_string_equal(buf_text(&t.text), "1: '编码 | '数量 | '备注\n2: 'KOH-01 & <b> | #0.1\n3: 'KOH-01 & <b> | #0.2 | ' \n"
                                           "4: 'KOH-01 & <b> | #0.3\n");
    assert_string_equal(t.facts.name, "物料");
    told_free(&t);
}

/* ---------------------------------------------------------------- cells */

static void values(void **state)
{
    (void)state;
    ROWS("<row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>1</v></c><c r='C1'><v>1E-5</v></c></row>", "1: 'zero |  | #0.00001\n");
    ROWS("<row r='1'><c r='A1' s='1'><v>46355</v></c><c s='2'><v>1.5</v></c><c s='3'><v>46355.5</v></c><c s='4'><v>46355</v></c></row>",
         "1: @2026-11-29 | #1.5 | @2026-11-29 12:00:00 | #46355\n");
    ROWS("<row r='1'><c s='1'><v>-1</v></c><c s='99'><v>2</v></c></row>", "1: #-1 | #2\n");
    ROWS("<row r='1'><c t='d'><v>2026-11-29</v></c><c t='d'><v>PT36H</v></c><c t='d'/></row>", "1: @2026-11-29 | 'PT36H\n");
    ROWS("<row r='1'><c t='str'><v/></c><c t='str'><f/><v/></c><c t='str'><f/></c><c><f>1</f></c></row>", "1:  | =' | = | =\n");
    ROWS("<row r='1'><c t='inlineStr'><is/></c><c t='inlineStr'><v>no</v><is><t>_x0041__xD800__x0000_</t></is></c></row>",
         "1:  | 'A_xD800__x0000_\n");
    ROWS("<row r='1'><c t='inlineStr'><is><t>a&#13;&#10;b&#13;c</t></is></c></row>", "1: 'a\nb\nc\n");
    ROWS("<row r='1'><c t='inlineStr'><is><t><![CDATA[<a>]]>&amp;</t></is></c></row>", "1: '<a>&\n");
    ROWS("<row r='1'><c r='C1'><v>3</v></c><c r='A1'><v>1</v></c></row>", "1: #1 |  | #3\n");
    ROWS("<row><c r='B5'><v>1</v></c></row><row><c><v>2</v></c></row>", "5:  | #1\n6: #2\n");
    ROWS("<row r='1'/><row r='2'><c r='ZZ2' s='1'/></row><row r='1048576'><c><v>1</v></c></row>", "1048576: #1\n");
    ROWS("", "");
}

#define DAMAGED "The table's file is damaged: open it in a spreadsheet program and save it again\n"

static void damaged_cells(void **state)
{
    (void)state;
    ROWS("<row r='1'><c><v>1</v></c></row><row r='2'><c r='B2'><v>x</v></c></row>", "1: #1\nsheet_damaged: Cell B2: " DAMAGED);
    ROWS("<row r='1'><c r='C1' t='s'><v>2</v></c></row>", "sheet_damaged: Cell C1: " DAMAGED);
    ROWS("<row r='1'><c t='s'><v>-1</v></c></row>", "sheet_damaged: Cell A1: " DAMAGED);
    ROWS("<row r='1'><c t='b'><v>2</v></c></row>", "sheet_damaged: Cell A1: " DAMAGED);
    ROWS("<row r='1'><c t='what'/></row>", "sheet_damaged: Cell A1: " DAMAGED);
    ROWS("<row r='1'><c r='A2'><v>1</v></c></row>", "sheet_damaged: Cell A1: " DAMAGED);
    ROWS("<row r='1'><c r='1A'><v>1</v></c></row>", "sheet_damaged: Cell A1: " DAMAGED);
    ROWS("<row r='1'><c r='XFE1'><v>1</v></c></row>", "sheet_damaged: Cell A1: " DAMAGED);
    ROWS("<row r='1'><c r='A1'><v>1</v></c><c r='A1'><v>2</v></c></row>", "sheet_damaged: Cell A1: " DAMAGED);
    ROWS("<row r='2'/><row r='2'/>", "sheet_damaged: Line 3: " DAMAGED);
    ROWS("<row r='0'/>", "sheet_damaged: Line 1: " DAMAGED);
    ROWS("<row r='1048577'/>", "sheet_damaged: Line 1: " DAMAGED);
    ROWS("<row r='1048576'/><row/>", "sheet_damaged: Line 1048577: " DAMAGED);
    rows_read_in("<worksheet xmlns='" MAIN_SPACE "'><sheetData><row><c><v>1</v></c></row>", "1: #1\nsheet_damaged: " DAMAGED);
    rows_read_in("<worksheet/>", "sheet_damaged: " DAMAGED);
    rows_read_in("x", "sheet_damaged: " DAMAGED);
    rows_read_in("<!DOCTYPE worksheet [<!ENTITY a 'b'>]><worksheet xmlns='" MAIN_SPACE "'/>", "sheet_damaged: " DAMAGED);
    rows_read_in("<worksheet xmlns='" MAIN_SPACE "'>&a;</worksheet>", "sheet_damaged: " DAMAGED);
}

/* ---------------------------------------------------------------- archives */

static void put_password(zip_t *zip)
{
    assert_int_equal(zip_file_set_encryption(zip, 0, ZIP_EM_TRAD_PKWARE, "secret"), 0);
}

static void archives_that_are_no_workbook(void **state)
{
    static const struct toy_part none[] = {{"readme.txt", "x"}, {NULL}},
        document[] = {{"_rels/.rels", "<Relationships xmlns='" PACKAGE_SPACE "'><Relationship Id='a' Type='" OFFICE_TYPE
                                      "/officeDocument' Target='word/document.xml'/></Relationships>"},
                      {"word/document.xml", "<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'/>"}, {NULL}},
        binary[] = {{"_rels/.rels", "<Relationships xmlns='" PACKAGE_SPACE "'><Relationship Id='a' Type='" OFFICE_TYPE
                                    "/officeDocument' Target='xl/workbook.bin'/></Relationships>"}, {"xl/workbook.bin", "x"}, {NULL}},
        lost[] = {TOY_ROOT, {NULL}}, no_relations[] = {TOY_ROOT, TOY_BOOK(""), {NULL}}, no_sheet[] = {TOY_ROOT, TOY_BOOK(""), TOY_RELATIONS, {NULL}},
        locked[] = {TOY_ROOT, TOY_BOOK(""), TOY_RELATIONS, TOY_SHEET(""), {NULL}},
        hidden[] = {TOY_ROOT, {"xl/workbook.xml", "<workbook xmlns='" MAIN_SPACE "' xmlns:r='" OFFICE_TYPE
                                                  "'><sheets><sheet name='One' state='hidden' r:id='s1'/></sheets></workbook>"}, TOY_RELATIONS, {NULL}};
    static const char unknown[] = "sheet_unknown: This is neither an .xlsx nor a .csv table: open it in a spreadsheet program and save it as .xlsx\n";
    (void)state;
    parts_read(none, NULL, unknown);
    parts_read(document, NULL, unknown);
    parts_read(binary, NULL, unknown);
    fixture_reads("libreoffice.ods", unknown);
    fixture_reads("stock.fods", unknown);
    parts_read(lost, NULL, "sheet_damaged: " DAMAGED);
    parts_read(no_relations, NULL, "sheet_damaged: " DAMAGED);
    parts_read(no_sheet, NULL, "sheet_damaged: " DAMAGED);
    parts_read(hidden, NULL, "sheet_empty: The workbook has no visible worksheet\n");
    parts_read(locked, put_password, "sheet_locked: The file is encrypted: remove the password and try again\n");
    fixture_reads("libreoffice.xls", "sheet_old: The old .xls format is not read: open the file in a spreadsheet program and save it as .xlsx\n");
}

/* As Excel writes it, a file with a password has a stream of this name in an OLE archive. */
static void a_password_is_told(void **state)
{
    static const char name[] = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0";
    char *bytes = calloc(1, 4096);
    struct told t;
    (void)state;
    memcpy(bytes, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
    memcpy(bytes + 1024, name, sizeof name);
    tell(&t, bytes, 4096);
    assert_int_equal(t.rc, RC_SHEET_LOCKED);
    told_free(&t);
}

/* An archive that is cut, or changed in one bit, reads as it did or is refused. */
static void damage_is_found(void **state)
{
    const struct toy_part parts[] = {TOY_ROOT, TOY_BOOK(""), TOY_RELATIONS, TOY_SHEET("<row><c><v>123</v></c></row>"), {NULL}};
    size_t n;
    char *bytes = toy_zip(parts, &n, NULL);
    (void)state;
    for (size_t i = 0; i < n; i++) {
        struct told t;
        for (int cut = 0; cut < (i < 4 ? 1 : 2); cut++) { /* less is a text */
            char *copy = malloc(n);
            memcpy(copy, bytes, n);
            copy[i] ^= (char)(1 << i % 8);
            tell(&t, copy, cut ? i : n);
            if (t.rc == RC_OK && i >= 4 && strcmp(buf_text(&t.text), "1: #123\n") != 0)
                fail_msg("byte %zu: %s", i, buf_text(&t.text));
            told_free(&t);
        }
    }
    free(bytes);
}

/* ---------------------------------------------------------------- limits */

static void sheet_of(const char *head, const char *piece, size_t times, const char *tail, const char *expected_end)
{
    struct buf b;
    struct told t;
    size_t n;
    buf_init(&b, (size_t)SHEET_UNPACKED_MAX * 2);
    buf_str(&b, head);
    for (size_t i = 0; i < times; i++)
        buf_str(&b, piece);
    buf_str(&b, tail);
    const struct toy_part parts[] = {TOY_ROOT, TOY_BOOK(""), TOY_RELATIONS, {"xl/worksheets/sheet1.xml", b.bytes, b.n}, {NULL}};
    char *bytes = toy_zip(parts, &n, NULL);
    buf_free(&b);
    tell(&t, bytes, n);
    size_t length = strlen(expected_end);
    assert_true(t.text.n >= length);
    assert_string_equal(buf_text(&t.text) + t.text.n - length, expected_end);
    told_free(&t);
}

#define SHEET_HEAD "<worksheet xmlns='" MAIN_SPACE "'><sheetData>"
#define SHEET_TAIL "</sheetData></worksheet>"

static void limits_hold(void **state)
{
    (void)state;
    sheet_of(SHEET_HEAD, "<row><c><v>1</v></c></row>", SHEET_ROWS_MAX, SHEET_TAIL, "200001: #1\n");
    sheet_of(SHEET_HEAD, "<row><c><v>1</v></c></row>", SHEET_ROWS_MAX + 1, SHEET_TAIL,
             "sheet_too_large: Row 200002: there may be 200000 rows beside the head: split the table\n");
    sheet_of(SHEET_HEAD "<row>", "<c><v>1</v></c>", SHEET_COLUMNS_MAX, "</row>" SHEET_TAIL, "| #1\n");
    sheet_of(SHEET_HEAD "<row>", "<c><v>1</v></c>", SHEET_COLUMNS_MAX + 1, "</row>" SHEET_TAIL,
             "sheet_too_large: Cell GS1: there may be 200 columns: remove what is not wanted\n");
    sheet_of(SHEET_HEAD "<row><c t='inlineStr'><is><t>", "字", SHEET_TEXT_MAX, "</t></is></c></row>" SHEET_TAIL, "字\n");
    sheet_of(SHEET_HEAD "<row><c t='inlineStr'><is><t>", "字", SHEET_TEXT_MAX + 1, "</t></is></c></row>" SHEET_TAIL,
             "sheet_too_large: Cell A1: the text is longer than 32767 characters: shorten it\n");
    sheet_of(SHEET_HEAD "<row><c t='inlineStr'><is><t>", "xxxxx", SHEET_TEXT_MAX, "</t></is></c></row>" SHEET_TAIL,
             "sheet_too_large: Cell A1: the text is longer than 32767 characters: shorten it\n");
    sheet_of(SHEET_HEAD, "\n", SHEET_PIECES_MAX, SHEET_TAIL, "sheet_too_large: The table is too large: split it\n");
    sheet_of(SHEET_HEAD, "<a>", 100, SHEET_TAIL, "sheet_damaged: " DAMAGED);
    sheet_of(SHEET_HEAD "<!--", "                ", 100000, "-->" SHEET_TAIL, "sheet_damaged: " DAMAGED);
}

static void strings_are(const char *piece, size_t times, const char *expected)
{
    struct buf b;
    buf_init(&b, (size_t)SHEET_UNPACKED_MAX);
    buf_str(&b, "<sst xmlns='" MAIN_SPACE "'>");
    for (size_t i = 0; i < times; i++)
        buf_str(&b, piece);
    buf_str(&b, "</sst>");
    const struct toy_part parts[] = {TOY_ROOT, TOY_BOOK(""), TOY_RELATIONS, TOY_SHEET("<row><c t='s'><v>1</v></c></row>"),
                                     {"xl/sharedStrings.xml", b.bytes, b.n}, {NULL}};
    parts_read(parts, NULL, expected);
    buf_free(&b);
}

static void shared_strings_are_bounded(void **state)
{
    struct buf b;
    (void)state;
    strings_are("<si><t>x</t></si>", 1000000, "1: 'x\n");
    buf_init(&b, 1 << 20);
    buf_str(&b, "<si><t>");
    for (int i = 0; i < SHEET_TEXT_MAX; i++)
        buf_char(&b, 'x');
    buf_str(&b, "</t></si>");
    strings_are(buf_text(&b), SHEET_STRINGS_MAX / SHEET_TEXT_MAX, "sheet_too_large: The table is too large: split it\n");
    buf_free(&b);
}

/* 300 MiB of blanks in a third of a megabyte; once as the archive says, once when its directory says that they are few. */
static void bombs_are_not_unpacked(void **state)
{
    const size_t big = (size_t)300 << 20;
    char *blanks = malloc(big);
    size_t n;
    (void)state;
    memset(blanks, ' ', big);
    memcpy(blanks, SHEET_HEAD, sizeof SHEET_HEAD - 1);
    const struct toy_part parts[] = {TOY_ROOT, TOY_BOOK(""), TOY_RELATIONS, {"xl/worksheets/sheet1.xml", blanks, big}, {NULL}};
    char *bytes = toy_zip(parts, &n, NULL), *lying = malloc(n);
    free(blanks);
    memcpy(lying, bytes, n);
    for (char *at = lying; (at = memmem(at, n - (size_t)(at - lying), &(uint32_t){300U << 20}, 4)); at += 4)
        memcpy(at, &(uint32_t){1U << 20}, 4);
    struct told t;
    tell(&t, bytes, n);
    assert_string_equal(buf_text(&t.text), "sheet_too_large: Unpacked, the file is larger than 256 MiB: split it\n");
    told_free(&t);
    tell(&t, lying, n);
    assert_int_equal(t.rc, RC_SHEET_TOO_LARGE);
    told_free(&t);
}

/* The parser keeps each name for good. */
static void names_are_bounded(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 1 << 24);
    buf_str(&b, SHEET_HEAD);
    for (int i = 0; i < 500000; i++)
        buf_fmt(&b, "<a%d/>", i);
    buf_str(&b, SHEET_TAIL);
    rows_read_in(buf_text(&b), "sheet_damaged: " DAMAGED);
    buf_free(&b);
}

static void archives_have_few_entries(void **state)
{
    struct told t;
    (void)state;
    char *bytes = malloc(100000);
    for (size_t i = 0; i < 25000; i++)
        memcpy(bytes + 4 * i, i ? "PK\1\2" : "PK\3\4", 4);
    tell(&t, bytes, 100000);
    assert_int_equal(t.rc, RC_SHEET_TOO_LARGE);
    told_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libreoffice),
        cmocka_unit_test(libreoffice_text),
        cmocka_unit_test(openpyxl),
        cmocka_unit_test(what_few_programs_write),
        cmocka_unit_test(our_own),
        cmocka_unit_test(values),
        cmocka_unit_test(damaged_cells),
        cmocka_unit_test(archives_that_are_no_workbook),
        cmocka_unit_test(a_password_is_told),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(shared_strings_are_bounded),
        cmocka_unit_test(bombs_are_not_unpacked),
        cmocka_unit_test(names_are_bounded),
        cmocka_unit_test(archives_have_few_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
