#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

/* The log goes to a file of a fresh folder; standard output is put aside while a test runs. */
static char dir[64];
static int stdout_aside;

static int begin(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/mms-log-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    fflush(stdout);
    stdout_aside = dup(STDOUT_FILENO);
    int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    close(null);
    log_set_level(LOG_INFO);
    return log_open_dir(dir) ? 0 : -1;
}

static char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static int end(void **state)
{
    (void)state;
    log_close();
    dup2(stdout_aside, STDOUT_FILENO);
    close(stdout_aside);
    unlink(path_of("mms.log"));
    unlink(path_of("old.log"));
    return rmdir(dir);
}

/* The file's text; the caller frees. */
static char *slurp(const char *name)
{
    FILE *f = fopen(path_of(name), "r");
    char *text = NULL;
    size_t size = 0;
    if (!f || getdelim(&text, &size, '\0', f) < 0) {
        free(text);
        text = strdup("");
    }
    if (f)
        fclose(f);
    return text;
}

static void assert_line(const char *from_level)
{
    char *text = slurp("mms.log");
    assert_memory_equal(text, "{\"time\":\"20", 11);
    assert_string_equal(text + strlen("{\"time\":\"2026-11-23T08:15:30.123Z\","), from_level);
    free(text);
}

static void writes_json(void **state)
{
    (void)state;
    log_event(LOG_INFO, "server.started", "r-1", LOG_INT("port", 3000), LOG_TEXT("host", "::"),
              LOG_INT("low", INT64_MIN));
    assert_line("\"level\":\"info\",\"event\":\"server.started\",\"request_id\":\"r-1\","
                "\"port\":3000,\"host\":\"::\",\"low\":-9223372036854775808}\n");
}

static void writes_without_fields(void **state)
{
    (void)state;
    log_write(LOG_ERROR, "server.failed", NULL, NULL, 0);
    assert_line("\"level\":\"error\",\"event\":\"server.failed\"}\n");
}

static void escapes(void **state)
{
    (void)state;
    log_event(LOG_WARN, "e", NULL, LOG_TEXT("t", "a\"b\\c\n\r\t\b\f\x01\x1B[2J\x7F\xC2\x9B 氢🚚"),
              LOG_TEXT("bad", "x\xFFy\xE6\xB0"), LOG_TEXT("none", (const char *)NULL),
              LOG_TEXT("line", "\u2028\u2029"));
    assert_line("\"level\":\"warn\",\"event\":\"e\","
                "\"t\":\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\\u001b[2J\\u007f\\u009b 氢🚚\","
                "\"bad\":\"x\uFFFDy\uFFFD\uFFFD\",\"none\":\"\",\"line\":\"\\u2028\\u2029\"}\n");
}

static void obeys_the_level(void **state)
{
    (void)state;
    enum log_level level = LOG_INFO;
    log_event(LOG_DEBUG, "no", NULL, LOG_INT("n", 1));
    log_set_level(LOG_ERROR);
    log_event(LOG_WARN, "no", NULL, LOG_INT("n", 1));
    assert_false(log_on(LOG_WARN));
    assert_true(log_on(LOG_ERROR));
    char *text = slurp("mms.log");
    assert_string_equal(text, "");
    free(text);
    assert_true(log_level_parse("debug", &level) && level == LOG_DEBUG);
    assert_true(log_level_parse("error", &level) && level == LOG_ERROR);
    assert_false(log_level_parse("INFO", &level));
    assert_false(log_level_parse("", &level));
    assert_false(log_level_parse(NULL, &level));
    assert_int_equal(level, LOG_ERROR);
}

static void shortens_long_fields(void **state)
{
    (void)state;
    char *text = malloc(20001);
    for (size_t i = 0; i < 20000; i++)
        text[i] = "氢"[i % 3];
    text[19998] = '\0';
    log_event(LOG_INFO, "e", text, LOG_TEXT("a", text), LOG_INT("n", 5));
    free(text);
    char *line = slurp("mms.log");
    assert_in_range(strlen(line), 2000, 3000);
    assert_non_null(strstr(line, "氢…\",\"n\":5}\n"));
    free(line);
}

