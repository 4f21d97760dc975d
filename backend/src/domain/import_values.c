/* From cells to values as a body spells them. */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "domain/import_rows.h"
#include "domain/location.h"
#include "domain/unit.h"
#include "domain/words.h"

#define SLOTS 16384
#define PLACE_CODE_CHARS 50 /* as location.c has it */

/* What the person has said that a word stands for. */
struct answer {
    const char *field, *value, *use;
    bool makes;
    struct answer *in_slot;
};

struct import_words {
    struct arena *arena; /* of the job */
    struct import_word *first, **end;   /* in the order of the file */
    struct import_word *slots[SLOTS];   /* by text */
    struct answer *answers[SLOTS];
};

static const struct sql CODE_TAKEN = {"import.place_taken", "SELECT COUNT(*) AS n FROM locations WHERE code_fold = $1"};

static size_t slot_of(const char *text)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash % SLOTS;
}

static const char *text_member(const struct json *object, const char *name)
{
    const struct json *v = json_member(object, name);
    return v && v->type == JSON_STRING ? v->text : NULL;
}

static void keep_answer(struct import_words *words, const struct json *a)
{
    const struct json *makes = json_member(a, "create");
    struct answer *kept = arena_new(words->arena, struct answer);
    *kept = (struct answer){text_member(a, "field"), text_member(a, "value"), text_member(a, "use"), makes && makes->type == JSON_TRUE, NULL};
    if (!kept->field || !kept->value)
        return;
    struct answer **at = &words->answers[slot_of(kept->value)];
    while (*at) /* of two about the same word the first counts */
        at = &(*at)->in_slot;
    *at = kept;
}

struct import_words *import_words_new(struct arena *a, const struct json *answers)
{
    struct import_words *words = arena_new(a, struct import_words);
    words->arena = a;
    words->end = &words->first;
    for (const struct json *v = answers ? answers->first : NULL; v; v = v->next)
        keep_answer(words, v);
    return words;
}

void import_fault(struct import_row *row, const char *field, const char *code, const char *zh, const char *en)
{
    size_t i = import_field_index(row->kind, field);
    size_t column = i < row->kind->field_count ? row->columns[i] : IMPORT_NO_COLUMN;
    const char *value = column < row->row->count ? row->row->cells[column].text : NULL;
    error_fault(&row->c->err, row->c->arena, record_camel(row->c->arena, field), code, zh, en,
                value ? text_shorten(row->c->arena, value, 100) : NULL);
}

/* ---------------------------------------------------------------- plain values */

/* "1,234,567.5": commas at every third digit before the point, and nowhere else. */
static bool has_thousands(const char *text)
{
    const char *p = text + (*text == '-');
    size_t n = strspn(p, "0123456789");
    if (n < 1 || n > 3 || p[n] != ',')
        return false;
    for (p += n; *p == ','; p += 4)
        if (strspn(p + 1, "0123456789") < 3 || isdigit((unsigned char)p[4]))
            return false;
    return *p == '\0' || (*p == '.' && p[1 + strspn(p + 1, "0123456789")] == '\0');
}

/* What is no number stays as it is, and is refused by the field. */
static const char *number_of(struct arena *a, const char *text)
{
    char *plain = text_narrow(a, text_trim(a, text)), *to = plain;
    if (*plain == '+')
        plain++, to++;
    if (has_thousands(plain)) {
        for (const char *p = plain; *p; p++)
            if (*p != ',')
                *to++ = *p;
        *to = '\0';
    }
    bool minus = *plain == '-';
    const char *digits = plain + minus;
    while (digits[0] == '0' && isdigit((unsigned char)digits[1]))
        digits++;
    return arena_fmt(a, "%s%s%s", minus ? "-" : "", *digits == '.' ? "0" : "", digits);
}

/* What is no number at all is told as such, whatever the field says of what is out of its range. */
static void read_number(struct import_row *row, const struct import_field *f, size_t i, const char *text)
{
    struct dec value;
    const char *number = number_of(row->c->arena, text);
    if (dec_parse(number, strlen(number), &value) == DEC_SYNTAX)
        import_fault(row, f->name, "type", "应为数字", "must be a number");
    else
        row->values[i] = number;
}

static const char *day_of(struct arena *a, const char *text)
{
    static const char *const separators[] = {"-", "/", ".", "年", "月", "日", NULL};
    int part[3] = {0}, digits[3] = {0}, n = 0;
    const char *plain = text_narrow(a, text_trim(a, text)), *p = plain;
    if (strlen(plain) == 8 && strspn(plain, "0123456789") == 8)
        return arena_fmt(a, "%.4s-%.2s-%.2s", plain, plain + 4, plain + 6);
    while (n < 3 && isdigit((unsigned char)*p)) {
        for (; isdigit((unsigned char)*p) && digits[n] < 5; p++, digits[n]++)
            part[n] = part[n] * 10 + (*p - '0');
        n++;
        for (size_t i = 0; separators[i]; i++)
            if (text_starts(p, separators[i])) {
                p += strlen(separators[i]);
                break;
            }
    }
    bool whole = n == 3 && digits[0] == 4 && digits[1] <= 2 && digits[2] <= 2 && (*p == '\0' || *p == ' ');
    return whole ? arena_fmt(a, "%04d-%02d-%02d", part[0], part[1], part[2]) : plain;
}

