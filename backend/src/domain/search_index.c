#include "domain/search_index.h"

#include "domain/bulk_change.h"
#include "domain/search_tokens.h"

#define FILL_ROWS 500 /* a transaction */

#define IN_TOKENS                                                                                                      \
    "(SELECT rowid FROM search_tokens($1) WHERE rowid > $4 AND rowid < $2 + " SEARCH_SPAN " ORDER BY rowid LIMIT $3) AS s"
#define SEARCH_SPAN "1125899906842624" /* from a kind's base, or where those out of use begin, to the next */

#define MATERIAL_FIELDS                                                                                                \
    "m.id, m.material_code AS code, m.material_name AS name, m.description, m.name_en, m.cas_no, m.un_no, m.standard, " \
    "m.metal_grade, CASE m.status WHEN 'active' THEN 0 ELSE 1 END AS out_of_use"
#define USER_FIELDS                                                                                                    \
    "u.id, u.username AS code, COALESCE(u.real_name, u.username) AS name, u.email AS description, "                    \
    "CASE u.status WHEN 'active' THEN 0 ELSE 1 END AS out_of_use"
#define COUNT_FIELDS "t.id, t.task_code AS code, t.task_name AS name, t.remark AS description, 0 AS out_of_use"

/* material_change leaves the index alone while none of these changes. */
static const char *const material_fields[] = {"code", "name", "name_en", "cas_no", "un_no", "standard", "metal_grade", NULL};
static const char *const user_fields[] = {"code", "name", "description", NULL};
static const char *const count_fields[] = {"code", "name", NULL};

const struct search_kind_row search_kinds[SEARCH_KINDS] = {
    [SEARCH_MATERIAL] =
        {"material", material_fields,
         {"search.material_rows", "SELECT " MATERIAL_FIELDS " FROM materials m WHERE m.id > $1 ORDER BY m.id LIMIT $2"},
         {"search.materials", "SELECT " MATERIAL_FIELDS " FROM " IN_TOKENS " JOIN materials m ON m.id = s.rowid - $2"},
         {"search.material_codes", "SELECT " MATERIAL_FIELDS " FROM materials m WHERE m.status = $3 AND m.code_fold >= $1 AND "
                                   "m.code_fold < $2 ORDER BY m.code_fold LIMIT $4"}},
    [SEARCH_USER] =
        {"user", user_fields,
         {"search.user_rows",
          "SELECT " USER_FIELDS " FROM users u WHERE u.id > $1 AND u.status <> 'closed' ORDER BY u.id LIMIT $2"},
         {"search.users", "SELECT " USER_FIELDS " FROM " IN_TOKENS " JOIN users u ON u.id = s.rowid - $2 AND u.status <> 'closed'"},
         {NULL, NULL}},
    [SEARCH_COUNT] =
        {"count", count_fields,
         {"search.count_rows", "SELECT " COUNT_FIELDS " FROM count_tasks t WHERE t.id > $1 ORDER BY t.id LIMIT $2"},
         {"search.counts", "SELECT " COUNT_FIELDS " FROM " IN_TOKENS " JOIN count_tasks t ON t.id = s.rowid - $2"},
         {NULL, NULL}},
};

static const struct sql TOKENS_DELETE = {"search_tokens.delete", "DELETE FROM search_tokens WHERE rowid = $1"};
static const struct sql TOKENS_INSERT = {"search_tokens.insert", "INSERT INTO search_tokens (rowid, terms) VALUES ($1, $2)"};
static const struct sql FILL_NEXT = {
    "search_fills.next", "SELECT kind, CASE version WHEN $1 THEN last_id ELSE 0 END AS last_id FROM search_fills "
                         "WHERE version <> $1 OR last_id < $2 ORDER BY kind LIMIT 1"};
static const struct sql FILL_UPDATE = {"search_fills.update", "UPDATE search_fills SET version = $2, last_id = $3 WHERE kind = $1"};
static const struct sql TOKENS_FORGET = {"search_tokens.forget", "DELETE FROM search_tokens"};
static const struct sql FILLS_FORGET = {"search_fills.forget", "UPDATE search_fills SET version = 0, last_id = 0"};

#define FILLED INT64_C(1125899906842624) /* above every id: all of the kind are indexed */

static int64_t rowid_of(enum search_kind kind, bool out_of_use, int64_t id)
{
    return (int64_t)kind * SEARCH_BASE + (out_of_use ? SEARCH_OUT_OF_USE : 0) + id;
}

/* A row on its way into the index: read first, written when no statement runs any more. */
struct entry {
    int64_t id;
    bool out_of_use;
    const char *tokens;
};

