/* Whole tables out of a PostgreSQL database and into one, by COPY (bulk.h). */
#include <string.h>

#include "base/arena.h"
#include "db/bulk_driver.h"
#include "db/postgres.h"

#define CHUNK ((size_t)1 << 17)
#define LINE_MAX_BYTES ((size_t)1 << 30)

static struct postgres_conn *conn_of(struct db *db)
{
    return (struct postgres_conn *)db_conn(db);
}

/* ---- readiness ---- */

/* client_connection_check_interval (14 and newer): so that the server gives up soon when this process was killed. The name of its
 * own tells these connections from those of a service (in_use). */
static enum rc ready(struct db *db, bool loading)
{
    static const char text[] =
        "SET application_name = 'mms-move'; SET jit = off; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '60s'; "
        "SELECT set_config('client_connection_check_interval', '1000', false) WHERE CAST(current_setting('server_version_num') AS INTEGER) >= 140000";
    struct postgres_conn *c = conn_of(db);
    PGresult *r = PQexec(c->pg, text);
    if (PQresultStatus(r) == PGRES_TUPLES_OK && loading) {
        PQclear(r);
        r = PQexec(c->pg, "SET maintenance_work_mem = '128MB'");
    }
    ExecStatusType status = PQresultStatus(r);
    enum rc rc = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ? RC_OK : postgres_fail(c, "session", r);
    PQclear(r);
    return rc;
}

/* Asked anew each time, also within a transaction. */
static enum rc in_use(struct db *db, bool *out)
{
    static const char text[] = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'mms' LIMIT 1";
    struct postgres_conn *c = conn_of(db);
    PQclear(PQexec(c->pg, "SELECT pg_stat_clear_snapshot()"));
    PGresult *r = PQexec(c->pg, text);
    enum rc rc = PQresultStatus(r) == PGRES_TUPLES_OK ? RC_OK : postgres_fail(c, "who is there", r);
    if (rc == RC_OK)
        *out = PQntuples(r) > 0;
    PQclear(r);
    return rc;
}

/* ---- out ---- */

/* After COPY has ended, or to have it end: takes what is left, so that the connection can be used again. */
static enum rc finish(struct postgres_conn *c, const char *what, enum rc rc)
{
    for (PGresult *r; (r = PQgetResult(c->pg)); PQclear(r)) {
        if (PQresultStatus(r) == PGRES_FATAL_ERROR && rc == RC_OK)
            rc = postgres_fail(c, what, r);
        if (PQresultStatus(r) == PGRES_COPY_OUT || PQresultStatus(r) == PGRES_COPY_IN) {
            PQclear(r); /* not to be: the connection would wait for ever */
            return rc == RC_OK ? RC_DB : rc;
        }
    }
    return rc;
}

static enum rc start_copy(struct postgres_conn *c, const char *name, const char *text, ExecStatusType wanted)
{
    PGresult *r = PQexec(c->pg, text);
    enum rc rc = PQresultStatus(r) == wanted ? RC_OK : postgres_fail(c, name, r);
    PQclear(r);
    return rc;
}

static enum rc copy_out(struct postgres_conn *c, const char *name, enum rc (*take)(void *arg, const char *line, size_t n), void *arg)
{
    enum rc rc = RC_OK;
    char *line = NULL;
    int n;
    while ((n = PQgetCopyData(c->pg, &line, 0)) > 0) {
        if (rc == RC_OK)
            rc = take(arg, line, (size_t)n - 1); /* without its newline */
        PQfreemem(line);
    }
    if (n == -2 && rc == RC_OK)
        rc = postgres_fail(c, name, NULL);
    return finish(c, name, rc);
}

static enum rc read_table(struct db *db, const struct bulk_table *t, enum rc (*take)(void *arg, const char *line, size_t n), void *arg)
{
    struct postgres_conn *c = conn_of(db);
    struct buf text;
    buf_init(&text, 1 << 16);
    buf_fmt(&text, "COPY (SELECT %s FROM \"%s\" ORDER BY %s) TO STDOUT", t->list, t->name, t->key);
    enum rc rc = text.overflow ? RC_INTERNAL : start_copy(c, t->name, buf_text(&text), PGRES_COPY_OUT);
    buf_free(&text);
    return rc == RC_OK ? copy_out(c, t->name, take, arg) : rc;
}

