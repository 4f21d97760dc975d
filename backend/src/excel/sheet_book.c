#include "excel/sheet_book.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

#define SMALL_PART_MAX ((int64_t)4 << 20) /* lists of parts and sheets */
#define STYLES_PART_MAX ((int64_t)64 << 20)
#define SHEETS_MAX 1000
#define STYLES_MAX 65536
#define FORMATS_MAX 65536
#define TYPES_PART "[Content_Types].xml"
#define ROOT_RELATIONS "_rels/.rels"

static bool text_ends(const char *text, const char *with)
{
    size_t n = strlen(text), length = strlen(with);
    return n >= length && strcmp(text + n - length, with) == 0;
}

/* ---------------------------------------------------------------- names of parts */

/* "a/b/../c" is "a/c". */
static char *without_dots(struct arena *a, const char *path)
{
    char *out = arena_alloc(a, strlen(path) + 2), *end = out;
    while (*path) {
        size_t n = strcspn(path, "/");
        if (n == 2 && memcmp(path, "..", 2) == 0) {
            end -= end > out;
            while (end > out && end[-1] != '/')
                end--;
        } else if (n > 0 && !(n == 1 && *path == '.')) {
            memcpy(end, path, n);
            end += n;
            *end++ = '/';
        }
        path += n + (path[n] == '/');
    }
    end[-(end > out)] = '\0';
    return out;
}

static int folder_length(const char *part)
{
    const char *slash = strrchr(part, '/');
    return slash ? (int)(slash + 1 - part) : 0;
}

/* What `target` means in `part`: from the root when it begins with a slash, else from the part's folder. */
static char *resolve(struct arena *a, const char *part, const char *target)
{
    return without_dots(a, *target == '/' ? target : arena_fmt(a, "%.*s%s", folder_length(part), part, target));
}

static char *relations_of(struct arena *a, const char *part)
{
    int n = folder_length(part);
    return arena_fmt(a, "%.*s_rels/%s.rels", n, part, part + n);
}

/* ---------------------------------------------------------------- the workbook */

struct listed_sheet {
    const char *name, *relation;
    bool is_hidden;
};

struct listing {
    struct sheet_book *book;
    char *workbook, *strings, *styles; /* parts */
    struct listed_sheet sheets[SHEETS_MAX];
    size_t count, chosen; /* chosen == count: none yet */
};

static const char *target_of(const char **attributes, const char *type_end)
{
    const char *type = sheet_attribute(attributes, "Type"), *mode = sheet_attribute(attributes, "TargetMode");
    bool fits = type && text_ends(type, type_end) && !(mode && strcmp(mode, "External") == 0);
    return fits ? sheet_attribute(attributes, "Target") : NULL;
}

static enum rc root_relation(struct sheet_part *part, const char *name, const char **attributes)
{
    struct listing *l = part->self;
    const char *target = strcmp(name, "Relationship") == 0 ? target_of(attributes, "/officeDocument") : NULL;
    if (target && !l->workbook)
        l->workbook = resolve(part->sheet->arena, "", target);
    return RC_OK;
}

static enum rc type_of_part(struct sheet_part *part, const char *name, const char **attributes)
{
    struct listing *l = part->self;
    if (strcmp(name, "Override") != 0 || l->workbook)
        return RC_OK;
    const char *path = sheet_attribute(attributes, "PartName"), *type = sheet_attribute(attributes, "ContentType");
    bool is_book = path && type && (strstr(type, ".spreadsheetml.") || strstr(type, ".ms-excel.")) && text_ends(type, ".main+xml");
    if (is_book)
        l->workbook = resolve(part->sheet->arena, "", path);
    return RC_OK;
}

