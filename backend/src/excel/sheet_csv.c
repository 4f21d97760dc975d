/* Comma-separated values (RFC 4180), with the delimiters and line ends that programs write beside those of the standard. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "excel/sheet_inner.h"
#include "excel/sheet_text.h"

#define END (-1)
#define LOOK_RECORDS 30 /* for the delimiter */

struct csv {
    struct sheet_text text;
    struct buf field;
    char delimiter;
    int64_t line, record;
};

/* ---------------------------------------------------------------- the delimiter */

static const char CANDIDATES[] = ",\t;";
enum { CANDIDATE_COUNT = sizeof CANDIDATES - 1 };

struct tally {
    int now;    /* in this record */
    int first;  /* in the first record that is not empty */
    int has;    /* records that have it */
    int same;   /* records that have as many as the first */
    int total;
};

static void end_record(struct tally *tallies)
{
    for (int i = 0; i < CANDIDATE_COUNT; i++) {
        struct tally *t = &tallies[i];
        t->has += t->now > 0;
        t->first = t->first ? t->first : t->now;
        t->same += t->now > 0 && t->now == t->first;
        t->total += t->now;
        t->now = 0;
    }
}

static bool is_better(const struct tally *a, const struct tally *b)
{
    if (a->has != b->has)
        return a->has > b->has;
    return a->same != b->same ? a->same > b->same : a->total > b->total;
}

/* The one that most of the first records have, then the one that they have equally often. */
static char find_delimiter(const char *at, const char *end)
{
    struct tally tallies[CANDIDATE_COUNT] = {0};
    bool quoted = false;
    int best = 0;
    for (int records = 0; at < end && records < LOOK_RECORDS; at++) {
        const char *candidate = *at ? strchr(CANDIDATES, *at) : NULL;
        if (*at == '"')
            quoted = !quoted;
        else if (!quoted && candidate)
            tallies[candidate - CANDIDATES].now++;
        else if (!quoted && (*at == '\n' || *at == '\r')) {
            end_record(tallies);
            records++;
        }
    }
    end_record(tallies);
    for (int i = 1; i < CANDIDATE_COUNT; i++)
        if (is_better(&tallies[i], &tallies[best]))
            best = i;
    return CANDIDATES[best];
}

/* ---------------------------------------------------------------- characters */

static int peek(struct csv *c)
{
    if (c->text.at == c->text.end && !sheet_text_more(&c->text))
        return END;
    return (unsigned char)*c->text.at;
}

static bool take(struct csv *c, char wanted)
{
    if (peek(c) != (unsigned char)wanted)
        return false;
    c->text.at++;
    return true;
}

static bool take_line_end(struct csv *c)
{
    bool has_return = take(c, '\r'), has_feed = take(c, '\n');
    c->line += has_return || has_feed;
    return has_return || has_feed;
}

static bool ends_field(const struct csv *c, int byte)
{
    return byte == END || byte == (unsigned char)c->delimiter || byte == '\n' || byte == '\r';
}

/* All that is ready and means nothing but itself. */
static void take_run(struct csv *c, const char *meaningful)
{
    const char *at = c->text.at, *from = at;
    while (at < c->text.end && !strchr(meaningful, *at))
        at++;
    buf_add(&c->field, from, (size_t)(at - from));
    c->text.at = at;
}

/* ---------------------------------------------------------------- fields */

static enum rc refuse_stray(struct sheet *s, int64_t opened)
{
    long long line = s->csv->line, from = opened;
    const char *zh = arena_fmt(s->arena, "第 %lld 行：引号用法有误：含引号的内容须整体加引号，其中的引号写两遍", line);
    const char *en = arena_fmt(s->arena, "Line %lld: a quotation mark is out of place: text that has one is put in quotation marks, "
                                         "and the mark itself written twice", line);
    if (from != line) {
        zh = arena_fmt(s->arena, "%s（引号从第 %lld 行开始）", zh, from);
        en = arena_fmt(s->arena, "%s (quoted since line %lld)", en, from);
    }
    return sheet_refuse_with(s, RC_SHEET_QUOTE, zh, en);
}

static enum rc refuse_unclosed(struct sheet *s, int64_t opened)
{
    return sheet_refuse_with(s, RC_SHEET_QUOTE, arena_fmt(s->arena, "第 %lld 行：引号没有结束，请补上另一半", (long long)opened),
                             arena_fmt(s->arena, "Line %lld: a quotation mark is never closed: add the other one", (long long)opened));
}

