/* The built page, content codings, and who may read answers from where. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <sys/stat.h>
#include <zlib.h>

#include "http/cors.h"
#include "http/gzip.h"
#include "http/page.h"
#include "http_toy.h"

static char dir[64];

static void write_file(const char *path, const char *bytes)
{
    char full[256];

    snprintf(full, sizeof full, "%s%s", dir, path);
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    fputs(bytes, f);
    fclose(f);
}

static const char *long_text(void)
{
    static char text[5001];

    memset(text, 'x', sizeof text - 1);
    return text;
}

static void make_page(void)
{
    char full[256];

    snprintf(dir, sizeof dir, "/tmp/http-page-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(full, sizeof full, "%s/assets", dir);
    assert_int_equal(mkdir(full, 0755), 0);
    write_file("/index.html", "<title>MMS</title>");
    write_file("/assets/app-1a2b.js", "let a = 1;");
    write_file("/assets/app-1a2b.js.br", "BR");
    write_file("/assets/app-1a2b.js.gz", "GZ");
    write_file("/assets/long.css", long_text());
    write_file("/assets/scan-3c4d.worker.js", "let w;");
    write_file("/scan.worker.js", "let w;");
    write_file("/icon.svg", "<svg/>");
    write_file("/site.webmanifest", "{}");
    write_file("/lone.gz", "lone");
    write_file("/.secret", "no");
    write_file("/物料.txt", "中");
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static int start_page(void **state)
{
    (void)state;
    make_page();
    toy = toy_new();
    struct http_config c = toy_config(toy);
    c.web_dir = dir;
    toy_start(toy, &c);
    return 0;
}

static int stop_page(void **state)
{
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return stop(state);
}

static void the_page(void **state)
{
    static const char *const PAGES[] = {"/",       "/index.html", "/materials", "/materials/7",
                                        "/login/", "/?x=1"};
    char line[64];

    (void)state;
    for (size_t i = 0; i < sizeof PAGES / sizeof *PAGES; i++) {
        snprintf(line, sizeof line, "GET %s", PAGES[i]);
        struct answer a = client_get(toy, line, "");
        assert_string_equal(answer_header(&a, "Content-Type"), "text/html; charset=utf-8");
        assert_string_equal(answer_header(&a, "Cache-Control"), "no-cache");
        assert_non_null(
            strstr(answer_header(&a, "Content-Security-Policy"), "frame-ancestors 'none'"));
        assert_string_equal(answer_header(&a, "Cross-Origin-Opener-Policy"), "same-origin");
        assert_string_equal(answer_header(&a, "X-Frame-Options"), "DENY");
        assert_string_equal(answer_header(&a, "Permissions-Policy"),
                            "camera=(self), microphone=(), geolocation=()");
        assert_string_equal(answer_header(&a, "X-Content-Type-Options"), "nosniff");
        assert_non_null(answer_header(&a, "X-Request-Id"));
        expect(a, 200, "<title>MMS</title>");
    }
    struct answer a = client_get(toy, "HEAD /materials", "");
    assert_string_equal(answer_header(&a, "Content-Length"), "18");
    expect(a, 200, "");
}

static void files(void **state)
{
    (void)state;
    struct answer a = client_get(toy, "GET /assets/app-1a2b.js", "");
    assert_string_equal(answer_header(&a, "Content-Type"), "text/javascript; charset=utf-8");
    assert_string_equal(answer_header(&a, "Cache-Control"), "public, max-age=31536000, immutable");
    assert_string_equal(answer_header(&a, "Vary"), "Accept-Encoding");
    assert_null(answer_header(&a, "Content-Security-Policy"));
    expect(a, 200, "let a = 1;");
    a = client_get(toy, "GET /icon.svg", "");
    assert_string_equal(answer_header(&a, "Content-Type"), "image/svg+xml");
    assert_null(answer_header(&a, "Vary"));
    expect(a, 200, "<svg/>");
    expect(client_get(toy, "GET /%E7%89%A9%E6%96%99.txt", ""), 200, "中");
    expect(client_get(toy, "GET /lone.gz", ""), 200, "lone");
    a = client_get(toy, "POST /icon.svg", "Content-Length: 0\r\n");
    assert_string_equal(answer_header(&a, "Allow"), "GET, HEAD");
    expect(a, 405, NULL);
}

/* What reads codes compiles wasm; neither a page nor another script may. */
static void workers(void **state)
{
    (void)state;
    struct answer a = client_get(toy, "GET /assets/scan-3c4d.worker.js", "");
    assert_string_equal(answer_header(&a, "Content-Type"), "text/javascript; charset=utf-8");
    assert_string_equal(
        answer_header(&a, "Content-Security-Policy"),
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'");
    expect(a, 200, "let w;");
    a = client_get(toy, "GET /scan.worker.js", "");
    assert_null(answer_header(&a, "Content-Security-Policy"));
    expect(a, 200, "let w;");
    a = client_get(toy, "GET /", "");
    assert_null(strstr(answer_header(&a, "Content-Security-Policy"), "wasm"));
    expect(a, 200, NULL);
}

static void nothing_outside_the_folder(void **state)
{
    static const char *const PATHS[] = {
        "/../etc/passwd",
        "/%2e%2e/etc/passwd",
        "/assets/../index.html",
        "/..%2f..%2fetc%2fpasswd",
        "/.secret",
        "/assets/%2e%2e/icon.svg",
        "/icon.svg%00.html",
        "//etc/passwd.txt",
        "/assets",
        "/assets/",
        "/none.js",
        "/assets/none.css",
        "/app-1a2b.js",
        "/assets/app-1a2b.js.br",
        "/assets/app-1a2b.js.gz",
        "/icon.svg/",
        "/api",
        "/api/none",
        "/uploads/x",
        "/uploads",
        "/..;/x.y",
        "/....//....//etc/passwd.x",
        "/\\..\\etc\\passwd.x",
    };
    char line[128];

    (void)state;
    for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++) {
        snprintf(line, sizeof line, "GET %s", PATHS[i]);
        struct answer a = client_get(toy, line, "");
        bool is_page = a.status == 200 && !strcmp(a.body, "<title>MMS</title>");
        assert_true(a.status == 400 || a.status == 404 ||
                    (is_page && !strncmp(PATHS[i], "/assets", 7)));
        free(a.body);
    }
}

