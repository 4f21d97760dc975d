#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/settings.h"

#define GOOD_SECRET "b7Qz0kPm4Rt9Xw2Lc6Vn8Hs1Yd5Gf3Jq"

static struct arena arena;
static struct error err;
/* The environment of a test: name, value, name, value …, NULL. */
static const char *const *environment;

static int free_arena(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static const char *get(const char *name)
{
    for (const char *const *e = environment; *e; e += 2) {
        if (strcmp(e[0], name) == 0)
            return e[1];
    }
    return NULL;
}

static enum rc read_all(const char *const *env, struct settings *out)
{
    error_clear(&err);
    environment = env;
    return settings_read(&arena, get, out, &err);
}

#define ENV(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(,) NULL, NULL})
#define DEV "NODE_ENV", "development"

static void defaults(void **state)
{
    (void)state;
    struct settings s;
    assert_int_equal(read_all(ENV("JWT_SECRET", GOOD_SECRET), &s), RC_OK);
    assert_int_equal(s.port, 3000);
    assert_string_equal(s.host, "0.0.0.0");
    assert_int_equal(s.mode, MODE_PRODUCTION);
    assert_string_equal(s.jwt_secret, GOOD_SECRET);
    assert_int_equal(s.jwt_expires_s, 7 * 86400);
    assert_string_equal(s.db_path, "./data/mms.db");
    assert_int_equal(s.log_level, LOG_INFO);
    assert_null(s.log_dir);
    assert_string_equal(s.upload_dir, "./data/uploads");
    assert_int_equal(s.max_file_size, 2097152);
    assert_null(s.cors_origins[0]);
    assert_null(s.web_dir);
    assert_null(s.admin_initial_password);
    assert_null(s.trusted_proxies[0]);
}

static void empty_counts_as_not_set(void **state)
{
    (void)state;
    struct settings s;
    assert_int_equal(read_all(ENV(DEV, "PORT", " ", "HOST", "", "JWT_SECRET", "", "WEB_DIR", "\t",
                                  "ADMIN_INITIAL_PASSWORD", "", "LOG_LEVEL", ""),
                              &s),
                     RC_OK);
    assert_int_equal(s.port, 3000);
    assert_null(s.jwt_secret);
    assert_null(s.web_dir);
    assert_null(s.admin_initial_password);
    assert_int_equal(read_all(ENV("NODE_ENV", "", "JWT_SECRET", GOOD_SECRET), &s), RC_OK);
    assert_int_equal(s.mode, MODE_PRODUCTION);
}

static void everything_set(void **state)
{
    (void)state;
    struct settings s;
    const char *const *env =
        ENV("PORT", " 0 ", "HOST", "::1", "NODE_ENV", "test", "JWT_SECRET", "x",
            "JWT_EXPIRES_IN", "12h", "DB_PATH", "/数据/mms.db", "LOG_LEVEL", "debug",
            "LOG_DIR", "logs", "UPLOAD_DIR", "up", "MAX_FILE_SIZE", "1073741824",
            "CORS_ORIGIN", "*, HTTP://A.example:8080 ,,https://[::1]:1,", "WEB_DIR", "web",
            "ADMIN_INITIAL_PASSWORD", "passw0rd",
            "TRUSTED_PROXIES", "10.0.0.0/8, ::1,fd00::/8 , 192.168.1.1");
    assert_int_equal(read_all(env, &s), RC_OK);
    assert_int_equal(s.port, 0);
    assert_string_equal(s.host, "::1");
    assert_int_equal(s.mode, MODE_TEST);
    assert_string_equal(s.jwt_secret, "x");
    assert_int_equal(s.jwt_expires_s, 43200);
    assert_string_equal(s.db_path, "/数据/mms.db");
    assert_int_equal(s.log_level, LOG_DEBUG);
    assert_string_equal(s.log_dir, "logs");
    assert_int_equal(s.max_file_size, 1 << 30);
    assert_string_equal(s.cors_origins[0], "*");
    assert_string_equal(s.cors_origins[1], "http://a.example:8080");
    assert_string_equal(s.cors_origins[2], "https://[::1]:1");
    assert_null(s.cors_origins[3]);
    assert_string_equal(s.admin_initial_password, "passw0rd");
    assert_string_equal(s.trusted_proxies[0], "10.0.0.0/8");
    assert_string_equal(s.trusted_proxies[3], "192.168.1.1");
    assert_null(s.trusted_proxies[4]);
}

/* Development, and one setting; the fault's code, or NULL when the value is taken. */
static const char *code_of(const char *name, const char *value)
{
    struct settings s = {.port = 77};
    enum rc rc = read_all(ENV(name, value, DEV, "JWT_SECRET", GOOD_SECRET), &s);
    if (rc == RC_OK)
        return NULL;
    assert_int_equal(rc, RC_INVALID_INPUT);
    assert_int_equal(err.rc, RC_INVALID_INPUT);
    assert_int_equal(err.fault_count, 1);
    assert_string_equal(err.faults->field, name);
    assert_int_equal(s.port, 77); /* untouched */
    return err.faults->code;
}

struct value_case {
    const char *name, *value, *code; /* code NULL: taken */
};

static void check_cases(const struct value_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *code = code_of(cases[i].name, cases[i].value);
        if (!code != !cases[i].code || (code && strcmp(code, cases[i].code) != 0))
            fail_msg("%s=%s: %s", cases[i].name, cases[i].value, code ? code : "taken");
    }
}

