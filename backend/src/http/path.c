#include "http/path.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

bool segments_cut(struct arena *a, const char *path, struct segments *out)
{
    if (path[0] != '/')
        return false;
    out->count = 0;
    char *rest = arena_dup(a, path + 1);
    while (*rest) {
        if (out->count == SEGMENTS_MAX)
            return false;
        out->at[out->count++] = rest;
        char *slash = strchr(rest, '/');
        if (!slash)
            break;
        *slash = '\0';
        rest = slash + 1;
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (*text == '%' || (unsigned char)*text >= 0x80)
            return false;
    return true;
}

const char *percent_decode(struct arena *a, const char *text)
{
    if (is_plain(text))
        return text;
    char *const decoded = arena_dup(a, text);
    char *to = decoded;
    for (const char *from = text; *from; from++) {
        *to++ = *from;
        if (*from != '%')
            continue;
        int high = hex_digit(from[1]);
        int low = high < 0 ? -1 : hex_digit(from[2]);
        if (low < 0)
            return NULL;
        to[-1] = (char)(high << 4 | low);
        from += 2;
    }
    *to = '\0';
    return text_is_utf8(decoded, (size_t)(to - decoded)) ? decoded : NULL;
}

static const char *skip_origin(const char *url)
{
    if (url[0] == '/')
        return url;
    size_t scheme = !strncasecmp(url, "http://", 7) ? 7 : !strncasecmp(url, "https://", 8) ? 8 : 0;
    if (!scheme)
        return url;
    const char *path = strchr(url + scheme, '/');
    return path ? path : "/";
}

static const char *join(struct arena *a, const struct segments *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->count; i++)
        n += 1 + strlen(s->at[i]);
    char *const text = arena_alloc(a, n + 2), *to = text;
    for (size_t i = 0; i < s->count; i++) {
        *to++ = '/';
        to = stpcpy(to, s->at[i]);
    }
    if (to == text)
        *to = '/';
    return text;
}

bool path_read(struct arena *a, const char *url, struct segments *out, const char **text)
{
    const char *path = skip_origin(url);

    if (!segments_cut(a, path, out))
        return false;
    for (size_t i = 0; i < out->count; i++) {
        const char *segment = percent_decode(a, out->at[i]);
        if (!segment || !strcmp(segment, ".") || !strcmp(segment, ".."))
            return false;
        out->at[i] = segment;
    }
    *text = is_plain(path) ? arena_dup(a, path) : join(a, out);
    return true;
}