static void bounds_the_line(void **state)
{
    (void)state;
    struct log_field fields[40];
    char text[3001];
    for (size_t kind = 0; kind < 3; kind++) {
        memset(text, "x\x01\xFF"[kind], 3000);
        text[3000] = '\0';
        for (size_t i = 0; i < 40; i++)
            fields[i] = i % 2 ? LOG_INT("number", i) : LOG_TEXT(text, text);
        log_write(LOG_INFO, text, text, fields, 40);
    }
    char *lines = slurp("mms.log"), *at = lines;
    for (size_t kind = 0; kind < 3; kind++) {
        char *newline = strchr(at, '\n');
        assert_non_null(newline);
        assert_in_range((size_t)(newline - at), 7000, 8191);
        assert_memory_equal(newline - 12, ",\"cut\":true}", 12);
        at = newline + 1;
    }
    assert_int_equal(*at, '\0');
    free(lines);
}

enum { THREADS = 8, LINES = 400 };

static void *write_many(void *arg)
{
    char text[600];
    memset(text, 'a' + *(const int *)arg, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < LINES; i++)
        log_event(LOG_INFO, "thread", NULL, LOG_TEXT("t", text), LOG_INT("i", i));
    return NULL;
}

static void run_threads(void (*meanwhile)(void))
{
    pthread_t threads[THREADS];
    int numbers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, &numbers[i]), 0);
    }
    if (meanwhile)
        meanwhile();
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* How many lines the file has; each has to be whole. */
static int count_whole_lines(const char *name)
{
    char *text = slurp(name);
    int lines = 0;
    for (char *line = text, *newline; *line; line = newline + 1, lines++) {
        newline = strchr(line, '\n');
        assert_non_null(newline);
        *newline = '\0';
        const char *value = strstr(line, "\"t\":\"");
        assert_non_null(value);
        assert_int_equal(strspn(value + 5, (const char[]){value[5], '\0'}), 599);
        assert_int_equal(newline[-1], '}');
    }
    free(text);
    return lines;
}

static void threads_keep_lines_whole(void **state)
{
    (void)state;
    run_threads(NULL);
    assert_int_equal(count_whole_lines("mms.log"), THREADS * LINES);
}

static void turn_the_file(void)
{
    char old[128];
    snprintf(old, sizeof old, "%s/old.log", dir);
    usleep(2000);
    assert_int_equal(rename(path_of("mms.log"), old), 0);
    assert_true(log_open_dir(dir));
}

static void reopening_loses_no_line(void **state)
{
    (void)state;
    run_threads(turn_the_file);
    assert_int_equal(count_whole_lines("old.log") + count_whole_lines("mms.log"), THREADS * LINES);
}

static void small_files(int64_t bytes, int64_t age_ms, int keep)
{
    log_set_limits(bytes, age_ms, keep);
    log_close();
    assert_true(log_open_dir(dir));
}

static void big_files_are_put_aside(void **state)
{
    (void)state;
    small_files(20000, 0, 1000);
    run_threads(NULL);
    size_t lines = count_whole_lines("mms.log"), files = 1;
    for (char name[32];; files++) {
        struct stat st;
        snprintf(name, sizeof name, "mms.log.%zu", files);
        if (stat(path_of(name), &st) != 0)
            break;
        assert_in_range(st.st_size, 20000 - THREADS * 1000, 20000 + THREADS * 1000); /* a line that was on its way counts for the next file */
        lines += count_whole_lines(name);
        unlink(path_of(name));
    }
    assert_true(files > 3);
    assert_int_equal(lines, THREADS * LINES);
    log_set_limits(0, 0, 0);
}

static void only_so_many_are_kept(void **state)
{
    (void)state;
    small_files(1, 0, 2);
    for (int i = 1; i <= 5; i++)
        log_event(LOG_INFO, "e", NULL, LOG_INT("n", i));
    char *newer = slurp("mms.log.1"), *older = slurp("mms.log.2");
    assert_non_null(strstr(newer, "\"n\":5}"));
    assert_non_null(strstr(older, "\"n\":4}"));
    assert_int_not_equal(access(path_of("mms.log.3"), F_OK), 0);
    free(newer);
    free(older);
    unlink(path_of("mms.log.1"));
    unlink(path_of("mms.log.2"));
    log_set_limits(0, 0, 0);
}