/* Our own .csv puts one more ' before what a spreadsheet would take for a formula, be it behind others (excel/csv.h). */
static const char *text_of(const struct import_row *row, const char *text)
{
    const char *behind = text + strspn(text, "'");
    return row->is_csv && behind > text && *behind && strchr("=+-@\t\r", *behind) ? text + 1 : text;
}

/* ---------------------------------------------------------------- words */

/* The code, the words that an export writes, and others that mean the same. */
static const char *category_of(struct arena *a, const char *fold)
{
    static const struct {
        const char *text, *code;
    } others[] = {{"化学", "chemical"}, {"化学品", "chemical"}, {"化工", "chemical"}, {"金属", "metal"}, {"金属材料", "metal"}};
    for (const struct word *w = category_words; w->code; w++)
        if (strcmp(fold, w->code) == 0 || strcmp(fold, text_fold(a, w->zh)) == 0 || strcmp(fold, text_fold(a, w->en)) == 0)
            return w->code;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(fold, others[i].text) == 0)
            return others[i].code;
    return NULL;
}

/* NULL: nothing was said about it. */
static const struct answer *answer_to(const struct import_words *words, const struct import_word *w)
{
    const struct answer *a = words->answers[slot_of(w->text)];
    while (a && (strcmp(a->field, w->field->name) != 0 || strcmp(a->value, w->text) != 0))
        a = a->in_slot;
    return a;
}

/* Finds what `text` names; w->stands_for stays NULL when nobody knows. */
static enum rc look_up(struct ctx *c, struct import_words *words, struct import_word *w, const char *text)
{
    switch (w->field->value) {
    case IMPORT_UNIT:
        TRY(unit_find(c, text, &w->id, &w->decimals));
        break;
    case IMPORT_PLACE:
        TRY(location_find(c, text, &w->id));
        break;
    case IMPORT_CATEGORY:
        w->stands_for = category_of(c->arena, text_fold(c->arena, text));
        return RC_OK;
    case IMPORT_TEXT:
    case IMPORT_NUMBER:
    case IMPORT_DAY:
        return RC_OK;
    }
    if (w->id)
        w->stands_for = text_trim(words->arena, text_narrow(words->arena, text));
    return RC_OK;
}

/* A place's code may be that of one where nothing is kept (suppliers, counts), and making places needs a permission. */
static enum rc may_create(struct ctx *c, const struct import_word *w, bool *out)
{
    int64_t taken = 0;
    bool is_place = w->field->value == IMPORT_PLACE;
    if (is_place)
        TRY(ctx_number(c, &CODE_TAKEN, DB_ARGS(DB_T(text_fold(c->arena, w->text))), &taken));
    *out = w->field->value != IMPORT_CATEGORY && !(is_place && (taken || text_chars(w->text) > PLACE_CODE_CHARS || !ctx_may(c, PERM_LOCATION_WRITE)));
    return RC_OK;
}

static enum rc understand(struct ctx *c, struct import_words *words, struct import_word *w)
{
    const struct answer *said = answer_to(words, w);
    TRY(look_up(c, words, w, said && said->use ? said->use : w->text));
    if (w->stands_for)
        return RC_OK;
    TRY(may_create(c, w, &w->may_create));
    if (said && said->makes && w->may_create) {
        w->stands_for = text_trim(words->arena, text_narrow(words->arena, w->text));
        w->decimals = UNIT_DECIMALS_UNKNOWN;
    }
    const struct known_unit *known = w->field->value == IMPORT_UNIT ? unit_known(text_trim(c->arena, text_narrow(c->arena, w->text))) : NULL;
    w->proposal = known ? known->code : NULL;
    return RC_OK;
}

static enum rc find_word(struct import_row *row, const struct import_field *f, const char *text, struct import_word **out)
{
    struct import_words *words = row->words;
    struct import_word **slot = &words->slots[slot_of(text)];
    for (*out = *slot; *out; *out = (*out)->in_slot)
        if ((*out)->field == f && strcmp((*out)->text, text) == 0)
            return RC_OK;
    struct import_word *w = arena_new(words->arena, struct import_word);
    *w = (struct import_word){.field = f, .text = arena_dup(words->arena, text), .in_slot = *slot};
    sheet_address(row->columns[import_field_index(row->kind, f->name)], row->row->number, w->cell);
    TRY(understand(row->c, words, w));
    *out = *slot = *words->end = w;
    words->end = &w->next;
    return RC_OK;
}