#define CHECK(cases) check_cases((cases), sizeof(cases) / sizeof *(cases))

static void limits_of_numbers(void **state)
{
    (void)state;
    static const struct value_case CASES[] = {
        {"PORT", "0", NULL}, {"PORT", "65535", NULL}, {"PORT", "65536", "out_of_range"},
        {"PORT", "-1", "type"},
        {"PORT", "3000x", "type"}, {"PORT", "0x10", "type"}, {"PORT", "3e3", "type"},
        {"PORT", "30 00", "type"},
        {"PORT", "99999999999999999999999999", "out_of_range"},
        {"PORT", "18446744073709551616", "out_of_range"},
        {"MAX_FILE_SIZE", "1023", "out_of_range"}, {"MAX_FILE_SIZE", "1024", NULL},
        {"MAX_FILE_SIZE", "1073741825", "out_of_range"}, {"MAX_FILE_SIZE", "2MB", "type"},
        {"JWT_EXPIRES_IN", "60", NULL}, {"JWT_EXPIRES_IN", "59", "out_of_range"},
        {"JWT_EXPIRES_IN", "1m", NULL},
        {"JWT_EXPIRES_IN", "90d", NULL}, {"JWT_EXPIRES_IN", "91d", "out_of_range"},
        {"JWT_EXPIRES_IN", "7776001", "out_of_range"}, {"JWT_EXPIRES_IN", "15m", NULL},
        {"JWT_EXPIRES_IN", "9999999999999999999d", "out_of_range"},
        {"JWT_EXPIRES_IN", "d", "format"},
        {"JWT_EXPIRES_IN", "7 d", "format"}, {"JWT_EXPIRES_IN", "1w", "format"},
        {"JWT_EXPIRES_IN", "-1d", "format"}, {"JWT_EXPIRES_IN", "1dd", "format"},
        {"JWT_EXPIRES_IN", "0", "out_of_range"},
    };
    CHECK(CASES);
}

static void shapes(void **state)
{
    (void)state;
    static const struct value_case CASES[] = {
        {"HOST", "127.0.0.1", NULL}, {"HOST", "::", NULL}, {"HOST", "localhost", NULL},
        {"HOST", "example.com", "format"}, {"HOST", "256.1.1.1", "format"},
        {"HOST", "1.2.3", "format"},
        {"HOST", "[::1]", "format"}, {"NODE_ENV", "prod", "choice"},
        {"NODE_ENV", "Production", "choice"},
        {"LOG_LEVEL", "trace", "choice"}, {"LOG_LEVEL", "warn", NULL},
        {"CORS_ORIGIN", "https://a.example", NULL}, {"CORS_ORIGIN", "app+x://host", NULL},
        {"CORS_ORIGIN", "https://a.example/", "format"},
        {"CORS_ORIGIN", "https://a.example/x", "format"},
        {"CORS_ORIGIN", "a.example", "format"}, {"CORS_ORIGIN", "https://", "format"},
        {"CORS_ORIGIN", "://a", "format"}, {"CORS_ORIGIN", "https://a:0", "format"},
        {"CORS_ORIGIN", "https://a:65536", "format"}, {"CORS_ORIGIN", "https://a:", "format"},
        {"CORS_ORIGIN", "https://u@a", "format"}, {"CORS_ORIGIN", "https://[::1", "format"},
        {"CORS_ORIGIN", "https://[1.2.3.4]", "format"}, {"CORS_ORIGIN", "https://*.a", "format"},
        {"CORS_ORIGIN", "http://a?b", "format"}, {"CORS_ORIGIN", " , ,", NULL},
        {"TRUSTED_PROXIES", "10.0.0.1/33", "format"}, {"TRUSTED_PROXIES", "::/129", "format"},
        {"TRUSTED_PROXIES", "::/128", NULL}, {"TRUSTED_PROXIES", "10.0.0.0/0", NULL},
        {"TRUSTED_PROXIES", "10.0.0.0/", "format"}, {"TRUSTED_PROXIES", "10.0.0.0/-1", "format"},
        {"TRUSTED_PROXIES", "/8", "format"}, {"TRUSTED_PROXIES", "10.0.0", "format"},
        {"TRUSTED_PROXIES", "nginx", "format"}, {"ADMIN_INITIAL_PASSWORD", "short1", "too_short"},
        {"ADMIN_INITIAL_PASSWORD", "12345678", "format"},
        {"ADMIN_INITIAL_PASSWORD", "abcdefgh", "format"},
        {"ADMIN_INITIAL_PASSWORD", "密码密码密码a1", NULL}, {"DB_PATH", "a\nb", "format"},
        {"DB_PATH", "\xFF", "format"}, {"JWT_SECRET", "change-me", NULL},
        {"AGE_RECIPIENT", "age1abc", NULL}, {"AGE_RECIPIENT", "age1a , ssh-ed25519 AAAA a b", NULL},
        {"AGE_RECIPIENT", "age1a,age1b,age1c,age1d,age1e,age1f,age1g,age1h", NULL},
        {"AGE_RECIPIENT", "age1a,age1b,age1c,age1d,age1e,age1f,age1g,age1h,age1i", "format"},
        {"AGE_RECIPIENT", "age1", "format"}, {"AGE_RECIPIENT", "ssh-", "format"},
        {"AGE_RECIPIENT", "age1a,", "format"}, {"AGE_RECIPIENT", ",age1a", "format"},
        {"AGE_RECIPIENT", "age1a b", "format"}, {"AGE_RECIPIENT", "age1A", "format"},
        {"AGE_RECIPIENT", "AGE-SECRET-KEY-1A", "format"}, {"AGE_RECIPIENT", "--output", "format"},
    };
    CHECK(CASES);
}

