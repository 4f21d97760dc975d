#include "ops/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json/json.h"

#define FORMAT "mms-operation-log"
#define LINE_MAX_BYTES (4u * 1024 * 1024)

/* ---------------------------------------------------------------- writing */

struct writing {
    FILE *file;
    struct hash_stream hash;
    struct buf line;
    int64_t rows;
};

static enum rc put_line(struct writing *w)
{
    buf_char(&w->line, '\n');
    hash_add(&w->hash, buf_text(&w->line), w->line.n);
    bool written = !w->line.overflow && fwrite(w->line.bytes, 1, w->line.n, w->file) == w->line.n;
    buf_reset(&w->line);
    return written ? RC_OK : RC_INTERNAL;
}

static void put_value(struct json_writer *j, const char *name, struct db_value v)
{
    jw_name(j, name);
    if (v.type == DB_INT)
        jw_int(j, v.number);
    else
        jw_text(j, v.type == DB_TEXT ? v.text : NULL);
}

static enum rc put_row(void *arg, const struct db_value row[static AUDIT_COLUMNS], const char *hash)
{
    struct writing *w = arg;
    struct json_writer j;
    jw_init(&j, &w->line, false);
    jw_object(&j);
    for (size_t i = 0; i < AUDIT_COLUMNS; i++)
        put_value(&j, audit_columns[i], row[i]);
    put_value(&j, "hash", DB_T(hash));
    jw_object_end(&j);
    w->rows++;
    return put_line(w);
}

static enum rc put_header(struct writing *w, const struct audit_seal *s)
{
    struct json_writer j;
    jw_init(&j, &w->line, false);
    jw_object(&j);
    put_value(&j, "format", DB_T(FORMAT));
    put_value(&j, "version", DB_I(1));
    put_value(&j, "first_id", DB_I(s->first_id));
    put_value(&j, "last_id", DB_I(s->last_id));
    put_value(&j, "previous_hash", DB_T(s->previous));
    jw_object_end(&j);
    return put_line(w);
}

static enum rc put_trailer(struct writing *w, const struct audit_seal *s)
{
    struct json_writer j;
    jw_init(&j, &w->line, false);
    jw_object(&j);
    put_value(&j, "rows", DB_I(w->rows));
    put_value(&j, "hash", DB_T(s->hash));
    jw_object_end(&j);
    return put_line(w);
}

static enum rc put_all(struct ctx *c, struct writing *w, const struct audit_seal *s)
{
    TRY(put_header(w, s));
    TRY(audit_rows(c, s->first_id, s->last_id, put_row, w));
    TRY(put_trailer(w, s));
    return fflush(w->file) == 0 && fsync(fileno(w->file)) == 0 ? RC_OK : RC_INTERNAL;
}

static enum rc say_errno(struct ctx *c, const char *path)
{
    const char *why = strerror(errno);
    return error_say(&c->err, RC_INTERNAL, arena_fmt(c->arena, "无法写入 %s：%s", path, why),
                     arena_fmt(c->arena, "cannot write %s: %s", path, why));
}

enum rc audit_file_write(struct ctx *c, const char *path, const struct audit_seal *seal, char hash[static HASH_HEX_MAX])
{
    struct writing w = {0};
    const char *part = arena_fmt(c->arena, "%s.part", path);
    if (access(path, F_OK) == 0) {
        errno = EEXIST;
        return say_errno(c, path);
    }
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    w.file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!w.file)
        return say_errno(c, part);
    buf_init(&w.line, LINE_MAX_BYTES);
    hash_begin(&w.hash);
    enum rc rc = put_all(c, &w, seal);
    bool closed = fclose(w.file) == 0;
    if (rc != RC_OK || !closed)
        rc = say_errno(c, part);
    else if (link(part, path) != 0) /* never over a file that came meanwhile */
        rc = say_errno(c, path);
    unlink(part);
    buf_free(&w.line);
    hash_end(&w.hash, hash);
    return rc;
}

/* ---------------------------------------------------------------- proving */

static struct db_value value_of(const struct json *object, const char *name)
{
    const struct json *v = json_member(object, name);
    int64_t number;
    if (v && v->type == JSON_STRING)
        return DB_T(v->text);
    return v && json_to_int(v, &number) ? DB_I(number) : DB_N;
}

struct proving {
    struct audit_walk *walk;
    struct arena arena; /* of one line */
    int64_t last_id;    /* as the header says */
    bool begun, ended;
};

static void prove_header(struct proving *p, const struct json *line)
{
    struct db_value format = value_of(line, "format"), first = value_of(line, "first_id"), last = value_of(line, "last_id"),
                    previous = value_of(line, "previous_hash");
    p->begun = true;
    if (format.type != DB_TEXT || strcmp(format.text, FORMAT) != 0 || value_of(line, "version").number != 1 ||
        previous.type != DB_TEXT)
        audit_walk_tell(p->walk, "这不是操作日志的封存文件", "this is not a sealed operation log");
    else
        audit_walk_begin(p->walk, first.number, previous.text);
    p->last_id = last.number;
}

static void prove_row(struct proving *p, const struct json *line)
{
    struct db_value row[AUDIT_COLUMNS], hash = value_of(line, "hash");
    for (size_t i = 0; i < AUDIT_COLUMNS; i++)
        row[i] = value_of(line, audit_columns[i]);
    audit_walk_row(p->walk, row, hash.type == DB_TEXT ? hash.text : NULL);
}

static void prove_line(struct proving *p, const char *bytes, size_t n)
{
    struct json_fault fault;
    const struct json *line = json_parse(&p->arena, bytes, n, &fault);
    if (!line || line->type != JSON_OBJECT || p->ended) {
        audit_walk_tell(p->walk, "有一行不属于此文件", "a line does not belong here");
    } else if (!p->begun) {
        prove_header(p, line);
    } else if (json_member(line, "rows")) {
        p->ended = true;
        struct db_value hash = value_of(line, "hash");
        audit_walk_reaches(p->walk, p->last_id, hash.type == DB_TEXT ? hash.text : "");
        if (value_of(line, "rows").number != p->walk->rows)
            audit_walk_tell(p->walk, "行数不符", "the number of rows is not the one on record");
    } else {
        prove_row(p, line);
    }
    arena_reset(&p->arena);
}

bool audit_file_prove(const char *path, struct audit_walk *w, char hash[static HASH_HEX_MAX])
{
    struct proving p = {.walk = w};
    struct hash_stream stream;
    char *line = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    arena_init(&p.arena);
    audit_walk_begin(w, 0, AUDIT_FIRST_HASH);
    hash_begin(&stream);
    for (ssize_t n; (n = getline(&line, &room, file)) > 0;) {
        hash_add(&stream, line, (size_t)n);
        prove_line(&p, line, (size_t)n);
    }
    if (!p.ended)
        audit_walk_tell(w, "文件不完整，缺少末行", "the file is cut: its last line is missing");
    hash_end(&stream, hash);
    bool read = !ferror(file);
    fclose(file);
    free(line);
    arena_free(&p.arena);
    return read;
}