/* By the package's relations; where they are silent, by the types of its parts. */
static enum rc find_workbook(struct sheet *s, struct listing *l)
{
    static const struct sheet_part_reader relations = {root_relation, .bytes_max = SMALL_PART_MAX},
                                          types = {type_of_part, .bytes_max = SMALL_PART_MAX};
    struct sheet_package *p = &l->book->package;
    enum rc rc = RC_OK;
    if (sheet_package_has(p, ROOT_RELATIONS))
        rc = sheet_part_read(s, p, ROOT_RELATIONS, &relations, l);
    if (rc == RC_OK && !l->workbook && sheet_package_has(p, TYPES_PART))
        rc = sheet_part_read(s, p, TYPES_PART, &types, l);
    if (rc == RC_OK && (!l->workbook || text_ends(l->workbook, ".bin")))
        return sheet_refuse(s, RC_SHEET_UNKNOWN);
    return rc;
}

static enum rc list_sheet(struct sheet *s, struct listing *l, const char **attributes)
{
    const char *name = sheet_attribute(attributes, "name"), *state = sheet_attribute(attributes, "state");
    const char *relation = sheet_attribute_relation(attributes);
    if (!name || !relation)
        return sheet_refuse(s, RC_SHEET_DAMAGED);
    if (l->count == SHEETS_MAX)
        return sheet_refuse(s, RC_SHEET_TOO_LARGE);
    l->sheets[l->count++] = (struct listed_sheet){arena_dup(s->arena, name), arena_dup(s->arena, relation),
                                                  state && strcmp(state, "visible") != 0};
    return RC_OK;
}

static enum rc workbook_start(struct sheet_part *part, const char *name, const char **attributes)
{
    struct listing *l = part->self;
    if (part->depth == 1 && strcmp(name, "workbook") != 0)
        return sheet_refuse(part->sheet, RC_SHEET_UNKNOWN);
    if (strcmp(name, "workbookPr") == 0)
        l->book->from_1904 = sheet_flag(sheet_attribute(attributes, "date1904"));
    return strcmp(name, "sheet") == 0 ? list_sheet(part->sheet, l, attributes) : RC_OK;
}

/* Relations come in any order; a sheet of another kind (a chart) is no "worksheet". */
static void match_sheet(struct sheet *s, struct listing *l, const char *id, const char *target)
{
    size_t i = 0;
    while (i < l->chosen && (l->sheets[i].is_hidden || strcmp(l->sheets[i].relation, id) != 0))
        i++;
    if (i == l->chosen)
        return;
    l->chosen = i;
    l->book->sheet_part = resolve(s->arena, l->workbook, target);
}

static enum rc workbook_relation(struct sheet_part *part, const char *name, const char **attributes)
{
    struct listing *l = part->self;
    struct arena *a = part->sheet->arena;
    const char *id, *target;
    if (strcmp(name, "Relationship") != 0)
        return RC_OK;
    if ((target = target_of(attributes, "/worksheet")) && (id = sheet_attribute(attributes, "Id")))
        match_sheet(part->sheet, l, id, target);
    else if ((target = target_of(attributes, "/sharedStrings")))
        l->strings = resolve(a, l->workbook, target);
    else if ((target = target_of(attributes, "/styles")))
        l->styles = resolve(a, l->workbook, target);
    return RC_OK;
}

static void tell_facts(struct sheet *s, const struct listing *l)
{
    const char **names = arena_array(s->arena, l->count + 1, sizeof *names);
    for (size_t i = 0; i < l->count; i++)
        names[i] = l->sheets[i].name;
    s->facts = (struct sheet_facts){.kind = "xlsx", .name = names[l->chosen], .names = names, .name_count = l->count};
}

static enum rc read_workbook(struct sheet *s, struct listing *l)
{
    static const struct sheet_part_reader workbook = {workbook_start, .bytes_max = SMALL_PART_MAX},
                                          relations = {workbook_relation, .bytes_max = SMALL_PART_MAX};
    enum rc rc = find_workbook(s, l);
    if (rc == RC_OK)
        rc = sheet_part_read(s, &l->book->package, l->workbook, &workbook, l);
    l->chosen = l->count;
    if (rc == RC_OK)
        rc = sheet_part_read(s, &l->book->package, relations_of(s->arena, l->workbook), &relations, l);
    if (rc == RC_OK && l->chosen == l->count)
        return sheet_refuse_with(s, RC_SHEET_EMPTY, "工作簿中没有可见的工作表", "The workbook has no visible worksheet");
    if (rc == RC_OK)
        tell_facts(s, l);
    return rc;
}

