/* The import from its beginning to its end, in one transaction. */
#include <string.h>

#include "base/text.h"
#include "legacy/import.h"

static const struct sql PRESENT = {
    "legacy.present", "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM materials) + (SELECT COUNT(*) FROM documents) + "
                      "(SELECT COUNT(*) FROM units) + (SELECT COUNT(*) FROM operation_log) AS n"}; /* of the first migration */
static const struct sql ADMINISTRATORS = {
    "legacy.administrators",
    "SELECT COUNT(*) AS n FROM users WHERE role = 'system_admin' AND status = 'active' AND password_hash LIKE '$2%'"};

/* Tables whose rows came with ids of their own: the next id follows the greatest. */
static const struct {
    const char *table;
    struct sql last;
} numbered[] = {
    {"users", {"legacy.last_user", "SELECT COALESCE(MAX(id), 0) AS n FROM users"}},
    {"materials", {"legacy.last_material", "SELECT COALESCE(MAX(id), 0) AS n FROM materials"}},
    {"material_code_history", {"legacy.last_code", "SELECT COALESCE(MAX(id), 0) AS n FROM material_code_history"}},
    {"documents", {"legacy.last_document", "SELECT COALESCE(MAX(id), 0) AS n FROM documents"}},
    {"count_tasks", {"legacy.last_task", "SELECT COALESCE(MAX(id), 0) AS n FROM count_tasks"}},
    {"count_items", {"legacy.last_item", "SELECT COALESCE(MAX(id), 0) AS n FROM count_items"}},
    {"notifications", {"legacy.last_notification", "SELECT COALESCE(MAX(id), 0) AS n FROM notifications"}},
};