static void compressed_forms(void **state)
{
    static const struct {
        const char *accept, *body, *coding;
    } CASES[] = {
        {"br, gzip", "BR", "br"},         {"gzip", "GZ", "gzip"},
        {"gzip, br;q=0", "GZ", "gzip"},   {"*", "BR", "br"},
        {"identity", "let a = 1;", NULL}, {"gzip;q=0", "let a = 1;", NULL},
    };
    char header[64];

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        snprintf(header, sizeof header, "Accept-Encoding: %s\r\n", CASES[i].accept);
        struct answer a = client_get(toy, "GET /assets/app-1a2b.js", header);
        const char *coding = answer_header(&a, "Content-Encoding");
        assert_true(CASES[i].coding ? coding && !strcmp(coding, CASES[i].coding) : !coding);
        assert_string_equal(answer_header(&a, "Content-Type"), "text/javascript; charset=utf-8");
        expect(a, 200, CASES[i].body);
    }
}

static void etags(void **state)
{
    char etag[80], header[256];

    (void)state;
    struct answer a = client_get(toy, "GET /", "");
    snprintf(etag, sizeof etag, "%s", answer_header(&a, "ETag"));
    free(a.body);
    snprintf(header, sizeof header, "If-None-Match: \"other\", W/%s\r\n", etag);
    a = client_get(toy, "GET /login", header);
    assert_string_equal(answer_header(&a, "ETag"), etag);
    expect(a, 304, "");
    int fd = client_connect(toy); /* the connection lives on behind a 304 */
    snprintf(header, sizeof header, "GET / HTTP/1.1\r\nHost: toy\r\nIf-None-Match: %s\r\n\r\n",
             etag);
    for (int i = 0; i < 3; i++) {
        client_send(fd, header);
        expect(client_read(fd), 304, "");
    }
    close(fd);
    expect(client_get(toy, "GET /", "If-None-Match: \"other\"\r\n"), 200, NULL);
    snprintf(header, sizeof header, "If-None-Match: %s\r\n", etag);
    expect(client_get(toy, "GET /icon.svg", header), 200, NULL);
}

