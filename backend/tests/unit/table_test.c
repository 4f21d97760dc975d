/* Tables as files: what CSV looks like byte for byte, sheets that are full, texts that are too long, disks that are full. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "excel/csv.h"
#include "excel/excel.h"

static const struct table_column columns[] = {{"编码", 10, true}, {"名称, 全", 20, false}, {"数量", 8, false}};
#define COLUMNS 3
#define FILE_MAX (8 << 20)

static char *read_all(const struct table_file *f)
{
    char *bytes = calloc(1, (size_t)f->bytes + 1);
    assert_non_null(bytes);
    assert_int_equal(read(f->fd, bytes, (size_t)f->bytes), f->bytes);
    close(f->fd);
    return bytes;
}

static struct dec dec_of(const char *text)
{
    struct dec d;
    assert_int_equal(dec_parse(text, strlen(text), &d), DEC_PARSED);
    return d;
}

/* ---------------------------------------------------------------- CSV */

static void csv_is_what_rfc_4180_says(void **state)
{
    (void)state;
    struct table_file f;
    struct table *t = csv_new("/tmp", columns, COLUMNS);
    table_text(t, "007");
    table_text(t, "a,\"b\"\r\nc");
    table_dec(t, dec_of("-1.50"));
    table_next_row(t);
    table_time(t, INT64_C(1795854600000));
    table_day(t, 20785);
    table_whole(t, -3);
    table_next_row(t);
    table_text(t, NULL);
    table_text(t, "");
    table_empty(t);
    table_next_row(t);
    assert_int_equal(table_finish(t, &f), RC_OK);
    char *bytes = read_all(&f);
    assert_string_equal(bytes, "\xEF\xBB\xBF编码,\"名称, 全\",数量\r\n007,\"a,\"\"b\"\"\r\nc\",-1.5\r\n"
                               "2026-11-28 08:30:00,2026-11-28,-3\r\n,,\r\n");
    free(bytes);
}

static void csv_keeps_texts_from_being_formulas(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"=1+1", "\"'=1+1\""}, {"+1", "\"'+1\""},     {"-1", "\"'-1\""}, {"@a", "\"'@a\""},       {"\tx", "\"'\tx\""},
        {"\rx", "\"'\rx\""},   {"'=1", "\"''=1\""},   {"''+", "\"'''+\""}, {"'quoted'", "'quoted'"}, {"'", "'"},
        {"a=1", "a=1"},        {" =1", "\" =1\""},    {"1-1", "1-1"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct table_file f;
        struct table *t = csv_new("/tmp", columns, 1);
        table_text(t, texts[i][0]);
        table_next_row(t);
        assert_int_equal(table_finish(t, &f), RC_OK);
        char *bytes = read_all(&f), expected[64];
        snprintf(expected, sizeof expected, "\xEF\xBB\xBF编码\r\n%s\r\n", texts[i][1]);
        assert_string_equal(bytes, expected);
        free(bytes);
    }
}

/* ---------------------------------------------------------------- workbooks */

static unsigned number_at(const char *p, unsigned bytes)
{
    unsigned n = 0;
    while (bytes--)
        n = n << 8 | (unsigned char)p[bytes];
    return n;
}

/* The part of that name, unpacked; NULL: there is none. */
static char *part_of(const char *zip, int64_t n, const char *name)
{
    const char *end = zip + n - 22, *at = zip + number_at(end + 16, 4);
    for (unsigned left = number_at(end + 10, 2); left; left--) {
        unsigned name_n = number_at(at + 28, 2);
        if (name_n == strlen(name) && memcmp(at + 46, name, name_n) == 0) {
            const char *local = zip + number_at(at + 42, 4);
            char *out = calloc(1, FILE_MAX);
            z_stream z = {.next_in = (Bytef *)(uintptr_t)(local + 30 + number_at(local + 26, 2) + number_at(local + 28, 2)),
                          .avail_in = number_at(at + 20, 4), .next_out = (Bytef *)out, .avail_out = FILE_MAX - 1};
            assert_int_equal(inflateInit2(&z, -15), Z_OK);
            assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
            inflateEnd(&z);
            return out;
        }
        at += 46 + name_n + number_at(at + 30, 2) + number_at(at + 32, 2);
    }
    return NULL;
}

static void holds(const char *zip, int64_t n, const char *part, const char *text)
{
    char *xml = part_of(zip, n, part);
    assert_non_null(xml);
    if (!strstr(xml, text))
        fail_msg("%s has no %s:\n%.3000s", part, text, xml);
    free(xml);
}

static void a_full_sheet_goes_on_in_another(void **state)
{
    (void)state;
    struct table_file f;
    struct table *t = excel_new("/tmp", "物料", columns, COLUMNS, 3);
    for (int i = 1; i <= 6; i++) {
        table_text(t, "x");
        table_empty(t);
        table_whole(t, i);
        table_next_row(t);
    }
    assert_int_equal(table_finish(t, &f), RC_OK);
    int64_t n = f.bytes;
    char *zip = read_all(&f);
    holds(zip, n, "xl/workbook.xml", "<sheet name=\"物料\"");
    holds(zip, n, "xl/workbook.xml", "<sheet name=\"物料 (2)\"");
    holds(zip, n, "xl/worksheets/sheet1.xml", "<c r=\"C4\"><v>3</v></c></row></sheetData><autoFilter ref=\"A1:C4\"/>");
    holds(zip, n, "xl/worksheets/sheet2.xml", "<is><t>编码</t></is>");
    holds(zip, n, "xl/worksheets/sheet2.xml", "<c r=\"C4\"><v>6</v></c></row></sheetData><autoFilter ref=\"A1:C4\"/>");
    holds(zip, n, "xl/worksheets/sheet2.xml", "state=\"frozen\"");
    assert_null(part_of(zip, n, "xl/worksheets/sheet3.xml"));
    free(zip);
}

