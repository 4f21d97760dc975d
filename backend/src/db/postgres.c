/* The PostgreSQL engine: statements and transactions through libpq. Connecting: postgres_open.c.
 *
 * One writer at a time over all instances: a write transaction takes an advisory lock first. It is READ COMMITTED, so that
 * every statement sees all that was committed before it, and since nobody else of us writes meanwhile, what services check
 * stays true until they commit: just what SQLite's one writer gives them. Readers are never blocked. A transaction may still
 * fail because of sessions that are not ours (a deadlock with an administrator's lock): tx.c runs it again. */
#include "db/postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "db/bulk_driver.h"
#include "db/dialect.h"

#define PARAMS_MAX 64
#define NUMBER_TEXT 24

/* ---- errors ---- */

static const struct {
    const char *state; /* an SQLSTATE, or the class that it begins with */
    enum rc rc;
} states[] = {
    {"23505", RC_DB_UNIQUE}, {"23503", RC_DB_FOREIGN_KEY}, {"23", RC_DB_CHECK},
    {"P0001", RC_DB_CHECK}, /* RAISE in our triggers */
    {"22003", RC_AMOUNT_TOO_LARGE}, /* numeric_value_out_of_range */
    {"40", RC_DB_RETRY},     {"55P03", RC_DB_BUSY},        {"57014", RC_DB_BUSY},
    {"53100", RC_DB_FULL},   {"53", RC_DB_BUSY},           {"25006", RC_DB_READONLY},
    {"42501", RC_DB_READONLY}, {"08", RC_DB_LOST},         {"57P", RC_DB_LOST},
    {"XX001", RC_DB_CORRUPT}, {"XX002", RC_DB_CORRUPT},
};

static enum rc rc_of(const char *state)
{
    for (size_t i = 0; state && i < sizeof states / sizeof *states; i++)
        if (strncmp(state, states[i].state, strlen(states[i].state)) == 0)
            return states[i].rc;
    return RC_DB;
}

static bool engine_is_lost(const struct conn *base)
{
    return PQstatus(((const struct postgres_conn *)base)->pg) != CONNECTION_OK;
}

enum rc postgres_fail(struct postgres_conn *c, const char *what, const PGresult *result)
{
    const char *text = result ? PQresultErrorMessage(result) : NULL;
    if (!text || !*text)
        text = PQerrorMessage(c->pg);
    snprintf(c->error, sizeof c->error, "%s: %.*s", what, (int)strcspn(text, "\n"), text);
    c->changes++; /* a failed statement spoils its transaction */
    if (engine_is_lost(&c->base))
        return RC_DB_LOST;
    return rc_of(result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL);
}

static const char *engine_error(const struct conn *base)
{
    return ((const struct postgres_conn *)base)->error;
}

/* ---- statements ---- */

struct postgres_stmt {
    struct stmt base;
    const char *name;
    char id[16]; /* the server's name for it */
    int params;
    PGresult *shape; /* parameters and columns */
    PGresult *rows;  /* of the present run; NULL between runs */
    int row;
    char numbers[PARAMS_MAX][NUMBER_TEXT];
};

static struct postgres_conn *conn_of(const struct postgres_stmt *s)
{
    return (struct postgres_conn *)s->base.conn;
}

