/* Tables as text: encodings, delimiters, quotation marks, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <iconv.h>
#include <stdio.h>
#include <unistd.h>

#include "sheet_toy.h"

struct told {
    struct arena arena;
    struct buf text;
    char encoding[16];
    char delimiter;
    struct error why;
    enum rc rc;
};

static void told_free(struct told *t)
{
    buf_free(&t->text);
    arena_free(&t->arena);
}

static void tell(struct told *t, const char *bytes, size_t n)
{
    struct sheet *s = NULL;
    char *exact = malloc(n ? n : 1); /* so that a sanitizer sees a step beyond */
    memcpy(exact, bytes, n);
    *t = (struct told){0};
    arena_init(&t->arena);
    buf_init(&t->text, 1 << 22);
    t->rc = sheet_open_bytes(exact, n, &t->arena, &s, &t->why);
    if (t->rc == RC_OK) {
        assert_string_equal(sheet_facts(s)->kind, "csv");
        snprintf(t->encoding, sizeof t->encoding, "%s", sheet_facts(s)->encoding);
        t->delimiter = sheet_facts(s)->delimiter;
        t->rc = toy_tell(s, &t->text, &t->why);
    } else {
        buf_fmt(&t->text, "%s: %s\n", error_row(t->rc)->code, t->why.en ? t->why.en : error_row(t->rc)->en);
    }
    sheet_close(s);
    free(exact);
}

static void reads_n(const char *bytes, size_t n, const char *expected)
{
    struct told t;
    tell(&t, bytes, n);
    assert_string_equal(buf_text(&t.text), expected);
    told_free(&t);
}

#define READS(bytes, expected) reads_n(bytes, sizeof(bytes) - 1, expected)

static void delimiter_is(const char *text, char wanted)
{
    struct told t;
    tell(&t, text, strlen(text));
    assert_int_equal(t.rc, RC_OK);
    assert_int_equal(t.delimiter, wanted);
    told_free(&t);
}

static void records_and_lines(void **state)
{
    (void)state;
    READS("a,b\n1,2\n", "1: 'a | 'b\n2: '1 | '2\n");
    READS("a,b\r\n1,2\r\n", "1: 'a | 'b\n2: '1 | '2\n");
    READS("a,b\r1,2\r", "1: 'a | 'b\n2: '1 | '2\n");
    READS("a,b\n1,2", "1: 'a | 'b\n2: '1 | '2\n");
    READS("a,b\n\n,,\n1,2\n\n", "1: 'a | 'b\n4: '1 | '2\n");
    READS("a,,c,,\n", "1: 'a |  | 'c\n");
    READS(" a , b \n", "1: ' a  | ' b \n");
    READS("one\ntwo\n", "1: 'one\n2: 'two\n");
    READS("\n\n\n", "");
    READS("00123,1e5\n", "1: '00123 | '1e5\n");
}

static void quotation_marks(void **state)
{
    (void)state;
    READS("\"a,b\",\"say \"\"hi\"\"\"\n", "1: 'a,b | 'say \"hi\"\n");
    READS("\"two\nlines\",x\nnext,y\n", "1: 'two\nlines | 'x\n2: 'next | 'y\n");
    READS("\"two\r\nlines\",\"three\r\rlines\"\r\n", "1: 'two\nlines | 'three\n\nlines\n");
    READS("\"\",\"\"\n\"\"\"\"\n", "2: '\"\n");
    READS("\"last\"", "1: 'last\n");
    READS("a,b\n1/2\" tube,x\n",
          "1: 'a | 'b\nsheet_quote: Line 2: a quotation mark is out of place: text that has one is put in quotation marks, and the mark itself "
          "written twice\n");
    READS("a\n\"x\" y\n", "1: 'a\nsheet_quote: Line 2: a quotation mark is out of place: text that has one is put in quotation marks, and the "
                          "mark itself written twice\n");
    READS("a\n\"x\ny\"z\"\n", "1: 'a\nsheet_quote: Line 3: a quotation mark is out of place: text that has one is put in quotation marks, and "
                              "the mark itself written twice (quoted since line 2)\n");
    READS("a\nb,\"never\nclosed\n", "1: 'a\nsheet_quote: Line 2: a quotation mark is never closed: add the other one\n");
    READS("\"", "sheet_quote: Line 1: a quotation mark is never closed: add the other one\n");
    READS("\"x\"\"", "sheet_quote: Line 1: a quotation mark is never closed: add the other one\n");
}

