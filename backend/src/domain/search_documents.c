/* Documents in the search. Their numbers are looked up where they stand, so that making a document costs nothing for it. */
#include <string.h>

#include "base/text.h"
#include "domain/search_found.h"

#define COLUMNS "SELECT d.id, d.number AS code, m.material_name AS name, d.remark AS description, 0 AS out_of_use FROM "
#define FIRST_LINE                                                                                                     \
    " JOIN document_lines l ON l.document_id = d.id AND l.line_no = 1 JOIN materials m ON m.id = l.material_id "
#define MINE "(CAST($3 AS BIGINT) IS NULL OR d.applicant_id = $3)"
#define RECENT(NEWEST)                                                                                                 \
    COLUMNS "(SELECT id, number FROM documents " NEWEST " LIMIT $2) AS n JOIN documents d ON d.id = n.id" FIRST_LINE      \
            "WHERE REPLACE(n.number, '-', '') LIKE $1 ESCAPE '\\' ORDER BY d.id DESC LIMIT $3"

/* $1, $2: from which number on and below which; $3: whose, NULL: anybody's; $4: how many. */
static const struct sql BY_NUMBER = {"search.document_numbers",
                                     COLUMNS "documents d" FIRST_LINE "WHERE d.number >= $1 AND d.number < $2 AND " MINE
                                             " ORDER BY d.number DESC LIMIT $4"};
/* $1: pattern; $2: how many are looked through; $3: how many are wanted; $4: whose. */
static const struct sql RECENT_OF_ALL = {"search.recent_documents", RECENT("ORDER BY id DESC")};
static const struct sql RECENT_OF_ONE = {"search.recent_documents_of_one",
                                         RECENT("WHERE applicant_id = $4 ORDER BY created_at DESC, id DESC")};
/* $1: material; $2: how many of its lines are looked through; $3: whose; $4: how many are wanted. */
static const struct sql OF_MATERIAL = {
    "search.documents_of_material",
    COLUMNS "(SELECT document_id FROM document_lines WHERE material_id = $1 ORDER BY document_id DESC LIMIT $2) AS x "
            "JOIN documents d ON d.id = x.document_id" FIRST_LINE "WHERE " MINE " ORDER BY d.id DESC LIMIT $4"};

#define LINES_OF_ALL 20   /* of a material: its newest documents */
#define LINES_OF_ONE 1000 /* … among which his are sought who sees his own only */

static const char *const fields[] = {"code", "name", NULL};

static enum rc collect(struct ctx *c, const struct search_query *q, const struct sql *sql, const struct db_value *args, size_t count,
                       struct search_found *out)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, sql, args, count, &rows));
    for (;;) {
        TRY(db_next(rows, &more));
        if (!more)
            return RC_OK;
        search_found_add(c, out, q, fields, DEMAND_NOTHING, rows); /* another line's material may be why */
    }
}

/* Whether the text could be a part of a number: IN20261123-0001. */
static bool may_be_number(const char *code)
{
    return *code && strspn(code, "INOUT0123456789") == strlen(code);
}

/* The number with its hyphen where it has one: behind letters and eight digits. */
static const char *as_number(struct ctx *c, const char *code)
{
    size_t letters = strspn(code, "INOUT"), digits = strspn(code + letters, "0123456789");
    if (digits <= 8 || code[letters + digits])
        return code;
    return arena_fmt(c->arena, "%.*s-%s", (int)(letters + 8), code, code + letters + 8);
}

static enum rc by_number(struct ctx *c, const struct search_query *q, struct db_value whose, size_t limit, struct search_found *out)
{
    static const char *const kinds[] = {"IN", "OUT", ""};
    bool sees_all = whose.type == DB_NULL;
    const char *number = as_number(c, q->code);
    for (size_t i = *number <= '9' ? 0 : 2; i < 3; i++) {
        const char *from = arena_fmt(c->arena, "%s%s", kinds[i], number);
        /* Who sees his own only finds the exact one here, the others among his recent ones: a range may be full of others'. */
        const char *below = arena_fmt(c->arena, "%s%s", from, sees_all ? "\U0010FFFF" : " ");
        TRY(collect(c, q, &BY_NUMBER, DB_ARGS(DB_T(from), DB_T(below), whose, DB_I(limit)), out));
    }
    const struct db_value args[] = {DB_T(text_like(c->arena, q->code)), DB_I(SEARCH_NUMBERS_RECENT), DB_I(limit), whose};
    return sees_all ? collect(c, q, &RECENT_OF_ALL, args, 3, out) : collect(c, q, &RECENT_OF_ONE, args, 4, out);
}

enum rc search_documents(struct ctx *c, const struct search_query *q, const struct search_found *materials, size_t limit,
                         struct search_found *out)
{
    bool sees_all = ctx_may(c, PERM_DOCUMENT_READ_ALL);
    struct db_value whose = sees_all ? DB_N : DB_I(c->actor.user_id);
    search_found_init(c, out, limit * (4 + materials->count));
    out->newest_first = true;
    if (may_be_number(q->code))
        TRY(by_number(c, q, whose, limit, out));
    for (size_t i = 0; i < materials->count; i++)
        TRY(collect(c, q, &OF_MATERIAL,
                    DB_ARGS(DB_I(materials->hits[i].id), DB_I(sees_all ? LINES_OF_ALL : LINES_OF_ONE), whose, DB_I(limit)), out));
    search_found_rank(out, limit);
    return RC_OK;
}