static bool is_good(const PGresult *r)
{
    ExecStatusType status = PQresultStatus(r);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static enum rc prepare_named(struct postgres_conn *c, struct postgres_stmt *s, const char *text)
{
    PGresult *r = PQprepare(c->pg, s->id, text, 0, NULL);
    if (is_good(r)) {
        PQclear(r);
        r = PQdescribePrepared(c->pg, s->id);
    }
    enum rc rc = is_good(r) ? RC_OK : postgres_fail(c, s->name, r);
    if (rc == RC_OK)
        s->shape = r;
    else
        PQclear(r);
    return rc;
}

static enum rc engine_prepare(struct conn *base, const char *name, const char *text, struct stmt **out)
{
    struct postgres_conn *c = (struct postgres_conn *)base;
    struct postgres_stmt *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->base.conn = base;
    s->name = name;
    snprintf(s->id, sizeof s->id, "s%u", ++c->prepared);
    enum rc rc = prepare_named(c, s, text);
    if (rc != RC_OK) {
        free(s);
        return rc;
    }
    s->params = PQnparams(s->shape);
    if (s->params > PARAMS_MAX)
        db_misuse(name, "has too many parameters");
    *out = &s->base;
    return RC_OK;
}

static void engine_finalize(struct stmt *base)
{
    struct postgres_stmt *s = (struct postgres_stmt *)base;
    struct postgres_conn *c = conn_of(s);
    if (!engine_is_lost(&c->base) && PQtransactionStatus(c->pg) != PQTRANS_INERROR) {
        char text[32];
        snprintf(text, sizeof text, "DEALLOCATE %s", s->id);
        PQclear(PQexec(c->pg, text));
    }
    PQclear(s->shape);
    PQclear(s->rows);
    free(s);
}

static const char *value_text(const struct db_value *v, char number[static NUMBER_TEXT])
{
    switch (v->type) {
    case DB_NULL:
        break;
    case DB_INT:
        snprintf(number, NUMBER_TEXT, "%lld", (long long)v->number);
        return number;
    case DB_TEXT:
        return v->text;
    }
    return NULL;
}

/* SELECTs report their rows, too: those have been touched by nobody. */
static int64_t touched(PGresult *r)
{
    return strncmp(PQcmdStatus(r), "SELECT", 6) == 0 ? 0 : strtoll(PQcmdTuples(r), NULL, 10);
}

static enum rc engine_start(struct stmt *base, const struct db_value *args, size_t count)
{
    struct postgres_stmt *s = (struct postgres_stmt *)base;
    struct postgres_conn *c = conn_of(s);
    const char *values[PARAMS_MAX];
    if (count != (size_t)s->params)
        db_misuse(s->name, "was started with the wrong number of arguments");
    for (size_t i = 0; i < count; i++)
        values[i] = value_text(&args[i], s->numbers[i]);
    s->rows = PQexecPrepared(c->pg, s->id, s->params, values, NULL, NULL, 0);
    s->row = -1;
    if (is_good(s->rows)) {
        c->changes += touched(s->rows);
        return RC_OK;
    }
    enum rc rc = postgres_fail(c, s->name, s->rows);
    PQclear(s->rows);
    s->rows = NULL;
    return rc;
}

static enum rc engine_step(struct stmt *base, bool *more)
{
    struct postgres_stmt *s = (struct postgres_stmt *)base;
    *more = ++s->row < PQntuples(s->rows);
    return RC_OK;
}

static void engine_reset(struct stmt *base)
{
    struct postgres_stmt *s = (struct postgres_stmt *)base;
    PQclear(s->rows);
    s->rows = NULL;
}

static int64_t engine_changed(const struct stmt *base)
{
    return touched(((const struct postgres_stmt *)base)->rows);
}

static int64_t engine_changes(const struct conn *base)
{
    return ((const struct postgres_conn *)base)->changes;
}

static int engine_column_count(const struct stmt *base)
{
    return PQnfields(((const struct postgres_stmt *)base)->shape);
}

static const char *engine_column_name(const struct stmt *base, int column)
{
    return PQfname(((const struct postgres_stmt *)base)->shape, column);
}

/* The types of pg_type.dat that our statements give. */
enum { OID_BOOL = 16, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_TEXT = 25, OID_UNKNOWN = 705, OID_VARCHAR = 1043 };

static enum db_type engine_type(const struct stmt *base, int column)
{
    const struct postgres_stmt *s = (const struct postgres_stmt *)base;
    if (PQgetisnull(s->rows, s->row, column))
        return DB_NULL;
    switch (PQftype(s->rows, column)) {
    case OID_BOOL:
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
        return DB_INT;
    case OID_TEXT:
    case OID_VARCHAR:
    case OID_UNKNOWN:
        return DB_TEXT;
    }
    db_misuse(s->name, "gives a column that is neither a whole number nor a text");
}

static int64_t engine_number(const struct stmt *base, int column)
{
    const struct postgres_stmt *s = (const struct postgres_stmt *)base;
    const char *text = PQgetvalue(s->rows, s->row, column);
    if (PQftype(s->rows, column) == OID_BOOL)
        return *text == 't';
    return strtoll(text, NULL, 10); /* "" for NULL gives 0 */
}

static const char *engine_text(const struct stmt *base, int column, size_t *n)
{
    const struct postgres_stmt *s = (const struct postgres_stmt *)base;
    bool null = PQgetisnull(s->rows, s->row, column);
    if (n)
        *n = null ? 0 : (size_t)PQgetlength(s->rows, s->row, column);
    return null ? NULL : PQgetvalue(s->rows, s->row, column);
}

/* ---- transactions ---- */

/* "MMS" in ASCII: the number of the lock that only one writer at a time holds. */
#define WRITER_LOCK "5066067"

static const char *const tx_text[DRIVER_TX_COUNT] = {
    [DRIVER_BEGIN_READ] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    [DRIVER_BEGIN_WRITE] = "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(" WRITER_LOCK ")",
    [DRIVER_COMMIT] = "COMMIT",
    [DRIVER_ROLLBACK] = "ROLLBACK",
    [DRIVER_SAVEPOINT] = "SAVEPOINT job",
    [DRIVER_RELEASE] = "RELEASE job",
    [DRIVER_ROLLBACK_TO] = "ROLLBACK TO job",
};

/* The end of reading is not waited for: its result is taken (by libpq) before the connection is used again, and there is nothing
 * in it that who has read could want to know. */
static enum rc end_reading(struct postgres_conn *c)
{
    c->is_reading = false;
    return PQsendQuery(c->pg, tx_text[DRIVER_ROLLBACK]) ? RC_OK : postgres_fail(c, tx_text[DRIVER_ROLLBACK], NULL);
}

static enum rc engine_tx(struct conn *base, enum driver_tx what)
{
    struct postgres_conn *c = (struct postgres_conn *)base;
    if (what == DRIVER_ROLLBACK && c->is_reading)
        return end_reading(c);
    c->is_reading = what == DRIVER_BEGIN_READ;
    PGresult *r = PQexec(c->pg, tx_text[what]);
    enum rc rc = is_good(r) ? RC_OK : postgres_fail(c, tx_text[what], r);
    if (what == DRIVER_COMMIT && rc == RC_DB_LOST)
        rc = RC_DB_UNCERTAIN; /* nobody can know whether it has been done */
    if (what == DRIVER_COMMIT && rc == RC_OK && strcmp(PQcmdStatus(r), "COMMIT") != 0) {
        snprintf(c->error, sizeof c->error, "COMMIT: the transaction had failed before");
        rc = RC_DB;
    }
    PQclear(r);
    return rc;
}

static bool engine_in_tx(const struct conn *base)
{
    PGTransactionStatusType status = PQtransactionStatus(((const struct postgres_conn *)base)->pg);
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

/* ---- for migrations ---- */

/* As long as it takes, where a request may take statement_timeout. */
static enum rc run_plain(struct conn *base, const char *what, const char *text)
{
    struct postgres_conn *c = (struct postgres_conn *)base;
    PGresult *r = PQexec(c->pg, text);
    enum rc rc = is_good(r) ? RC_OK : postgres_fail(c, what, r);
    PQclear(r);
    return rc;
}

static enum rc engine_expect_many(struct conn *base)
{
    return run_plain(base, "expect many", "SET LOCAL enable_seqscan = off; SET LOCAL jit = off; SET LOCAL statement_timeout = 0");
}

static enum rc engine_plan_anew(struct conn *base)
{
    return run_plain(base, "plan anew", "DISCARD PLANS");
}

static enum rc engine_set_trigger(struct conn *base, const char *table, const char *trigger, bool on)
{
    char text[256];
    snprintf(text, sizeof text, "ALTER TABLE %s %s TRIGGER %s", table, on ? "ENABLE" : "DISABLE", trigger);
    return run_plain(base, "trigger", text);
}

static enum rc engine_script(struct conn *base, const char *text)
{
    struct postgres_conn *c = (struct postgres_conn *)base;
    PGresult *r = PQexec(c->pg, "SET LOCAL statement_timeout = 0");
    if (is_good(r)) {
        PQclear(r);
        r = PQexec(c->pg, text);
    }
    enum rc rc = is_good(r) ? RC_OK : postgres_fail(c, "script", r);
    PQclear(r);
    return rc;
}

static enum rc engine_has_table(struct conn *base, const char *name, bool *has)
{
    struct postgres_conn *c = (struct postgres_conn *)base;
    static const char text[] = "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND "
                               "(CAST($1 AS TEXT) IS NULL OR tablename = $1) LIMIT 1";
    PGresult *r = PQexecParams(c->pg, text, 1, NULL, &name, NULL, NULL, 0);
    enum rc rc = is_good(r) ? RC_OK : postgres_fail(c, "list of tables", r);
    if (rc == RC_OK)
        *has = PQntuples(r) == 1;
    PQclear(r);
    return rc;
}

static void engine_close(struct conn *base)
{
    PQfinish(((struct postgres_conn *)base)->pg);
    free(base);
}

static const struct db_catalogue postgres_catalogue = {
    .engine = "PostgreSQL",
    .version = {"postgres.version", "SELECT current_setting('server_version') AS version"},
    .tables = {"postgres.tables", "SELECT CAST(t.relname AS TEXT) AS name FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace "
                                  "WHERE n.nspname = current_schema() AND t.relkind IN ('r', 'p') AND "
                                  "has_table_privilege(t.oid, 'SELECT') ORDER BY 1"},
    .columns = {"postgres.columns",
                "SELECT CAST(a.attname AS TEXT) AS name, format_type(a.atttypid, a.atttypmod) AS type, CASE WHEN a.attnotnull THEN 1 "
                "ELSE 0 END AS is_required, CASE WHEN EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND "
                "i.indisprimary AND a.attnum = ANY (i.indkey)) THEN 1 ELSE 0 END AS is_key, CASE WHEN format_type(a.atttypid, NULL) IN "
                "('smallint', 'integer', 'bigint', 'text') THEN quote_ident(a.attname) ELSE 'CAST(' || quote_ident(a.attname) || "
                "' AS TEXT)' END AS value FROM pg_attribute a WHERE a.attrelid = to_regclass(quote_ident(CAST($1 AS TEXT))) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"},
    .size = {"postgres.size", "SELECT pg_database_size(current_database()) AS n"},
    .integrity = {"postgres.integrity", "SELECT COALESCE((SELECT 'index is not valid: ' || CAST(i.indexrelid AS regclass) FROM "
                                        "pg_index i WHERE NOT i.indisvalid LIMIT 1), 'ok') AS result"},
    .indexes = {"postgres.indexes", "SELECT CAST(c.relname AS TEXT) AS name FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN "
                                    "pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND x.indisvalid"},
    .triggers = {"postgres.triggers", "SELECT CAST(t.tgname AS TEXT) AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN "
                                      "pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND NOT t.tgisinternal "
                                      "AND t.tgenabled <> 'D'"},
    .session = {"postgres.session", "SELECT CAST(pid AS TEXT) || '@' || CAST(extract(epoch FROM backend_start) AS TEXT) AS session FROM "
                                    "pg_stat_activity WHERE pid = pg_backend_pid() AND CAST($1 AS TEXT) IS NOT NULL"},
    .session_is_gone = {"postgres.session_is_gone",
                        "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM (SELECT 1) AS one WHERE CAST($1 AS TEXT) IS NOT NULL AND NOT EXISTS (SELECT 1 "
                        "FROM pg_stat_activity WHERE CAST(pid AS TEXT) || '@' || CAST(extract(epoch FROM backend_start) AS TEXT) = CAST($2 AS TEXT))"},
    .ids_after = {"postgres.ids_after", "SELECT setval(pg_get_serial_sequence(CAST($1 AS TEXT), 'id'), CAST($2 AS BIGINT)) AS n"},
};

const struct engine postgres_engine = {
    .close = engine_close,
    .error = engine_error,
    .prepare = engine_prepare,
    .finalize = engine_finalize,
    .start = engine_start,
    .step = engine_step,
    .reset = engine_reset,
    .changed = engine_changed,
    .column_count = engine_column_count,
    .column_name = engine_column_name,
    .type = engine_type,
    .number = engine_number,
    .text = engine_text,
    .tx = engine_tx,
    .in_tx = engine_in_tx,
    .changes = engine_changes,
    .is_lost = engine_is_lost,
    .catalogue = &postgres_catalogue,
    .translate = dialect_postgres,
    .expect_many = engine_expect_many,
    .plan_anew = engine_plan_anew,
    .set_trigger = engine_set_trigger,
    .script = engine_script,
    .has_table = engine_has_table,
    .bulk = &postgres_bulk,
};
