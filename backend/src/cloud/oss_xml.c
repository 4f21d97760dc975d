#include "cloud/oss_xml.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

#define DEPTH_MAX 16
#define TEXT_MAX_BYTES 8192
#define NAME_MAX_BYTES 64

struct reading {
    XML_Parser parser;
    void (*element)(void *arg, const char *around, const char *name, const char *text);
    void *arg;
    struct buf text;
    size_t depth;
    char names[DEPTH_MAX][NAME_MAX_BYTES];
    bool refused;
};

static void refuse(struct reading *r)
{
    r->refused = true;
    XML_StopParser(r->parser, XML_FALSE);
}

static void on_doctype(void *arg, const XML_Char *name, const XML_Char *system, const XML_Char *public, int has_internal)
{
    (void)name;
    (void)system;
    (void)public;
    (void)has_internal;
    refuse(arg);
}

static void on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *r = arg;
    (void)attributes;
    if (r->refused)
        return;
    if (r->depth == DEPTH_MAX || strlen(name) >= NAME_MAX_BYTES) {
        refuse(r);
        return;
    }
    memcpy(r->names[r->depth++], name, strlen(name) + 1);
    buf_reset(&r->text);
    r->text.overflow = false;
}

static void on_end(void *arg, const XML_Char *name)
{
    struct reading *r = arg;
    if (r->refused) /* expat ends an element without content also after it was stopped at its start */
        return;
    r->depth--;
    r->element(r->arg, r->depth ? r->names[r->depth - 1] : "", name, buf_text(&r->text));
    buf_reset(&r->text);
    r->text.overflow = false;
}

static void on_text(void *arg, const XML_Char *text, int n)
{
    struct reading *r = arg;
    if (!r->refused)
        buf_add(&r->text, text, (size_t)n);
}

bool oss_xml_read(const char *bytes, size_t n, void (*element)(void *arg, const char *around, const char *name, const char *text), void *arg)
{
    struct reading r = {.parser = XML_ParserCreate(NULL), .element = element, .arg = arg};
    if (!r.parser)
        abort();
    buf_init(&r.text, TEXT_MAX_BYTES);
    XML_SetUserData(r.parser, &r);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    bool whole = n <= INT32_MAX && XML_Parse(r.parser, bytes, (int)n, 1) == XML_STATUS_OK && !r.refused;
    XML_ParserFree(r.parser);
    buf_free(&r.text);
    return whole;
}

/* ---------------------------------------------------------------- refusals */

struct refusing {
    struct arena *arena;
    struct oss_refusal *out;
};

static void take_refusal(void *arg, const char *around, const char *name, const char *text)
{
    struct refusing *k = arg;
    const struct {
        const char *name, **to;
    } wanted[] = {{"Code", &k->out->code}, {"Message", &k->out->message}, {"RequestId", &k->out->request_id}, {"EC", &k->out->ec},
                  {"ServerTime", &k->out->server_time}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (strcmp(around, "Error") == 0 && strcmp(name, wanted[i].name) == 0)
            *wanted[i].to = arena_dup(k->arena, text);
}

void oss_read_refusal(struct arena *a, const char *bytes, size_t n, struct oss_refusal *out)
{
    struct refusing k = {a, out};
    *out = (struct oss_refusal){"", "", "", "", ""};
    if (!oss_xml_read(bytes, n, take_refusal, &k))
        return; /* a proxy's page, or cut: what was read stays */
}

/* ---------------------------------------------------------------- lists */

struct listing {
    struct arena *arena;
    struct oss_page *page;
    bool is_list;
    struct buf key;
    int64_t bytes, changed_ms;
};

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void decode(struct buf *out, const char *text)
{
    buf_reset(out);
    for (; *text; text++) {
        int high = *text == '%' ? hex(text[1]) : -1, low = high >= 0 ? hex(text[2]) : -1;
        buf_char(out, low >= 0 ? (char)(high * 16 + low) : *text);
        text += low >= 0 ? 2 : 0;
    }
}

static void take_page(void *arg, const char *around, const char *name, const char *text)
{
    struct listing *k = arg;
    bool in_object = strcmp(around, "Contents") == 0, in_list = strcmp(around, "ListBucketResult") == 0;
    if (in_object && strcmp(name, "Key") == 0)
        decode(&k->key, text);
    else if (in_object && strcmp(name, "Size") == 0)
        k->bytes = strtoll(text, NULL, 10);
    else if (in_object && strcmp(name, "LastModified") == 0 && !clock_parse(text, &k->changed_ms))
        k->changed_ms = 0;
    else if (in_list && strcmp(name, "Contents") == 0) {
        k->page->found(k->page->arg, buf_text(&k->key), k->bytes, k->changed_ms);
        buf_reset(&k->key);
        k->bytes = k->changed_ms = 0;
    } else if (in_list && strcmp(name, "IsTruncated") == 0)
        k->page->is_cut = strcmp(text, "true") == 0;
    else if (in_list && strcmp(name, "NextContinuationToken") == 0)
        k->page->next = arena_dup(k->arena, text);
    else if (strcmp(name, "ListBucketResult") == 0)
        k->is_list = true;
}

bool oss_read_page(struct arena *a, const char *bytes, size_t n, struct oss_page *page)
{
    struct listing k = {.arena = a, .page = page};
    buf_init(&k.key, TEXT_MAX_BYTES);
    page->is_cut = false;
    page->next = NULL;
    bool whole = oss_xml_read(bytes, n, take_page, &k);
    buf_free(&k.key);
    return whole && k.is_list && (!page->is_cut || (page->next && *page->next));
}

struct beginning {
    struct arena *arena;
    const char *id;
};

static void take_id(void *arg, const char *around, const char *name, const char *text)
{
    struct beginning *k = arg;
    if (strcmp(around, "InitiateMultipartUploadResult") == 0 && strcmp(name, "UploadId") == 0 && *text)
        k->id = arena_dup(k->arena, text);
}

const char *oss_read_upload_id(struct arena *a, const char *bytes, size_t n)
{
    struct beginning k = {a, NULL};
    return oss_xml_read(bytes, n, take_id, &k) ? k.id : NULL;
}
