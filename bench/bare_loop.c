/* bare_loop DATABASE GROUP COUNT: approves COUNT pending one-line issue documents with the SQL
 * statements that the service runs for each, GROUP of them a commit, without network, JSON, queue
 * or threads. Prints approvals per second. What the service reaches is compared with this. */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CHECKPOINT_PAGES 2000 /* as the service */
#define PENDING_MAX 1000000

enum statement {
    BEGIN,
    COMMIT,
    DECISION_HEADER,
    COMPANY_SETTING,
    DOCUMENT_DECIDE,
    POSTING_LINES,
    RECENT_WINDOW,
    AVAILABLE,
    BALANCE_DEBIT,
    BALANCE_ADD,
    STOCK_ADD,
    MOVE_INSERT,
    QUARTER,
    CHANGED,
    AUDIT_INSERT,
    STATEMENT_COUNT
};

static const char *const texts[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [DECISION_HEADER] = "SELECT id, number AS transaction_code, CASE kind WHEN 'receipt' THEN 'in' "
                        "ELSE 'out' END AS transaction_type, purpose, status, applicant_id, "
                        "reverses_id, line_count FROM documents WHERE id = ?1",
    [COMPANY_SETTING] = "SELECT value FROM settings WHERE key = 'approval.own_documents'",
    [DOCUMENT_DECIDE] = "UPDATE documents SET status = 'approved', approver_id = 1, "
                        "approval_remark = NULL, updated_at = "
                        "?2, approved_at = ?2 WHERE id = ?1 AND status = 'pending'",
    [POSTING_LINES] =
        "SELECT id, line_no, material_id, quantity, amount, lot_id, location_id FROM document_lines WHERE "
        "document_id = ?1 ORDER BY line_no",
    [RECENT_WINDOW] = "SELECT from_at, until_at FROM recent_window WHERE id = 1",
    [AVAILABLE] =
        "SELECT b.lot_id, b.location_id, b.quantity, m.current_stock, m.stock_value, m.min_stock "
        "FROM balances b JOIN lots lo ON lo.id = b.lot_id JOIN materials m ON m.id = b.material_id "
        "WHERE b.material_id = ?1 AND b.is_real = 1 AND b.quantity > 0 AND (CAST(?2 AS BIGINT) IS "
        "NULL OR b.lot_id = ?2) AND (CAST(?3 AS BIGINT) IS NULL OR b.location_id = ?3) ORDER BY "
        "COALESCE(lo.expires_day, 9000000000), b.lot_id, b.location_id",
    [BALANCE_DEBIT] =
        "UPDATE balances SET quantity = quantity - ?4 WHERE material_id = ?1 AND lot_id = ?2 AND "
        "location_id = ?3",
    [BALANCE_ADD] = "INSERT INTO balances (material_id, lot_id, location_id, is_real, quantity) "
                    "VALUES (?1, ?2, ?3, ?4, "
                    "?5) ON CONFLICT (material_id, lot_id, location_id) DO UPDATE SET quantity = "
                    "balances.quantity + "
                    "excluded.quantity",
    [STOCK_ADD] = "UPDATE materials SET current_stock = current_stock + ?2, stock_value = "
                  "stock_value + ?3, move_count = move_count + 1, last_moved_at = ?4, "
                  "recent_moves = recent_moves + 1, recent_received = recent_received + ?5, "
                  "recent_issued = recent_issued + ?6 WHERE id = ?1 "
                  "RETURNING move_count",
    [MOVE_INSERT] = "INSERT INTO moves (document_id, line_id, material_id, lot_id, "
                    "from_location_id, to_location_id, "
                    "quantity, seq, stock_before, stock_after, value, posted_at, posted_by) "
                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 1)",
    [QUARTER] =
        "INSERT INTO posted_quarters (quarter, kind, documents, quantity) VALUES (?1, 'issue', 1, "
        "?2) ON CONFLICT (quarter, kind) DO UPDATE SET documents = posted_quarters.documents + 1, "
        "quantity = CASE WHEN posted_quarters.quantity > 9000000000000000000 - excluded.quantity "
        "THEN 9000000000000000000 ELSE posted_quarters.quantity + excluded.quantity END",
    [CHANGED] = "UPDATE change_counters SET materials = materials + 0, stock = stock + 1, "
               "documents = documents + 1, users = users + 0 WHERE id = 1",
    [AUDIT_INSERT] =
        "INSERT INTO operation_log (user_id, module, action, resource_type, resource_id, "
        "description, "
        "changes, ip_address, user_agent, request_id, created_at) VALUES (1, 'inventory', "
        "'approve', "
        "'transaction', ?1, '批准出库单: ' || ?2 || '（本人提交）', NULL, '127.0.0.1', NULL, "
        "'0123456789abcdef', ?3)",
};

