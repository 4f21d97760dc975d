#include "db/legacy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define BUSY_WAIT_MS 5000
#define HEADER_BYTES 100
#define DAMAGE_LINES_MAX 10
#define LOCK_BYTES_AT 0x40000000 /* SQLite's locks in the file itself */
#define LOCK_BYTES 512
#define LOG_LOCK_AT 128 /* in the -shm file: held by whoever has the database open */

struct legacy_file {
    sqlite3 *sqlite;
    struct arena *arena;
    const char *path;
    const char *damage;
    bool in_use;
};

/* ---- what can be wrong ---- */

static enum rc refuse(struct error *why, struct arena *a, const char *path, const char *zh,
                      const char *en, const char *detail)
{
    bool more = detail && *detail;
    return error_say(why, RC_INVALID_INPUT,
                     arena_fmt(a, "旧数据库 %s：%s%s%s%s", path, zh, more ? "（" : "",
                               more ? detail : "", more ? "）" : ""),
                     arena_fmt(a, "Old database %s: %s%s%s%s", path, en, more ? " (" : "",
                               more ? detail : "", more ? ")" : ""));
}

static enum rc refuse_engine(struct legacy_file *f, struct error *why)
{
    const char *detail = sqlite3_errmsg(f->sqlite);
    switch (sqlite3_errcode(f->sqlite) & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return refuse(why, f->arena, f->path, "正被另一个程序占用，请先停止旧系统，再导入",
                      "another program holds it: stop the older system first", detail);
    case SQLITE_NOTADB:
        return refuse(why, f->arena, f->path,
                      "不是 SQLite 数据库，或文件头已损坏；请检查路径，或使用备份",
                      "this is not an SQLite database, or its header is damaged: check the path, "
                      "or take a backup",
                      detail);
    case SQLITE_CORRUPT:
        return refuse(why, f->arena, f->path, "表的目录已损坏，什么也读不出；请使用备份",
                      "its list of tables is damaged and nothing can be read: take a backup",
                      detail);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return refuse(why, f->arena, f->path,
                      "旧系统没有正常退出，只读方式打不开；请把该文件连同 -wal、-journal "
                      "文件一起复制到可写的文件夹，用 sqlite3 打开一次，再导入副本",
                      "the older system did not end properly and it cannot be opened for reading "
                      "alone: copy it together with its -wal "
                      "or -journal file to a folder that can be written, open the copy once with "
                      "sqlite3, and import that",
                      detail);
    }
    return refuse(why, f->arena, f->path, "读取失败，请检查磁盘与权限",
                  "it cannot be read: check the disk and the permissions", detail);
}

/* ---- looking at the file before SQLite does ---- */

static bool somebody_locks(const char *path, off_t from, off_t bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = from, .l_len = bytes};
    bool held = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(fd);
    return held;
}

/* *is_wal: it keeps a write-ahead log. */
static enum rc look(const char *path, struct arena *a, bool *is_wal, struct error *why)
{
    unsigned char header[HEADER_BYTES] = {0};
    struct stat st;
    if (stat(path, &st) != 0)
        return refuse(why, a, path, "打不开，请检查路径", "it cannot be opened: check the path",
                      strerror(errno));
    if (!S_ISREG(st.st_mode))
        return refuse(why, a, path, "不是普通文件，请给出旧系统的 .db 文件",
                      "this is no file: name the older system's .db file", NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return refuse(why, a, path, "打不开，请检查权限",
                      "it cannot be opened: check the permissions", strerror(errno));
    ssize_t n = read(fd, header, sizeof header);
    close(fd);
    if (n < HEADER_BYTES || memcmp(header, "SQLite format 3", 16) != 0)
        return refuse(why, a, path, "不是 SQLite 数据库，请检查路径",
                      "this is not an SQLite database: check the path", NULL);
    *is_wal = header[18] == 2 || header[19] == 2;
    return RC_OK;
}

/* file:…, every byte that could mean something else written as %XX. */
static const char *uri_of(struct arena *a, const char *path, bool unchanging)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    size_t room = 3 * strlen(path) + 32;
    char *uri = arena_alloc(a, room), *to = uri + snprintf(uri, room, "file:");
    for (const char *p = path; *p; p++)
        to += strchr(plain, *p) ? snprintf(to, 4, "%c", *p)
                                : snprintf(to, 4, "%%%02X", (unsigned char)*p);
    snprintf(to, 32, "%s", unchanging ? "?immutable=1" : "");
    return uri;
}