static void old_files_are_put_aside(void **state)
{
    (void)state;
    int fd = open(path_of("mms.log"), O_WRONLY | O_TRUNC | O_CREAT, 0600);
    static const char line[] = "{\"time\":\"2020-01-01T00:00:00.000Z\",\"level\":\"info\",\"event\":\"old\"}\n";
    assert_int_equal(write(fd, line, sizeof line - 1), sizeof line - 1);
    close(fd);
    small_files(0, 60000, 3);
    log_event(LOG_INFO, "e", NULL, LOG_INT("n", 1));
    log_event(LOG_INFO, "e", NULL, LOG_INT("n", 2));
    char *old = slurp("mms.log.1"), *new = slurp("mms.log");
    assert_non_null(strstr(old, "\"old\"}\n"));
    assert_non_null(strstr(old, "\"n\":1}\n"));
    assert_non_null(strstr(new, "\"n\":2}\n"));
    assert_null(strstr(new, "\"n\":1}"));
    free(old);
    free(new);
    unlink(path_of("mms.log.1"));
    log_set_limits(0, 0, 0);
}

/* Where nothing can be renamed (a folder stands in the way), the file grows on, and no line is lost. */
static void what_cannot_be_put_aside_goes_on(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path_of("mms.log.1"), 0700), 0);
    small_files(1, 0, 1);
    log_event(LOG_INFO, "e", NULL, LOG_INT("n", 1));
    log_event(LOG_INFO, "e", NULL, LOG_INT("n", 2));
    char *text = slurp("mms.log");
    assert_non_null(strstr(text, "\"n\":1}\n"));
    assert_non_null(strstr(text, "\"n\":2}\n"));
    free(text);
    rmdir(path_of("mms.log.1"));
    log_set_limits(0, 0, 0);
}

static void *copy_the_pipe(void *arg)
{
    const int *from = arg;
    char bytes[4096];
    FILE *to = fopen(path_of("old.log"), "w");
    for (ssize_t n; to && (n = read(*from, bytes, sizeof bytes)) > 0;)
        fwrite(bytes, 1, (size_t)n, to);
    if (to)
        fclose(to);
    return NULL;
}

/* Standard output becomes a pipe, whose lines are gathered; gives its other end. */
static int gather_in_a_pipe(void)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    log_gather();
    return ends[0];
}

static void gathered_lines_all_arrive(void **state)
{
    (void)state;
    int from = gather_in_a_pipe();
    pthread_t reader;
    assert_int_equal(pthread_create(&reader, NULL, copy_the_pipe, &from), 0);
    run_threads(NULL);
    log_close(); /* what waits is written */
    close(STDOUT_FILENO);
    pthread_join(reader, NULL);
    close(from);
    assert_int_equal(count_whole_lines("old.log"), THREADS * LINES);
    assert_int_equal(count_whole_lines("mms.log"), THREADS * LINES);
}

static void a_warning_takes_along_what_waits(void **state)
{
    (void)state;
    char text[4096] = "";
    int from = gather_in_a_pipe();
    assert_int_equal(fcntl(from, F_SETFL, O_NONBLOCK), 0);
    for (int i = 0; i < 3; i++)
        log_event(LOG_INFO, "first", NULL, LOG_INT("n", i));
    log_write(LOG_WARN, "then", NULL, NULL, 0);
    for (ssize_t n; (n = read(from, text + strlen(text), sizeof text - 1 - strlen(text))) > 0;)
        ;
    const char *first = strstr(text, "\"n\":0}\n"), *last = strstr(text, "\"n\":2}\n"), *then = strstr(text, "\"event\":\"then\"}\n");
    assert_true(first && last && then && first < last && last < then);
    assert_int_equal(*text, '{');

    log_write(LOG_INFO, "alone", NULL, NULL, 0); /* with nothing behind it, it comes as well */
    struct pollfd soon = {.fd = from, .events = POLLIN};
    assert_int_equal(poll(&soon, 1, 20000), 1);
    log_close();
    close(from);
}