/* ---------------------------------------------------------------- shared strings */

/* The bytes (7) of _xHHHH_ at `at` and the character it means; 0 when there is none, or it means half a character or a NUL. */
static size_t escape_at(const char *at, const char *end, uint32_t *cp)
{
    char digits[5] = "";
    if (end - at < 7 || at[0] != '_' || at[1] != 'x' || at[6] != '_')
        return 0;
    memcpy(digits, at + 2, 4);
    if (strspn(digits, "0123456789abcdefABCDEF") != 4)
        return 0;
    *cp = (uint32_t)strtoul(digits, NULL, 16);
    return *cp == 0 || (*cp >= 0xD800 && *cp <= 0xDFFF) ? 0 : 7;
}

size_t sheet_unescape(char *text, size_t n)
{
    char *out = text;
    bool was_return = false;
    for (const char *at = text, *end = text + n; at < end;) {
        uint32_t cp;
        char made[4] = {*at};
        size_t step = escape_at(at, end, &cp), length = step ? utf8_encode(cp, made) : 1;
        at += step ? step : 1;
        bool is_second = was_return && *made == '\n';
        was_return = *made == '\r';
        if (is_second)
            continue;
        *made = was_return ? '\n' : *made;
        memcpy(out, made, length);
        out += length;
    }
    *out = '\0';
    return (size_t)(out - text);
}

struct gathering {
    struct sheet_book *book;
    bool in_phonetic; /* how it is read aloud: not part of the text */
};

static enum rc refuse_string(struct sheet *s, size_t n)
{
    return sheet_refuse_with(s, RC_SHEET_TOO_LARGE,
                             arena_fmt(s->arena, "共享字符串第 %zu 项：文字超过 %d 个字符，请缩短", n, SHEET_TEXT_MAX),
                             arena_fmt(s->arena, "Shared string %zu: the text is longer than %d characters: shorten it", n, SHEET_TEXT_MAX));
}

static enum rc keep_string(struct sheet *s, struct sheet_book *book, struct buf *text)
{
    uint32_t at = (uint32_t)book->strings.n;
    if (text->overflow)
        return refuse_string(s, book->string_at.n / sizeof at + 1);
    size_t n = text->n ? sheet_unescape(text->bytes, text->n) : 0;
    buf_add(&book->strings, buf_text(text), n);
    buf_char(&book->strings, '\0');
    buf_add(&book->string_at, &at, sizeof at);
    bool is_full = book->strings.overflow || book->string_at.overflow || book->strings.n + book->string_at.n > SHEET_STRINGS_MAX;
    return is_full ? sheet_refuse(s, RC_SHEET_TOO_LARGE) : RC_OK;
}

static enum rc strings_start(struct sheet_part *part, const char *name, const char **attributes)
{
    struct gathering *g = part->self;
    (void)attributes;
    if (strcmp(name, "si") == 0)
        buf_reset(&part->text);
    else if (strcmp(name, "rPh") == 0)
        g->in_phonetic = true;
    else if (strcmp(name, "t") == 0)
        part->gathers = !g->in_phonetic;
    return RC_OK;
}

static enum rc strings_end(struct sheet_part *part, const char *name)
{
    struct gathering *g = part->self;
    if (strcmp(name, "si") == 0)
        return keep_string(part->sheet, g->book, &part->text);
    if (strcmp(name, "rPh") == 0)
        g->in_phonetic = false;
    else if (strcmp(name, "t") == 0)
        part->gathers = false;
    return RC_OK;
}

