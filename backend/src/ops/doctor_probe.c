/* mms doctor: whether what runs does its work, fast enough, and whether somebody would be told if it did not. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "domain/route.h"
#include "ops/doctor.h"

#define SPEED_TRIES 15

void doctor_health(struct doctor *d)
{
    struct doctor_answer a;
    doctor_get(d, "/api/health", NULL, &a);
    const struct json *status = json_member(a.json, "status"), *checks = json_member(a.json, "checks"), *database = json_member(checks, "database");
    bool fine = status && status->type == JSON_STRING && text_equal(status->text, "ok");
    if (a.status != 200 || !fine || !database)
        doctor_failed(d, "mms health; docker logs mms-backend-prod", "%s/api/health: %s%s%s", d->options.url, doctor_shown(d, &a),
                      status && status->type == JSON_STRING ? " " : "", status && status->type == JSON_STRING ? status->text : "");
    else
        doctor_ok(d, "%s: ok，%lld 毫秒 / ms", d->options.url, (long long)(a.took_us / 1000));
}

/* ---------------------------------------------------------------- reading */

static bool signed_in(struct doctor *d)
{
    if (doctor_sign_in(d))
        return true;
    doctor_no_session(d);
    return false;
}

/* Every list that the account may read. What a service token may, only its answers tell. */
static bool read_lists(struct doctor *d, size_t *count)
{
    struct doctor_answer a;
    bool knows = d->session.is_person;
    for (size_t i = 0; i < module_count; i++)
        for (size_t k = 0; k < modules[i]->route_count; k++) {
            const struct route *route = &modules[i]->routes[k];
            bool is_list = route->list && !route->export && text_equal(route->http.method, "GET") && !strchr(route->http.path, ':');
            if (!is_list || (knows && route->permission > PERM_SIGNED_IN && !set_permits(d->session.permissions, route->permission)))
                continue;
            doctor_get(d, route->http.path, d->session.token, &a);
            /* 400: a list that wants to be told more, and says so. */
            if ((!knows && a.status == 403) || (a.status == 400 && text_equal(doctor_code(&a), "invalid_input")))
                continue;
            if (a.status != 200 || !json_member(a.json, "data")) {
                doctor_failed(d, "docker logs mms-backend-prod", "GET %s: %s", route->http.path, doctor_shown(d, &a));
                return false;
            }
            ++*count;
        }
    return true;
}

void doctor_functions(struct doctor *d)
{
    size_t count = 0;
    struct doctor_answer page;
    if (!signed_in(d) || !read_lists(d, &count))
        return;
    doctor_get(d, "/", NULL, &page);
    bool is_page = page.status == 200 && strstr(page.body, "id=\"app\"");
    if (!is_page && (page.status != 404 || d->settings.web_dir || text_starts(d->options.url, "https://")))
        doctor_failed(d, "docker logs mms-frontend-prod", "GET /: %s", doctor_shown(d, &page));
    else if (count == 0)
        doctor_failed(d, "MMS_DOCTOR_USER, MMS_DOCTOR_TOKEN", "此账户不能读取任何列表 / the account may read no list at all");
    else
        doctor_ok(d, "登录，%zu 个列表%s / signed in, so many lists%s", count, is_page ? "，页面" : "", is_page ? ", and the page" : "");
}

/* ---------------------------------------------------------------- writing */

static int64_t id_of(const struct json *row)
{
    int64_t id = 0;
    const struct json *v = json_member(row, "id");
    return v && json_to_int(v, &id) ? id : 0;
}

static void make_and_withdraw(struct doctor *d, int64_t material)
{
    struct doctor_answer made, gone, read;
    doctor_send(d, "POST", "/api/inventory", d->session.token,
                arena_fmt(d->arena, "{\"transactionType\":\"in\",\"materialId\":%lld,\"quantity\":1,\"remark\":\"mms doctor：试运行，随即取消\"}", (long long)material), &made);
    int64_t id = id_of(json_member(made.json, "data"));
    if (made.status != 201 || id == 0) {
        doctor_failed(d, "docker logs mms-backend-prod", "POST /api/inventory: %s", doctor_shown(d, &made));
        return;
    }
    const char *path = arena_fmt(d->arena, "/api/inventory/%lld", (long long)id);
    doctor_send(d, "PUT", arena_fmt(d->arena, "%s/cancel", path), d->session.token, "{}", &gone);
    doctor_get(d, path, d->session.token, &read);
    const struct json *status = doctor_data(&read, "status");
    if (gone.status != 200 || !status || status->type != JSON_STRING || !text_equal(status->text, "cancelled"))
        doctor_failed(d, arena_fmt(d->arena, "PUT %s/cancel", path), "%s 未能取消 / could not be withdrawn: %s", path, doctor_shown(d, &gone));
    else
        doctor_ok(d, "%s 已新建并取消，库存未变 / made and withdrawn; no stock has moved", path);
}