static const char *code_in_production(const char *secret)
{
    struct settings s;
    const char *const env[] = {secret ? "JWT_SECRET" : NULL, secret, NULL, NULL};
    if (read_all(env, &s) == RC_OK)
        return "taken";
    assert_int_equal(err.fault_count, 1);
    assert_string_equal(err.faults->field, "JWT_SECRET");
    assert_null(err.faults->value);
    return err.faults->code;
}

static void secrets_of_production(void **state)
{
    (void)state;
    static const char *const WEAK[] = {
        "your-secret-0123456789abcdefXYZ987", "your_jwt_secret_key_0123456789_abc",
        "please-change-this-b7Qz0kPm4Rt9Xw2",
        "CHANGE_ME_b7Qz0kPm4Rt9Xw2Lc6Vn8Hs1", "changeme-b7Qz0kPm4Rt9Xw2Lc6Vn8Hs1",
        "my-secret-key-b7Qz0kPm4Rt9Xw2Lc6Vn",
        "mms-secret-b7Qz0kPm4Rt9Xw2Lc6Vn8Hs", "<b7Qz0kPm4Rt9Xw2Lc6Vn8Hs1Yd5Gf3Jq>",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabcabcabcabcabcabcabc", "MMS Secret b7Qz0kPm4Rt9Xw2Lc6Vn8Hs",
    };
    assert_string_equal(code_in_production(NULL), "required");
    assert_string_equal(code_in_production("  "), "required");
    assert_string_equal(code_in_production(GOOD_SECRET + 1), "too_short"); /* 31 bytes */
    assert_string_equal(code_in_production(GOOD_SECRET), "taken");
    for (size_t i = 0; i < sizeof WEAK / sizeof *WEAK; i++)
        assert_string_equal(code_in_production(WEAK[i]), "weak");
}

static void production_names_its_origins(void **state)
{
    (void)state;
    struct settings s;
    const char *const *env = ENV("CORS_ORIGIN", "https://a.example,*", "JWT_SECRET", GOOD_SECRET);
    assert_int_equal(read_all(env, &s), RC_INVALID_INPUT);
    assert_int_equal(err.fault_count, 1);
    assert_string_equal(err.faults->value, "*");
    assert_non_null(strstr(err.faults->en, "name the origins"));
}