static void the_line_is_told(void **state)
{
    static const char text[] = "a\n\"1\n2\"\r\n\nb";
    static const int64_t lines[] = {1, 2, 5}, numbers[] = {1, 2, 4};
    struct arena a;
    struct sheet *s;
    struct error why;
    const struct sheet_row *row;
    (void)state;
    arena_init(&a);
    assert_int_equal(sheet_open_bytes(text, sizeof text - 1, &a, &s, &why), RC_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sheet_next(s, &row, &why), RC_OK);
        assert_int_equal(row->line, lines[i]);
        assert_int_equal(row->number, numbers[i]);
    }
    for (int again = 0; again < 2; again++) {
        assert_int_equal(sheet_next(s, &row, &why), RC_OK);
        assert_null(row);
    }
    sheet_close(s);
    arena_free(&a);
}

static void delimiters_are_found(void **state)
{
    (void)state;
    delimiter_is("a,b\n", ',');
    delimiter_is("a;b\n", ';');
    delimiter_is("a\tb\n", '\t');
    delimiter_is("alone\n", ',');
    delimiter_is("code;name;price\nA;bolt, long;1,5\nB;nut;2,5\n", ';');
    delimiter_is("code;name;price\nA;x, y, z, w;1,5\nB;a, b, c, d;2,5\n", ';');
    delimiter_is("A title\ncode,name\n1;2,x\n", ',');
    delimiter_is("\"a;b;c\",d\n\"e;f;g\",h\n", ',');
    delimiter_is("a,b,c\td\n", ',');
    delimiter_is("sep=;\na,b;c,d\n", ';');
    READS("sep=;\r\na,b;c\n", "1: 'a,b | 'c\n");
    READS("sep=,x\n", "1: 'sep= | 'x\n");
}

/* The text in another encoding, behind a mark. */
static void reads_as(const char *codec, const char *mark, size_t mark_n, const char *text, const char *name, const char *expected)
{
    char out[512], *to = out + mark_n, *from = (char *)(uintptr_t)text;
    size_t room = sizeof out - mark_n, n = strlen(text);
    struct told t;
    memcpy(out, mark, mark_n);
    iconv_t cd = iconv_open(codec, "UTF-8");
    assert_int_equal(iconv(cd, &from, &n, &to, &room), 0);
    iconv_close(cd);
    tell(&t, out, (size_t)(to - out));
    assert_string_equal(buf_text(&t.text), expected);
    assert_string_equal(t.encoding, name);
    told_free(&t);
}

static void encodings_are_found(void **state)
{
    (void)state;
    reads_as("UTF-8", "", 0, "编码,名称\n", "UTF-8", "1: '编码 | '名称\n");
    reads_as("UTF-8", "\xef\xbb\xbf", 3, "编码,名称\n", "UTF-8 BOM", "1: '编码 | '名称\n");
    reads_as("GBK", "", 0, "编码,名称\n\"引\"\"号\",不锈钢\n", "GBK", "1: '编码 | '名称\n2: '引\"号 | '不锈钢\n");
    reads_as("GB18030", "", 0, "𠮷野家,㐀,é\n", "GBK", "1: '𠮷野家 | '㐀 | 'é\n");
    reads_as("UTF-16LE", "\xff\xfe", 2, "编码\t\"名\n称\"\r\n𠮷\tx", "UTF-16LE", "1: '编码 | '名\n称\n2: '𠮷 | 'x\n");
    reads_as("UTF-16BE", "\xfe\xff", 2, "编码\t名称\r\n", "UTF-16BE", "1: '编码 | '名称\n");
    READS("\xef\xbb\xbf", "sheet_empty: There is no table in this file\n");
    READS("\xff\xfe", "sheet_empty: There is no table in this file\n");
    READS("", "sheet_empty: There is no table in this file\n");
}

#define BAD_ENCODING "The text's encoding is not known: save the table as \"CSV UTF-8\" or .xlsx\n"

