#include "cloud/sign.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"

void sign_add(struct arena *a, struct sign_pairs *list, const char *name, const char *value)
{
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 16;
        struct sign_pair *more = arena_array(a, cap, sizeof *more);
        if (list->n)
            memcpy(more, list->at, list->n * sizeof *more);
        list->at = more;
        list->cap = cap;
    }
    list->at[list->n++] = (struct sign_pair){name, value};
}

static bool sendable(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
            return false;
    return true;
}

static char *lower(struct arena *a, const char *text)
{
    char *copy = arena_dup(a, text);
    for (char *c = copy; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return copy;
}

bool sign_add_headers(struct arena *a, struct sign_pairs *list, const struct sign_pair *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *value = text_trim(a, from[i].value ? from[i].value : "");
        if (!from[i].name[0] || strchr(from[i].name, ':') || !sendable(from[i].name) || !sendable(value))
            return false;
        sign_add(a, list, lower(a, from[i].name), value);
    }
    return true;
}

const struct sign_pair *sign_find(const struct sign_pairs *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->at[i].name, name) == 0)
            return &list->at[i];
    return NULL;
}

static int compare(const struct sign_pair *a, const struct sign_pair *b)
{
    int by_name = strcmp(a->name, b->name);
    return by_name ? by_name : strcmp(a->value ? a->value : "", b->value ? b->value : "");
}

void sign_sort(struct sign_pairs *list)
{
    for (size_t i = 1; i < list->n; i++) {
        struct sign_pair one = list->at[i];
        size_t to = i;
        for (; to > 0 && compare(&list->at[to - 1], &one) > 0; to--)
            list->at[to] = list->at[to - 1];
        list->at[to] = one;
    }
}

static bool is_plain(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("-_.~", c) != NULL;
}

void sign_encode(struct buf *out, const char *text, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (is_plain(*text) || (keep_slash && c == '/'))
            buf_char(out, *text);
        else
            buf_add(out, (char[]){'%', digits[c >> 4], digits[c & 15]}, 3);
    }
}

const char *sign_keep(struct arena *a, struct buf *b)
{
    const char *text = arena_copy(a, buf_text(b), b->n);
    buf_free(b);
    return text;
}

char *sign_encoded(struct arena *a, const char *text, bool keep_slash)
{
    struct buf out;
    buf_init(&out, 3 * strlen(text) + 1);
    sign_encode(&out, text, keep_slash);
    char *copy = arena_copy(a, buf_text(&out), out.n);
    buf_free(&out);
    return copy;
}

const char *const *sign_header_lines(struct arena *a, const struct sign_pairs *headers, const char *authorization)
{
    const char **lines = arena_array(a, headers->n + 2, sizeof *lines);
    size_t n = 0;
    for (size_t i = 0; i < headers->n; i++)
        /* libcurl takes "name:" as "send none", and "name;" as a header without a value */
        lines[n++] = headers->at[i].value[0] ? arena_fmt(a, "%s: %s", headers->at[i].name, headers->at[i].value)
                                             : arena_fmt(a, "%s;", headers->at[i].name);
    if (authorization)
        lines[n++] = arena_fmt(a, "authorization: %s", authorization);
    return lines;
}

void sign_time_iso(int64_t at_ms, char out[static SIGN_TIME_MAX])
{
    char text[CLOCK_TEXT_MAX];
    clock_print_iso(at_ms, text);
    memcpy(out, text, 19);
    memcpy(out + 19, "Z", 2);
}

void sign_time_compact(int64_t at_ms, char out[static SIGN_TIME_MAX])
{
    char text[CLOCK_TEXT_MAX];
    clock_print_iso(at_ms, text);
    for (const char *c = text; c < text + 19; c++)
        if (*c != '-' && *c != ':')
            *out++ = *c;
    memcpy(out, "Z", 2);
}
