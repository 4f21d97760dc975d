#include "cloud/kms.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cloud/acs_sign.h"
#include "crypto/token.h"
#include "json/json.h"

#define ANSWER_MAX (128 << 10) /* a secret has at most 30,720 bytes */
#define CONNECT_MS 3000
#define WITHIN_MS 6000

/* An attempt, and what came of it. */
struct asking {
    const struct kms *k;
    struct arena *a;
    const char *name, *stage;
    struct cloud_key key;
    int64_t at_ms;
    struct client_answer answer;
    const struct json *body; /* NULL: no JSON */
};

/* By the beginnings of codes, since they end in more. */
static const struct hint {
    const char *code;
    bool again;
    const char *zh, *en;
} hints[] = {
    {"Forbidden.NoPermission", false, "无权读取该凭据：请授予 kms:GetSecretValue", "it may not be read: grant kms:GetSecretValue"},
    {"Forbidden.KeyNotFound", false, "加密该凭据的密钥不存在或无权使用：请授予 kms:Decrypt", "the key that encrypts it is missing or not granted: kms:Decrypt"},
    {"Forbidden", false, "请求被拒绝", "the request was refused"},
    {"Rejected.Throttling", true, "请求过于频繁", "too many requests"},
    {"Rejected", false, "凭据或其密钥的状态不允许读取", "the state of the secret or of its key does not allow it"},
    {"Throttling", true, "请求过于频繁", "too many requests"},
    {"SignatureDoesNotMatch", false, "AccessKey 密钥不正确", "the access key's secret is wrong"},
    {"SignatureNonceUsed", true, "随机数重复", "the nonce was used before"},
    {"InvalidAccessKeyId", false, "AccessKey 不存在或已停用", "the access key does not exist or is disabled"},
    {"InvalidSecurityToken", false, "临时密钥已失效", "the temporary key is not valid any more"},
    {"IncompleteSignature", false, "签名不完整", "the signature is incomplete"},
};

static const char *member(const struct json *object, const char *name)
{
    const struct json *v = object ? json_member(object, name) : NULL;
    return v && v->type == JSON_STRING ? v->text : NULL;
}

static bool say(const struct asking *q, struct trouble *why, bool again, const char *zh, const char *en)
{
    const char *request = member(q->body, "RequestId"), *code = member(q->body, "Code"), *source = credentials_source(q->k->credentials, q->a);
    const char *tail = text_tame(arena_fmt(q->a, "%s%s%s%s", code ? "; " : "", code ? code : "", request ? "; RequestId " : "", request ? request : ""));
    return trouble_say(why, again, arena_fmt(q->a, "KMS %s，凭据 %s（%s），密钥来源 %s：%s%s", q->k->endpoint, q->name, q->stage, source, zh, tail),
                       arena_fmt(q->a, "KMS %s, secret %s (%s), key of %s: %s%s", q->k->endpoint, q->name, q->stage, source, en, tail));
}

static bool ask(struct asking *q, struct trouble *why)
{
    const char *scheme = strstr(q->k->endpoint, "://"), *host = scheme ? scheme + 3 : q->k->endpoint;
    const char *form = arena_fmt(q->a, "SecretName=%s&VersionStage=%s", sign_encoded(q->a, q->name, false), sign_encoded(q->a, q->stage, false));
    const struct sign_pair headers[] = {{"content-type", "application/x-www-form-urlencoded"}, {"accept", "application/json"}};
    struct acs_signed made;
    struct json_fault fault;
    char nonce[33];
    random_hex(16, nonce);
    q->at_ms = clock_now_ms();
    const struct acs_request r = {.method = "POST", .host = host, .action = "GetSecretValue", .version = "2016-01-20", .nonce = nonce,
                                  .headers = headers, .headers_n = 2, .body = form, .body_n = strlen(form), .at_ms = q->at_ms};
    if (!acs_sign(q->a, &q->key, &r, &made))
        return say(q, why, false, "AccessKey 或令牌含有控制字符", "the access key or its token holds control characters");
    const struct client_request to_send = {.method = "POST", .url = arena_fmt(q->a, "%s%s%s", scheme ? "" : "https://", q->k->endpoint, made.target),
                                           .headers = made.headers, .body = form, .body_n = strlen(form), .answer_max = ANSWER_MAX,
                                           .connect_ms = CONNECT_MS, .within_ms = WITHIN_MS, .stop = q->k->stop, .ca = q->k->ca};
    q->body = NULL;
    if (!client_ask(q->k->client, q->a, &to_send, &q->answer))
        return say(q, why, q->answer.fault == CLIENT_BROKEN, arena_fmt(q->a, "没有应答：%s", q->answer.problem), arena_fmt(q->a, "no answer: %s", q->answer.problem));
    q->body = json_parse(q->a, q->answer.body, q->answer.body_n, &fault);
    return true;
}