/* ---- what SQLite tells of it ---- */

/* Broken rules of the data are not damage of the file: the import looks at each value itself. */
static bool is_damage(const char *line)
{
    static const char *const rules[] = {"NULL value in",
                                        "CHECK constraint failed",
                                        "NUMERIC value in",
                                        "TEXT value in",
                                        "non-unique entry",
                                        "***",
                                        "ok"};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (text_starts(line, rules[i]))
            return false;
    return true;
}

static void add_damage(struct legacy_file *f, const char *line)
{
    const char *before = f->damage ? arena_fmt(f->arena, "%s; ", f->damage) : "";
    f->damage = arena_fmt(f->arena, "%s%s", before, line);
}

static void find_damage(struct legacy_file *f)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(f->sqlite, "PRAGMA quick_check(100)", -1, &s, NULL), lines = 0;
    while (code == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(s, 0);
        /* About pages, a row has many lines: "*** in database main ***", and what is wrong. */
        for (const char *line = text; line && *line;
             line += strcspn(line, "\n"), line += *line == '\n')
            if (is_damage(line) && lines++ < DAMAGE_LINES_MAX)
                add_damage(f, arena_copy(f->arena, line, strcspn(line, "\n")));
    }
    if (sqlite3_finalize(s) != SQLITE_OK || code != SQLITE_OK)
        add_damage(f, sqlite3_errmsg(f->sqlite));
}

static bool has(struct legacy_file *f, const char *text, const char *table, const char *column)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(f->sqlite, text, -1, &s, NULL) != SQLITE_OK)
        return false;
    sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
    if (column)
        sqlite3_bind_text(s, 2, column, -1, SQLITE_STATIC);
    bool found = sqlite3_step(s) == SQLITE_ROW;
    sqlite3_finalize(s);
    return found;
}

bool legacy_has_table(struct legacy_file *f, const char *table)
{
    return has(f,
               "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
               table, NULL);
}

static bool has_column(struct legacy_file *f, const char *table, const char *column)
{
    return has(f, "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2 COLLATE NOCASE", table,
               column);
}

static enum rc must_be_legacy(struct legacy_file *f, struct error *why)
{
    static const char *const needed[][2] = {{"users", "username"},
                                            {"users", "password"},
                                            {"materials", "material_code"},
                                            {"materials", "current_stock"},
                                            {"inventory_transactions", "transaction_type"},
                                            {"inventory_transactions", "quantity"},
                                            {"stock_history", "quantity_change"}};
    if (legacy_has_table(f, "schema_migrations"))
        return refuse(why, f->arena, f->path,
                      "这是本系统的数据库，不是旧系统的；用 DB_PATH 直接使用它即可",
                      "this is a database of this program, not of the older system: use it as it "
                      "is, with DB_PATH",
                      NULL);
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (has_column(f, needed[i][0], needed[i][1]))
            continue;
        if (f->damage)
            return refuse(why, f->arena, f->path, "已损坏，找不到旧系统的表；请使用备份",
                          "it is damaged, and tables of the older system are not found: take a backup",
                          arena_fmt(f->arena, "%s; %s", needed[i][0], f->damage));
        return refuse(why, f->arena, f->path, "不是旧系统的数据库，请检查路径",
                      "this is not a database of the older system: check the path",
                      arena_fmt(f->arena, "%s.%s ?", needed[i][0], needed[i][1]));
    }
    return RC_OK;
}

static bool read_list(struct legacy_file *f)
{
    return sqlite3_exec(f->sqlite, "BEGIN; SELECT count(*) FROM sqlite_schema;", NULL, NULL,
                        NULL) == SQLITE_OK;
}

/* A file that was cut is refused as a whole, unless one insists: then all is read that is there. It
 * is open for reading alone. */