static void other_encodings_are_refused(void **state)
{
    char far[9000];
    (void)state;
    READS("a,b\n1,caf\xe9\n", "sheet_encoding: Line 2: " BAD_ENCODING);
    READS("a\r\nb\r\n\xff\n", "sheet_encoding: Line 3: " BAD_ENCODING);
    READS("\xef\xbb\xbfx\n\xb1\xe0\n", "sheet_encoding: Line 2: " BAD_ENCODING);
    READS("编码名称规格型号数\n好\xe4\xbd\n", "sheet_encoding: Line 2: " BAD_ENCODING); /* UTF-8 that is cut, not GBK */
    READS("\xb1\xe0\xc2\xeb\n\xc3\xfb\xb3\xc6\n\xb1", "sheet_encoding: Line 3: " BAD_ENCODING);
    READS("\xff\xfe" "a\0\n\0\x00\xd8" "b\0", "sheet_encoding: Line 2: " BAD_ENCODING); /* half a surrogate pair */
    READS("\xff\xfe" "a\0b", "sheet_encoding: Line 1: " BAD_ENCODING);
    READS("\xff\xfe" "a\0\n\0\0\0", "sheet_encoding: Line 2: " BAD_ENCODING);
    memset(far, 'x', sizeof far);
    far[5000] = '\n';
    far[6000] = '\0';
    reads_n(far, sizeof far, "sheet_encoding: Line 2: " BAD_ENCODING);
    far[6000] = '\xb1', far[6001] = '\xe0', far[7000] = '\0';
    reads_n(far, sizeof far, "sheet_encoding: Line 2: " BAD_ENCODING);
}

#define UNKNOWN "sheet_unknown: This is neither an .xlsx nor a .csv table: open it in a spreadsheet program and save it as .xlsx\n"

static void what_is_no_table_is_refused(void **state)
{
    (void)state;
    READS("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", UNKNOWN);
    READS("\0", UNKNOWN);
    READS("a\0,\0b\0", UNKNOWN);
    READS("<html><table></table></html>", UNKNOWN);
    READS("\xef\xbb\xbf \r\n<?xml version='1.0'?><Workbook/>", UNKNOWN);
    READS("<!DOCTYPE html>", UNKNOWN);
    READS("<5 mm,x\n", "1: '<5 mm | 'x\n");
}

/* The head, then the record so many times; what is told of it ends so. */
static void repeated_reads(const char *head, const char *record, size_t times, const char *expected_end, enum rc rc)
{
    struct buf b;
    struct told t;
    buf_init(&b, SHEET_FILE_MAX + 64);
    buf_str(&b, head);
    for (size_t i = 0; i < times; i++)
        buf_str(&b, record);
    tell(&t, b.bytes, b.n);
    assert_int_equal(t.rc, rc);
    size_t n = strlen(expected_end);
    assert_true(t.text.n >= n);
    assert_string_equal(buf_text(&t.text) + t.text.n - n, expected_end);
    told_free(&t);
    buf_free(&b);
}

static void limits_hold(void **state)
{
    char *big = calloc(1, SHEET_FILE_MAX + 1);
    (void)state;
    repeated_reads("", "x\n", SHEET_ROWS_MAX, "200001: 'x\n", RC_OK);
    repeated_reads("", "x\n", SHEET_ROWS_MAX + 1,
                   "sheet_too_large: Row 200002: there may be 200000 rows beside the head: split the table\n", RC_SHEET_TOO_LARGE);
    repeated_reads("", "x,", SHEET_COLUMNS_MAX, "| 'x\n", RC_OK);
    repeated_reads("", ",", 100000, "", RC_OK);
    repeated_reads("", "x,", SHEET_COLUMNS_MAX + 1, "sheet_too_large: Cell GS1: there may be 200 columns: remove what is not wanted\n", RC_SHEET_TOO_LARGE);
    repeated_reads("", "字", SHEET_TEXT_MAX, "字\n", RC_OK);
    repeated_reads("", "字", SHEET_TEXT_MAX + 1, "sheet_too_large: Cell A1: the text is longer than 32767 characters: shorten it\n", RC_SHEET_TOO_LARGE);
    repeated_reads("", "xxxxxxxxxxxxxxxx", SHEET_TEXT_MAX, "sheet_too_large: Line 1: the text is longer than 32767 characters; if that is not meant, "
                                                       "look for a missing quotation mark\n", RC_SHEET_TOO_LARGE);
    repeated_reads("a\n\"", "some rows\n", SHEET_TEXT_MAX, "sheet_too_large: Line 2: the text is longer than 32767 characters; if that is not "
                                                         "meant, look for a missing quotation mark\n", RC_SHEET_TOO_LARGE);
    memset(big, 'x', SHEET_FILE_MAX + 1);
    reads_n(big, SHEET_FILE_MAX + 1, "sheet_too_large: The file is larger than 32 MiB: split it\n");
    free(big);
}

