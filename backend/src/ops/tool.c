#include "ops/tool.h"

#include <string.h>
#include <unistd.h>

#include "crypto/password.h"
#include "domain/search_index.h"
#include "domain/user.h"
#include "ops/env_file.h"

void tool_print_error(const char *command, enum rc rc, const struct error *err)
{
    const struct error_row *row = error_row(rc);
    fprintf(stderr, "mms %s: %s\n", command, err->zh ? err->zh : row->zh);
    fprintf(stderr, "mms %s: %s\n", command, err->en ? err->en : row->en);
    for (const struct field_fault *f = err->faults; f; f = f->next)
        fprintf(stderr, "  %s: %s / %s\n", f->field, f->zh, f->en);
}

/* The commands sign nothing: a missing secret must not keep an administrator from his own data. */
static const char *without_secret(const char *name)
{
    if (strcmp(name, "SECRET_SOURCE") == 0 || strcmp(name, "JWT_SECRET_PREVIOUS") == 0)
        return NULL;
    return strcmp(name, "JWT_SECRET") == 0 ? "commands-sign-no-tokens-0123456789" : env_file_get(name);
}

int tool_settings(struct tool *t, const char *command, bool need_secret)
{
    memset(t, 0, sizeof *t);
    arena_init(&t->arena);
    enum rc rc = crypto_init();
    if (rc == RC_OK)
        rc = settings_read(&t->arena, need_secret ? env_file_get : without_secret, &t->settings, &t->err);
    if (rc == RC_OK)
        return EXIT_OK;
    t->err.zh = "环境变量设置有误：";
    t->err.en = "These settings are not acceptable:";
    tool_print_error(command, rc, &t->err);
    arena_free(&t->arena);
    return EXIT_SETTINGS;
}

const char *tool_who(struct tool *t, const char *command)
{
    char host[256] = "", now[CLOCK_TEXT_MAX];
    gethostname(host, sizeof host - 1);
    clock_print_iso(clock_now_ms(), now);
    return arena_fmt(&t->arena, "mms %s " MMS_VERSION ", host %s, pid %d, since %s", command, host, (int)getpid(), now);
}

/* What is of this version already needs no holding: commands may work beside the service. */
static enum rc hold_to_migrate(struct tool *t, const char *command, struct db *db, struct db_hold **hold)
{
    int version;
    if (t->hold)
        return RC_OK;
    TRY(db_schema_version(db, &version));
    return (size_t)version < migration_count ? db_hold_take(t->settings.database, tool_who(t, command), hold, &t->err) : RC_OK;
}

int tool_migrate(struct tool *t, const char *command, bool quiet)
{
    struct db *db = NULL;
    struct db_hold *hold = NULL;
    int applied = 0;
    const char *snapshot = NULL;
    enum rc rc = db_open(t->settings.database, DB_WRITE, &db, &t->err);
    if (rc == RC_OK)
        rc = hold_to_migrate(t, command, db, &hold);
    if (rc == RC_OK)
        rc = db_migrate(db, t->settings.database_name, migrations, migration_count, clock_now_ms(), &t->arena, &applied, &snapshot,
                        &t->err);
    db_close(db);
    db_hold_release(hold);
    if (rc != RC_OK) {
        tool_print_error(command, rc, &t->err);
        return EXIT_STORAGE;
    }
    if (!quiet)
        printf("%s: %d migration(s) applied, schema version %d\n", t->settings.database_name, applied,
               migrations[migration_count - 1].number);
    if (snapshot)
        printf("snapshot of the database before: %s\n", snapshot);
    return EXIT_OK;
}

int tool_open(struct tool *t, const char *command)
{
    int code = tool_settings(t, command, false);
    if (code == EXIT_OK)
        code = tool_migrate(t, command, true);
    enum rc rc = code == EXIT_OK ? db_writer_start(t->settings.database, &t->writer, &t->err) : RC_OK;
    if (code == EXIT_OK && rc == RC_OK)
        rc = tool_fill_search(t);
    if (rc != RC_OK) {
        tool_print_error(command, rc, &t->err);
        code = EXIT_STORAGE;
    }
    if (code != EXIT_OK)
        tool_close(t);
    return code;
}

static enum rc fill_some(struct ctx *c, void *more)
{
    return search_fill(c, more);
}