/* Most likely a quotation mark is missing and the rest of the file was taken in. */
static enum rc refuse_long(struct sheet *s, int64_t opened)
{
    return sheet_refuse_with(s, RC_SHEET_TOO_LARGE,
                             arena_fmt(s->arena, "第 %lld 行：文字超过 %d 个字符；如非有意，请检查引号是否配对", (long long)opened,
                                       SHEET_TEXT_MAX),
                             arena_fmt(s->arena, "Line %lld: the text is longer than %d characters; if that is not meant, look for a "
                                                 "missing quotation mark", (long long)opened, SHEET_TEXT_MAX));
}

static enum rc read_plain(struct sheet *s)
{
    struct csv *c = s->csv;
    const char meaningful[] = {'"', c->delimiter, '\r', '\n', '\0'};
    for (;;) {
        int byte = peek(c);
        if (ends_field(c, byte))
            return RC_OK;
        if (byte == '"')
            return refuse_stray(s, c->line);
        take_run(c, meaningful);
    }
}

/* Line breaks become "\n", as they are in workbooks. */
static enum rc read_quoted(struct sheet *s)
{
    struct csv *c = s->csv;
    const int64_t opened = c->line;
    for (;;) {
        if (c->field.overflow)
            return refuse_long(s, opened);
        if (take(c, '"')) {
            if (take(c, '"'))
                buf_char(&c->field, '"');
            else
                return ends_field(c, peek(c)) ? RC_OK : refuse_stray(s, opened);
        } else if (take_line_end(c)) {
            buf_char(&c->field, '\n');
        } else if (peek(c) == END) {
            return refuse_unclosed(s, opened);
        } else {
            take_run(c, "\"\r\n");
        }
    }
}

static enum rc read_field(struct sheet *s, size_t column)
{
    struct csv *c = s->csv;
    buf_reset(&c->field);
    int64_t line = c->line;
    enum rc rc = take(c, '"') ? read_quoted(s) : read_plain(s);
    if (rc == RC_OK && c->field.overflow)
        rc = refuse_long(s, line);
    if (rc == RC_OK && c->field.n > 0)
        rc = sheet_put(s, column, SHEET_CELL_TEXT, c->field.bytes, c->field.n, false);
    return rc;
}

enum rc csv_next(struct sheet *s, bool *more)
{
    struct csv *c = s->csv;
    enum rc rc = RC_OK;
    *more = peek(c) != END;
    if (!*more)
        return rc;
    sheet_row_begin(s, ++c->record, c->line);
    for (size_t column = 0; rc == RC_OK; column++) {
        rc = read_field(s, column);
        if (rc == RC_OK && !take(c, c->delimiter))
            break;
    }
    if (rc == RC_OK)
        take_line_end(c);
    return rc;
}

/* ---------------------------------------------------------------- opening */

static enum rc check_encoding(struct sheet *s, const char *bytes, size_t n, struct sheet_encoding *encoding)
{
    int64_t line = 0;
    switch (sheet_text_find(bytes, n, encoding, &line)) {
    case SHEET_TEXT_FINE:
        return RC_OK;
    case SHEET_TEXT_BAD:
        return sheet_refuse_line(s, RC_SHEET_ENCODING, line);
    case SHEET_TEXT_NO_CODEC:
        break;
    }
    return sheet_refuse(s, RC_SHEET_ENCODING);
}

/* Excel's own first line "sep=;" names the delimiter and is no row. */
static void take_separator_line(struct csv *c)
{
    size_t ready = (size_t)(c->text.end - c->text.at);
    if (ready < 5 || memcmp(c->text.at, "sep=", 4) != 0 || !strchr(CANDIDATES, c->text.at[4]))
        return;
    if (ready > 5 && c->text.at[5] != '\r' && c->text.at[5] != '\n')
        return;
    c->delimiter = c->text.at[4];
    c->text.at += 5;
    take_line_end(c);
}

enum rc csv_open(struct sheet *s, const char *bytes, size_t n)
{
    struct sheet_encoding encoding;
    enum rc rc = check_encoding(s, bytes, n, &encoding);
    if (rc != RC_OK)
        return rc;
    struct csv *c = s->csv = calloc(1, sizeof *c);
    if (!c)
        abort();
    buf_init(&c->field, SHEET_TEXT_BYTES_MAX);
    c->line = 1;
    if (!sheet_text_open(&c->text, bytes, n, &encoding) || peek(c) == END)
        return sheet_refuse(s, RC_SHEET_EMPTY);
    c->delimiter = find_delimiter(c->text.at, c->text.end);
    take_separator_line(c);
    s->facts = (struct sheet_facts){.kind = "csv", .encoding = encoding.name, .delimiter = c->delimiter};
    return RC_OK;
}

void csv_close(struct csv *c)
{
    if (!c)
        return;
    sheet_text_close(&c->text);
    buf_free(&c->field);
    free(c);
}