/* ---- in ---- */

#define OF_OURS "n.nspname = current_schema() AND c.relkind = 'r' AND NOT (" BULK_IS_OWN("c.relname") ")"
#define TABLES "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "

static const struct sql sql_foreign_keys = {
    "bulk.foreign_keys",
    "SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', c.relname, k.conname) AS text, format('ALTER TABLE %I ADD CONSTRAINT %I %s', "
    "c.relname, k.conname, pg_get_constraintdef(k.oid)) AS undo " TABLES "JOIN pg_constraint k ON k.conrelid = c.oid WHERE " OF_OURS
    " AND k.contype = 'f' ORDER BY c.relname, k.conname"};
static const struct sql sql_keys = {
    "bulk.keys",
    "SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', c.relname, k.conname) AS text, format('ALTER TABLE %I ADD CONSTRAINT %I %s', "
    "c.relname, k.conname, pg_get_constraintdef(k.oid)) AS undo " TABLES "JOIN pg_constraint k ON k.conrelid = c.oid WHERE " OF_OURS
    " AND k.contype IN ('p', 'u') ORDER BY c.relname, k.conname"};
static const struct sql sql_indexes = {
    "bulk.indexes",
    "SELECT format('DROP INDEX %I', i.relname) AS text, pg_get_indexdef(i.oid) AS undo " TABLES "JOIN pg_index x ON x.indrelid = c.oid "
    "JOIN pg_class i ON i.oid = x.indexrelid WHERE " OF_OURS
    " AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x')) ORDER BY i.relname"};
/* USER: those that keep foreign keys have gone with them. The owner may do this; session_replication_role would want a superuser. */
static const struct sql sql_triggers = {
    "bulk.triggers", "SELECT format('ALTER TABLE %I DISABLE TRIGGER USER', c.relname) AS text, format('ALTER TABLE %I ENABLE TRIGGER USER', "
                     "c.relname) AS undo " TABLES "WHERE " OF_OURS " AND EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND "
                     "NOT t.tgisinternal) ORDER BY c.relname"};
static const struct sql sql_empty = {
    "bulk.empty", "SELECT 'TRUNCATE ' || string_agg(quote_ident(c.relname), ', ') AS text, CAST(NULL AS TEXT) AS undo " TABLES "WHERE " OF_OURS
                  " HAVING COUNT(*) > 0"};
/* What is collected first is put back first: keys, then indexes, then foreign keys, which need both, then triggers. But foreign keys
 * go first, for nothing else can go before them. */
static enum rc open_load(struct bulk_load *load)
{
    struct bulk_load aside = *load;
    aside.steps = NULL;
    aside.steps_end = &aside.steps;
    enum rc rc = bulk_take_off(&aside, &sql_foreign_keys);
    if (rc == RC_OK)
        rc = bulk_take_off(load, &sql_keys);
    if (rc == RC_OK)
        rc = bulk_take_off(load, &sql_indexes);
    if (rc == RC_OK && aside.steps) {
        *load->steps_end = aside.steps;
        load->steps_end = aside.steps_end;
    }
    if (rc == RC_OK)
        rc = bulk_take_off(load, &sql_triggers);
    return rc == RC_OK ? bulk_take_off(load, &sql_empty) : rc;
}

/* FREEZE: the table was emptied in this transaction, so its rows need no second look by VACUUM. */
static enum rc begin(struct bulk_load *load)
{
    const struct bulk_table *t = load->table;
    buf_init(&load->out, LINE_MAX_BYTES);
    return start_copy(conn_of(load->db), t->name,
                      arena_fmt(load->arena, "COPY \"%s\" (%s) FROM STDIN WITH (FREEZE)", t->name, t->list), PGRES_COPY_IN);
}

static enum rc send(struct bulk_load *load)
{
    struct postgres_conn *c = conn_of(load->db);
    bool sent = !load->out.overflow && PQputCopyData(c->pg, load->out.bytes, (int)load->out.n) == 1;
    buf_reset(&load->out);
    return sent ? RC_OK : postgres_fail(c, load->table->name, NULL);
}

static enum rc add(struct bulk_load *load, const char *line, size_t n)
{
    buf_add(&load->out, line, n);
    buf_char(&load->out, '\n');
    return load->out.n >= CHUNK ? send(load) : RC_OK;
}