static bool insist(struct legacy_file *f)
{
    if ((sqlite3_errcode(f->sqlite) & 0xff) != SQLITE_CORRUPT)
        return false;
    const char *first = arena_dup(f->arena, sqlite3_errmsg(f->sqlite));
    if (!sqlite3_get_autocommit(f->sqlite))
        sqlite3_exec(f->sqlite, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_db_config(f->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    if (sqlite3_exec(f->sqlite, "PRAGMA writable_schema = ON", NULL, NULL, NULL) != SQLITE_OK ||
        !read_list(f))
        return false;
    add_damage(f, first);
    return true;
}

static enum rc begin(struct legacy_file *f, struct error *why)
{
    sqlite3_busy_timeout(f->sqlite, BUSY_WAIT_MS);
    sqlite3_db_config(f->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (sqlite3_exec(f->sqlite,
                     "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check "
                     "= ON; PRAGMA temp_store = MEMORY;"
                     "PRAGMA mmap_size = 0;",
                     NULL, NULL, NULL) != SQLITE_OK ||
        (!read_list(f) && !insist(f)))
        return refuse_engine(f, why);
    find_damage(f);
    return must_be_legacy(f, why);
}

enum rc legacy_open(const char *path, struct arena *a, struct legacy_file **out, struct error *why)
{
    bool is_wal = false;
    enum rc rc = look(path, a, &is_wal, why);
    if (rc != RC_OK)
        return rc;
    struct legacy_file *f = arena_new(a, struct legacy_file);
    f->arena = a;
    f->path = path;
    bool has_log = access(arena_fmt(a, "%s-wal", path), F_OK) == 0;
    /* Asked before SQLite opens them: closing a file would let go of its locks. */
    f->in_use = somebody_locks(path, LOCK_BYTES_AT, LOCK_BYTES) ||
                somebody_locks(arena_fmt(a, "%s-shm", path), LOG_LOCK_AT, 1);
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(uri_of(a, path, is_wal && !has_log), &f->sqlite, flags, NULL) != SQLITE_OK)
        rc = refuse_engine(f, why);
    else
        rc = begin(f, why);
    if (rc == RC_OK)
        *out = f;
    else
        legacy_close(f);
    return rc;
}

void legacy_close(struct legacy_file *f)
{
    if (f)
        sqlite3_close(f->sqlite);
}

const char *legacy_damage(const struct legacy_file *f)
{
    return f->damage;
}

bool legacy_in_use(const struct legacy_file *f)
{
    return f->in_use;
}

/* ---- rows ---- */

#define REAL_TEXT_MAX 40

/* The shortest text that reads back as the same bits; 17 digits always do. */
static void print_real(sqlite3_stmt *s, int column, char text[static REAL_TEXT_MAX])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, REAL_TEXT_MAX, "%.*g", digits, sqlite3_column_double(s, column));
        if (strtod(text, NULL) == sqlite3_column_double(s, column))
            return;
    }
}

static struct legacy_value value_at(sqlite3_stmt *s, int column, char number[static REAL_TEXT_MAX])
{
    struct legacy_value v = {LEGACY_NULL, 0, NULL, 0};
    switch (sqlite3_column_type(s, column)) {
    case SQLITE_INTEGER:
        v.kind = LEGACY_INT;
        v.number = sqlite3_column_int64(s, column);
        snprintf(number, REAL_TEXT_MAX, "%lld", (long long)v.number);
        v.text = number;
        break;
    case SQLITE_FLOAT:
        v.kind = LEGACY_REAL;
        print_real(s, column, number);
        v.text = number;
        break;
    case SQLITE_TEXT:
        v.kind = LEGACY_TEXT;
        v.text = (const char *)sqlite3_column_text(s, column);
        v.n = (size_t)sqlite3_column_bytes(s, column);
        break;
    case SQLITE_BLOB:
        v.kind = LEGACY_BLOB;
        v.text = (const char *)sqlite3_column_blob(s, column);
        v.n = (size_t)sqlite3_column_bytes(s, column);
        break;
    }
    if (v.kind == LEGACY_INT || v.kind == LEGACY_REAL)
        v.n = strlen(v.text);
    if (!v.text && v.kind != LEGACY_NULL)
        v.text = "";
    return v;
}