static enum rc read_entries(struct ctx *c, enum search_kind kind, int64_t after, int64_t max, struct entry *out, size_t *count)
{
    const struct search_kind_row *k = &search_kinds[kind];
    DB_ROWS rows = NULL;
    bool more;
    *count = 0;
    TRY(db_start(c->db, &k->rows, DB_ARGS(DB_I(after), DB_I(max)), &rows));
    for (;;) {
        struct search_text texts[SEARCH_FIELDS_MAX];
        size_t n = 0;
        TRY(db_next(rows, &more));
        if (!more)
            return RC_OK;
        for (; k->fields[n]; n++)
            texts[n] = search_text(c->arena, db_text(rows, k->fields[n]));
        out[(*count)++] = (struct entry){db_int(rows, "id"), db_int(rows, "out_of_use") != 0, search_tokens(c->arena, texts, n)};
    }
}

static enum rc take_out(struct ctx *c, enum search_kind kind, int64_t id)
{
    TRY(db_exec(c->db, &TOKENS_DELETE, DB_ARGS(DB_I(rowid_of(kind, false, id))), NULL));
    return db_exec(c->db, &TOKENS_DELETE, DB_ARGS(DB_I(rowid_of(kind, true, id))), NULL);
}

static enum rc add_entry(struct ctx *c, enum search_kind kind, const struct entry *e)
{
    return db_exec(c->db, &TOKENS_INSERT, DB_ARGS(DB_I(rowid_of(kind, e->out_of_use, e->id)), DB_T(e->tokens)), NULL);
}

static enum rc take_in(struct ctx *c, enum search_kind kind, const struct entry *e)
{
    TRY(take_out(c, kind, e->id));
    return add_entry(c, kind, e);
}

enum rc search_put(struct ctx *c, enum search_kind kind, int64_t id)
{
    if (c->bulk) {
        bulk_change_search_later(c->bulk, kind, id);
        return RC_OK;
    }
    struct entry e;
    size_t count;
    TRY(read_entries(c, kind, id - 1, 1, &e, &count));
    return count && e.id == id ? take_in(c, kind, &e) : take_out(c, kind, id);
}

static enum rc next_fill(struct ctx *c, bool *more, enum search_kind *kind, int64_t *last_id)
{
    DB_ROWS rows = NULL;
    TRY(db_start(c->db, &FILL_NEXT, DB_ARGS(DB_I(SEARCH_TOKENS_VERSION), DB_I(FILLED)), &rows));
    TRY(db_next(rows, more));
    if (*more) {
        *kind = (enum search_kind)db_int(rows, "kind");
        *last_id = db_int(rows, "last_id");
    }
    return RC_OK;
}

/* fresh: the index has nothing of them yet. */
static enum rc fill(struct ctx *c, bool fresh, bool *more)
{
    enum search_kind kind = SEARCH_KINDS;
    int64_t last_id = 0;
    size_t count;
    struct entry *entries = arena_array(c->arena, FILL_ROWS, sizeof *entries);
    TRY(next_fill(c, more, &kind, &last_id));
    if (!*more)
        return RC_OK;
    if (kind < SEARCH_MATERIAL || kind >= SEARCH_KINDS)
        return RC_DB_CORRUPT;
    TRY(read_entries(c, kind, last_id, FILL_ROWS, entries, &count));
    for (size_t i = 0; i < count; i++)
        TRY((fresh ? add_entry : take_in)(c, kind, &entries[i]));
    last_id = count < FILL_ROWS ? FILLED : entries[count - 1].id;
    return db_exec(c->db, &FILL_UPDATE, DB_ARGS(DB_I(kind), DB_I(SEARCH_TOKENS_VERSION), DB_I(last_id)), NULL);
}

enum rc search_fill(struct ctx *c, bool *more)
{
    return fill(c, false, more);
}

enum rc search_fill_fresh(struct ctx *c, bool *more)
{
    return fill(c, true, more);
}

enum rc search_forget(struct ctx *c)
{
    TRY(db_exec(c->db, &TOKENS_FORGET, DB_NO_ARGS, NULL));
    return db_exec(c->db, &FILLS_FORGET, DB_NO_ARGS, NULL);
}

enum rc search_fill_anew(struct ctx *c)
{
    bool more = true;
    TRY(search_forget(c));
    while (more)
        TRY(search_fill_fresh(c, &more));
    return RC_OK;
}

enum rc search_fill_database(struct db *db)
{
    struct arena arena;
    bool more = true;
    arena_init(&arena);
    struct ctx c = {.arena = &arena, .db = db, .now_ms = clock_now_ms()};
    enum rc rc = search_forget(&c);
    for (; rc == RC_OK && more; arena_reset(&arena))
        rc = search_fill_fresh(&c, &more);
    arena_free(&arena);
    return rc;
}
