/* GET /api/admin/assessment: whether to move to PostgreSQL, with what this process knows of its writer's queue. */
#include "domain/assessment.h"

#include "app/app.h"
#include "domain/reply.h"

/* Values above the bound; a bucket's own bound belongs to it. */
static int64_t count_above(const struct histogram *h, int64_t bound)
{
    int64_t n = 0;
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS_MAX; i++) {
        if (!h->bounds[i] || h->bounds[i] > bound)
            n += atomic_load(&h->counts[i]);
        if (!h->bounds[i])
            break;
    }
    return n;
}

static enum rc get_assessment(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct db_writer_stats stats;
    struct assessment as;
    TRY(assessment_read(c, &as));
    db_writer_stats(call->app->writer, &stats);
    const struct assessment_queue queue = {call->app->started_ms, stats.jobs, count_above(stats.wait, ASSESSMENT_SLOW_US), stats.longest_wait_us};
    as.queue = &queue;
    assessment_advise(c->arena, &as);
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    assessment_write(&w, &as);
    return reply_end(call, &w);
}

static const struct route assessment_routes[] = {
    ROUTE("GET", "/api/admin/assessment", LANE_SLOW, PERM_DATABASE_READ, NULL, get_assessment, "PostgreSQL 迁移评估", .parts = assessment_parts),
};
const struct module assessment_module = MODULE("assessment", "迁移评估", assessment_routes);
