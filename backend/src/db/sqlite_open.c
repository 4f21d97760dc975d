/* Opening a SQLite file, and saying what is wrong with it to the person who started the program. */
#include "db/sqlite.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Four or five connections share a budget of 64 MiB for the whole process. */
#define CACHE_KIB "6000"
#define QUICK_CHECK_MAX (INT64_C(4) << 20)

/* ---- what can be wrong ---- */

struct fault {
    enum rc rc;
    const char *zh, *en; /* after the path */
};

static const struct fault no_folder = {
    RC_DB, "所在的文件夹不存在，请先创建该文件夹，或修改 DB_PATH",
    "its folder does not exist: create the folder or change DB_PATH"};
static const struct fault no_file = {
    RC_DB, "文件不存在，请检查 DB_PATH，或先运行 mms migrate 创建数据库",
    "the file does not exist: check DB_PATH, or run `mms migrate` once to make the database"};
static const struct fault not_a_file = {
    RC_DB, "不是普通文件（例如是文件夹），请把 DB_PATH 改为一个文件的路径",
    "this is a folder or something else that is not a file: set DB_PATH to the path of a file"};
static const struct fault not_writable = {
    RC_DB_READONLY, "无法打开或不可写，请检查该文件及其文件夹的权限，以及磁盘是否为只读",
    "it cannot be opened or written: check the permissions of the file and its folder, and whether "
    "the disk is read-only"};
static const struct fault not_a_database = {
    RC_DB_CORRUPT, "不是 SQLite 数据库，或文件头已损坏，请检查 DB_PATH，或从备份恢复",
    "this is not an SQLite database, or its header is damaged: check DB_PATH or restore a backup"};
static const struct fault damaged = {
    RC_DB_CORRUPT, "数据文件已损坏或不完整，请保留原文件并从备份恢复",
    "the file is damaged or incomplete: keep it aside and restore a backup"};
static const struct fault in_use = {RC_DB_BUSY, "正被另一个程序占用，请先停止那个程序",
                                    "another program holds it: stop that program first"};
static const struct fault disk_full = {RC_DB_FULL, "磁盘空间不足，请清理磁盘后重试",
                                       "the disk is full: make room and try again"};
static const struct fault no_log = {
    RC_DB, "此处无法使用预写日志（WAL），请把数据文件放在本机磁盘上，不要放在网络文件夹里",
    "the write-ahead log does not work here: keep the file on a disk of this machine, not in a "
    "network folder"};
static const struct fault unreadable = {
    RC_DB, "读取失败，请检查磁盘；如果文件已损坏，请从备份恢复",
    "it cannot be read: check the disk; if the file is damaged, restore a backup"};

static const struct fault *fault_of(int code)
{
    static const struct fault *const by_rc[] = {&not_writable, &damaged, &in_use, &disk_full};
    if ((code & 0xff) == SQLITE_NOTADB)
        return &not_a_database;
    for (size_t i = 0; i < sizeof by_rc / sizeof *by_rc; i++)
        if (by_rc[i]->rc == sqlite_rc(code))
            return by_rc[i];
    return &unreadable;
}

/* There is no arena yet when the database is opened: the sentence stays until this thread's next
 * db_open. */
static enum rc refuse(struct error *why, const char *path, const struct fault *f,
                      const char *detail)
{
    static _Thread_local char zh[1024], en[1024];
    if (!why)
        return f->rc;
    bool more = detail && *detail;
    snprintf(zh, sizeof zh, "数据库 %.600s：%s%s%.100s%s", path, f->zh, more ? "（" : "",
             more ? detail : "", more ? "）" : "");
    snprintf(en, sizeof en, "Database %.600s: %s%s%.100s%s", path, f->en, more ? " (" : "",
             more ? detail : "", more ? ")" : "");
    return error_say(why, f->rc, zh, en);
}

static enum rc refuse_engine(struct sqlite_conn *c, struct error *why)
{
    int code = sqlite3_extended_errcode(c->sqlite), system = sqlite3_system_errno(c->sqlite);
    const char *reason =
        (code & 0xff) == SQLITE_CANTOPEN && system ? strerrordesc_np(system) : NULL;
    return refuse(why, c->path, fault_of(code), reason ? reason : sqlite3_errmsg(c->sqlite));
}

/* ---- what the file system tells ---- */

static bool folder_exists(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    struct stat st;
    bool exists = folder && stat(folder, &st) == 0 && S_ISDIR(st.st_mode);
    free(folder);
    return exists;
}

static const struct fault *look(const char *path, enum db_mode mode)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return S_ISREG(st.st_mode) ? NULL : &not_a_file;
    if (errno != ENOENT && errno != ENOTDIR)
        return NULL; /* SQLite's own attempt tells more */
    if (!folder_exists(path))
        return &no_folder;
    return mode == DB_READ ? &no_file : NULL;
}

enum rc sqlite_look(const char *path, struct error *why)
{
    const struct fault *fault = look(path, DB_WRITE);
    return fault ? refuse(why, path, fault, NULL) : RC_OK;
}

enum rc sqlite_refuse_unwritable(const char *path, int reason, struct error *why)
{
    return refuse(why, path, reason == ENOSPC ? &disk_full : &not_writable, strerrordesc_np(reason));
}

