/* Connecting to PostgreSQL, and saying what is wrong to the person who started the program. */
#include "db/postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define OLDEST_SERVER 130000 /* 13 */

/* What a session keeps to. A request that waits longer is answered 503 and may be tried again. */
static const char session_text[] = "SET lock_timeout = '10s'; SET statement_timeout = '30s'; "
                                   "SET idle_in_transaction_session_timeout = '60s'";
/* An answer leaves when its commit is durable, whatever the server's default is. */
static const char writer_text[] =
    "SELECT CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END";
static const char reader_text[] = "SET default_transaction_read_only = on";

/* The sentence stays until this thread's next db_open. The URL holds a password: it is not shown. */
static enum rc refuse(struct error *why, enum rc rc, const char *sentence_zh, const char *sentence_en, const char *detail)
{
    static _Thread_local char zh[1024], en[1024];
    if (!why)
        return rc;
    int n = (int)strcspn(detail, "\n");
    snprintf(zh, sizeof zh, "PostgreSQL：%s（%.*s）", sentence_zh, n > 300 ? 300 : n, detail);
    snprintf(en, sizeof en, "PostgreSQL: %s (%.*s)", sentence_en, n > 300 ? 300 : n, detail);
    return error_say(why, rc, zh, en);
}

static void take_notice(void *arg, const char *text)
{
    (void)arg;
    if (log_on(LOG_DEBUG))
        log_event(LOG_DEBUG, "storage.notice", NULL, LOG_TEXT("text", text));
}

/* What stands before the URL gives way to it, what stands behind does not. */
static PGconn *connect_to(const char *url, enum db_mode mode)
{
    const char *const names[] = {"connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count",
                                 "tcp_user_timeout", "target_session_attrs", "dbname", "client_encoding",
                                 "application_name", NULL};
    const char *const values[] = {"5", "10", "5", "3", "15000", mode == DB_WRITE ? "read-write" : "any", url, "UTF8", "mms", NULL};
    return PQconnectdbParams(names, values, 1);
}

static bool run(PGconn *pg, const char *text)
{
    PGresult *r = PQexec(pg, text);
    ExecStatusType status = PQresultStatus(r);
    PQclear(r);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* The server is there and has said no for good: a wrong password, no such database. While it starts or stops, waiting helps. */
static bool is_refusal(const char *message)
{
    return strstr(message, "FATAL: ") && !strstr(message, "starting up") && !strstr(message, "shutting down") &&
           !strstr(message, "recovery") && !strstr(message, "too many") && !strstr(message, "not accepting");
}

static enum rc set_up(PGconn *pg, enum db_mode mode, struct error *why)
{
    const char *encoding = PQparameterStatus(pg, "server_encoding");
    if (PQstatus(pg) != CONNECTION_OK)
        /* Who starts it is told at once that waiting is no use; what runs goes on trying. */
        return refuse(why, why && is_refusal(PQerrorMessage(pg)) ? RC_DB : RC_DB_LOST, "无法连接，请检查 DATABASE_URL、网络，以及数据库服务是否在运行",
                      "cannot connect: check DATABASE_URL, the network, and whether the server runs", PQerrorMessage(pg));
    if (PQserverVersion(pg) < OLDEST_SERVER)
        return refuse(why, RC_DB, "服务器版本过旧，需要 13 或更新的版本", "the server is too old: 13 or newer is needed",
                      PQparameterStatus(pg, "server_version"));
    if (!encoding || strcmp(encoding, "UTF8") != 0)
        return refuse(why, RC_DB, "数据库的编码必须是 UTF8，请重新创建数据库", "the database's encoding must be UTF8: create it anew",
                      encoding ? encoding : "?");
    if (!run(pg, session_text) || !run(pg, mode == DB_WRITE ? writer_text : reader_text))
        return refuse(why, RC_DB, "会话无法设置", "the session cannot be set up", PQerrorMessage(pg));
    return RC_OK;
}

/* libpq's own sentence about a URL that it cannot read quotes pieces of it, also of a password. */
static bool can_be_read(const char *url)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    PQconninfoFree(options);
    return options != NULL;
}

enum rc postgres_open(const char *url, enum db_mode mode, struct conn **out, struct error *why)
{
    if (!can_be_read(url))
        return refuse(why, RC_DB, "连接地址无法识别，请检查其写法（用户名和密码中的特殊字符须写成 %XX）",
                      "the URL cannot be read: check how it is written (special characters in user and password as %XX)", "postgresql://");
    PGconn *pg = connect_to(url, mode);
    if (!pg)
        abort();
    PQsetNoticeProcessor(pg, take_notice, NULL);
    enum rc rc = set_up(pg, mode, why);
    if (rc != RC_OK) {
        PQfinish(pg);
        return rc;
    }
    struct postgres_conn *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->base.engine = &postgres_engine;
    c->pg = pg;
    *out = &c->base;
    return RC_OK;
}