struct reading {
    const struct legacy_table *table;
    enum rc (*take)(void *arg, const struct legacy_value *row);
    void *arg;
    struct legacy_outcome *out;
    int64_t last_id;
    bool has_id;
};

static enum rc take_row(struct reading *r, sqlite3_stmt *s)
{
    char numbers[LEGACY_COLUMNS_MAX][REAL_TEXT_MAX];
    struct legacy_value row[LEGACY_COLUMNS_MAX];
    for (size_t i = 0; i < r->table->count; i++)
        row[i] = value_at(s, (int)i, numbers[i]);
    r->has_id = row[0].kind == LEGACY_INT;
    r->last_id = row[0].number;
    r->out->rows++;
    return r->take(r->arg, row);
}

/* *whole: to the end. */
static enum rc scan(struct legacy_file *f, struct reading *r, const char *text, bool *whole)
{
    sqlite3_stmt *s = NULL;
    *whole = false;
    if (sqlite3_prepare_v2(f->sqlite, text, -1, &s, NULL) != SQLITE_OK)
        return RC_OK;
    if (sqlite3_bind_parameter_count(s) > 0)
        sqlite3_bind_int64(s, 1, r->last_id);
    enum rc rc = RC_OK;
    int code = SQLITE_ROW;
    while (rc == RC_OK && (code = sqlite3_step(s)) == SQLITE_ROW)
        rc = take_row(r, s);
    *whole = code == SQLITE_DONE;
    sqlite3_finalize(s);
    return rc;
}

static const char *select_text(struct legacy_file *f, const struct legacy_table *t)
{
    const char *text = "SELECT ";
    for (size_t i = 0; i < t->count; i++)
        text = arena_fmt(f->arena, "%s%s%s%s", text, i ? ", " : "",
                         has_column(f, t->name, t->columns[i]) ? "" : "NULL AS ", t->columns[i]);
    return arena_fmt(f->arena, "%s FROM %s", text, t->name);
}

const char *legacy_strange_tables(struct legacy_file *f)
{
    static const char text[] =
        "SELECT group_concat(name, ', ') FROM (SELECT name FROM sqlite_schema WHERE type = 'table' "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND lower(name) NOT IN ('users', 'materials', "
        "'material_code_history', 'inventory_transactions', 'stock_history', 'stocktaking_tasks', "
        "'stocktaking_items', 'operation_logs', 'notifications') ORDER BY name)";
    sqlite3_stmt *s = NULL;
    const char *names = NULL;
    if (sqlite3_prepare_v2(f->sqlite, text, -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        names = arena_dup(f->arena, (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    return names;
}

int64_t legacy_count(struct legacy_file *f, const struct legacy_table *t)
{
    sqlite3_stmt *s = NULL;
    const char *text = arena_fmt(f->arena, "SELECT COUNT(*) FROM %s", t->name);
    bool told = sqlite3_prepare_v2(f->sqlite, text, -1, &s, NULL) == SQLITE_OK &&
                sqlite3_step(s) == SQLITE_ROW;
    int64_t count = told ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_finalize(s);
    return count;
}

enum rc legacy_read(struct legacy_file *f, const struct legacy_table *t,
                    enum rc (*take)(void *arg, const struct legacy_value *row), void *arg,
                    struct legacy_outcome *out)
{
    bool whole;
    *out = (struct legacy_outcome){0};
    if (!legacy_has_table(f, t->name))
        return RC_OK;
    struct reading r = {.table = t, .take = take, .arg = arg, .out = out};
    const char *text = select_text(f, t);
    bool ordered = has_column(f, t->name, "id");
    enum rc rc = scan(f, &r, ordered ? arena_fmt(f->arena, "%s ORDER BY id", text) : text, &whole);
    out->is_cut = !whole;
    if (rc == RC_OK && !whole && ordered && (r.has_id || out->rows == 0)) {
        r.last_id = out->rows ? r.last_id : INT64_MIN;
        rc = scan(f, &r, arena_fmt(f->arena, "%s WHERE id > ?1 ORDER BY id DESC", text), &whole);
    }
    return rc;
}
