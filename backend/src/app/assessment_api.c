/* GET /api/admin/assessment: whether to move to PostgreSQL, with what this instance has not noted of its writer's queue yet. */
#include "domain/assessment_measure.h"

#include "app/app.h"
#include "app/queue_notes.h"
#include "domain/audit.h"
#include "domain/reply.h"

static enum rc get_assessment(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct assessment as;
    TRY(assessment_read(c, &as));
    if (!as.on_server)
        TRY(assessment_last_measured(c, &as.machine));
    struct assessment_queue rest = queue_notes_rest(call->app->queue_notes);
    assessment_add_queue(&as, &rest, c->now_ms);
    assessment_advise(c->arena, &as);
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    assessment_write(&w, &as);
    return reply_end(call, &w);
}

static enum rc post_measure(struct call *call)
{
    struct ctx *c = &call->ctx;
    int64_t job_id;
    if (db_is_server(c->settings->database))
        return error_set(&c->err, RC_MEASURE_ELSEWHERE);
    TRY(job_none_open(c, assessment_measure_job.name, 0));
    TRY(job_add(c, &assessment_measure_job, 0, NULL, &job_id));
    TRY(audit_write(c, &(struct audit_entry){.module = "admin_data_management", .action = "measure", .description = "测量本机写入能力"}));
    return job_reply(call, "开始测量", "The measurement has begun", job_id);
}

static const struct route assessment_routes[] = {
    ROUTE("GET", "/api/admin/assessment", LANE_SLOW, PERM_DATABASE_READ, NULL, get_assessment, "PostgreSQL 迁移评估", .parts = assessment_parts),
    ROUTE("POST", "/api/admin/assessment/measure", LANE_WRITE, PERM_DATABASE_READ, NULL, post_measure, "测量本机写入能力（后台任务）", .status = 202,
          .parts = PARTS({"id"}, {"jobId"}), .refusals = REFUSALS(RC_MEASURE_ELSEWHERE, RC_JOB_OPEN)),
};
const struct module assessment_module = MODULE("assessment", "迁移评估", assessment_routes);
