/* The figures that triggers keep (migration figures), and what was posted by quarter of an hour: not kept while very many rows come in, but counted once
 * at the end. */
#include "domain/bulk_change.h"
#include "legacy/import.h"

static const struct {
    const char *table, *trigger;
} keepers[] = {{"materials", "material_figures_follow"},
               {"documents", "pending_documents_in"},
               {"documents", "pending_documents_out"},
               {"operation_log", "log_head_follows"}};

static const struct sql OF_DOCUMENTS = {"legacy.pending_documents", /* as the migration counts them */
                                        "UPDATE pending_documents SET n = (SELECT COUNT(*) FROM documents WHERE status = 'pending')"};
/* As dashboard_posted adds it up, and with the same end of the range. */
static const struct sql OF_QUARTERS = {
    "legacy.posted_quarters",
    "INSERT INTO posted_quarters (quarter, kind, documents, quantity) SELECT d.approved_at / 900000, d.kind, "
    "SUM(CASE WHEN l.line_no = 1 THEN 1 ELSE 0 END), CASE WHEN SUM(l.quantity / 1000000) >= 9000000000000 THEN 9000000000000000000 "
    "ELSE CAST(SUM(l.quantity / 1000000) AS BIGINT) * 1000000 + CAST(SUM(l.quantity % 1000000) AS BIGINT) END "
    "FROM documents d JOIN document_lines l ON l.document_id = d.id WHERE d.status = 'approved' GROUP BY d.approved_at / 900000, d.kind"};

static enum rc set_all(struct legacy_import *im, bool on)
{
    for (size_t i = 0; i < sizeof keepers / sizeof *keepers; i++)
        TRY(db_set_trigger(im->c->db, keepers[i].table, keepers[i].trigger, on));
    return RC_OK;
}

enum rc figures_stop(struct legacy_import *im)
{
    TRY(db_expect_many(im->c->db));
    return set_all(im, false);
}

enum rc figures_go_on(struct legacy_import *im)
{
    if (im->rc == RC_OK)
        im->rc = bulk_change_count_figures(im->c);
    import_exec(im, &OF_DOCUMENTS, DB_NO_ARGS);
    import_exec(im, &OF_QUARTERS, DB_NO_ARGS);
    TRY(im->rc);
    return set_all(im, true);
}
