/* Forms with a file in them: multipart/form-data (RFC 7578), as browsers and programs send it: names with and without quotes,
 * parameters in any case and order, something before the first part or behind the last one. */
#include <string.h>
#include <strings.h>

#include "http/http.h"

#define FORM_TYPE "multipart/form-data"
#define DISPOSITION "Content-Disposition:"

struct span {
    const char *at;
    size_t n;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Whatever the case of its letters. */
static bool begins_with(const char *p, const char *end, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(end - p) >= n && strncasecmp(p, text, n) == 0;
}

/* ---------------------------------------------------------------- parameters of a header */

/* Without its quotes; what is escaped in them stays so. Gives where it ends. */
static const char *read_value(const char *p, const char *end, struct span *out)
{
    bool quoted = p < end && *p == '"';
    out->at = p += quoted;
    while (p < end && (quoted ? *p != '"' : *p != ';' && !is_blank(*p)))
        p += quoted && *p == '\\' && p + 1 < end ? 2 : 1;
    out->n = (size_t)(p - out->at);
    return p;
}

/* One parameter, from its semicolon to the next one's. */
static const char *read_param(const char *p, const char *end, struct span *name, struct span *value)
{
    for (p++; p < end && is_blank(*p); p++)
        ;
    *name = *value = (struct span){p, 0};
    while (p < end && *p != '=' && *p != ';')
        p++;
    name->n = (size_t)(p - name->at);
    if (p < end && *p == '=')
        p = read_value(p + 1, end, value);
    while (p < end && *p != ';')
        p++;
    return p;
}

/* "…; name=value; name="value"" */
static bool find_param(struct span header, const char *wanted, struct span *out)
{
    const char *p = header.at, *end = header.at + header.n;
    while (p < end && *p != ';')
        p++;
    while (p < end) {
        struct span name, value;
        p = read_param(p, end, &name, &value);
        if (name.n == strlen(wanted) && strncasecmp(name.at, wanted, name.n) == 0) {
            *out = value;
            return true;
        }
    }
    return false;
}

/* ---------------------------------------------------------------- parts */

struct form {
    const char *body, *end;
    struct span delimiter; /* a line break, "--" and the boundary */
};

static bool begin_form(struct http_exchange *x, struct form *out)
{
    const char *type = http_header(x, "Content-Type");
    struct span boundary;
    if (!type || !begins_with(type, type + strlen(type), FORM_TYPE) ||
        !find_param((struct span){type, strlen(type)}, "boundary", &boundary) || !boundary.n)
        return false;
    const char *delimiter = arena_fmt(&x->arena, "\r\n--%.*s", (int)boundary.n, boundary.at);
    *out = (struct form){x->request.body, x->request.body + x->request.body_n, {delimiter, strlen(delimiter)}};
    return true;
}

/* What stands behind a delimiter that ends at `p`: the end of the form, or the next part. NULL: it is none, its line goes on. */
static const char *behind_delimiter(const char *p, const char *end, bool *is_last)
{
    *is_last = begins_with(p, end, "--");
    if (*is_last)
        return p + 2;
    while (p < end && is_blank(*p))
        p++;
    return begins_with(p, end, "\r\n") ? p + 2 : NULL;
}

/* The next delimiter from `from` on: where it begins (its line break), and what is behind it. NULL: there is none. */
static const char *next_delimiter(const struct form *f, const char *from, const char **behind, bool *is_last)
{
    for (;;) {
        const char *found = memmem(from, (size_t)(f->end - from), f->delimiter.at, f->delimiter.n);
        if (!found)
            return NULL;
        *behind = behind_delimiter(found + f->delimiter.n, f->end, is_last);
        if (*behind)
            return found;
        from = found + 1;
    }
}

/* The first part; NULL: there is none. The first delimiter may be the body's very beginning, without a line break. */
static const char *first_part(const struct form *f)
{
    const char *part = NULL;
    bool is_last = false;
    size_t n = f->delimiter.n - 2;
    if ((size_t)(f->end - f->body) >= n && memcmp(f->body, f->delimiter.at + 2, n) == 0)
        part = behind_delimiter(f->body + n, f->end, &is_last);
    if (!part && !next_delimiter(f, f->body, &part, &is_last))
        return NULL;
    return is_last ? NULL : part;
}

/* What is behind "Content-Disposition:"; empty: there is none. */
static struct span disposition_of(struct span headers)
{
    const char *p = headers.at, *end = headers.at + headers.n;
    while (p && !begins_with(p, end, DISPOSITION)) {
        p = memmem(p, (size_t)(end - p), "\r\n", 2);
        p = p ? p + 2 : NULL;
    }
    if (!p)
        return (struct span){end, 0};
    const char *line_end = memmem(p, (size_t)(end - p), "\r\n", 2);
    return (struct span){p, (size_t)((line_end ? line_end : end) - p)};
}

static bool has_name(struct span headers, const char *const *names)
{
    struct span name;
    if (!find_param(disposition_of(headers), "name", &name))
        return false;
    for (; *names; names++)
        if (name.n == strlen(*names) && memcmp(name.at, *names, name.n) == 0)
            return true;
    return false;
}

/* Parts a part into its headers and what they head; NULL: it is none. */
static const char *content_of(const struct form *f, const char *part, struct span *headers)
{
    *headers = (struct span){part, 0};
    if (begins_with(part, f->end, "\r\n"))
        return part + 2;
    const char *blank = memmem(part, (size_t)(f->end - part), "\r\n\r\n", 4);
    if (!blank)
        return NULL;
    headers->n = (size_t)(blank - part);
    return blank + 4;
}

bool http_form_file(struct http_exchange *x, const char *const *names, const char **bytes, size_t *n, const char **file_name)
{
    struct form f;
    bool is_last = false;
    *bytes = NULL;
    if (!begin_form(x, &f))
        return false;
    for (const char *part = first_part(&f); part && !is_last;) {
        struct span headers;
        const char *content = content_of(&f, part, &headers);
        /* The line break before a delimiter belongs to it: of an empty part it is the one that ends the headers. */
        const char *end = content ? next_delimiter(&f, content - 2, &part, &is_last) : NULL;
        if (!end)
            return false;
        if (!*bytes && end > content && has_name(headers, names)) {
            *bytes = content;
            *n = (size_t)(end - content);
            struct span name = {"", 0};
            (void)find_param(disposition_of(headers), "filename", &name);
            *file_name = arena_copy(&x->arena, name.at, name.n);
        }
    }
    return *bytes != NULL;
}