static enum rc read_strings(struct sheet *s, struct sheet_book *book, const char *name)
{
    static const struct sheet_part_reader strings = {strings_start, strings_end, SHEET_TEXT_BYTES_MAX, SHEET_UNPACKED_MAX};
    return name && sheet_package_has(&book->package, name)
               ? sheet_part_read(s, &book->package, name, &strings, &(struct gathering){book, false}) : RC_OK;
}

const char *sheet_book_string(const struct sheet_book *book, int64_t index)
{
    uint32_t at;
    if (index < 0 || (uint64_t)index >= book->string_at.n / sizeof at)
        return NULL;
    memcpy(&at, book->string_at.bytes + (size_t)index * sizeof at, sizeof at);
    return book->strings.bytes + at;
}

/* ---------------------------------------------------------------- styles */

struct formats {
    struct sheet_book *book;
    bool in_cell_styles;
    unsigned char made[FORMATS_MAX]; /* by id: one more than its enum sheet_format; 0: the workbook does not define it */
};

static enum rc styles_start(struct sheet_part *part, const char *name, const char **attributes)
{
    struct formats *f = part->self;
    int64_t id = 0;
    const char *value = sheet_attribute(attributes, "numFmtId"), *code = sheet_attribute(attributes, "formatCode");
    bool has_id = value && text_int(value, 0, FORMATS_MAX - 1, &id);
    if (strcmp(name, "cellXfs") == 0)
        f->in_cell_styles = true;
    else if (strcmp(name, "numFmt") == 0 && has_id && code)
        f->made[id] = (unsigned char)(1 + sheet_format_of_code(code));
    else if (strcmp(name, "xf") == 0 && f->in_cell_styles)
        buf_char(&f->book->styles, (char)(f->made[id] ? f->made[id] - 1U : sheet_format_of_id((unsigned)id)));
    return f->book->styles.overflow ? sheet_refuse(part->sheet, RC_SHEET_TOO_LARGE) : RC_OK;
}

static enum rc styles_end(struct sheet_part *part, const char *name)
{
    struct formats *f = part->self;
    if (strcmp(name, "cellXfs") == 0)
        f->in_cell_styles = false;
    return RC_OK;
}

static enum rc read_styles(struct sheet *s, struct sheet_book *book, const char *name)
{
    static const struct sheet_part_reader styles = {styles_start, styles_end, .bytes_max = STYLES_PART_MAX};
    if (!name || !sheet_package_has(&book->package, name))
        return RC_OK;
    struct formats *f = calloc(1, sizeof *f);
    if (!f)
        abort();
    f->book = book;
    enum rc rc = sheet_part_read(s, &book->package, name, &styles, f);
    free(f);
    return rc;
}

enum sheet_format sheet_book_style(const struct sheet_book *book, int64_t index)
{
    return index >= 0 && (uint64_t)index < book->styles.n ? (enum sheet_format)book->styles.bytes[index] : SHEET_FORMAT_NUMBER;
}

/* ---------------------------------------------------------------- all of it */

enum rc sheet_book_open(struct sheet *s, struct sheet_book *book, const char *bytes, size_t n)
{
    struct listing *l = calloc(1, sizeof *l);
    if (!l)
        abort();
    l->book = book;
    buf_init(&book->strings, SHEET_STRINGS_MAX);
    buf_init(&book->string_at, SHEET_STRINGS_MAX);
    buf_init(&book->styles, STYLES_MAX);
    enum rc rc = sheet_package_open(s, &book->package, bytes, n);
    if (rc == RC_OK)
        rc = read_workbook(s, l);
    if (rc == RC_OK)
        rc = read_styles(s, book, l->styles);
    if (rc == RC_OK)
        rc = read_strings(s, book, l->strings);
    free(l);
    return rc;
}

void sheet_book_close(struct sheet_book *book)
{
    buf_free(&book->strings);
    buf_free(&book->string_at);
    buf_free(&book->styles);
    sheet_package_close(&book->package);
}
