/* mms verify: proves that ledger, balances, stock and documents agree. Each proof is one statement that gives the rows which
 * break it; the first broken proof ends the run with its rows and exit code 1. */
#include "ops/verify.h"

struct proof {
    const char *what;          /* "balances equal the ledger" */
    struct sql counted;        /* how many things were compared: column n */
    struct sql broken;         /* columns: row (text naming it), expected, found */
};

#define MAX_ROWS_SHOWN 20

/* Of what comes and goes for years: each way may pass 64 bits, where what is left of it does not. */
#define NET_SUM(X) "(SUM((" X ") / 1000000) * 1000000 + SUM((" X ") % 1000000))"

/* A column of material_figures beside what it must be. */
#define OF_MATERIALS(NAME, THERE, FIGURE)                                                                              \
    "SELECT '" NAME "' AS figure, category, status, " THERE " AS there, 0 AS kept FROM materials GROUP BY category, status UNION ALL " \
    "SELECT '" NAME "', category, status, 0, " FIGURE " FROM material_figures"
#define OF_UNITS(NAME, THERE, FIGURE)                                                                                  \
    "SELECT '" NAME "' AS figure, category, status, unit_id, " THERE " AS there, 0 AS kept FROM materials GROUP BY category, status, "   \
    "unit_id UNION ALL SELECT '" NAME "', category, status, unit_id, 0, " FIGURE " FROM unit_figures"
#define IF_MOVED(WAY) "SUM(CASE WHEN stock_after " WAY " stock_before THEN quantity ELSE 0 END)"

/* What is added to an id in the index (domain/search_index.h). */
#define SEARCH_ENTRY(KIND, OUT_OF_USE) KIND " * 2251799813685248 + CASE WHEN " OUT_OF_USE " THEN 1125899906842624 ELSE 0 END"

