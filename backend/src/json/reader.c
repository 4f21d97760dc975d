#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "json/json.h"

struct reader {
    struct arena *arena;
    const char *start, *at, *end;
    size_t depth, values;
    struct json_fault *fault;
};

static struct json *refuse(struct reader *r, const char *reason, const char *reason_zh)
{
    if (!r->fault->reason)
        *r->fault = (struct json_fault){(size_t)(r->at - r->start), reason, reason_zh};
    return NULL;
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

static bool next_is(const struct reader *r, char c)
{
    return r->at < r->end && *r->at == c;
}

static bool digit_at(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

/* ---------------------------------------------------------------- strings */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Four hexadecimal digits at `at`; -1 when there are not. */
static long read_hex4(struct reader *r)
{
    long value = 0;
    if (r->end - r->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int h = hex_value(r->at[i]);
        if (h < 0)
            return -1;
        value = value * 16 + h;
    }
    r->at += 4;
    return value;
}

static size_t put_utf8(char *out, long c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | (c >> 6));
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | (c >> 12));
        out[1] = (char)(0x80 | ((c >> 6) & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | (c >> 18));
    out[1] = (char)(0x80 | ((c >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((c >> 6) & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* After "\u": one character, surrogate pairs joined. 0: not acceptable. */
static size_t read_unicode_escape(struct reader *r, char *out)
{
    long c = read_hex4(r);
    if (c <= 0 || (c >= 0xDC00 && c <= 0xDFFF))
        return 0;
    if (c >= 0xD800 && c <= 0xDBFF) {
        if (r->end - r->at < 6 || r->at[0] != '\\' || r->at[1] != 'u')
            return 0;
        r->at += 2;
        long low = read_hex4(r);
        if (low < 0xDC00 || low > 0xDFFF)
            return 0;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    return put_utf8(out, c);
}

/* After the backslash. 0: not acceptable. */
static size_t read_escape(struct reader *r, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (r->at == r->end)
        return 0;
    char c = *r->at++;
    if (c == 'u')
        return read_unicode_escape(r, out);
    const char *found = c ? strchr(from, c) : NULL;
    if (!found)
        return 0;
    *out = to[found - from];
    return 1;
}

/* The bytes up to the closing quote; NULL when there is none. */
static const char *string_end(const struct reader *r)
{
    for (const char *p = r->at; p < r->end; p++) {
        if (*p == '"')
            return p;
        if (*p == '\\')
            p++;
    }
    return NULL;
}

/* After the opening quote. */
static const char *read_string(struct reader *r, size_t *n)
{
    const char *close = string_end(r);
    if (!close) {
        refuse(r, "unterminated string", "字符串没有结束");
        return NULL;
    }
    if (!text_is_utf8(r->at, (size_t)(close - r->at))) {
        refuse(r, "invalid UTF-8", "不是有效的 UTF-8");
        return NULL;
    }
    char *out = arena_alloc(r->arena, (size_t)(close - r->at) + 1), *to = out;
    while (r->at < close) {
        char c = *r->at;
        if ((unsigned char)c < 0x20) {
            refuse(r, "control character in a string", "字符串中有控制字符");
            return NULL;
        }
        r->at++;
        if (c != '\\') {
            *to++ = c;
            continue;
        }
        size_t put = read_escape(r, to);
        if (!put) {
            refuse(r, "bad escape in a string", "字符串中有无效的转义");
            return NULL;
        }
        to += put;
    }
    r->at = close + 1;
    *n = (size_t)(to - out);
    return out;
}

/* ---------------------------------------------------------------- numbers and words */

static struct json *read_number(struct reader *r, struct json *v)
{
    const char *p = r->at;
    if (*p == '-')
        p++;
    if (!digit_at(p, r->end))
        return refuse(r, "bad number", "数字格式不正确");
    if (*p == '0')
        p++;
    else
        while (digit_at(p, r->end))
            p++;
    if (p < r->end && *p == '.') {
        if (!digit_at(++p, r->end))
            return refuse(r, "bad number", "数字格式不正确");
        while (digit_at(p, r->end))
            p++;
    }
    if (p < r->end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < r->end && (*p == '+' || *p == '-'))
            p++;
        if (!digit_at(p, r->end))
            return refuse(r, "bad number", "数字格式不正确");
        while (digit_at(p, r->end))
            p++;
    }
    v->type = JSON_NUMBER;
    v->n = (size_t)(p - r->at);
    v->text = arena_copy(r->arena, r->at, v->n);
    r->at = p;
    return v;
}

static struct json *read_word(struct reader *r, struct json *v)
{
    static const struct {
        const char *word;
        enum json_type type;
    } words[] = {{"null", JSON_NULL}, {"true", JSON_TRUE}, {"false", JSON_FALSE}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i].word);
        if ((size_t)(r->end - r->at) >= n && memcmp(r->at, words[i].word, n) == 0) {
            v->type = words[i].type;
            r->at += n;
            return v;
        }
    }
    return refuse(r, "not a JSON value", "不是 JSON 值");
}

/* ---------------------------------------------------------------- arrays and objects */

static struct json *read_value(struct reader *r);

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_duplicates(struct reader *r, const struct json *object)
{
    if (object->n < 2)
        return false;
    const char **names = arena_array(r->arena, object->n, sizeof *names);
    size_t n = 0;
    for (const struct json *v = object->first; v; v = v->next)
        names[n++] = v->name;
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 1; i < n; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return true;
    return false;
}

static const char *read_name(struct reader *r)
{
    size_t n;
    skip_space(r);
    if (!next_is(r, '"')) {
        refuse(r, "a member name is expected", "此处应为成员名");
        return NULL;
    }
    r->at++;
    const char *name = read_string(r, &n);
    if (!name)
        return NULL;
    skip_space(r);
    if (!next_is(r, ':')) {
        refuse(r, "a colon is expected", "此处应为冒号");
        return NULL;
    }
    r->at++;
    return name;
}

/* After the opening bracket. */
static struct json *read_children(struct reader *r, struct json *v, char close)
{
    struct json **end = &v->first;
    v->type = close == '}' ? JSON_OBJECT : JSON_ARRAY;
    if (++r->depth > JSON_MAX_DEPTH)
        return refuse(r, "nested too deeply", "嵌套层数过多");
    skip_space(r);
    bool empty = next_is(r, close);
    while (!empty) {
        const char *name = v->type == JSON_OBJECT ? read_name(r) : NULL;
        if (v->type == JSON_OBJECT && !name)
            return NULL;
        struct json *child = read_value(r);
        if (!child)
            return NULL;
        child->name = name;
        *end = child;
        end = &child->next;
        v->n++;
        skip_space(r);
        if (!next_is(r, ','))
            break;
        r->at++;
    }
    if (!next_is(r, close))
        return refuse(r, "a comma or the closing bracket is expected", "此处应为逗号或右括号");
    r->at++;
    r->depth--;
    if (v->type == JSON_OBJECT && has_duplicates(r, v))
        return refuse(r, "duplicate member name", "成员名重复");
    return v;
}

static struct json *read_value(struct reader *r)
{
    skip_space(r);
    if (r->at == r->end)
        return refuse(r, "unexpected end", "内容不完整");
    if (++r->values > JSON_MAX_VALUES)
        return refuse(r, "too many values", "值的个数过多");
    struct json *v = arena_new(r->arena, struct json);
    char c = *r->at;
    if (c == '-' || digit_at(r->at, r->end))
        return read_number(r, v);
    if (c == '{' || c == '[') {
        r->at++;
        return read_children(r, v, c == '{' ? '}' : ']');
    }
    if (c != '"')
        return read_word(r, v);
    r->at++;
    v->type = JSON_STRING;
    v->text = read_string(r, &v->n);
    return v->text ? v : NULL;
}

struct json *json_parse(struct arena *a, const char *bytes, size_t n, struct json_fault *fault)
{
    struct reader r = {.arena = a, .start = bytes, .at = bytes, .end = bytes + n, .fault = fault};
    *fault = (struct json_fault){0};
    struct json *v = read_value(&r);
    if (!v)
        return NULL;
    skip_space(&r);
    return r.at == r.end ? v : refuse(&r, "something after the value", "内容之后还有多余字符");
}

const struct json *json_member(const struct json *object, const char *name)
{
    if (!object || object->type != JSON_OBJECT)
        return NULL;
    for (const struct json *v = object->first; v; v = v->next)
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}

/* Plain digits, the usual case, with the whole int64_t range. */
static bool plain_int(const char *text, int64_t *out)
{
    bool minus = *text == '-';
    int64_t n = 0;
    if (!*(text += minus))
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(n, 10, &n) ||
            __builtin_sub_overflow(n, *text - '0', &n)) /* counted downwards: INT64_MIN has no positive twin */
            return false;
    }
    if (!minus && n == INT64_MIN)
        return false;
    *out = minus ? n : -n;
    return true;
}

bool json_to_int(const struct json *v, int64_t *out)
{
    struct dec d;
    if (v->type != JSON_NUMBER)
        return false;
    if (plain_int(v->text, out))
        return true;
    if (dec_parse(v->text, v->n, &d) != DEC_PARSED || !dec_fits(d, 0))
        return false;
    char text[DEC_TEXT_MAX];
    dec_print(d, text);
    return plain_int(text, out);
}