static enum rc end(struct bulk_load *load)
{
    struct postgres_conn *c = conn_of(load->db);
    enum rc rc = load->out.n ? send(load) : RC_OK;
    buf_free(&load->out);
    if (PQputCopyEnd(c->pg, rc == RC_OK ? NULL : "given up") != 1 && rc == RC_OK)
        rc = postgres_fail(c, load->table->name, NULL);
    return finish(c, load->table->name, rc);
}

static enum rc close_load(struct bulk_load *load)
{
    return bulk_run(load->db, "ANALYZE");
}

/* ---- ids ---- */

static const struct sql sql_sequence = {
    "bulk.sequence", "SELECT pg_get_serial_sequence(quote_ident(CAST($1 AS TEXT)), CAST(a.attname AS TEXT)) AS name FROM pg_attribute a WHERE "
                     "a.attrelid = to_regclass(quote_ident(CAST($1 AS TEXT))) AND a.attidentity <> '' AND NOT a.attisdropped"};

/* The name as it may stand in a statement; NULL: the table has no counter. */
static enum rc sequence_of(struct db *db, const struct bulk_table *t, struct buf *name)
{
    DB_ROWS rows = NULL;
    bool more = false;
    enum rc rc = db_start(db, &sql_sequence, DB_ARGS(DB_T(t->name)), &rows);
    if (rc == RC_OK)
        rc = db_next(rows, &more);
    if (rc == RC_OK && more)
        buf_str(name, db_text(rows, "name"));
    return rc;
}

static enum rc ask(struct db *db, const char *text, int64_t *n)
{
    DB_ROWS rows = NULL;
    bool more = false;
    enum rc rc = db_start_text(db, text, DB_NO_ARGS, &rows);
    if (rc == RC_OK)
        rc = db_next(rows, &more);
    if (rc == RC_OK)
        *n = more ? db_int(rows, "n") : 0;
    return rc;
}

static enum rc last_id(struct db *db, const struct bulk_table *t, int64_t *last, bool *counts)
{
    struct buf name, text;
    buf_init(&name, 4096);
    buf_init(&text, 8192);
    enum rc rc = sequence_of(db, t, &name);
    buf_fmt(&text, "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS n FROM %s", buf_text(&name));
    *counts = name.n > 0;
    if (rc == RC_OK && !*counts)
        *last = -1;
    else if (rc == RC_OK)
        rc = ask(db, buf_text(&text), last);
    buf_free(&name);
    buf_free(&text);
    return rc;
}

static enum rc set_last_id(struct db *db, const struct bulk_table *t, int64_t last)
{
    struct buf name, text;
    int64_t set;
    buf_init(&name, 4096);
    buf_init(&text, 8192);
    enum rc rc = sequence_of(db, t, &name);
    buf_fmt(&text, "SELECT setval('%s', %lld, %s) AS n", buf_text(&name), (long long)(last > 0 ? last : 1), last > 0 ? "true" : "false");
    if (rc == RC_OK && name.n > 0)
        rc = ask(db, buf_text(&text), &set);
    buf_free(&name);
    buf_free(&text);
    return rc;
}

const struct bulk_engine postgres_bulk = {
    .tables = {"bulk.tables", "SELECT CAST(c.relname AS TEXT) AS name " TABLES "WHERE " OF_OURS
                              " ORDER BY CAST(c.relname AS TEXT) COLLATE \"C\""},
    .columns = {"bulk.columns",
                "SELECT CAST(a.attname AS TEXT) AS name, CASE format_type(a.atttypid, NULL) WHEN 'bigint' THEN 'number' WHEN 'text' THEN 'text' "
                "ELSE format_type(a.atttypid, a.atttypmod) END AS kind, CASE WHEN EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = "
                "a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)) THEN 1 ELSE 0 END AS is_key FROM pg_attribute a WHERE "
                "a.attrelid = to_regclass(quote_ident(CAST($1 AS TEXT))) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' "
                "ORDER BY a.attnum"},
    .ready = ready,
    .in_use = in_use,
    .read = read_table,
    .open = open_load,
    .begin = begin,
    .add = add,
    .end = end,
    .close = close_load,
    .last_id = last_id,
    .set_last_id = set_last_id,
};
