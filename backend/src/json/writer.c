#include <string.h>

#include "json/json.h"

void jw_init(struct json_writer *w, struct buf *out, bool numbers_as_text)
{
    *w = (struct json_writer){.out = out, .numbers_as_text = numbers_as_text};
}

static void before_value(struct json_writer *w)
{
    if (w->comma)
        buf_char(w->out, ',');
    w->comma = true;
}

static void open_with(struct json_writer *w, char bracket)
{
    before_value(w);
    buf_char(w->out, bracket);
    w->comma = false;
}

static void close_with(struct json_writer *w, char bracket)
{
    buf_char(w->out, bracket);
    w->comma = true;
}

void jw_object(struct json_writer *w)
{
    open_with(w, '{');
}

void jw_object_end(struct json_writer *w)
{
    close_with(w, '}');
}

void jw_array(struct json_writer *w)
{
    open_with(w, '[');
}

void jw_array_end(struct json_writer *w)
{
    close_with(w, ']');
}

void jw_name(struct json_writer *w, const char *name)
{
    size_t n = strlen(name);
    char *to = buf_room(w->out, n + 4);
    if (!to)
        return;
    char *at = to;
    if (w->comma)
        *at++ = ',';
    *at++ = '"';
    memcpy(at, name, n);
    at += n;
    *at++ = '"';
    *at++ = ':';
    w->out->n += (size_t)(at - to);
    w->comma = false;
}

void jw_null(struct json_writer *w)
{
    before_value(w);
    buf_add(w->out, "null", 4);
}

void jw_bool(struct json_writer *w, bool value)
{
    before_value(w);
    buf_str(w->out, value ? "true" : "false");
}

void jw_int(struct json_writer *w, int64_t value)
{
    before_value(w);
    buf_int(w->out, value);
}

void jw_dec(struct json_writer *w, struct dec value)
{
    char text[DEC_TEXT_MAX];
    size_t n = dec_print(value, text);
    before_value(w);
    if (w->numbers_as_text)
        buf_char(w->out, '"');
    buf_add(w->out, text, n);
    if (w->numbers_as_text)
        buf_char(w->out, '"');
}

static void add_escape(struct buf *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    size_t n = 2;
    switch (c) {
    case '"':
    case '\\':
        text[1] = (char)c;
        break;
    case '\n':
        text[1] = 'n';
        break;
    case '\r':
        text[1] = 'r';
        break;
    case '\t':
        text[1] = 't';
        break;
    default: /* a byte, not an enum */
        n = 6;
    }
    buf_add(out, text, n);
}

/* Whether any of 8 bytes is a control character, a quote or a backslash (a borrow from the byte below may say yes wrongly). */
static bool may_need_escape(uint64_t bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t quote = bytes ^ (ones * '"'), slash = bytes ^ (ones * '\\');
    return (((bytes - ones * 0x20) & ~bytes) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & tops;
}

static bool is_plain(const char *text, size_t n)
{
    uint64_t bytes;
    for (; n >= sizeof bytes; text += sizeof bytes, n -= sizeof bytes) {
        memcpy(&bytes, text, sizeof bytes);
        if (may_need_escape(bytes))
            return false;
    }
    for (; n; text++, n--)
        if ((unsigned char)*text < 0x20 || *text == '"' || *text == '\\')
            return false;
    return true;
}

/* The usual case in one piece. */
static void add_plain(struct buf *out, const char *text, size_t n)
{
    char *to = buf_room(out, n + 2);
    if (!to)
        return;
    to[0] = '"';
    memcpy(to + 1, text, n);
    to[n + 1] = '"';
    out->n += n + 2;
}

void jw_text_n(struct json_writer *w, const char *text, size_t n)
{
    const char *run = text, *end = text + n;
    before_value(w);
    if (is_plain(text, n)) {
        add_plain(w->out, text, n);
        return;
    }
    buf_char(w->out, '"');
    for (const char *p = text; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(w->out, run, (size_t)(p - run));
        add_escape(w->out, c);
        run = p + 1;
    }
    buf_add(w->out, run, (size_t)(end - run));
    buf_char(w->out, '"');
}

void jw_text(struct json_writer *w, const char *text)
{
    if (text)
        jw_text_n(w, text, strlen(text));
    else
        jw_null(w);
}

void jw_name_text(struct json_writer *w, const char *name)
{
    jw_text(w, name);
    buf_char(w->out, ':');
    w->comma = false;
}

void jw_raw(struct json_writer *w, const char *json, size_t n)
{
    before_value(w);
    buf_add(w->out, json, n);
}

void jw_members(struct json_writer *w, const char *members)
{
    if (!members || !*members)
        return;
    before_value(w);
    buf_str(w->out, members);
}

void jw_member_int(struct json_writer *w, const char *name, int64_t value)
{
    jw_name(w, name);
    jw_int(w, value);
}

void jw_member_text(struct json_writer *w, const char *name, const char *text)
{
    jw_name(w, name);
    jw_text(w, text);
}

void jw_member_dec(struct json_writer *w, const char *name, struct dec value)
{
    jw_name(w, name);
    jw_dec(w, value);
}

void jw_member_bool(struct json_writer *w, const char *name, bool value)
{
    jw_name(w, name);
    jw_bool(w, value);
}