void doctor_writes(struct doctor *d)
{
    struct doctor_answer a;
    if (!d->options.write_probe) {
        doctor_not_applicable(d, "--write-probe", "未允许写入 / writing was not allowed");
        return;
    }
    if (!signed_in(d))
        return;
    doctor_get(d, "/api/materials?pageSize=1", d->session.token, &a);
    const struct json *list = doctor_data(&a, "list");
    if (a.status != 200 || !list)
        doctor_failed(d, "MMS_DOCTOR_USER", "GET /api/materials: %s", doctor_shown(d, &a));
    else if (!list->first)
        doctor_not_applicable(d, NULL, "还没有物料 / there is no material yet");
    else
        make_and_withdraw(d, id_of(list->first));
}

/* ---------------------------------------------------------------- speed */

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t median(int64_t took[static SPEED_TRIES])
{
    qsort(took, SPEED_TRIES, sizeof *took, by_size);
    return took[SPEED_TRIES / 2];
}

/* In turns, so that what else this machine does slows both. */
void doctor_speed(struct doctor *d)
{
    int64_t bare[SPEED_TRIES], list[SPEED_TRIES];
    struct doctor_answer a;
    if (!signed_in(d))
        return;
    for (size_t i = 0; i < SPEED_TRIES; i++) {
        bool good = doctor_get(d, "/api/health", NULL, &a) && a.status == 200;
        bare[i] = a.took_us;
        good = good && doctor_get(d, "/api/materials?pageSize=20", d->session.token, &a) && a.status == 200;
        list[i] = a.took_us;
        if (!good) {
            doctor_failed(d, "mms health", "GET: %s", doctor_shown(d, &a));
            return;
        }
    }
    int64_t bare_us = median(bare), list_us = median(list), most_us = DOCTOR_TIMES_SLOWER * (bare_us > DOCTOR_SPEED_FLOOR_US ? bare_us : DOCTOR_SPEED_FLOOR_US);
    if (list_us > most_us)
        doctor_failed(d, "mms assess", "物料列表 %lld 微秒，健康检查 %lld 微秒，上限 %lld 微秒 / µs of a list, of health, the limit", (long long)list_us, (long long)bare_us, (long long)most_us);
    else
        doctor_ok(d, "物料列表 %lld 微秒，健康检查 %lld 微秒（中位数）/ µs of a list, of health (medians)", (long long)list_us, (long long)bare_us);
}

/* ---------------------------------------------------------------- alarms */

/* Rules that raise alarms: how many there are, and how many of them look at this program. */
static void count_rules(const struct json *groups, size_t *all, size_t *ours)
{
    for (const struct json *group = groups ? groups->first : NULL; group; group = group->next) {
        const struct json *rules = json_member(group, "rules");
        for (const struct json *rule = rules ? rules->first : NULL; rule; rule = rule->next) {
            const struct json *query = json_member(rule, "query"), *type = json_member(rule, "type");
            if (!query || query->type != JSON_STRING || !type || type->type != JSON_STRING || !text_equal(type->text, "alerting"))
                continue;
            ++*all;
            *ours += strstr(query->text, "mms_") != NULL;
        }
    }
}

static void look_at_prometheus(struct doctor *d)
{
    struct doctor_answer rules, told;
    size_t all = 0, ours = 0;
    doctor_get(d, arena_fmt(d->arena, "%s/api/v1/rules?type=alert", d->options.prometheus), NULL, &rules);
    doctor_get(d, arena_fmt(d->arena, "%s/api/v1/alertmanagers", d->options.prometheus), NULL, &told);
    count_rules(doctor_data(&rules, "groups"), &all, &ours);
    const struct json *receivers = doctor_data(&told, "activeAlertmanagers");
    if (rules.status != 200 || told.status != 200)
        doctor_failed(d, "--prometheus URL", "%s: %s", d->options.prometheus, doctor_shown(d, rules.status == 200 ? &told : &rules));
    else if (ours == 0)
        doctor_failed(d, "Prometheus: rule_files", "%zu 条告警规则，无一涉及 mms_ 指标 / rules, none of them about mms_", all);
    else if (!receivers || !receivers->first)
        doctor_failed(d, "Prometheus: alerting", "告警无人接收 / no alarm would reach anybody: no alertmanager");
    else
        doctor_ok(d, "%zu 条告警规则，%zu 条涉及本系统 / rules, so many about this system", all, ours);
}

void doctor_alarms(struct doctor *d)
{
    struct doctor_answer a;
    if (!d->settings.metrics_token) {
        doctor_failed(d, "METRICS_TOKEN=$(openssl rand -hex 16)", "METRICS_TOKEN 未设置，没有可供监控的指标 / is not set: there is nothing to be watched");
        return;
    }
    doctor_get(d, "/metrics", d->settings.metrics_token, &a);
    if (a.status != 200 || !strstr(a.body, "mms_"))
        doctor_failed(d, "METRICS_TOKEN; --url http://127.0.0.1:3000", "GET /metrics: %s", doctor_shown(d, &a));
    else if (d->options.prometheus)
        look_at_prometheus(d);
    else
        doctor_not_applicable(d, "--prometheus URL", "指标可读；云监控的告警规则从这里看不到 / the figures can be read; rules of a cloud's monitor are not seen from here");
}