static void cells_are_what_they_were_given_as(void **state)
{
    (void)state;
    struct table_file f;
    struct table *t = excel_new("/tmp", "a", columns, COLUMNS, EXCEL_ROWS_MAX);
    char *text = calloc(1, 40001);
    memset(text, 'a', 40000);
    table_text(t, "=1+1");
    table_text(t, text);
    table_dec(t, dec_of("123456789.123456"));
    table_next_row(t);
    text[EXCEL_TEXT_MAX] = 0;
    table_text(t, "1E5");
    table_text(t, text);
    table_dec(t, dec_of("1234567890.123456"));
    table_next_row(t);
    table_time(t, INT64_C(1795854600000));
    table_day(t, -1);
    table_whole(t, INT64_C(1000000000000000));
    table_next_row(t);
    assert_int_equal(table_finish(t, &f), RC_OK);
    int64_t n = f.bytes;
    char *zip = read_all(&f);
    const char *const wanted[] = {"t=\"inlineStr\"><is><t>=1+1</t></is>", "a…</t>", "<v>123456789.123456</v>",
                                  "<t>1E5</t>", "<t>1234567890.123456</t>", "<v>46354.354166666", "<v>25568</v>",
                                  "<t>1000000000000000</t>"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        holds(zip, n, "xl/worksheets/sheet1.xml", wanted[i]);
    text[EXCEL_TEXT_MAX - 1] = 0;
    char *xml = part_of(zip, n, "xl/worksheets/sheet1.xml"), *first = strstr(xml, text);
    assert_non_null(first);
    assert_memory_equal(first + EXCEL_TEXT_MAX - 1, "…<", strlen("…<"));
    assert_memory_equal(strstr(strstr(xml, "1E5"), text) + EXCEL_TEXT_MAX - 1, "a<", 2);
    assert_null(strstr(xml, "<f>"));
    free(xml);
    free(text);
    free(zip);
}

/* ---------------------------------------------------------------- no room */

static int open_files(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static struct rlimit before;

static void limit_files(rlim_t bytes)
{
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, before.rlim_max}), 0);
}

static int stop_limit(void **state)
{
    (void)state;
    return before.rlim_max ? setrlimit(RLIMIT_FSIZE, &before) : 0;
}

static enum rc write_rows(struct table *t, int rows, struct table_file *f)
{
    for (int i = 0; i < rows; i++) {
        char text[32];
        snprintf(text, sizeof text, "%d-%d", i, rand() % 1000000);
        table_text(t, text);
        table_text(t, text);
        table_whole(t, i);
        table_next_row(t);
    }
    return table_finish(t, f);
}

/* At every size from nothing to what is enough: never a file that lacks something. */
static void no_room_is_told(void **state)
{
    (void)state;
    struct table_file f;
    int whole = 0, open = open_files();
    for (rlim_t bytes = 0; bytes <= 40 << 10; bytes += 256) {
        limit_files(bytes);
        struct table *t = excel_new("/tmp", "a", columns, COLUMNS, 100);
        enum rc rc = write_rows(t, 250, &f);
        stop_limit(NULL);
        assert_true(rc == RC_OK || rc == RC_DB_FULL);
        if (rc != RC_OK)
            continue;
        whole++;
        int64_t n = f.bytes;
        char *zip = read_all(&f);
        holds(zip, n, "xl/worksheets/sheet1.xml", "</worksheet>");
        holds(zip, n, "xl/worksheets/sheet3.xml", "<v>249</v></c></row></sheetData>");
        free(zip);
    }
    assert_in_range(whole, 1, 150);
    assert_int_equal(open_files(), open);
}

static void no_room_for_csv_is_told(void **state)
{
    (void)state;
    struct table_file f;
    for (rlim_t bytes = 0; bytes <= 64 << 10; bytes += 8 << 10) {
        limit_files(bytes);
        enum rc rc = write_rows(csv_new("/tmp", columns, COLUMNS), 5000, &f);
        stop_limit(NULL);
        assert_int_equal(rc, RC_DB_FULL);
    }
}

static void what_nobody_wants_leaves_no_file_open(void **state)
{
    (void)state;
    int open = open_files();
    for (int i = 0; i < 4; i++) {
        struct table *t = i % 2 ? csv_new("/tmp", columns, COLUMNS) : excel_new("/tmp", "a", columns, COLUMNS, 1);
        for (int row = 0; row < i + 1; row++) {
            table_text(t, "x");
            table_next_row(t);
        }
        table_abandon(t);
    }
    assert_int_equal(open_files(), open);
}

static void no_folder_is_told(void **state)
{
    (void)state;
    assert_null(csv_new("/dev/null/there", columns, COLUMNS));
    assert_null(excel_new("/dev/null/there", "a", columns, COLUMNS, EXCEL_ROWS_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_is_what_rfc_4180_says),
        cmocka_unit_test(csv_keeps_texts_from_being_formulas),
        cmocka_unit_test(a_full_sheet_goes_on_in_another),
        cmocka_unit_test(cells_are_what_they_were_given_as),
        cmocka_unit_test_teardown(no_room_is_told, stop_limit),
        cmocka_unit_test_teardown(no_room_for_csv_is_told, stop_limit),
        cmocka_unit_test(what_nobody_wants_leaves_no_file_open),
        cmocka_unit_test(no_folder_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