static bool is_too_long(struct import_row *row, const struct import_field *f, const char *text, size_t max)
{
    if (strlen(text) <= max || text_chars(text) <= max)
        return false;
    import_fault(row, f->name, "too_long", arena_fmt(row->c->arena, "长度不能超过%zu个字符", max),
                 arena_fmt(row->c->arena, "must have at most %zu characters", max));
    return true;
}

static enum rc read_word(struct import_row *row, const struct import_field *f, size_t i, const char *text)
{
    struct import_word *w;
    text = text_trim(row->c->arena, text);
    if (is_too_long(row, f, text, IMPORT_WORD_CHARS))
        return RC_OK;
    TRY(find_word(row, f, text, &w));
    w->rows++;
    row->named[i] = w;
    row->values[i] = w->stands_for;
    if (w->stands_for)
        return RC_OK;
    if (f->value == IMPORT_CATEGORY)
        import_fault(row, f->name, "unknown_word", "没有此类别，请指明它是哪一类", "There is no such category: say which one is meant");
    else if (f->value == IMPORT_UNIT)
        import_fault(row, f->name, "unknown_word", "没有此计量单位，请指明它是哪个单位，或确认新增",
                     "There is no such unit: say which one is meant, or that it is to be added");
    else if (!w->may_create)
        import_fault(row, f->name, "unknown_word", "没有可存放物料的此库位，请指明它是哪个库位",
                     "There is no such place to keep things in: say which one is meant");
    else
        import_fault(row, f->name, "unknown_word", "没有此库位，请指明它是哪个库位，或确认新增",
                     "There is no such place: say which one is meant, or that it is to be added");
    return RC_OK;
}

void import_write_unknown(struct import_words *words, struct json_writer *w)
{
    size_t told = 0;
    jw_array(w);
    for (const struct import_word *word = words->first; word && told < IMPORT_UNKNOWN_TOLD; word = word->next) {
        if (word->stands_for)
            continue;
        told++;
        jw_object(w);
        jw_member_text(w, "field", word->field->name);
        jw_member_text(w, "value", word->text);
        jw_member_int(w, "rows", word->rows);
        jw_member_text(w, "cell", word->cell);
        jw_member_text(w, "proposal", word->proposal);
        jw_member_bool(w, "canCreate", word->may_create);
        jw_object_end(w);
    }
    jw_array_end(w);
}

/* ---------------------------------------------------------------- a row's values */

static enum rc read_cell(struct import_row *row, const struct import_field *f, size_t i, const struct sheet_cell *cell)
{
    struct arena *a = row->c->arena;
    if (cell->kind == SHEET_CELL_FAULT) {
        import_fault(row, f->name, "cell_fault", "单元格是错误值", "The cell holds an error");
        return RC_OK;
    }
    if (cell->kind == SHEET_CELL_EMPTY || text_is_blank(cell->text)) {
        if (cell->is_formula && cell->kind == SHEET_CELL_EMPTY)
            import_fault(row, f->name, "formula_unsaved", "公式没有保存结果：请用表格软件打开并保存后再上传",
                         "The formula was saved without its result: open the file in a spreadsheet program, save it, and upload it again");
        return RC_OK;
    }
    if (is_too_long(row, f, cell->text, IMPORT_TEXT_CHARS))
        return RC_OK;
    switch (f->value) {
    case IMPORT_TEXT:
        row->values[i] = text_of(row, cell->text);
        return RC_OK;
    case IMPORT_NUMBER:
        read_number(row, f, i, cell->text);
        return RC_OK;
    case IMPORT_DAY:
        row->values[i] = day_of(a, cell->text);
        return RC_OK;
    case IMPORT_CATEGORY:
    case IMPORT_UNIT:
    case IMPORT_PLACE:
        return read_word(row, f, i, text_of(row, cell->text));
    }
    return RC_OK;
}

enum rc import_read_values(struct import_row *row)
{
    memset(row->values, 0, sizeof row->values);
    memset(row->named, 0, sizeof row->named);
    for (size_t i = 0; i < row->kind->field_count; i++)
        if (row->columns[i] < row->row->count)
            TRY(read_cell(row, &row->kind->fields[i], i, &row->row->cells[row->columns[i]]));
    return RC_OK;
}

const char *import_body(struct import_row *row, const char *without)
{
    struct buf text;
    struct json_writer w;
    buf_init(&text, HTTP_BODY_MAX);
    jw_init(&w, &text, false);
    jw_object(&w);
    for (size_t i = 0; i < row->kind->field_count; i++) {
        const char *name = row->kind->fields[i].name;
        if (!row->values[i] || (without && strcmp(name, without) == 0))
            continue;
        jw_name(&w, record_camel(row->c->arena, name));
        jw_text(&w, row->values[i]);
    }
    jw_object_end(&w);
    const char *body = text.overflow ? "{}" : arena_dup(row->c->arena, buf_text(&text));
    buf_free(&text);
    return body;
}
