/* An old database: a file as it is, or rows of its tables, one a line. Whatever is in it, the import comes to its end with control totals that
 * agree, or says what is wrong with the file; and nothing is kept of a dry run.
 *
 * A line is the number of a table, and after each tab a value of its next column: # begins a number, % bytes, ~ is NULL, the rest is text. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "domain/ctx.h"
#include "fuzz.h"
#include "legacy/legacy.h"

static const struct {
    const char *name, *columns;
} tables[] = {
    {"users", "id, username, password, role, real_name, email, avatar, created_at, updated_at"},
    {"materials", "id, material_code, material_name, category, unit, current_stock, min_stock, max_stock, location, description, created_by, "
                  "created_at, updated_at"},
    {"inventory_transactions", "id, transaction_code, transaction_type, material_id, quantity, unit_price, total_amount, applicant_id, "
                               "approver_id, status, remark, created_at, updated_at, approved_at"},
    {"stock_history", "id, material_id, transaction_id, change_type, quantity_change, stock_before, operator_id, remark, created_at"},
    {"stocktaking_tasks", "id, task_code, task_name, status, start_date, end_date, creator_id, completed_by, completed_at, remark, created_at, "
                          "updated_at"},
    {"stocktaking_items", "id, task_id, material_id, book_stock, actual_stock, difference, remark, created_at, updated_at"},
    {"operation_logs", "id, user_id, module, action, resource_type, resource_id, description, ip_address, user_agent, created_at"},
    {"notifications", "id, user_id, type, title, content, link, link_type, is_read, created_at, read_at"},
    {"material_code_history", "id, material_id, old_code, new_code, changed_by, change_reason, created_at"},
};
#define TABLES (sizeof tables / sizeof *tables)

#define OLD "old.db"
#define TARGET "target.db"
static struct db *target;

static void remove_files(void)
{
    static const char *const files[] = {OLD, TARGET, TARGET "-wal", TARGET "-shm", TARGET ".lock"};
    db_close(target);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(files[i]);
}

static void open_target(void)
{
    struct arena a;
    struct error why = {0};
    int applied;
    const char *snapshot = NULL;
    remove_files(); /* of a run that failed */
    atexit(remove_files);
    arena_init(&a);
    insist(db_open(TARGET, DB_WRITE, &target, &why) == RC_OK);
    insist(db_migrate(target, TARGET, migrations, migration_count, 0, &a, &applied, &snapshot, &why) == RC_OK);
    arena_free(&a);
}

/* ---- the old file ---- */

static void write_bytes(const uint8_t *data, size_t size)
{
    int fd = open(OLD, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    insist(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}

static void bind(sqlite3_stmt *s, int at, const char *value, size_t n)
{
    char number[64];
    snprintf(number, sizeof number, "%.*s", n > 1 ? (int)(n - 1) : 0, value + 1);
    if (n == 0)
        sqlite3_bind_text(s, at, "", 0, SQLITE_STATIC);
    else if (*value == '#' && strspn(number, "-0123456789") == strlen(number))
        sqlite3_bind_int64(s, at, strtoll(number, NULL, 10));
    else if (*value == '#')
        sqlite3_bind_double(s, at, strtod(number, NULL));
    else if (*value == '%')
        sqlite3_bind_blob(s, at, value + 1, (int)n - 1, SQLITE_TRANSIENT);
    else if (*value != '~' || n > 1)
        sqlite3_bind_text(s, at, value, (int)n, SQLITE_TRANSIENT);
}

static void insert(sqlite3 *db, const char *line, const char *end)
{
    char text[512], places[] = "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?";
    sqlite3_stmt *s = NULL;
    size_t table = (size_t)(*line - '0');
    int columns = 1;
    if (table >= TABLES)
        return;
    for (const char *p = tables[table].columns; *p; p++)
        columns += *p == ',';
    snprintf(text, sizeof text, "INSERT INTO %s (%s) VALUES (%.*s)", tables[table].name, tables[table].columns, 2 * columns - 1, places);
    insist(sqlite3_prepare_v2(db, text, -1, &s, NULL) == SQLITE_OK);
    const char *at = memchr(line, '\t', (size_t)(end - line));
    for (int i = 1; at && i <= columns; i++) {
        const char *next = memchr(at + 1, '\t', (size_t)(end - at - 1));
        bind(s, i, at + 1, (size_t)((next ? next : end) - at - 1));
        at = next;
    }
    insist(sqlite3_step(s) == SQLITE_DONE);
    sqlite3_finalize(s);
}

static void write_rows(const char *data, size_t size)
{
    sqlite3 *db = NULL;
    insist(sqlite3_open(":memory:", &db) == SQLITE_OK);
    for (size_t i = 0; i < TABLES; i++) {
        char text[512];
        snprintf(text, sizeof text, "CREATE TABLE %s (%s)", tables[i].name, tables[i].columns);
        insist(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK);
    }
    for (const char *line = data, *end = data + size; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        stop = stop ? stop : end;
        if (stop > line)
            insert(db, line, stop);
        line = stop + 1;
    }
    sqlite3_int64 n = 0;
    unsigned char *bytes = sqlite3_serialize(db, "main", &n, 0);
    insist(bytes != NULL);
    write_bytes(bytes, (size_t)n);
    sqlite3_free(bytes);
    sqlite3_close(db);
}

/* ---- the import ---- */

static enum rc import(struct db *db, void *arg, bool *keep)
{
    static const struct settings settings;
    struct arena a;
    struct legacy_result result = {0};
    struct ctx c = {.arena = &a, .db = db, .settings = &settings, .now_ms = INT64_C(1764547200000)};
    bool is_file = *(bool *)arg;
    arena_init(&a);
    c.actor.role = ROLE_SYSTEM_ADMIN;
    enum rc rc = legacy_import(&c, &(struct legacy_options){.path = OLD, .dry_run = true}, &result);
    insist(result.complete == (rc == RC_NOTHING_TO_UPDATE) && !result.kept);
    insist(result.complete || rc == RC_AMOUNT_TOO_LARGE || (is_file && rc == RC_INVALID_INPUT));
    insist(result.complete || (c.err.zh && c.err.en));
    buf_free(&result.report);
    arena_free(&a);
    *keep = false;
    return RC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool empty = false, is_file = size > 16 && memcmp(data, "SQLite format 3", 16) == 0;
    if (!target)
        open_target();
    if (is_file)
        write_bytes(data, size);
    else
        write_rows((const char *)data, size);
    insist(db_run_alone(target, import, &is_file) == RC_OK);
    insist(legacy_target_is_empty(target, &empty) == RC_OK && empty);
    return 0;
}
