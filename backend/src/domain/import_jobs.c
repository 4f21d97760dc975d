/* Commit and undo: one transaction with the import's state, what it stores, and the job's end. */
#include "domain/audit.h"
#include "domain/bulk_change.h"
#include "domain/import_rows.h"

static const struct sql SET_DONE = {"import.set_done", "UPDATE imports SET status = 'done', done_by = $2, done_at = $3, updated_at = $3 WHERE "
                                                       "id = $1 AND status = 'checked'"};
static const struct sql SET_UNDONE = {"import.set_undone", "UPDATE imports SET status = 'undone', undone_by = $2, undone_at = $3, updated_at "
                                                           "= $3 WHERE id = $1 AND status = 'done'"};
static const struct sql COUNT_ROWS = {"import.count_rows", "SELECT COUNT(*) AS n FROM import_rows WHERE import_id = $1 AND outcome = $2"};

enum rc import_count_rows(struct ctx *c, int64_t id, const char *outcome, int64_t *n)
{
    return ctx_number(c, &COUNT_ROWS, DB_ARGS(DB_I(id), DB_T(outcome)), n);
}

enum rc import_count_work(struct ctx *c, int64_t id, int64_t *n)
{
    int64_t created, changed, lines;
    TRY(import_count_rows(c, id, "create", &created));
    TRY(import_count_rows(c, id, "change", &changed));
    TRY(import_count_rows(c, id, "line", &lines));
    *n = created + changed + lines;
    return RC_OK;
}

struct deed {
    struct job_run *run;
    struct import im;
    int64_t total; /* rows */
    bool undoes;
};

static enum rc do_all(struct ctx *c, const struct deed *d,
                      enum rc (*all)(struct job_run *run, struct ctx *c, const struct import *im, struct json_writer *w), struct json_writer *w)
{
    struct bulk_change bulk;
    if (d->total < BULK_CHANGE_ROWS)
        return all(d->run, c, &d->im, w);
    TRY(bulk_change_begin(c, &bulk));
    return bulk_change_end(c, all(d->run, c, &d->im, w));
}

static enum rc carry_out(struct ctx *c, const struct deed *d, struct json_writer *w)
{
    const struct import_kind *kind = import_kind_of(d->im.kind);
    int64_t changed;
    TRY(db_exec(c->db, d->undoes ? &SET_UNDONE : &SET_DONE, DB_ARGS(DB_I(d->im.id), DB_I(c->actor.user_id), DB_I(c->now_ms)), &changed));
    if (!changed)
        return error_set(&c->err, RC_IMPORT_STATE);
    TRY(do_all(c, d, d->undoes ? kind->undo : kind->commit, w));
    return audit_write(c, &(struct audit_entry){.module = "imports", .action = d->undoes ? "undo" : "import", .resource_type = "import",
                                                .resource_id = d->im.id,
                                                .description = arena_fmt(c->arena, "%s%s: %s", d->undoes ? "撤销导入" : "导入", kind->title,
                                                                         d->im.file_name)});
}

static enum rc run_deed(struct ctx *c, void *arg)
{
    struct deed *d = arg;
    struct buf text;
    struct json_writer w;
    buf_init(&text, HTTP_ANSWER_MAX);
    jw_init(&w, &text, false);
    jw_object(&w);
    jw_member_int(&w, "importId", d->im.id);
    enum rc rc = carry_out(c, d, &w);
    jw_object_end(&w);
    d->run->result = rc == RC_OK ? arena_dup(c->arena, buf_text(&text)) : NULL;
    buf_free(&text);
    return rc;
}

static enum rc run_in_one(struct job_run *run, bool undoes)
{
    struct deed d = {.run = run, .undoes = undoes};
    TRY(import_get(&run->ctx, run->subject_id, &d.im));
    TRY(ctx_require(&run->ctx, import_kind_of(d.im.kind)->permission));
    TRY(import_count_work(&run->ctx, d.im.id, &d.total));
    TRY(job_tell(run, 0, d.total));
    return job_write_last(run, run_deed, &d);
}

static enum rc run_commit(struct job_run *run)
{
    return run_in_one(run, false);
}

static enum rc run_undo(struct job_run *run)
{
    return run_in_one(run, true);
}

const struct job_kind import_commit_job = {"import.commit", "导入", "Import", PERM_DOCUMENT_CREATE, run_commit};
const struct job_kind import_undo_job = {"import.undo", "撤销导入", "Undoing of an import", PERM_DOCUMENT_CREATE, run_undo};