static const struct proof proofs[] = {
    {"per material and lot, the sum over all locations is zero",
     {"verify.lots", "SELECT COUNT(*) AS n FROM lots"},
     {"verify.zero_sum",
      "SELECT 'material ' || material_id || ' lot ' || lot_id AS thing, 0 AS expected, CAST(" NET_SUM("quantity") " AS BIGINT) AS found "
      "FROM balances GROUP BY material_id, lot_id HAVING " NET_SUM("quantity") " <> 0 ORDER BY 1"}},
    {"balances equal the ledger",
     {"verify.balances", "SELECT COUNT(*) AS n FROM balances"},
     {"verify.balances_ledger",
      "SELECT 'material ' || material_id || ' lot ' || lot_id || ' location ' || location_id AS thing, "
      "CAST(" NET_SUM("ledger") " AS BIGINT) AS expected, CAST(SUM(balance) AS BIGINT) AS found FROM ("
      "SELECT material_id, lot_id, to_location_id AS location_id, quantity AS ledger, 0 AS balance FROM moves UNION ALL "
      "SELECT material_id, lot_id, from_location_id, -quantity, 0 FROM moves UNION ALL "
      "SELECT material_id, lot_id, location_id, 0, quantity FROM balances) AS both_sides "
      "GROUP BY material_id, lot_id, location_id HAVING " NET_SUM("ledger") " <> SUM(balance) ORDER BY 1"}},
    {"no real location has a negative balance",
     {"verify.real", "SELECT COUNT(*) AS n FROM balances WHERE is_real = 1"},
     {"verify.negative",
      "SELECT 'material ' || b.material_id || ' lot ' || b.lot_id || ' location ' || b.location_id AS thing, 0 AS expected, "
      "b.quantity AS found FROM balances b JOIN locations l ON l.id = b.location_id "
      "WHERE (l.is_real = 1 AND b.quantity < 0) OR l.is_real <> b.is_real ORDER BY 1"}},
    {"a material's stock equals its balances",
     {"verify.materials", "SELECT COUNT(*) AS n FROM materials"},
     {"verify.stock",
      "SELECT 'material ' || m.id || ' (' || m.material_code || ')' AS thing, CAST(COALESCE((SELECT SUM(b.quantity) FROM "
      "balances b WHERE b.material_id = m.id AND b.is_real = 1), 0) AS BIGINT) AS expected, m.current_stock AS found "
      "FROM materials m WHERE m.current_stock <> COALESCE((SELECT SUM(b.quantity) FROM balances b "
      "WHERE b.material_id = m.id AND b.is_real = 1), 0) ORDER BY m.id"}},
    {"every line of an approved document has moves of exactly its quantity",
     {"verify.lines", "SELECT COUNT(*) AS n FROM document_lines l JOIN documents d ON d.id = l.document_id "
                      "WHERE d.status = 'approved'"},
     {"verify.line_moves",
      "SELECT 'document ' || d.id || ' (' || d.number || ') line ' || l.line_no AS thing, l.quantity AS expected, "
      "CAST(COALESCE(SUM(v.quantity), 0) AS BIGINT) AS found FROM documents d JOIN document_lines l ON l.document_id = d.id "
      "LEFT JOIN moves v ON v.line_id = l.id AND v.document_id = d.id AND v.material_id = l.material_id "
      "WHERE d.status = 'approved' GROUP BY d.id, d.number, l.line_no, l.quantity "
      "HAVING COALESCE(SUM(v.quantity), 0) <> l.quantity ORDER BY d.id"}},
    {"no other document has moves, and no move is without its line",
     {"verify.moves", "SELECT COUNT(*) AS n FROM moves"},
     {"verify.stray_moves",
      "SELECT 'move ' || v.id || ' of document ' || v.document_id AS thing, 0 AS expected, v.quantity AS found FROM moves v "
      "LEFT JOIN documents d ON d.id = v.document_id LEFT JOIN document_lines l ON l.id = v.line_id "
      "WHERE d.id IS NULL OR d.status <> 'approved' OR l.id IS NULL OR l.document_id <> v.document_id "
      "OR l.material_id <> v.material_id ORDER BY v.id"}},
    {"moves go the way of their document",
     {"verify.ways", "SELECT COUNT(*) AS n FROM moves"},
     {"verify.directions",
      "SELECT 'move ' || v.id || ' of document ' || d.number AS thing, CASE d.kind WHEN 'receipt' THEN v.quantity ELSE "
      "-v.quantity END AS expected, v.stock_after - v.stock_before AS found FROM moves v JOIN documents d ON "
      "d.id = v.document_id JOIN locations f ON f.id = v.from_location_id JOIN locations t ON t.id = v.to_location_id "
      "WHERE v.stock_after - v.stock_before <> CASE d.kind WHEN 'receipt' THEN v.quantity ELSE -v.quantity END "
      "OR (d.kind = 'receipt') <> (f.is_real = 0) OR f.is_real + t.is_real <> 1 ORDER BY v.id"}},
    {"each material's history is continuous",
     {"verify.chained", "SELECT COUNT(*) AS n FROM moves"},
     {"verify.history",
      "SELECT 'move ' || id || ' of material ' || material_id || ' (seq ' || seq || ')' AS thing, previous AS expected, "
      "stock_before AS found FROM (SELECT id, material_id, seq, stock_before, "
      "COALESCE(LAG(stock_after) OVER (PARTITION BY material_id ORDER BY seq), 0) AS previous, "
      "ROW_NUMBER() OVER (PARTITION BY material_id ORDER BY seq) AS place FROM moves) AS chain "
      "WHERE stock_before <> previous OR seq <> place ORDER BY id"}},
    {"each material's history ends at its stock",
     {"verify.ends", "SELECT COUNT(*) AS n FROM materials WHERE move_count > 0"},
     {"verify.last_move",
      "SELECT 'material ' || m.id || ' (' || m.material_code || ') after ' || m.move_count || ' moves' AS thing, "
      "COALESCE((SELECT v.stock_after FROM moves v WHERE v.material_id = m.id AND v.seq = m.move_count), 0) AS expected, "
      "m.current_stock AS found FROM materials m WHERE m.current_stock <> COALESCE((SELECT v.stock_after FROM moves v "
      "WHERE v.material_id = m.id AND v.seq = m.move_count), 0) "
      "OR m.move_count <> (SELECT COUNT(*) FROM moves v WHERE v.material_id = m.id) ORDER BY m.id"}},
    {"a material's value equals what its moves brought and took",
     {"verify.values", "SELECT COUNT(*) AS n FROM materials"},
     {"verify.value_sums",
      "SELECT 'value of material ' || m.id || ' (' || m.material_code || ')' AS thing, CAST(COALESCE(v.worth, 0) AS BIGINT) AS "
      "expected, m.stock_value AS found FROM materials m LEFT JOIN (SELECT material_id, "
      NET_SUM("CASE WHEN stock_after > stock_before THEN value ELSE -value END") " AS worth FROM moves GROUP BY material_id) AS v "
      "ON v.material_id = m.id WHERE m.stock_value <> COALESCE(v.worth, 0) OR (m.current_stock = 0 AND m.stock_value <> 0) "
      "ORDER BY m.id"}},
    {"the figures of each quarter of an hour equal its documents",
     {"verify.quarters", "SELECT COUNT(*) AS n FROM posted_quarters"},
     {"verify.figures",
      "SELECT kind || 's posted in quarter ' || quarter AS thing, CAST(SUM(posted) AS BIGINT) AS expected, "
      "CAST(SUM(figure) AS BIGINT) AS found FROM (SELECT kind, approved_at / 900000 AS quarter, 1 AS posted, 0 AS figure "
      "FROM documents WHERE status = 'approved' UNION ALL SELECT kind, quarter, 0, documents FROM posted_quarters) AS both_sides "
      "GROUP BY kind, quarter HAVING SUM(posted) <> SUM(figure) ORDER BY 1"}},
    {"the figures of each category equal its materials",
     {"verify.categories", "SELECT COUNT(*) AS n FROM material_figures"},
     {"verify.material_figures",
      "SELECT figure || ' of ' || status || ' materials of category ' || category AS thing, CAST(SUM(there) AS BIGINT) AS expected, "
      "CAST(SUM(kept) AS BIGINT) AS found FROM ("
      OF_MATERIALS("number", "COUNT(*)", "materials") " UNION ALL "
      OF_MATERIALS("low stocks", "SUM(CASE WHEN min_stock > 0 AND current_stock <= min_stock THEN 1 ELSE 0 END)", "low") " UNION ALL "
      OF_MATERIALS("stock, wholes", "SUM(current_stock / 1000000)", "stock_wholes") " UNION ALL "
      OF_MATERIALS("stock, millionths", "SUM(current_stock % 1000000)", "stock_millionths") " UNION ALL "
      OF_MATERIALS("value, wholes", "SUM(stock_value / 1000000)", "value_wholes") " UNION ALL "
      OF_MATERIALS("value, millionths", "SUM(stock_value % 1000000)", "value_millionths")
      ") AS both_sides GROUP BY figure, category, status HAVING SUM(there) <> SUM(kept) ORDER BY 1"}},
    {"the figures of each unit equal its materials",
     {"verify.units", "SELECT COUNT(*) AS n FROM unit_figures"},
     {"verify.unit_figures",
      "SELECT figure || ' of ' || status || ' materials of category ' || category || ' in unit ' || unit_id AS thing, CAST(SUM(there) AS "
      "BIGINT) AS expected, CAST(SUM(kept) AS BIGINT) AS found FROM ("
      OF_UNITS("number", "COUNT(*)", "materials") " UNION ALL "
      OF_UNITS("stock, wholes", "SUM(current_stock / 1000000)", "stock_wholes") " UNION ALL "
      OF_UNITS("stock, millionths", "SUM(current_stock % 1000000)", "stock_millionths")
      ") AS both_sides GROUP BY figure, category, status, unit_id HAVING SUM(there) <> SUM(kept) ORDER BY 1"}},
    {"the number of waiting documents is theirs",
     {"verify.pending", "SELECT COUNT(*) AS n FROM documents WHERE status = 'pending'"},
     {"verify.pending_documents",
      "SELECT 'pending documents' AS thing, d.n AS expected, p.n AS found FROM (SELECT COALESCE(MAX(n), -1) AS n FROM pending_documents) "
      "AS p CROSS JOIN (SELECT COUNT(*) AS n FROM documents WHERE status = 'pending') AS d WHERE d.n <> p.n"}},
    {"the figures of the last days equal each material's moves",
     {"verify.recent", "SELECT COUNT(*) AS n FROM materials WHERE recent_moves > 0"},
     {"verify.recent_moves",
      "SELECT what || ' lately, of material ' || m.id || ' (' || m.material_code || ')' AS thing, CAST(there AS BIGINT) AS expected, "
      "kept AS found FROM (SELECT m.id, f.what, CASE f.what WHEN 'moves' THEN m.recent_moves WHEN 'received' THEN m.recent_received "
      "ELSE m.recent_issued END AS kept, COALESCE(CASE f.what WHEN 'moves' THEN v.moves WHEN 'received' THEN v.received "
      "ELSE v.issued END, 0) AS there FROM materials m CROSS JOIN (SELECT 'moves' AS what UNION ALL SELECT 'received' UNION ALL "
      "SELECT 'issued') AS f LEFT JOIN (SELECT material_id, COUNT(*) AS moves, " IF_MOVED(">") " AS received, "
      IF_MOVED("<") " AS issued FROM moves WHERE posted_at >= (SELECT from_at FROM recent_window) GROUP BY material_id) "
      "AS v ON v.material_id = m.id) AS both_sides JOIN materials m ON m.id = both_sides.id WHERE there <> kept ORDER BY m.id, what"}},
    {"each material last moved when its last move says",
     {"verify.moved", "SELECT COUNT(*) AS n FROM materials WHERE move_count > 0"},
     {"verify.last_moved",
      "SELECT 'last move of material ' || m.id || ' (' || m.material_code || ')' AS thing, COALESCE(v.posted_at, 0) AS expected, "
      "COALESCE(m.last_moved_at, 0) AS found FROM materials m LEFT JOIN moves v ON v.material_id = m.id AND v.seq = m.move_count "
      "WHERE COALESCE(v.posted_at, 0) <> COALESCE(m.last_moved_at, 0) ORDER BY m.id"}},
    {"the search index holds exactly what there is",
     {"verify.searched", "SELECT COUNT(*) AS n FROM search_tokens"},
     {"verify.search_index",
      "SELECT 'entry ' || entry AS thing, CAST(SUM(there) AS BIGINT) AS expected, CAST(SUM(kept) AS BIGINT) AS found FROM ("
      "SELECT id + " SEARCH_ENTRY("1", "status <> 'active'") " AS entry, 1 AS there, 0 AS kept FROM materials UNION ALL "
      "SELECT id + " SEARCH_ENTRY("2", "status <> 'active'") ", 1, 0 FROM users WHERE status <> 'closed' UNION ALL "
      "SELECT id + " SEARCH_ENTRY("3", "1 = 0") ", 1, 0 FROM count_tasks UNION ALL "
      "SELECT rowid, 0, 1 FROM search_tokens) AS both_sides GROUP BY entry HAVING SUM(there) <> SUM(kept) ORDER BY entry"}},
    {"documents have all their lines, and amounts add up",
     {"verify.documents", "SELECT COUNT(*) AS n FROM documents"},
     {"verify.document_sums",
      "SELECT 'document ' || d.id || ' (' || d.number || ')' AS thing, d.line_count AS expected, COUNT(l.id) AS found "
      "FROM documents d LEFT JOIN document_lines l ON l.document_id = d.id GROUP BY d.id, d.number, d.line_count, "
      "d.total_amount, d.purpose HAVING COUNT(l.id) <> d.line_count "
      "OR (d.purpose <> 'reversal' AND COALESCE(SUM(l.amount), 0) <> COALESCE(d.total_amount, 0)) ORDER BY d.id"}},
    {"document numbers have no gaps (those that this program gave out)",
     {"verify.numbers", "SELECT COUNT(*) AS n FROM document_numbers"},
     {"verify.gaps",
      "SELECT 'numbers of kind ' || n.prefix || ', ' || n.last || ' given out' AS thing, CAST(n.total AS BIGINT) AS expected, "
      "(SELECT COUNT(*) FROM documents d WHERE d.imported = 0 AND d.kind = CASE n.prefix WHEN 'IN' THEN 'receipt' ELSE 'issue' END) AS found "
      "FROM (SELECT prefix, SUM(last) AS total, MAX(last) AS last FROM document_numbers WHERE prefix IN ('IN', 'OUT') "
      "GROUP BY prefix) AS n "
      "WHERE n.total <> (SELECT COUNT(*) FROM documents d WHERE d.imported = 0 AND d.kind = CASE n.prefix WHEN 'IN' THEN 'receipt' ELSE 'issue' "
      "END) ORDER BY 1"}},
};