static int64_t size_of(const char *path, const char *suffix)
{
    char name[4096];
    struct stat st;
    int n = snprintf(name, sizeof name, "%s%s", path, suffix);
    return n > 0 && (size_t)n < sizeof name && stat(name, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* ---- what SQLite tells ---- */

/* The first column of the first row, as a number and as a text. */
static bool ask(struct sqlite_conn *c, const char *text, int64_t *number, char *word, size_t word_size)
{
    sqlite3_stmt *s = NULL;
    bool found = sqlite3_prepare_v2(c->sqlite, text, -1, &s, NULL) == SQLITE_OK &&
                 sqlite3_step(s) == SQLITE_ROW;
    if (found && number)
        *number = sqlite3_column_int64(s, 0);
    if (found && word) {
        const unsigned char *t = sqlite3_column_text(s, 0);
        snprintf(word, word_size, "%s", t ? (const char *)t : "");
    }
    return sqlite3_finalize(s) == SQLITE_OK && found;
}

/* A file that was cut: what is missing cannot be in the write-ahead log either. */
static bool is_cut(const char *path, int64_t pages, int64_t page_size)
{
    int64_t log =
        size_of(path, "-wal"); /* before the file's own size: a checkpoint makes that one grow */
    return size_of(path, "") + log + 65536 < pages * page_size;
}

static enum rc check_content(struct sqlite_conn *c, struct error *why)
{
    int64_t pages = 0, page_size = 0;
    if (!ask(c, "PRAGMA schema_version", NULL, NULL, 0) ||
        !ask(c, "SELECT count(*) FROM sqlite_schema", NULL, NULL, 0) ||
        !ask(c, "PRAGMA page_count", &pages, NULL, 0) ||
        !ask(c, "PRAGMA page_size", &page_size, NULL, 0))
        return refuse_engine(c, why);
    if (is_cut(c->path, pages, page_size))
        return refuse(why, c->path, &damaged, NULL);
    if (size_of(c->path, "") >= QUICK_CHECK_MAX)
        return RC_OK;
    char verdict[128] = "";
    if (!ask(c, "PRAGMA quick_check(1)", NULL, verdict, sizeof verdict))
        return refuse_engine(c, why);
    return strcmp(verdict, "ok") == 0 ? RC_OK : refuse(why, c->path, &damaged, verdict);
}

/* ---- setting up ---- */

/* recursive_triggers: so that REPLACE cannot slip past a trigger that forbids deleting. */
static const char common_pragmas[] =
    "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA cell_size_check = ON;"
    "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA "
    "cache_size = -" CACHE_KIB ";";
static const char reader_pragmas[] = "PRAGMA query_only = ON;";
/* journal_size_limit: after a peak the log's file shrinks again. */
static const char writer_pragmas[] =
    "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 33554432;";

static int remember_log_pages(void *arg, sqlite3 *sqlite, const char *schema, int pages)
{
    (void)sqlite;
    (void)schema;
    ((struct sqlite_conn *)arg)->log_pages = pages;
    return SQLITE_OK;
}

static enum rc set_up_writer(struct sqlite_conn *c, struct error *why)
{
    char mode[16] = "";
    if (sqlite3_db_readonly(c->sqlite, "main") != 0)
        return refuse(why, c->path, &not_writable, NULL);
    if (!ask(c, "PRAGMA journal_mode = WAL", NULL, mode, sizeof mode))
        return refuse_engine(c, why);
    if (strcmp(mode, "wal") != 0)
        return refuse(why, c->path, &no_log, NULL);
    /* In place of SQLite's automatic checkpoint, which would make some client wait for it: tx.c
     * does it. */
    sqlite3_wal_hook(c->sqlite, remember_log_pages, c);
    return RC_OK;
}

static enum rc set_up(struct sqlite_conn *c, enum db_mode mode, struct error *why)
{
    sqlite3_busy_timeout(c->sqlite, SQLITE_BUSY_WAIT_MS);
    sqlite3_db_config(c->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c->sqlite, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(c->sqlite, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    const char *pragmas = mode == DB_WRITE ? writer_pragmas : reader_pragmas;
    if (sqlite3_exec(c->sqlite, common_pragmas, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(c->sqlite, pragmas, NULL, NULL, NULL) != SQLITE_OK)
        return refuse_engine(c, why);
    enum rc rc = mode == DB_WRITE ? set_up_writer(c, why) : RC_OK;
    return rc == RC_OK ? check_content(c, why) : rc;
}

static void configure_library(void)
{
    /* Counting memory takes one lock for all threads at each allocation. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum rc sqlite_open(const char *path, enum db_mode mode, struct conn **out, struct error *why)
{
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    pthread_once(&configured, configure_library);
    const struct fault *fault = look(path, mode);
    if (fault)
        return refuse(why, path, fault, NULL);
    struct sqlite_conn *c = calloc(1, sizeof *c);
    if (!c || !(c->path = strdup(path)))
        abort();
    c->base.engine = &sqlite_engine;
    int flags =
        mode == DB_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    int code = sqlite3_open_v2(path, &c->sqlite, flags | SQLITE_OPEN_NOMUTEX, NULL);
    enum rc rc = code == SQLITE_OK ? set_up(c, mode, why) : refuse_engine(c, why);
    if (rc == RC_OK)
        *out = &c->base;
    else
        sqlite_close(&c->base);
    return rc;
}

void sqlite_close(struct conn *base)
{
    struct sqlite_conn *c = (struct sqlite_conn *)base;
    if (!c)
        return;
    for (int i = 0; i < DRIVER_TX_COUNT; i++)
        sqlite3_finalize(c->tx[i]);
    sqlite3_close(c->sqlite);
    if (c->watched) /* not earlier: closing it lets go of SQLite's own locks */
        fclose(c->watched);
    free(c->path);
    free(c);
}
