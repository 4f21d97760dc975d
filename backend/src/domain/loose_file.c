/* Owns the table loose_files. Invariant: what it has is named by no other row. */
#include "domain/loose_file.h"

#define DUE_AT_ONCE 100

static const struct sql NOTE = {"loose_file.note", "INSERT INTO loose_files (key, due_at) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET due_at = excluded.due_at"};
static const struct sql TAKE = {"loose_file.take", "DELETE FROM loose_files WHERE key = $1 AND due_at > $2"};
static const struct sql DUE = {"loose_file.due", "SELECT key FROM loose_files WHERE due_at <= $1 ORDER BY due_at, key LIMIT $2"};
static const struct sql FORGET = {"loose_file.forget", "DELETE FROM loose_files WHERE key = $1"};

enum rc loose_file_note(struct ctx *c, const char *key, int64_t kept_ms)
{
    return db_exec(c->db, &NOTE, DB_ARGS(DB_T(key), DB_I(c->now_ms + kept_ms)), NULL);
}

struct noting {
    struct ctx *ctx;
    const char *key;
    int64_t kept_ms;
};

static enum rc note_alone(struct db *db, void *arg)
{
    const struct noting *n = arg;
    struct ctx c = {.arena = n->ctx->arena, .db = db, .now_ms = clock_now_ms()};
    return loose_file_note(&c, n->key, n->kept_ms);
}

enum rc loose_file_put(struct ctx *c, const char *key, const struct files_source *source, int64_t kept_ms)
{
    enum rc rc = db_run_tx(c->writer, note_alone, &(struct noting){c, key, kept_ms});
    if (rc == RC_OK)
        rc = files_put_from(c->files, key, source);
    return rc == RC_OK ? rc : error_set(&c->err, rc);
}

enum rc loose_file_take(struct ctx *c, const char *key)
{
    int64_t taken;
    TRY(db_exec(c->db, &TAKE, DB_ARGS(DB_T(key), DB_I(c->now_ms)), &taken));
    return taken ? RC_OK : error_set(&c->err, RC_FILES_AWAY);
}

enum rc loose_file_due(struct ctx *c, struct files_names *out)
{
    DB_ROWS rows = NULL;
    bool more;
    *out = (struct files_names){arena_alloc(c->arena, DUE_AT_ONCE * sizeof *out->at), 0};
    TRY(db_start(c->db, &DUE, DB_ARGS(DB_I(c->now_ms), DB_I(DUE_AT_ONCE)), &rows));
    for (;;) {
        TRY(db_next(rows, &more));
        if (!more)
            return RC_OK;
        out->at[out->n++] = arena_dup(c->arena, db_text(rows, "key"));
    }
}

enum rc loose_file_forget(struct ctx *c, const struct files_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        TRY(db_exec(c->db, &FORGET, DB_ARGS(DB_T(names->at[i])), NULL));
    return RC_OK;
}
