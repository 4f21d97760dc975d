/* GET /api/admin/assessment: whether to move to PostgreSQL, with what this instance has not noted of its writer's queue yet. */
#include "domain/assessment.h"

#include "app/app.h"
#include "app/queue_notes.h"
#include "domain/reply.h"

static enum rc get_assessment(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct assessment as;
    TRY(assessment_read(c, &as));
    struct assessment_queue rest = queue_notes_rest(call->app->queue_notes);
    assessment_add_queue(&as, &rest, c->now_ms);
    assessment_advise(c->arena, &as);
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    assessment_write(&w, &as);
    return reply_end(call, &w);
}

static const struct route assessment_routes[] = {
    ROUTE("GET", "/api/admin/assessment", LANE_SLOW, PERM_DATABASE_READ, NULL, get_assessment, "PostgreSQL 迁移评估", .parts = assessment_parts),
};
const struct module assessment_module = MODULE("assessment", "迁移评估", assessment_routes);
