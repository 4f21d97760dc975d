#include "base/env_text.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

struct reading {
    struct arena *arena;
    struct env_text *out;
    struct error *err;
    size_t number; /* of the line at hand */
};

/* `name`, where it could be read, helps to find the line; the value is never told. */
static void fault(struct reading *r, const char *name, const char *zh, const char *en)
{
    const char *where = arena_fmt(r->arena, *name ? "第 %zu 行 / line %zu (%s)" : "第 %zu 行 / line %zu%s", r->number, r->number, name);

    error_fault(r->err, r->arena, where, "format", zh, en, NULL);
}

static size_t name_bytes(const char *line)
{
    size_t n = 0;

    while (isalnum((unsigned char)line[n]) || line[n] == '_')
        n++;
    return isdigit((unsigned char)*line) ? 0 : n;
}

static const char *read_plain(struct reading *r, const char *name, const char *text)
{
    if (text[strcspn(text, " \t'\"\\$`#")] == '\0')
        return text;
    fault(r, name, "含有空格、引号、反斜杠、$、` 或 # 的值须用单引号括起；注释须独占一行",
          "a value with spaces, quotes, backslashes, $, ` or # wants single quotes around it; comments stand on lines of their own");
    return NULL;
}

/* What stands between quotes ends with the line. */
static const char *read_single(struct reading *r, const char *name, const char *text)
{
    size_t n = strcspn(text, "'");

    if (text[n] == '\'' && text[n + 1] == '\0')
        return arena_copy(r->arena, text, n);
    fault(r, name, "单引号必须成对，其后不能有其他内容", "the single quote has no end, or something stands behind it");
    return NULL;
}

static const char *read_double(struct reading *r, const char *name, const char *text)
{
    char *value = arena_alloc(r->arena, strlen(text) + 1);
    size_t n = 0;

    for (; *text && *text != '"'; text++) {
        if (*text == '$' || *text == '`' || (*text == '\\' && !(text[1] && strchr("\"\\$`", text[1])))) {
            fault(r, name, "双引号中的 $ 和 ` 须写成 \\$ 和 \\`，反斜杠须写成 \\\\", "in double quotes $ and ` are written \\$ and \\`, a backslash \\\\");
            return NULL;
        }
        if (*text == '\\')
            text++;
        value[n++] = *text;
    }
    if (text[0] == '"' && text[1] == '\0')
        return value;
    fault(r, name, "双引号必须成对，其后不能有其他内容", "the double quote has no end, or something stands behind it");
    return NULL;
}

static const struct env_line *find(const struct env_text *e, const char *name)
{
    for (size_t i = 0; i < e->count; i++)
        if (strcmp(e->lines[i].name, name) == 0)
            return &e->lines[i];
    return NULL;
}

static void read_line(struct reading *r, const char *line)
{
    size_t n = name_bytes(line);
    const char *name = arena_copy(r->arena, line, n), *value;

    if (*line == '\0' || *line == '#')
        return;
    if (n == 0 || line[n] != '=') {
        fault(r, "", "必须是 名称=值，名称由字母、数字和下划线组成，等号两侧没有空格",
              "must be NAME=VALUE: letters, digits and underscores, without spaces around the sign");
        return;
    }
    line += n + 1;
    value = *line == '\'' ? read_single(r, name, line + 1) : *line == '"' ? read_double(r, name, line + 1) : read_plain(r, name, line);
    const struct env_line *before = find(r->out, name);
    if (before)
        fault(r, name, arena_fmt(r->arena, "第 %zu 行已有此名称", before->number), arena_fmt(r->arena, "line %zu has this name already", before->number));
    else if (value)
        r->out->lines[r->out->count++] = (struct env_line){name, value, r->number};
}

/* White space at both ends says nothing, nor does the carriage return of a Windows file. */
static const char *trimmed(struct arena *a, const char *line, size_t n)
{
    while (n > 0 && strchr(" \t\r", line[n - 1]))
        n--;
    while (n > 0 && strchr(" \t", *line)) {
        line++;
        n--;
    }
    return arena_copy(a, line, n);
}

enum rc env_text_read(struct arena *a, const char *bytes, size_t n, struct env_text *out, struct error *err)
{
    struct env_text read = {NULL, 0};
    struct reading r = {a, &read, err, 0};
    size_t lines = 1, faults_before = err->fault_count;

    if (n > ENV_TEXT_MAX)
        return error_say(err, RC_INVALID_INPUT, "环境文件超过 256 KiB", "The environment file has more than 256 KiB");
    for (size_t i = 0; i < n; i++)
        lines += bytes[i] == '\n';
    read.lines = arena_array(a, lines, sizeof *read.lines);
    for (size_t at = 0; at < n;) {
        const char *end = memchr(bytes + at, '\n', n - at);
        size_t length = end ? (size_t)(end - bytes) - at : n - at;
        r.number++;
        if (text_is_utf8(bytes + at, length))
            read_line(&r, trimmed(a, bytes + at, length));
        else
            fault(&r, "", "不是有效的 UTF-8 文本", "is not valid UTF-8");
        at += length + 1;
    }
    if (err->fault_count > faults_before)
        return RC_INVALID_INPUT;
    *out = read;
    return RC_OK;
}

const char *env_text_get(const struct env_text *e, const char *name)
{
    const struct env_line *line = find(e, name);

    return line ? line->value : NULL;
}
