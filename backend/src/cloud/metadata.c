#include "cloud/metadata.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define ANSWER_MAX (64 << 10)
#define CONNECT_MS 800 /* it is on the same machine's own network */
#define WITHIN_MS 1900
#define TOKEN_S "3600"
#define TOKEN_USED_US (INT64_C(3000) * 1000000) /* a little less */
#define TOKEN_MAX 1024

struct metadata {
    pthread_mutex_t lock; /* over all of it */
    struct client *client;
    char *url;
    char token[TOKEN_MAX]; /* "": none */
    int64_t token_until_us;
};

struct metadata *metadata_new(const char *url)
{
    struct metadata *m = calloc(1, sizeof *m);
    if (!m || !(m->url = strdup(url)))
        abort();
    pthread_mutex_init(&m->lock, NULL);
    m->client = client_new();
    return m;
}

void metadata_free(struct metadata *m)
{
    if (!m)
        return;
    client_free(m->client);
    pthread_mutex_destroy(&m->lock);
    explicit_bzero(m->token, sizeof m->token);
    free(m->url);
    free(m);
}

/* Once more when nobody was reached: a machine that has just started may not have its network yet. */
static bool ask(struct metadata *m, struct arena *a, const char *method, const char *path, const char *header, struct client_answer *out,
                struct trouble *why)
{
    const char *const headers[] = {header, NULL};
    const struct client_request r = {.method = method, .url = arena_fmt(a, "%s/latest/%s", m->url, path), .headers = headers,
                                     .answer_max = ANSWER_MAX, .connect_ms = CONNECT_MS, .within_ms = WITHIN_MS};
    if (client_ask(m->client, a, &r, out) || (!out->reached && client_ask(m->client, a, &r, out)))
        return true;
    return trouble_say(why, out->reached, arena_fmt(a, out->reached ? "实例元数据服务 %s 没有应答：%s" : "无法连接实例元数据服务 %s（不在 ECS 上？）：%s", m->url, out->problem),
                       arena_fmt(a, out->reached ? "the metadata service %s did not answer: %s" : "the metadata service %s cannot be reached (is this an ECS instance?): %s",
                                 m->url, out->problem));
}

static bool refused(struct metadata *m, struct arena *a, const char *what, const struct client_answer *answer, struct trouble *why)
{
    bool again = answer->status >= 500 || answer->status == 429;
    return trouble_say(why, again, arena_fmt(a, "实例元数据服务 %s 拒绝了 %s（HTTP %d）", m->url, what, answer->status),
                       arena_fmt(a, "the metadata service %s refused %s (HTTP %d)", m->url, what, answer->status));
}

static bool fetch_token(struct metadata *m, struct arena *a, struct trouble *why)
{
    struct client_answer answer;
    if (!ask(m, a, "PUT", "api/token", "X-aliyun-ecs-metadata-token-ttl-seconds: " TOKEN_S, &answer, why))
        return false;
    const char *token = text_trim(a, answer.body);
    if (answer.status != 200 || !token[0] || strlen(token) >= TOKEN_MAX || strpbrk(token, "\r\n"))
        return refused(m, a, "api/token", &answer, why);
    memcpy(m->token, token, strlen(token) + 1);
    m->token_until_us = clock_monotonic_us() + TOKEN_USED_US;
    return true;
}

/* A token that the service does not take is fetched anew, once. */
static bool get(struct metadata *m, struct arena *a, const char *path, const char **out, struct trouble *why)
{
    struct client_answer answer = {0};
    for (int tries = 0; tries < 2; tries++) {
        if ((!m->token[0] || clock_monotonic_us() > m->token_until_us) && !fetch_token(m, a, why))
            return false;
        if (!ask(m, a, "GET", path, arena_fmt(a, "X-aliyun-ecs-metadata-token: %s", m->token), &answer, why))
            return false;
        if (answer.status != 401 && answer.status != 403)
            break;
        m->token[0] = 0;
    }
    if (answer.status != 200 && answer.status != 404)
        return refused(m, a, path, &answer, why);
    *out = answer.status == 200 ? answer.body : NULL;
    return true;
}

bool metadata_get(struct metadata *m, struct arena *a, const char *path, const char **out, struct trouble *why)
{
    pthread_mutex_lock(&m->lock);
    bool got = get(m, a, path, out, why);
    pthread_mutex_unlock(&m->lock);
    return got;
}