static const char pragmas[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA "
                              "foreign_keys = ON; PRAGMA recursive_triggers = ON; "
                              "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; PRAGMA "
                              "temp_store = MEMORY; PRAGMA mmap_size = 0; "
                              "PRAGMA cache_size = -6000; PRAGMA journal_size_limit = 33554432;";

struct loop {
    sqlite3 *db;
    sqlite3_stmt *of[STATEMENT_COUNT];
    int64_t *ids;
    int64_t count;
};

static void must(const struct loop *l, int code, int wanted)
{
    if (code == wanted)
        return;
    fprintf(stderr, "bare_loop: %s\n", sqlite3_errmsg(l->db));
    exit(1);
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Binds whole numbers to ?1, ?2, ... and runs up to the first row, or to the end. */
static sqlite3_stmt *start(const struct loop *l, enum statement which, const int64_t *args, int n,
                           int wanted)
{
    sqlite3_stmt *s = l->of[which];
    for (int i = 0; i < n; i++)
        must(l, sqlite3_bind_int64(s, i + 1, args[i]), SQLITE_OK);
    must(l, sqlite3_step(s), wanted);
    return s;
}

#define ARGS(...)                                                                                  \
    (const int64_t[]){__VA_ARGS__}, (int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
#define NO_ARGS NULL, 0

static void finish(const struct loop *l, sqlite3_stmt *s)
{
    int code = SQLITE_ROW;
    while (code == SQLITE_ROW)
        code = sqlite3_step(s);
    must(l, code, SQLITE_DONE);
    must(l, sqlite3_reset(s), SQLITE_OK);
}

static void run(const struct loop *l, enum statement which, const int64_t *args, int n)
{
    must(l, sqlite3_reset(start(l, which, args, n, SQLITE_DONE)), SQLITE_OK);
}

static void write_move(const struct loop *l, int64_t document, int64_t line, int64_t material,
                       int64_t quantity, int64_t now)
{
    sqlite3_stmt *s = start(l, AVAILABLE, ARGS(material), SQLITE_ROW);
    int64_t lot = sqlite3_column_int64(s, 0), from = sqlite3_column_int64(s, 1), to = 2;
    int64_t stock = sqlite3_column_int64(s, 3), worth = sqlite3_column_int64(s, 4);
    must(l, sqlite3_reset(s), SQLITE_OK);
    run(l, BALANCE_DEBIT, ARGS(material, lot, from, quantity));
    run(l, BALANCE_ADD, ARGS(material, lot, to, 0, quantity));
    int64_t value = stock > 0 ? worth / stock * quantity : 0;
    s = start(l, STOCK_ADD, ARGS(material, -quantity, -value, now, 0, quantity),
              SQLITE_ROW);
    int64_t seq = sqlite3_column_int64(s, 0);
    finish(l, s);
    run(l, MOVE_INSERT,
        ARGS(document, line, material, lot, from, to, quantity, seq, stock, stock - quantity, value,
             now));
}

static void approve(const struct loop *l, int64_t id)
{
    int64_t now = clock_us(CLOCK_REALTIME) / 1000;
    sqlite3_stmt *document = start(l, DECISION_HEADER, ARGS(id), SQLITE_ROW);
    must(l,
         sqlite3_bind_text(l->of[AUDIT_INSERT], 2, (const char *)sqlite3_column_text(document, 1),
                           -1, SQLITE_TRANSIENT),
         SQLITE_OK);
    must(l, sqlite3_reset(document), SQLITE_OK);
    finish(l, start(l, COMPANY_SETTING, NO_ARGS, SQLITE_ROW));
    run(l, DOCUMENT_DECIDE, ARGS(id, now));
    sqlite3_stmt *s = start(l, POSTING_LINES, ARGS(id), SQLITE_ROW);
    int64_t line = sqlite3_column_int64(s, 0), material = sqlite3_column_int64(s, 2),
            quantity = sqlite3_column_int64(s, 3);
    finish(l, s);
    finish(l, start(l, RECENT_WINDOW, NO_ARGS, SQLITE_ROW));
    write_move(l, id, line, material, quantity, now);
    run(l, QUARTER, ARGS(now / 900000, quantity));
    run(l, CHANGED, NO_ARGS);
    must(l, sqlite3_bind_int64(l->of[AUDIT_INSERT], 3, now), SQLITE_OK);
    run(l, AUDIT_INSERT, ARGS(id));
}

static void approve_group(const struct loop *l, int64_t from, int64_t to)
{
    run(l, BEGIN, NO_ARGS);
    for (int64_t i = from; i < to; i++)
        approve(l, l->ids[i]);
    run(l, COMMIT, NO_ARGS);
}

static void read_pending(struct loop *l, int64_t most)
{
    sqlite3_stmt *s = NULL;
    must(l,
         sqlite3_prepare_v2(
             l->db, "SELECT id FROM documents WHERE status = 'pending' ORDER BY id LIMIT ?1", -1,
             &s, NULL),
         SQLITE_OK);
    must(l, sqlite3_bind_int64(s, 1, most), SQLITE_OK);
    while (l->count < most && sqlite3_step(s) == SQLITE_ROW)
        l->ids[l->count++] = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
}

static void open_database(struct loop *l, const char *path)
{
    must(l, sqlite3_open_v2(path, &l->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL),
         SQLITE_OK);
    must(l, sqlite3_exec(l->db, pragmas, NULL, NULL, NULL), SQLITE_OK);
    must(l, sqlite3_wal_autocheckpoint(l->db, CHECKPOINT_PAGES), SQLITE_OK);
    for (int i = 0; i < STATEMENT_COUNT; i++)
        must(l, sqlite3_prepare_v3(l->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &l->of[i], NULL),
             SQLITE_OK);
}

static void close_database(struct loop *l)
{
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(l->of[i]);
    sqlite3_close(l->db);
    free(l->ids);
}

int main(int argc, char **argv)
{
    long group = argc == 4 ? strtol(argv[2], NULL, 10) : 0,
         count = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
    if (group < 1 || count < 1 || count > PENDING_MAX) {
        fprintf(stderr, "usage: bare_loop DATABASE GROUP COUNT\n");
        return 64;
    }
    struct loop l = {0};
    l.ids = calloc((size_t)count, sizeof *l.ids);
    if (!l.ids)
        abort();
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    open_database(&l, argv[1]);
    read_pending(&l, count);
    if (l.count == 0) {
        fprintf(stderr, "bare_loop: no pending documents\n");
        return 1;
    }
    int64_t began = clock_us(CLOCK_MONOTONIC);
    for (int64_t i = 0; i < l.count; i += group)
        approve_group(&l, i, i + group < l.count ? i + group : l.count);
    int64_t took = clock_us(CLOCK_MONOTONIC) - began;
    printf("%lld\n", (long long)(l.count * 1000000 / (took ? took : 1)));
    close_database(&l);
    return 0;
}