static void a_file_gets_each_line_at_once(void **state)
{
    (void)state;
    int file = open(path_of("old.log"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(file, STDOUT_FILENO);
    close(file);
    log_gather();
    log_event(LOG_INFO, "e", NULL, LOG_INT("n", 7));
    char *text = slurp("old.log");
    assert_non_null(strstr(text, "\"n\":7}\n"));
    free(text);
}

static void a_reader_that_left_is_harmless(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    close(ends[0]);
    errno = 4711;
    log_event(LOG_INFO, "e", NULL, LOG_INT("n", 1));
    assert_int_equal(errno, 4711);
    close(STDOUT_FILENO);
    log_event(LOG_INFO, "e", NULL, LOG_INT("n", 2));
    char *text = slurp("mms.log"); /* the file got both */
    assert_non_null(strstr(text, "\"n\":1}\n"));
    assert_non_null(strstr(text, "\"n\":2}\n"));
    free(text);
}

static void a_full_disk_is_harmless(void **state)
{
    (void)state;
    log_close();
    unlink(path_of("mms.log"));
    assert_int_equal(symlink("/dev/full", path_of("mms.log")), 0);
    assert_true(log_open_dir(dir));
    log_event(LOG_INFO, "e", NULL, LOG_INT("n", 1));
    log_event(LOG_INFO, "e", NULL, LOG_INT("n", 2));
}

static void a_torn_line_is_ended(void **state)
{
    (void)state;
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){40, before.rlim_max};
    log_write(LOG_INFO, "first", NULL, NULL, 0); /* from here on the signal is ignored */
    assert_int_equal(truncate(path_of("mms.log"), 0), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    log_event(LOG_INFO, "torn", NULL, LOG_INT("n", 1));
    log_event(LOG_INFO, "lost", NULL, LOG_INT("n", 2));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    log_event(LOG_INFO, "whole", NULL, LOG_INT("n", 3));
    char *text = slurp("mms.log");
    assert_int_equal(text[40], '\n');
    assert_memory_equal(text + 41, "{\"time\":", 8);
    assert_non_null(strstr(text, "\"event\":\"whole\",\"n\":3}\n"));
    assert_null(strstr(text, "lost"));
    free(text);
}

static void folders_are_made_or_refused(void **state)
{
    (void)state;
    char path[8192];
    snprintf(path, sizeof path, "%s/a/b", dir);
    assert_false(log_open_dir(path));
    assert_int_equal(errno, ENOENT);
    assert_false(log_open_dir("/dev/null"));
    assert_int_equal(errno, ENOTDIR);
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_false(log_open_dir(path));
    assert_int_equal(errno, ENAMETOOLONG);
    log_event(LOG_INFO, "e", NULL, LOG_INT("n", 1)); /* the old file goes on */
    assert_line("\"level\":\"info\",\"event\":\"e\",\"n\":1}\n");
    snprintf(path, sizeof path, "%s/made", dir);
    assert_true(log_open_dir(path));
    snprintf(path, sizeof path, "%s/made/mms.log", dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(path_of("made")), 0);
}

#define LOG_TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(writes_json),
        LOG_TEST(writes_without_fields),
        LOG_TEST(escapes),
        LOG_TEST(obeys_the_level),
        LOG_TEST(shortens_long_fields),
        LOG_TEST(bounds_the_line),
        LOG_TEST(threads_keep_lines_whole),
        LOG_TEST(reopening_loses_no_line),
        LOG_TEST(big_files_are_put_aside),
        LOG_TEST(only_so_many_are_kept),
        LOG_TEST(old_files_are_put_aside),
        LOG_TEST(what_cannot_be_put_aside_goes_on),
        LOG_TEST(gathered_lines_all_arrive),
        LOG_TEST(a_warning_takes_along_what_waits),
        LOG_TEST(a_file_gets_each_line_at_once),
        LOG_TEST(a_reader_that_left_is_harmless),
        LOG_TEST(a_full_disk_is_harmless),
        LOG_TEST(a_torn_line_is_ended),
        LOG_TEST(folders_are_made_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