struct outcome {
    const struct proof *proof;
    bool silent;
    int64_t counted, broken;
};

static enum rc prove(struct ctx *c, struct outcome *o)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(ctx_number(c, &o->proof->counted, DB_NO_ARGS, &o->counted));
    TRY(db_start(c->db, &o->proof->broken, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    for (; more; o->broken++) {
        if (o->broken < MAX_ROWS_SHOWN && !o->silent)
            printf("     %s: expected %lld, found %lld (millionths)\n", db_text(rows, "thing"),
                   (long long)db_int(rows, "expected"), (long long)db_int(rows, "found"));
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

enum rc verify_all(struct ctx *c, void *arg)
{
    struct verify *v = arg;
    for (size_t i = 0; i < sizeof proofs / sizeof *proofs; i++) {
        struct outcome o = {.proof = &proofs[i], .silent = v->silent};
        TRY(prove(c, &o));
        v->proofs++;
        v->failed = o.broken > 0;
        v->what = proofs[i].what;
        if (!v->silent && (v->failed || !v->quiet))
            printf("%s  %s (%lld compared%s)\n", o.broken ? "FAIL" : "ok  ", o.proof->what, (long long)o.counted,
                   o.broken ? arena_fmt(c->arena, ", %lld differ", (long long)o.broken) : "");
        if (v->failed)
            return RC_OK;
    }
    return RC_OK;
}

static int run(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct tool t;
    struct verify v = {0};
    int code = tool_settings(&t, "verify", false);
    if (code != EXIT_OK)
        return code;
    code = tool_read(&t, "verify", verify_all, &v);
    arena_free(&t.arena);
    return code == EXIT_OK && v.failed ? EXIT_FAILED : code;
}

const struct command verify_command = {
    .name = "verify",
    .summary = "prove that ledger, balances, stock and documents agree",
    .help = "usage: mms verify\n\nReads one snapshot of the database, also while the service runs. Prints each proof and how many\n"
            "things it compared; ends at the first that fails, naming the rows, with exit code 1.\n",
    .run = run,
};
