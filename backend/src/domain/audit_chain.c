#include "domain/audit_chain.h"

#include <string.h>

#define ROWS_AT_ONCE 500

#define ALL_COLUMNS                                                                                                    \
    "id, user_id, module, action, resource_type, resource_id, description, changes, ip_address, user_agent, request_id, "  \
    "created_at, hash"
static const struct sql ROWS = {"operation_log.chain", "SELECT " ALL_COLUMNS " FROM operation_log WHERE id >= $1 AND id <= $2 "
                                                       "ORDER BY id LIMIT $3"};
static const struct sql BEFORE = {"operation_log.before_chain", "SELECT COUNT(*) AS n FROM operation_log WHERE id < $1"};
static const struct sql HASH_OF = {"operation_log.hash", "SELECT hash FROM operation_log WHERE id = $1"};
static const struct sql BROKEN_SEALS = {
    "log_seals.broken", "SELECT s.first_id, s.last_id FROM log_seals s LEFT JOIN operation_log o ON o.id = s.last_id "
                        "WHERE o.hash IS NULL OR o.hash <> s.hash ORDER BY s.id"};
static const struct sql SEAL_COUNT = {"log_seals.count", "SELECT COUNT(*) AS n FROM log_seals"};
static const struct sql SEALED = {"log_seals.last", "SELECT COALESCE(MAX(last_id), 0) AS n FROM log_seals"};
static const struct sql FIRST_SINCE = {"operation_log.first_since",
                                       "SELECT COALESCE(MIN(id), 0) AS n FROM operation_log WHERE created_at >= $1 AND id >= $2"};
static const struct sql SEAL_INSERT = {
    "log_seals.insert", "INSERT INTO log_seals (first_id, last_id, hash, file_name, file_hash, sealed_at) "
                        "VALUES ($1, $2, $3, $4, $5, $6)"};

/* ---------------------------------------------------------------- the walk */

void audit_walk_begin(struct audit_walk *w, int64_t first_id, const char *previous)
{
    arena_init(&w->arena);
    w->expected_id = first_id;
    strncpy(w->hash, previous, sizeof w->hash - 1);
    w->hash[sizeof w->hash - 1] = 0;
    w->rows = w->broken = 0;
}

void audit_walk_end(struct audit_walk *w)
{
    arena_free(&w->arena);
}

void audit_walk_tell(struct audit_walk *w, const char *zh, const char *en)
{
    w->broken++;
    if (w->found)
        w->found(w->arg, zh, en);
}

static void tell_missing(struct audit_walk *w, int64_t first, int64_t last)
{
    audit_walk_tell(w, arena_fmt(&w->arena, "缺少第 %lld 至 %lld 条", (long long)first, (long long)last),
                    arena_fmt(&w->arena, "rows %lld to %lld are missing", (long long)first, (long long)last));
}

void audit_walk_row(struct audit_walk *w, const struct db_value row[static AUDIT_COLUMNS], const char *hash)
{
    char right[HASH_HEX_MAX];
    int64_t id = row[0].number;
    if (id > w->expected_id)
        tell_missing(w, w->expected_id, id - 1);
    audit_hash(&w->arena, w->hash, row, right);
    if (!hash)
        audit_walk_tell(w, arena_fmt(&w->arena, "第 %lld 条没有哈希，不是由本程序写入", (long long)id),
                        arena_fmt(&w->arena, "row %lld has no hash: this program did not write it", (long long)id));
    else if (strcmp(hash, right) != 0)
        audit_walk_tell(w, arena_fmt(&w->arena, "第 %lld 条与前一条不衔接：其中之一被修改、插入或替换", (long long)id),
                        arena_fmt(&w->arena, "row %lld does not fit the row before: one of them was changed, inserted or replaced",
                                  (long long)id));
    strncpy(w->hash, hash ? hash : "", sizeof w->hash - 1);
    w->expected_id = id + 1;
    w->rows++;
    arena_reset(&w->arena);
}

void audit_walk_reaches(struct audit_walk *w, int64_t last_id, const char *hash)
{
    if (w->expected_id <= last_id)
        tell_missing(w, w->expected_id, last_id);
    else if (w->expected_id != last_id + 1 || strcmp(w->hash, hash) != 0)
        audit_walk_tell(w, arena_fmt(&w->arena, "末端与记录不符（第 %lld 条）", (long long)last_id),
                        arena_fmt(&w->arena, "the end is not the one on record (row %lld)", (long long)last_id));
}

/* ---------------------------------------------------------------- the table */

static struct db_value value_of(struct db_rows *rows, const char *column)
{
    const char *text = db_text(rows, column);
    return text ? DB_T(text) : DB_N;
}

static struct db_value number_of(struct db_rows *rows, const char *column)
{
    return db_is_null(rows, column) ? DB_N : DB_I(db_int(rows, column));
}

