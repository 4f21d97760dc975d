/* What the sender says of his file: which row is the head, which column is which field, what the words mean that nobody knew. */
#include <string.h>

#include "domain/import_rows.h"
#include "domain/reply.h"
#include "files/files.h"

#define ANSWERS_MAX 2000

static const struct sql CHOOSE = {"import.choose", "UPDATE imports SET mapping = $2, answers = $3, remark = $4, form = $5, status = 'new', summary = "
                                                   "NULL, updated_at = $6 WHERE id = $1"};
static const struct sql CLEAR = {"import.clear_rows", "DELETE FROM import_rows WHERE import_id = $1"};

struct import_answer {
    struct record record;
    const char *field, *value, *use;
    int64_t create;
};
static const char *const word_fields[] = {"category", "unit", "place", NULL};
static const struct field answer_fields[] = {
    FIELD(struct import_answer, field, FIELD_TEXT, F_IN | F_NEED, .choices = word_fields),
    FIELD(struct import_answer, value, FIELD_TEXT, F_IN | F_NEED, .max = 200, .example = "公斤"),
    FIELD(struct import_answer, use, FIELD_TEXT, F_IN, .max = 100, .example = "kg"),
    FIELD(struct import_answer, create, FIELD_FLAG, F_IN),
};
static const struct record_type answer_type = RECORD_TYPE("ImportAnswer", struct import_answer, answer_fields);

struct import_choice {
    struct record record;
    const struct json *mapping, *answers;
    const char *remark;
    int64_t head_row;
};
static const struct field choice_fields[] = {
    FIELD(struct import_choice, head_row, FIELD_INT, F_IN, .min = IMPORT_NO_HEAD, .max = 1048576),
    FIELD(struct import_choice, mapping, FIELD_JSON, F_IN, .max = SHEET_COLUMNS_MAX),
    FIELD(struct import_choice, answers, FIELD_JSON, F_IN, .items = &answer_type, .max = ANSWERS_MAX),
    FIELD(struct import_choice, remark, FIELD_TEXT, F_IN, .max = 500),
};
const struct record_type import_choice_type = RECORD_TYPE("ImportChoice", struct import_choice, choice_fields);

static void bad_mapping(struct ctx *c, const char *value, const char *zh, const char *en)
{
    error_fault(&c->err, c->arena, "mapping", "choice", zh, en, value);
}

/* An array of field names, "" (or null) for columns that are not imported; no name twice. */
static const char *read_mapping(struct ctx *c, const struct import_kind *kind, const struct json *list)
{
    const char *out = "";
    bool taken[IMPORT_FIELDS_MAX] = {0};
    if (list->type != JSON_ARRAY || list->n > SHEET_COLUMNS_MAX) {
        bad_mapping(c, NULL, "应为字段名的数组", "must be an array of field names");
        return NULL;
    }
    for (const struct json *v = list->first; v; v = v->next) {
        const char *name = v->type == JSON_STRING ? v->text : "";
        size_t i = import_field_index(kind, name);
        bool is_none = v->type == JSON_NULL || (v->type == JSON_STRING && !*name);
        if (!is_none && i == kind->field_count)
            bad_mapping(c, v->type == JSON_STRING ? name : NULL, "没有此字段", "There is no such field");
        else if (!is_none && taken[i])
            bad_mapping(c, name, "一个字段只能对应一列", "A field stands for one column only");
        if (i < kind->field_count)
            taken[i] = true;
        out = arena_fmt(c->arena, "%s%s\"%s\"", out, *out ? "," : "", i < kind->field_count ? kind->fields[i].name : "");
    }
    return arena_fmt(c->arena, "[%s]", out);
}

static void write_answer(struct json_writer *w, const struct import_answer *a)
{
    jw_object(w);
    jw_member_text(w, "field", a->field);
    jw_member_text(w, "value", a->value);
    jw_member_text(w, "use", a->use);
    jw_member_bool(w, "create", a->create != 0);
    jw_object_end(w);
}

static const char *read_answers(struct ctx *c, const struct json *list)
{
    struct buf text;
    struct json_writer w;
    size_t i = 0;
    if (list->type != JSON_ARRAY || list->n > ANSWERS_MAX) {
        error_fault(&c->err, c->arena, "answers", "type", "应为数组，最多 2000 项", "must be an array of at most 2000", NULL);
        return NULL;
    }
    buf_init(&text, HTTP_ANSWER_MAX);
    jw_init(&w, &text, false);
    jw_array(&w);
    for (const struct json *v = list->first; v; v = v->next, i++) {
        struct import_answer a;
        if (record_from_json(c, &answer_type, v, arena_fmt(c->arena, "answers[%zu].", i), RECORD_CREATE, &a) == RC_OK)
            write_answer(&w, &a);
    }
    jw_array_end(&w);
    const char *out = arena_dup(c->arena, buf_text(&text));
    buf_free(&text);
    return out;
}

static enum rc read_choice(struct call *call, struct import *im, struct import_choice *b)
{
    TRY(import_load_for_change(call, im, "new", "checked"));
    return record_from_json(&call->ctx, &import_choice_type, call->body, "", RECORD_UPDATE, b);
}

/* With another head row the file is looked at again. */
enum rc import_prepare_choice(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct import im;
    struct import_choice b;
    struct buf bytes;
    TRY(read_choice(call, &im, &b));
    if (!record_has(&import_choice_type, &b, "head_row"))
        return RC_OK;
    struct import_upload *u = arena_new(c->arena, struct import_upload);
    u->kind = import_kind_of(im.kind);
    buf_init(&bytes, SHEET_FILE_MAX + 1);
    enum rc rc = files_get(c->files, im.file_key, &bytes);
    if (rc == RC_OK)
        rc = import_look(c, buf_text(&bytes), bytes.n, b.head_row, u);
    buf_free(&bytes);
    call->prepared = u;
    return rc;
}

enum rc import_put_choice(struct call *call)
{
    struct ctx *c = &call->ctx;
    const struct import_upload *u = call->prepared;
    struct import im;
    struct import_choice b;
    TRY(read_choice(call, &im, &b));
    const char *mapping = b.mapping ? read_mapping(c, import_kind_of(im.kind), b.mapping) : u ? u->mapping : im.mapping;
    const char *answers = b.answers ? read_answers(c, b.answers) : im.answers;
    TRY(c->err.rc);
    const char *remark = record_given(&import_choice_type, &b, "remark") ? b.remark : im.remark;
    TRY(db_exec(c->db, &CLEAR, DB_ARGS(DB_I(im.id)), NULL));
    TRY(db_exec(c->db, &CHOOSE, DB_ARGS(DB_I(im.id), DB_T(mapping), DB_T(answers), DB_T(remark), DB_T(u ? u->form : im.form), DB_I(c->now_ms)), NULL));
    return import_reply(call, im.id, 200, "已保存", "Saved");
}