static bool is_about_key(const struct asking *q)
{
    const char *code = member(q->body, "Code");
    return q->answer.status != 200 && code && (text_starts(code, "InvalidSecurityToken") || text_starts(code, "InvalidAccessKeyId"));
}

static bool refused(const struct asking *q, struct trouble *why)
{
    const char *code = member(q->body, "Code");
    struct trouble clocks;
    if (code && text_starts(code, "InvalidTimeStamp")) {
        trouble_clock(&clocks, q->a, "KMS", q->at_ms, trouble_server_clock(q->a, &q->answer));
        return say(q, why, true, clocks.zh, clocks.en);
    }
    for (size_t i = 0; code && i < sizeof hints / sizeof *hints; i++)
        if (text_starts(code, hints[i].code))
            return say(q, why, hints[i].again, hints[i].zh, hints[i].en);
    bool again = q->answer.status >= 500 || q->answer.status == 429 || q->answer.status == 408;
    return say(q, why, again, arena_fmt(q->a, "HTTP %d", q->answer.status), arena_fmt(q->a, "HTTP %d", q->answer.status));
}

static bool read_value(const struct asking *q, const char *field, const char **out, struct trouble *why)
{
    struct json_fault fault;
    const char *data = member(q->body, "SecretData"), *type = member(q->body, "SecretDataType");
    if (!data)
        return say(q, why, true, "应答不完整", "the answer is not complete");
    if (text_equal(type, "binary"))
        return say(q, why, false, "凭据须为文本，而不是二进制", "the secret must be text, not binary");
    const char *value = field ? member(json_parse(q->a, data, strlen(data), &fault), field) : data;
    if (!value)
        return say(q, why, false, arena_fmt(q->a, "凭据不是 JSON 对象，或没有文本成员 %s", field), arena_fmt(q->a, "it is no JSON object, or has no text member %s", field));
    *out = value;
    return true;
}

static bool take_key(struct asking *q, struct trouble *why)
{
    struct trouble none;
    if (credentials_take(q->k->credentials, q->a, &q->key, NULL, &none))
        return true;
    if (credentials_fetch(q->k->credentials, q->a, why) && credentials_take(q->k->credentials, q->a, &q->key, NULL, why))
        return true;
    return say(q, why, why->again, why->zh, why->en);
}

bool kms_get_secret(const struct kms *k, struct arena *a, const char *name, const char *field, const char *stage, const char **out,
                    struct trouble *why)
{
    struct asking q = {.k = k, .a = a, .name = name, .stage = stage};
    struct trouble ignored;
    if (!take_key(&q, why) || !ask(&q, why))
        return false;
    if (is_about_key(&q) && q.key.token && credentials_fetch(k->credentials, a, &ignored) && (!take_key(&q, why) || !ask(&q, why)))
        return false;
    if (q.answer.status == 200)
        return read_value(&q, field, out, why);
    *out = NULL;
    return text_equal(member(q.body, "Code"), "Forbidden.ResourceNotFound") || refused(&q, why);
}