static bool is_number(const char *column)
{
    return strcmp(column, "id") == 0 || strcmp(column, "user_id") == 0 || strcmp(column, "resource_id") == 0 ||
           strcmp(column, "created_at") == 0;
}

enum rc audit_rows(struct ctx *c, int64_t first, int64_t last,
                   enum rc (*take)(void *arg, const struct db_value row[static AUDIT_COLUMNS], const char *hash), void *arg)
{
    for (int64_t taken = ROWS_AT_ONCE; taken == ROWS_AT_ONCE;) {
        DB_ROWS rows = NULL;
        bool more;
        taken = 0;
        TRY(db_start(c->db, &ROWS, DB_ARGS(DB_I(first), DB_I(last), DB_I(ROWS_AT_ONCE)), &rows));
        TRY(db_next(rows, &more));
        while (more) {
            struct db_value row[AUDIT_COLUMNS];
            for (size_t i = 0; i < AUDIT_COLUMNS; i++)
                row[i] = is_number(audit_columns[i]) ? number_of(rows, audit_columns[i]) : value_of(rows, audit_columns[i]);
            TRY(take(arg, row, db_text(rows, "hash")));
            first = row[0].number + 1;
            taken++;
            TRY(db_next(rows, &more));
        }
    }
    return RC_OK;
}

static enum rc walk(void *arg, const struct db_value row[static AUDIT_COLUMNS], const char *hash)
{
    audit_walk_row(arg, row, hash);
    return RC_OK;
}

static enum rc prove_seals(struct ctx *c, struct audit_walk *w, int64_t *seals)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(ctx_number(c, &SEAL_COUNT, DB_NO_ARGS, seals));
    TRY(db_start(c->db, &BROKEN_SEALS, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    while (more) {
        long long first = (long long)db_int(rows, "first_id"), last = (long long)db_int(rows, "last_id");
        audit_walk_tell(w, arena_fmt(&w->arena, "第 %lld 至 %lld 条与封存记录不符", first, last),
                        arena_fmt(&w->arena, "rows %lld to %lld are not what was sealed", first, last));
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

enum rc audit_prove(struct ctx *c, struct audit_walk *w, int64_t *seals)
{
    struct audit_head head;
    int64_t before;
    TRY(audit_head(c, &head));
    audit_walk_begin(w, head.first_id, AUDIT_FIRST_HASH);
    TRY(ctx_number(c, &BEFORE, DB_ARGS(DB_I(head.first_id)), &before));
    if (before >= head.first_id)
        audit_walk_tell(w, "链首之前被插入了记录", "rows were inserted before the first");
    TRY(audit_rows(c, head.first_id, INT64_MAX, walk, w));
    audit_walk_reaches(w, head.last_id, head.hash);
    return prove_seals(c, w, seals);
}

static enum rc hash_of(struct ctx *c, int64_t id, const char **out)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &HASH_OF, DB_ARGS(DB_I(id)), &rows));
    TRY(db_next(rows, &more));
    *out = more ? arena_dup(c->arena, db_text(rows, "hash")) : NULL;
    return RC_OK;
}

enum rc audit_row_has(struct ctx *c, int64_t id, const char *hash, bool *has)
{
    const char *present;
    TRY(hash_of(c, id, &present));
    *has = present && strcmp(present, hash) == 0;
    return RC_OK;
}

/* ---------------------------------------------------------------- seals */

enum rc audit_seal_range(struct ctx *c, int64_t until_ms, struct audit_seal *out)
{
    struct audit_head head;
    int64_t sealed, later;
    *out = (struct audit_seal){0};
    TRY(audit_head(c, &head));
    TRY(ctx_number(c, &SEALED, DB_NO_ARGS, &sealed));
    out->first_id = sealed ? sealed + 1 : head.first_id;
    TRY(ctx_number(c, &FIRST_SINCE, DB_ARGS(DB_I(until_ms), DB_I(out->first_id)), &later));
    out->last_id = later ? later - 1 : head.last_id;
    if (out->last_id < out->first_id)
        return RC_OK;
    TRY(hash_of(c, out->last_id, &out->hash));
    out->previous = AUDIT_FIRST_HASH;
    return sealed ? hash_of(c, sealed, &out->previous) : RC_OK;
}

enum rc audit_seal_add(struct ctx *c, const struct audit_seal *s)
{
    TRY(db_exec(c->db, &SEAL_INSERT,
                DB_ARGS(DB_I(s->first_id), DB_I(s->last_id), DB_T(s->hash), DB_T(s->file_name), DB_T(s->file_hash),
                        DB_I(c->now_ms)),
                NULL));
    return audit_write(c, &(struct audit_entry){.module = "operation-logs", .action = "seal", .resource_type = "operation_log",
                                                .resource_id = s->last_id,
                                                .description = arena_fmt(c->arena, "封存操作日志: 第 %lld 至 %lld 条",
                                                                         (long long)s->first_id, (long long)s->last_id)});
}