enum rc legacy_target_is_empty(struct db *db, bool *empty)
{
    DB_ROWS rows = NULL;
    bool more;
    int version;
    TRY(db_schema_version(db, &version));
    *empty = version == 0;
    if (*empty)
        return RC_OK;
    TRY(db_start(db, &PRESENT, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    *empty = !more || db_int(rows, "n") == 0;
    return RC_OK;
}

static enum rc must_be_empty(struct legacy_import *im)
{
    bool empty;
    TRY(legacy_target_is_empty(im->c->db, &empty));
    return empty ? RC_OK
                 : error_say(&im->c->err, RC_INVALID_INPUT,
                             "目标数据库不是空的，未导入任何数据：请用 DB_PATH 或 DATABASE_URL 指定一个新的空数据库",
                             "The target database is not empty, nothing was imported: name a new, empty one with DB_PATH or DATABASE_URL");
}

static enum rc set_next_ids(struct legacy_import *im)
{
    for (size_t i = 0; i < sizeof numbered / sizeof *numbered; i++) {
        int64_t last, next;
        TRY(ctx_number(im->c, &numbered[i].last, DB_NO_ARGS, &last));
        if (last)
            TRY(ctx_number(im->c, &db_catalogue(im->c->db)->ids_after, DB_ARGS(DB_T(numbered[i].table), DB_I(last)), &next));
    }
    return RC_OK;
}

static enum rc log_import(struct legacy_import *im)
{
    const char *slash = strrchr(im->options->path, '/');
    struct legacy_result *r = im->result;
    im->c->now_ms = im->now_ms;
    im->c->actor.user_id = 0;
    total_add(&im->totals, TOTAL_TABLES, "operation_logs", SIDE_MADE, 1, DEC_ZERO);
    char month[CLOCK_TEXT_MAX];
    clock_print_row(im->now_ms, month);
    month[7] = '\0';
    total_add(&im->totals, TOTAL_LOGS, month, SIDE_MADE, 1, DEC_ZERO);
    TRY(audit_append(im->c,
                     &(struct audit_entry){
                         .module = "admin_data_management",
                         .action = "import",
                         .resource_type = "database",
                         .description = arena_fmt(im->c->arena, "导入旧系统数据: %s（物料 %lld，单据 %lld，未导入 %lld 行，调整单 %lld）",
                                                  slash ? slash + 1 : im->options->path, (long long)r->materials, (long long)r->documents,
                                                  (long long)r->left_out, (long long)r->adjustments)},
                     &im->log_end));
    return audit_end_chain(im->c, &im->log_end);
}

static void look_at_file(struct legacy_import *im)
{
    const char *damage = legacy_damage(im->file), *strange = legacy_strange_tables(im->file);
    im->result->damage = arena_dup(im->keep, damage);
    if (damage)
        *LIST_ADD(im->keep, im->notices) = arena_fmt(im->keep, "旧文件已损坏 / the old file is damaged: %s", damage);
    if (strange)
        *LIST_ADD(im->keep, im->notices) =
            arena_fmt(im->keep, "旧文件中不属于旧系统的表，未导入 / tables that are not the older system's, not imported: %s", strange);
    if (legacy_in_use(im->file))
        *LIST_ADD(im->keep, im->notices) = "旧系统仍打开着该文件：导入的是此刻的数据，之后的改动不在其中 / "
                                           "another program has the file open: what it writes from now on is not in the import";
}

static enum rc look_at_people(struct legacy_import *im)
{
    int64_t n;
    TRY(ctx_number(im->c, &ADMINISTRATORS, DB_NO_ARGS, &n));
    if (n == 0)
        *LIST_ADD(im->keep, im->notices) =
            "没有可登录的系统管理员：请用 mms user add 添加 / no administrator can sign in: add one with mms user add";
    return RC_OK;
}

static enum rc bring(struct legacy_import *im)
{
    TRY(must_be_empty(im));
    look_at_file(im);
    TRY(figures_stop(im));
    TRY(audit_begin_chain(im->c, &im->log_end));
    TRY(import_people(im));
    TRY(import_materials(im));
    TRY(read_documents(im));
    TRY(read_history(im));
    TRY(read_counts(im));
    TRY(import_logs(im));
    /* After all that name people, so that its id is nobody else's. */
    im->importer = im->last_user_id + 1;
    import_closed_account(im, im->importer, "数据导入", im->now_ms);
    TRY(im->rc);
    TRY(replay(im));
    TRY(import_counts(im));
    TRY(import_notifications(im));
    TRY(import_finish_materials(im));
    TRY(set_next_ids(im));
    TRY(look_at_people(im));
    TRY(log_import(im));
    TRY(figures_go_on(im));
    return ctx_changed(im->c, TOPIC_MATERIALS | TOPIC_STOCK | TOPIC_DOCUMENTS | TOPIC_USERS);
}

static enum rc conclude(struct legacy_import *im)
{
    bool agree = false;
    TRY(check_totals(im, &agree));
    bool keeps = agree && !im->options->dry_run && (!im->result->damage || im->options->accept_damage);
    im->result->kept = keeps;
    TRY(write_report(im, agree));
    if (!agree)
        return error_say(&im->c->err, RC_INTERNAL, "控制总数不一致，未导入任何数据：请保留报告",
                         "The control totals do not agree, nothing was imported: keep the report");
    im->result->complete = true;
    return keeps ? RC_OK : RC_NOTHING_TO_UPDATE;
}

static enum rc run(struct legacy_import *im)
{
    enum rc rc = legacy_open(im->options->path, im->keep, &im->file, &im->c->err);
    if (rc != RC_OK)
        return rc;
    rc = bring(im);
    if (rc == RC_OK)
        rc = conclude(im);
    legacy_close(im->file);
    return rc;
}

enum rc legacy_import(struct ctx *c, const struct legacy_options *options, struct legacy_result *result)
{
    struct arena *keep = c->arena, scratch;
    struct legacy_import *im = arena_new(keep, struct legacy_import);
    arena_init(&scratch);
    if (options->pictures)
        forget_pictures(options->pictures); /* of a run that was rolled back */
    buf_free(&result->report);
    *result = (struct legacy_result){0};
    *im = (struct legacy_import){.options = options, .result = result, .c = c, .keep = keep, .now_ms = c->now_ms};
    im->people.arena = im->material_ids.arena = im->document_ids.arena = im->task_ids.arena = im->item_keys.arena = im->numbers.arena =
        im->suffixes.arena = keep;
    im->totals.arena = keep;
    c->arena = &scratch;
    enum rc rc = run(im);
    c->arena = keep;
    c->err.zh = arena_dup(keep, c->err.zh);
    c->err.en = arena_dup(keep, c->err.en);
    c->err.members = arena_dup(keep, c->err.members);
    arena_free(&scratch);
    return rc;
}