/* gzip bytes as text, in a static buffer. */
static const char *unpack(const struct answer *a)
{
    static char text[TOY_BIG + 1];
    z_stream z = {.next_in = (Bytef *)a->body,
                  .avail_in = (uInt)a->n,
                  .next_out = (Bytef *)text,
                  .avail_out = TOY_BIG};

    assert_int_equal(inflateInit2(&z, 31), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    text[z.total_out] = '\0';
    inflateEnd(&z);
    return text;
}

static void answers_are_compressed_when_asked(void **state)
{
    (void)state;
    struct answer plain = client_get(toy, "GET /api/big", "");
    assert_null(answer_header(&plain, "Content-Encoding"));
    assert_int_equal(plain.n, TOY_BIG);
    struct answer packed = client_get(
        toy, "GET /api/big", "Accept-Encoding: gzip, deflate\r\nOrigin: https://mms.example\r\n");
    assert_string_equal(answer_header(&packed, "Content-Encoding"), "gzip");
    assert_string_equal(answer_header(&packed, "Vary"), "Accept-Encoding, Origin");
    assert_true(packed.n < TOY_BIG / 4);
    assert_string_equal(unpack(&packed), plain.body);
    free(plain.body);
    free(packed.body);
    packed = client_get(toy, "GET /api/hello", "Accept-Encoding: gzip\r\n"); /* too short */
    assert_null(answer_header(&packed, "Content-Encoding"));
    expect(packed, 200, NULL);
    packed = client_get(toy, "GET /assets/long.css",
                        "Accept-Encoding: gzip\r\n"); /* has no .gz of its own */
    assert_string_equal(answer_header(&packed, "Content-Encoding"), "gzip");
    assert_string_equal(unpack(&packed), long_text());
    free(packed.body);
}

static void accept_encoding(void **state)
{
    static const struct {
        const char *header;
        bool gzip;
    } CASES[] = {
        {NULL, false},           {"", false},           {"gzip", true},
        {"GZIP", true},          {"br,gzip", true},     {"gzip;q=0", false},
        {"gzip;q=0.000", false}, {"gzip; q=0", false},  {"gzip;q=0.001", true},
        {"gzip;q=1", true},      {"*", true},           {"*;q=0", false},
        {"gzip;q=0, *", false},  {"*;q=0, gzip", true}, {"gzipped", false},
        {"identity", false},     {" , ,gzip ", true},   {"gzip ;q=0 , br", false},
        {"x-gzip", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_int_equal(coding_accepted(CASES[i].header, "gzip"), CASES[i].gzip);
}

static void origins(void **state)
{
    static const char *const ANY[] = {"*", NULL}, *const BOTH[] = {"*", "https://a.b", NULL},
                             *const NONE[] = {NULL};

    (void)state;
    assert_int_equal(cors_check(NULL, "https://a.b"), CORS_REFUSED);
    assert_int_equal(cors_check(NONE, "https://a.b"), CORS_REFUSED);
    assert_int_equal(cors_check(ANY, NULL), CORS_REFUSED);
    assert_int_equal(cors_check(ANY, "https://a.b"), CORS_ANY);
    assert_int_equal(cors_check(BOTH, "https://a.b"), CORS_LISTED);
    assert_int_equal(cors_check(BOTH, "https://a.b.c"), CORS_ANY);
    assert_int_equal(cors_check(BOTH + 1, "https://a.b.c"), CORS_REFUSED);
    assert_int_equal(cors_check(BOTH + 1, "null"), CORS_REFUSED);
}

static void any_origin_goes_without_credentials(void **state)
{
    static const char *const any[] = {"*", NULL};
    struct toy *open = toy_new();
    struct http_config c = toy_config(open);

    (void)state;
    c.cors_origins = any;
    toy_start(open, &c);
    struct answer a = client_get(open, "GET /api/hello", "Origin: https://else.where\r\n");
    assert_string_equal(answer_header(&a, "Access-Control-Allow-Origin"), "https://else.where");
    assert_null(answer_header(&a, "Access-Control-Allow-Credentials"));
    expect(a, 200, NULL);
    assert_true(http_stop(open->server, 1000));
    toy_free(open);
}

static void expect_no_start(const char *web_dir, const char *en)
{
    struct error why = {0};
    struct http_server *s = NULL;
    struct http_config c = toy_config(toy);

    c.web_dir = web_dir;
    assert_int_equal(http_start(&c, &s, &why), RC_INTERNAL);
    assert_string_equal(why.en, en);
    assert_non_null(why.zh);
}

static void pages_that_are_refused_at_start(void **state)
{
    char full[128];
    struct error why = {0};
    struct static_site *site = NULL;

    (void)state;
    expect_no_start("/nonexistent", "The folder of the page (WEB_DIR) cannot be read");
    snprintf(full, sizeof full, "%s/assets", dir);
    expect_no_start(full, "The folder of the page (WEB_DIR) has no index.html");
    snprintf(full, sizeof full, "%s/inside.txt", dir);
    assert_int_equal(symlink("icon.svg", full), 0);
    assert_int_equal(static_load(dir, &site, &why), RC_OK);
    struct segments s = {.at = {"inside.txt"}, .count = 1};
    assert_string_equal(static_find(site, "/inside.txt", &s)->plain.bytes, "<svg/>");
    static_free(site);
    snprintf(full, sizeof full, "%s/assets/out.txt", dir);
    assert_int_equal(symlink("/etc/hostname", full), 0);
    expect_no_start(dir, "The folder of the page (WEB_DIR) has a symbolic link that leaves it");
    remove(full);
    snprintf(full, sizeof full, "%s/large.bin", dir);
    write_file("/large.bin", "");
    assert_int_equal(truncate(full, STATIC_BYTES_MAX), 0);
    expect_no_start(
        dir, "The folder of the page (WEB_DIR) is too large: at most 5,000 files and 64 MiB");
}

/* As a build does it: a new file under the old name. */
static void replace_index(const char *bytes)
{
    char next[128], index[128];

    snprintf(next, sizeof next, "%s/.next", dir);
    snprintf(index, sizeof index, "%s/index.html", dir);
    write_file("/.next", bytes);
    assert_int_equal(rename(next, index), 0);
}

/* Asks until the page is this one, at most ten seconds; how long that took. */
static int64_t wait_for_page(const char *title)
{
    int64_t begin_us = clock_monotonic_us(), took_us = 0;
    bool found = false;

    while (!found && took_us < 10 * 1000000) {
        struct answer a = client_get(toy, "GET /materials", "");
        assert_int_equal(a.status, 200);
        found = !strcmp(a.body, title);
        free(a.body);
        usleep(50 * 1000);
        took_us = clock_monotonic_us() - begin_us;
    }
    assert_true(found);
    return took_us / 1000;
}

static void a_new_build_needs_no_restart(void **state)
{
    (void)state;
    expect(client_get(toy, "GET /", ""), 200, "<title>MMS</title>");
    replace_index("<title>next</title>");
    usleep(1500 * 1000);
    write_file("/icon.svg", "<svg>2</svg>"); /* the build goes on */
    assert_true(wait_for_page("<title>next</title>") > 2000);
    expect(client_get(toy, "GET /icon.svg", ""), 200, "<svg>2</svg>");
}

static const char *index_of(const struct page_edition *e)
{
    struct segments top = {.count = 0};

    return static_find(page_site(e), "/", &top)->plain.bytes;
}

static void an_edition_stays_while_it_is_held(void **state)
{
    struct error why = {0};
    struct page *p = NULL;
    char link[128];

    (void)state;
    assert_int_equal(page_open(dir, &p, &why), RC_OK);
    struct page_edition *first = page_take(p);
    replace_index("<title>next</title>");
    sleep(4);
    struct page_edition *second = page_take(p);
    assert_string_equal(index_of(second), "<title>next</title>");
    assert_string_equal(index_of(first), "<title>MMS</title>");
    page_put(p, first);
    snprintf(link, sizeof link, "%s/out.txt", dir);
    assert_int_equal(symlink("/etc/hostname", link), 0);
    replace_index("<title>bad</title>");
    sleep(4);
    struct page_edition *third = page_take(p); /* what cannot be loaded changes nothing */
    assert_ptr_equal(third, second);
    page_put(p, second);
    page_put(p, third);
    page_close(p);
}

#define PAGE_TEST(name) cmocka_unit_test_setup_teardown(name, start_page, stop_page)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAGE_TEST(the_page),
        PAGE_TEST(files),
        PAGE_TEST(workers),
        PAGE_TEST(nothing_outside_the_folder),
        PAGE_TEST(compressed_forms),
        PAGE_TEST(etags),
        PAGE_TEST(answers_are_compressed_when_asked),
        PAGE_TEST(any_origin_goes_without_credentials),
        PAGE_TEST(pages_that_are_refused_at_start),
        PAGE_TEST(a_new_build_needs_no_restart),
        PAGE_TEST(an_edition_stays_while_it_is_held),
        cmocka_unit_test(accept_encoding),
        cmocka_unit_test(origins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