enum rc tool_fill_search(struct tool *t)
{
    struct arena kept = t->arena;
    bool more = true;
    enum rc rc = RC_OK;
    arena_init(&t->arena); /* of its own for each part: there may be very many rows */
    while (rc == RC_OK && more) {
        rc = tool_run(t, fill_some, &more);
        arena_reset(&t->arena);
    }
    arena_free(&t->arena);
    t->arena = kept;
    return rc;
}

void tool_close(struct tool *t)
{
    db_writer_stop(t->writer);
    arena_free(&t->arena);
}

static bool is_storage(enum rc rc)
{
    return rc >= RC_DB && rc <= RC_DB_NEWER && rc != RC_DB_CHECK;
}

struct running {
    struct tool *tool;
    enum rc (*service)(struct ctx *c, void *arg);
    void *arg;
};

static enum rc run_service(struct db *db, void *arg)
{
    struct running *r = arg;
    struct ctx c = {.arena = &r->tool->arena, .db = db, .settings = &r->tool->settings, .now_ms = clock_now_ms()};
    c.actor.role = ROLE_SYSTEM_ADMIN;
    c.actor.permissions = role_permissions(c.actor.role);
    enum rc rc = r->service(&c, r->arg);
    if (is_storage(rc) && !c.err.zh)
        rc = error_say(&c.err, rc, arena_fmt(c.arena, "数据存储出错：%s", db_last_error(db)),
                       arena_fmt(c.arena, "The storage failed: %s", db_last_error(db)));
    r->tool->err = c.err;
    return rc;
}

enum rc tool_run(struct tool *t, enum rc (*service)(struct ctx *c, void *arg), void *arg)
{
    struct running r = {t, service, arg};
    return db_run_tx(t->writer, run_service, &r);
}

static enum rc read_service(struct db *db, void *arg)
{
    int version, newest = migrations[migration_count - 1].number;
    TRY(db_schema_version(db, &version));
    if (version != newest)
        return version > newest ? RC_DB_NEWER : RC_DB;
    return run_service(db, arg);
}

static int exit_code(enum rc rc)
{
    return rc == RC_OK ? EXIT_OK : rc == RC_INVALID_INPUT ? EXIT_USAGE_ERROR : is_storage(rc) ? EXIT_STORAGE : EXIT_FAILED;
}

int tool_read(struct tool *t, const char *command, enum rc (*service)(struct ctx *c, void *arg), void *arg)
{
    struct running r = {t, service, arg};
    struct db *db = NULL;
    enum rc rc = db_open(t->settings.database, DB_READ, &db, &t->err);
    bool opened = rc == RC_OK;
    if (opened)
        rc = db_run_read(db, read_service, &r);
    int code = exit_code(rc);
    if (opened && code == EXIT_STORAGE && rc != RC_DB_NEWER)
        fprintf(stderr, "mms %s: %s\n", command, db_last_error(db));
    if (opened && code == EXIT_STORAGE) /* db_open names it in its own sentence */
        fprintf(stderr, "mms %s: %s\n", command, t->settings.database_name);
    if (rc != RC_OK)
        tool_print_error(command, rc, &t->err);
    db_close(db);
    return code;
}

static enum rc add_first(struct ctx *c, void *arg)
{
    int64_t count, id;
    const struct user *admin = arg;
    TRY(user_count(c, &count));
    return count ? RC_USERNAME_TAKEN : user_add(c, admin, &id);
}

enum rc tool_first_administrator(struct tool *t, FILE *out)
{
    char random[PASSWORD_RANDOM_MAX], hash[PASSWORD_HASH_MAX];
    const char *given = t->settings.admin_initial_password;
    password_random(random);
    TRY(password_hash(given ? given : random, hash));
    struct user admin = {.username = "admin", .role = "system_admin", .status = "active", .real_name = "系统管理员",
                         .password_hash = hash, .must_change_password = t->settings.mode != MODE_DEVELOPMENT};
    enum rc rc = tool_run(t, add_first, &admin);
    if (rc == RC_USERNAME_TAKEN)
        return RC_OK; /* there are users already */
    if (rc == RC_OK && !given)
        fprintf(out, "初始管理员 / first administrator: admin   一次性密码 / one-time password: %s\n", random);
    fflush(out);
    return rc;
}
