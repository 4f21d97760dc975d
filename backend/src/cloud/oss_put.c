/* Putting an object: at once, or in parts. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/oss_call.h"
#include "files/crc64.h"

#define PIECE (64 * 1024)
#define COMPLETE_MAX (2 << 20) /* bytes of the list of parts */
#define MD5_TEXT 25 /* 16 bytes in base64 */

/* ---------------------------------------------------------------- sums */

/* What is to be sent: a part of a source, summed as it is read; what is sent once more is read from its beginning. */
struct part {
    struct files_source source, all;
    int64_t at, summed;
    uint64_t crc;
};

static bool read_part(void *arg, int64_t at, void *into, size_t n)
{
    struct part *p = arg;
    if (!p->all.read(p->all.arg, p->at + at, into, n))
        return false;
    if (at == 0)
        p->crc = 0, p->summed = 0;
    if (at == p->summed) {
        p->crc = crc64(p->crc, into, n);
        p->summed += (int64_t)n;
    }
    return true;
}

/* For those who are to refuse what has been damaged, before it stands under its key. */
static enum rc find_md5(struct part *p, char text[static MD5_TEXT])
{
    unsigned char piece[PIECE], md5[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *sum = EVP_MD_CTX_new();
    bool read = true;
    if (!sum || EVP_DigestInit_ex(sum, EVP_md5(), NULL) != 1)
        abort();
    for (int64_t at = 0; read && at < p->source.bytes; at += PIECE) {
        size_t n = p->source.bytes - at < PIECE ? (size_t)(p->source.bytes - at) : PIECE;
        read = p->all.read(p->all.arg, p->at + at, piece, n);
        if (read)
            EVP_DigestUpdate(sum, piece, n);
    }
    enum rc rc = read ? RC_OK : files_failure(errno);
    EVP_DigestFinal_ex(sum, md5, NULL);
    EVP_MD_CTX_free(sum);
    EVP_EncodeBlock((unsigned char *)text, md5, 16);
    return rc;
}

/* The sum of what has arrived there. Who answers without one is not the storage, or something between us is in the way. */
static enum rc check_sent(void *arg, struct arena *a, const struct client_answer *answer)
{
    const struct part *p = arg;
    uint64_t theirs;
    return p->summed == p->source.bytes && oss_read_crc(a, answer, &theirs) && theirs == p->crc ? RC_OK : RC_FILES_BROKEN;
}

/* ---------------------------------------------------------------- put */

static enum rc send_part(struct oss *o, struct arena *a, struct part *p, struct oss_call *call, struct oss_answer *answer)
{
    call->method = "PUT";
    call->upload = &p->source;
    call->bytes = p->source.bytes;
    call->check = check_sent;
    call->arg = p;
    return oss_ask(o, a, call, answer);
}

static enum rc put_at_once(struct oss *o, struct arena *a, const char *key, const char *media, const struct files_source *source)
{
    struct part p = {.all = *source};
    struct oss_call call = {.key = key};
    struct oss_answer answer;
    char md5[MD5_TEXT];
    p.source = (struct files_source){source->bytes, read_part, &p};
    TRY(find_md5(&p, md5));
    sign_add(a, &call.headers, "content-type", media);
    sign_add(a, &call.headers, "content-md5", md5);
    return send_part(o, a, &p, &call, &answer);
}

struct uploading {
    struct oss *o;
    struct arena *a;
    const char *key, *id;
    const struct files_source *source;
    struct buf parts; /* what the parts are called there, as XML */
    uint64_t crc;
};

/* Read once: a part that arrives as something else is noticed by its sum, and nothing stands under the key before all are right. */
static enum rc put_part(struct uploading *u, int number, int64_t at, int64_t bytes)
{
    struct arena a; /* there may be very many */
    struct part p = {.all = *u->source, .at = at};
    struct oss_call call = {.key = u->key};
    struct oss_answer answer;
    char text[16];
    p.source = (struct files_source){bytes, read_part, &p};
    arena_init(&a);
    snprintf(text, sizeof text, "%d", number);
    sign_add(&a, &call.query, "partNumber", text);
    sign_add(&a, &call.query, "uploadId", u->id);
    sign_add(&a, &call.headers, "content-type", "application/octet-stream");
    enum rc rc = send_part(u->o, &a, &p, &call, &answer);
    const char *etag = rc == RC_OK ? client_header(&a, &answer.http, "ETag") : NULL;
    if (rc == RC_OK && (!etag || strpbrk(etag, "<>&")))
        rc = oss_broken(u->o, &a, &call, &answer);
    u->crc = crc64_join(u->crc, p.crc, bytes);
    if (rc == RC_OK)
        buf_fmt(&u->parts, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", number, etag);
    arena_free(&a);
    return rc;
}

static enum rc put_parts(struct uploading *u)
{
    int64_t size = OSS_PART_BYTES, at = 0;
    while (u->source->bytes / size >= OSS_PARTS_MAX)
        size *= 2;
    for (int number = 1; at < u->source->bytes; number++) {
        int64_t n = u->source->bytes - at < size ? u->source->bytes - at : size;
        TRY(put_part(u, number, at, n));
        at += n;
    }
    return RC_OK;
}

static enum rc begin_upload(struct uploading *u, const char *media)
{
    struct oss_call call = {.method = "POST", .key = u->key, .body = "", .body_n = 0};
    struct oss_answer answer;
    sign_add(u->a, &call.query, "uploads", NULL);
    sign_add(u->a, &call.headers, "content-type", media);
    TRY(oss_ask(u->o, u->a, &call, &answer));
    u->id = oss_read_upload_id(u->a, answer.http.body, answer.http.body_n);
    return u->id ? RC_OK : oss_broken(u->o, u->a, &call, &answer);
}

/* Whether the object is there, and is ours. */
static enum rc look_for_whole(struct uploading *u)
{
    struct files_fact fact;
    TRY(oss_head(u->o, u->key, &fact));
    return fact.bytes == u->source->bytes && fact.crc == u->crc ? RC_OK : RC_FILES_BROKEN;
}

/* Its answer may be lost, and a second time it is refused: then the object itself tells. */
static enum rc end_upload(struct uploading *u)
{
    struct oss_call call = {.method = "POST", .key = u->key};
    struct oss_answer answer;
    uint64_t theirs;
    if (u->parts.overflow)
        return RC_INTERNAL;
    const char *body = arena_fmt(u->a, "<CompleteMultipartUpload>%s</CompleteMultipartUpload>", buf_text(&u->parts));
    call.body = body;
    call.body_n = strlen(body);
    sign_add(u->a, &call.query, "uploadId", u->id);
    sign_add(u->a, &call.headers, "content-type", "application/xml");
    enum rc rc = oss_ask(u->o, u->a, &call, &answer);
    if (rc != RC_OK)
        return strcmp(answer.refusal.code, "NoSuchUpload") == 0 ? look_for_whole(u) : rc;
    return oss_read_crc(u->a, &answer.http, &theirs) && theirs == u->crc ? RC_OK : look_for_whole(u);
}

/* What has arrived of it costs room. What this cannot do, a rule of the bucket does after some days. */
static void abort_upload(struct uploading *u)
{
    struct oss_call call = {.method = "DELETE", .key = u->key};
    struct oss_answer answer;
    sign_add(u->a, &call.query, "uploadId", u->id);
    if (oss_ask(u->o, u->a, &call, &answer) != RC_OK)
        return;
}

static enum rc put_in_parts(struct oss *o, struct arena *a, const char *key, const char *media, const struct files_source *source)
{
    struct uploading u = {.o = o, .a = a, .key = key, .source = source};
    buf_init(&u.parts, COMPLETE_MAX);
    enum rc rc = begin_upload(&u, media);
    if (rc == RC_OK) {
        rc = put_parts(&u);
        if (rc == RC_OK)
            rc = end_upload(&u);
        if (rc != RC_OK)
            abort_upload(&u);
    }
    buf_free(&u.parts);
    return rc;
}

enum rc oss_put(struct oss *o, const char *key, const char *media, const struct files_source *source)
{
    struct arena a;
    arena_init(&a);
    enum rc rc = source->bytes <= OSS_PART_BYTES ? put_at_once(o, &a, key, media, source) : put_in_parts(o, &a, key, media, source);
    arena_free(&a);
    return rc == RC_NOT_FOUND ? RC_FILES_REFUSED : rc;
}