static void all_faults_together_and_no_secret(void **state)
{
    (void)state;
    struct settings s;
    const char *const *env =
        ENV("PORT", "x", "HOST", "y", "NODE_ENV", "z", "JWT_SECRET", "hush-hush",
            "JWT_EXPIRES_IN", "q", "LOG_LEVEL", "q", "MAX_FILE_SIZE", "1", "CORS_ORIGIN", "a,b",
            "ADMIN_INITIAL_PASSWORD", "hush1", "TRUSTED_PROXIES", "c");
    static const char *const FIELDS[] = {
        "PORT", "HOST", "NODE_ENV", "JWT_SECRET", "JWT_EXPIRES_IN", "LOG_LEVEL", "MAX_FILE_SIZE",
        "CORS_ORIGIN", "CORS_ORIGIN", "ADMIN_INITIAL_PASSWORD", "TRUSTED_PROXIES",
    };
    assert_int_equal(read_all(env, &s), RC_INVALID_INPUT);
    assert_int_equal(err.fault_count, sizeof FIELDS / sizeof *FIELDS);
    size_t i = 0;
    for (const struct field_fault *f = err.faults; f; f = f->next) {
        assert_string_equal(f->field, FIELDS[i++]);
        assert_true(f->zh[0] && f->en[0] && f->code[0]);
        assert_null(strstr(f->en, "hush"));
        assert_true(!f->value || !strstr(f->value, "hush"));
    }
}

static void long_values_are_shown_shortened(void **state)
{
    (void)state;
    char value[500];
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    assert_string_equal(code_of("PORT", value), "type");
    assert_in_range(strlen(err.faults->value), 10, 70);
}

static void prints_aligned_without_secrets(void **state)
{
    (void)state;
    struct settings s;
    struct buf out;
    buf_init(&out, 1 << 16);
    const char *const *env = ENV("JWT_SECRET", GOOD_SECRET, "JWT_EXPIRES_IN", "5400",
                                 "CORS_ORIGIN", "https://a.example,https://b.example");
    assert_int_equal(read_all(env, &s), RC_OK);
    settings_print(&s, &out);
    const char *text = buf_text(&out);
    assert_null(strstr(text, GOOD_SECRET));
    assert_non_null(strstr(text, "\nJWT_SECRET                 (set)  "));
    assert_non_null(strstr(text, "\nADMIN_INITIAL_PASSWORD     (not set)  "));
    assert_non_null(strstr(text, "\nJWT_EXPIRES_IN             90m  "));
    assert_non_null(strstr(text, "https://a.example,https://b.example  -  "));
    size_t column = (size_t)(strstr(text, "DEFAULT") - text);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        assert_true(strcspn(line, "\n") > column);
        assert_true(line[column] != ' ' && line[column - 1] == ' ');
    }
    buf_free(&out);
}

static void help_names_every_setting(void **state)
{
    (void)state;
    static const char *const NAMES[] = {
        "PORT", "HOST", "NODE_ENV", "JWT_SECRET", "JWT_EXPIRES_IN", "DB_PATH", "LOG_LEVEL",
        "LOG_DIR", "UPLOAD_DIR", "AGE_RECIPIENT", "BACKUP_CONTINUOUS_DIR", "BACKUP_CONTINUOUS_SECONDS",
        "MAX_FILE_SIZE", "CORS_ORIGIN", "WEB_DIR", "ADMIN_INITIAL_PASSWORD", "METRICS_TOKEN",
        "TRUSTED_PROXIES",
    };
    struct buf out;
    buf_init(&out, 1 << 16);
    settings_help(&out);
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        assert_non_null(strstr(buf_text(&out), NAMES[i]));
    assert_non_null(strstr(buf_text(&out), "0–65535"));
    buf_free(&out);
}

static void example_leaves_only_the_secret_to_be_filled_in(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1 << 16);
    settings_example(&out);
    const char *text = buf_text(&out);
    assert_non_null(strstr(text, "\nJWT_SECRET=\n"));
    assert_non_null(strstr(text, "\n#PORT=3000\n"));
    assert_non_null(strstr(text, "\n#MAX_FILE_SIZE=2097152\n"));
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        assert_true(*line == '#' || *line == '\n' || !strncmp(line, "JWT_SECRET=", 11));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(defaults, free_arena),
        cmocka_unit_test_teardown(empty_counts_as_not_set, free_arena),
        cmocka_unit_test_teardown(everything_set, free_arena),
        cmocka_unit_test_teardown(limits_of_numbers, free_arena),
        cmocka_unit_test_teardown(shapes, free_arena),
        cmocka_unit_test_teardown(secrets_of_production, free_arena),
        cmocka_unit_test_teardown(production_names_its_origins, free_arena),
        cmocka_unit_test_teardown(all_faults_together_and_no_secret, free_arena),
        cmocka_unit_test_teardown(long_values_are_shown_shortened, free_arena),
        cmocka_unit_test_teardown(prints_aligned_without_secrets, free_arena),
        cmocka_unit_test_teardown(help_names_every_setting, free_arena),
        cmocka_unit_test_teardown(example_leaves_only_the_secret_to_be_filled_in, free_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