/* Cells and bytes of an encoding that stand across the pieces in which it is decoded. */
static void pieces_leave_no_seam(void **state)
{
    struct buf b;
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        struct told t;
        buf_init(&b, 1 << 21);
        for (size_t i = 0; i < shift; i++)
            buf_char(&b, 'x');
        for (size_t i = 0; i < 40000; i++)
            buf_str(&b, i % 2 ? "\"\xb1\xe0\"\"\r\n\",\xc2\xeb\r\n" : "\xb1\xe0,\"\"\r\n");
        tell(&t, b.bytes, b.n);
        assert_int_equal(t.rc, RC_OK);
        assert_string_equal(t.encoding, "GBK");
        const char *at = buf_text(&t.text);
        for (int i = 0; i < 40000; i++) {
            char line[64];
            int n = snprintf(line, sizeof line, i % 2 ? "%d: '%s编\"\n | '码\n" : "%d: '%s编\n", i + 1, i ? "" : &"xxxx"[4 - shift]);
            assert_int_equal(strncmp(at, line, (size_t)n), 0);
            at += n;
        }
        assert_int_equal(*at, 0);
        told_free(&t);
        buf_free(&b);
    }
}

static void a_failure_is_final(void **state)
{
    struct arena a;
    struct sheet *s;
    struct error why;
    const struct sheet_row *row = NULL;
    (void)state;
    arena_init(&a);
    assert_int_equal(sheet_open_bytes("a\"b\nc\n", 6, &a, &s, &why), RC_OK);
    for (int i = 0; i < 2; i++) {
        why = (struct error){0};
        assert_int_equal(sheet_next(s, &row, &why), RC_SHEET_QUOTE);
        assert_non_null(strstr(why.zh, "第 1 行"));
        assert_null(row);
    }
    sheet_close(s);
    arena_free(&a);
}

static void files_are_opened(void **state)
{
    char path[] = "/tmp/mms-sheet-XXXXXX";
    struct arena a;
    struct sheet *s = NULL;
    struct error why = {0};
    struct buf told;
    (void)state;
    arena_init(&a);
    buf_init(&told, 1000);
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "a,b\n", 4), 4);
    close(fd);
    assert_int_equal(sheet_open(path, &a, &s, &why), RC_OK);
    assert_int_equal(toy_tell(s, &told, &why), RC_OK);
    assert_string_equal(buf_text(&told), "1: 'a | 'b\n");
    sheet_close(s);
    assert_int_equal(truncate(path, (off_t)SHEET_FILE_MAX + 1), 0);
    assert_int_equal(sheet_open(path, &a, &s, &why), RC_SHEET_TOO_LARGE);
    unlink(path);
    assert_int_equal(sheet_open(path, &a, &s, &why), RC_SHEET_UNREADABLE);
    assert_string_equal(why.en, "The table's file cannot be opened: No such file or directory");
    assert_int_equal(sheet_open("/", &a, &s, &why), RC_SHEET_UNREADABLE);
    sheet_close(NULL);
    buf_free(&told);
    arena_free(&a);
}

static void addresses(void **state)
{
    char out[SHEET_ADDRESS_MAX];
    (void)state;
    sheet_address(2, 12, out);
    assert_string_equal(out, "C12");
    sheet_address(25, 1, out);
    assert_string_equal(out, "Z1");
    sheet_address(26, 1, out);
    assert_string_equal(out, "AA1");
    sheet_address(701, 1, out);
    assert_string_equal(out, "ZZ1");
    sheet_address(16383, 1048576, out);
    assert_string_equal(out, "XFD1048576");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_and_lines),
        cmocka_unit_test(quotation_marks),
        cmocka_unit_test(the_line_is_told),
        cmocka_unit_test(delimiters_are_found),
        cmocka_unit_test(encodings_are_found),
        cmocka_unit_test(other_encodings_are_refused),
        cmocka_unit_test(what_is_no_table_is_refused),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(pieces_leave_no_seam),
        cmocka_unit_test(a_failure_is_final),
        cmocka_unit_test(files_are_opened),
        cmocka_unit_test(addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
