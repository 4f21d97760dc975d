#include "excel/sheet_package.h"

#include <string.h>

#define ENTRIES_MAX 10000
#define DEPTH_MAX 64
#define CHUNK 65536
#define TOKEN_MAX (4 * CHUNK)          /* a tag, a comment: the parser keeps it whole */
#define PARSER_ROOM ((size_t)16 << 20) /* bytes */
#define SEPARATOR "|"                  /* between namespace and name */

/* ---------------------------------------------------------------- the archive */

/* The library would make room for as many entries as the archive says. */
static size_t count_entries(const char *bytes, size_t n)
{
    size_t count = 0;
    const char *end = bytes + n;
    for (const char *at = bytes; at && count <= ENTRIES_MAX; count += at != NULL) {
        at = memmem(at, (size_t)(end - at), "PK\1\2", 4);
        at = at ? at + 4 : NULL;
    }
    return count;
}

enum rc sheet_package_open(struct sheet *s, struct sheet_package *p, const char *bytes, size_t n)
{
    zip_error_t why;
    if (count_entries(bytes, n) > ENTRIES_MAX)
        return sheet_refuse(s, RC_SHEET_TOO_LARGE);
    zip_source_t *source = zip_source_buffer_create(bytes, n, 0, NULL);
    zip_error_init(&why);
    p->zip = source ? zip_open_from_source(source, ZIP_RDONLY, &why) : NULL;
    zip_error_fini(&why);
    if (p->zip)
        return RC_OK;
    zip_source_free(source);
    return sheet_refuse(s, RC_SHEET_DAMAGED);
}

void sheet_package_close(struct sheet_package *p)
{
    if (p->zip)
        zip_discard(p->zip);
}

bool sheet_package_has(const struct sheet_package *p, const char *name)
{
    return zip_name_locate(p->zip, name, ZIP_FL_NOCASE) >= 0;
}

static enum rc refuse_unpacked(struct sheet *s)
{
    return sheet_refuse_with(s, RC_SHEET_TOO_LARGE,
                             arena_fmt(s->arena, "文件解压后超过 %lld MiB，请拆分后分次导入", (long long)SHEET_UNPACKED_MAX >> 20),
                             arena_fmt(s->arena, "Unpacked, the file is larger than %lld MiB: split it",
                                       (long long)SHEET_UNPACKED_MAX >> 20));
}

static enum rc open_entry(struct sheet *s, const struct sheet_package *p, const char *name, zip_file_t **out)
{
    zip_stat_t facts;
    if (zip_stat(p->zip, name, ZIP_FL_NOCASE, &facts) != 0)
        return sheet_refuse(s, RC_SHEET_DAMAGED);
    if ((facts.valid & ZIP_STAT_ENCRYPTION_METHOD) && facts.encryption_method != ZIP_EM_NONE)
        return sheet_refuse(s, RC_SHEET_LOCKED);
    if ((facts.valid & ZIP_STAT_SIZE) && facts.size > (zip_uint64_t)SHEET_UNPACKED_MAX)
        return refuse_unpacked(s);
    bool is_usual = facts.comp_method == ZIP_CM_STORE || facts.comp_method == ZIP_CM_DEFLATE;
    *out = is_usual ? zip_fopen_index(p->zip, facts.index, 0) : NULL;
    return *out ? RC_OK : sheet_refuse(s, RC_SHEET_DAMAGED);
}

/* ---------------------------------------------------------------- names */

#define SPACE(uri) {uri SEPARATOR, sizeof(uri)}

static const char *local_name(const char *name)
{
    static const struct {
        const char *text;
        size_t n;
    } spaces[] = {SPACE("http://schemas.openxmlformats.org/spreadsheetml/2006/main"), SPACE("http://purl.oclc.org/ooxml/spreadsheetml/main"),
                  SPACE("http://schemas.openxmlformats.org/package/2006/relationships"),
                  SPACE("http://schemas.openxmlformats.org/package/2006/content-types")};
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
        if (strncmp(name, spaces[i].text, spaces[i].n) == 0)
            return name + spaces[i].n;
    return "";
}

const char *sheet_attribute(const char **attributes, const char *name)
{
    for (; *attributes; attributes += 2)
        if (strcmp(attributes[0], name) == 0)
            return attributes[1];
    return NULL;
}

const char *sheet_attribute_relation(const char **attributes)
{
    const char *id = sheet_attribute(attributes, "http://schemas.openxmlformats.org/officeDocument/2006/relationships" SEPARATOR "id");
    return id ? id : sheet_attribute(attributes, "http://purl.oclc.org/ooxml/officeDocument/relationships" SEPARATOR "id");
}

bool sheet_flag(const char *value)
{
    return value && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
}

/* ---------------------------------------------------------------- one part */

static void stop(struct sheet_part *part, enum rc rc)
{
    part->rc = rc;
    XML_StopParser(part->parser, XML_FALSE);
}

/* Few bytes unpack to so many tags that they would take long. */
static bool has_too_many(struct sheet_part *part)
{
    bool is_over = part->rc == RC_OK && ++part->package->pieces > SHEET_PIECES_MAX;
    if (is_over)
        stop(part, sheet_refuse(part->sheet, RC_SHEET_TOO_LARGE));
    return is_over;
}

static void on_start(void *self, const char *name, const char **attributes)
{
    struct sheet_part *part = self;
    if (has_too_many(part) || part->rc != RC_OK)
        return;
    enum rc rc = ++part->depth > DEPTH_MAX ? sheet_refuse(part->sheet, RC_SHEET_DAMAGED)
                                           : part->reader->start(part, local_name(name), attributes);
    if (rc != RC_OK)
        stop(part, rc);
}

static void on_end(void *self, const char *name)
{
    struct sheet_part *part = self;
    if (part->rc != RC_OK)
        return;
    enum rc rc = part->reader->end ? part->reader->end(part, local_name(name)) : RC_OK;
    part->depth--;
    if (rc != RC_OK)
        stop(part, rc);
}

static void on_text(void *self, const char *text, int n)
{
    struct sheet_part *part = self;
    if (!has_too_many(part) && part->gathers)
        buf_add(&part->text, text, (size_t)n);
}

/* No workbook needs one, and entities live there. */
static void on_doctype(void *self, const char *name, const char *system, const char *public, int has_subset)
{
    struct sheet_part *part = self;
    (void)name, (void)system, (void)public, (void)has_subset;
    stop(part, sheet_refuse(part->sheet, RC_SHEET_DAMAGED));
}

enum rc sheet_part_open(struct sheet *s, struct sheet_package *p, const char *name, const struct sheet_part_reader *reader, void *self,
                        struct sheet_part *part)
{
    *part = (struct sheet_part){.sheet = s, .package = p, .reader = reader, .self = self};
    buf_init(&part->text, reader->text_max);
    enum rc rc = open_entry(s, p, name, &part->file);
    if (rc != RC_OK)
        return rc;
    part->room.left = PARSER_ROOM;
    sheet_room_enter(&part->room);
    part->parser = XML_ParserCreate_MM(NULL, &sheet_room_suite, SEPARATOR);
    XML_SetUserData(part->parser, part);
    XML_SetElementHandler(part->parser, on_start, on_end);
    XML_SetCharacterDataHandler(part->parser, on_text);
    XML_SetStartDoctypeDeclHandler(part->parser, on_doctype);
    return RC_OK;
}

void sheet_part_close(struct sheet_part *part)
{
    sheet_room_enter(&part->room);
    if (part->parser)
        XML_ParserFree(part->parser);
    if (part->file)
        zip_fclose(part->file);
    buf_free(&part->text);
    part->parser = NULL;
    part->file = NULL;
}

void sheet_part_pause(struct sheet_part *part)
{
    part->paused = XML_StopParser(part->parser, XML_TRUE) == XML_STATUS_OK;
}

static enum rc feed(struct sheet_part *part, enum XML_Status *status)
{
    bool has_grown = part->fed - XML_GetCurrentByteIndex(part->parser) > TOKEN_MAX; /* asked first: XML_GetBuffer forgets it */
    void *chunk = has_grown ? NULL : XML_GetBuffer(part->parser, CHUNK);
    zip_int64_t n = chunk ? zip_fread(part->file, chunk, CHUNK) : -1;
    if (n < 0)
        return sheet_refuse(part->sheet, RC_SHEET_DAMAGED);
    part->package->unpacked += n;
    if (part->package->unpacked > SHEET_UNPACKED_MAX)
        return refuse_unpacked(part->sheet);
    if (part->fed + n > part->reader->bytes_max)
        return sheet_refuse(part->sheet, RC_SHEET_TOO_LARGE);
    part->fed += n;
    part->ended = n == 0;
    *status = XML_ParseBuffer(part->parser, (int)n, part->ended);
    return RC_OK;
}

static enum rc resume(struct sheet_part *part, enum XML_Status *status)
{
    *status = XML_ResumeParser(part->parser);
    return RC_OK;
}

enum rc sheet_part_go(struct sheet_part *part)
{
    bool resumes = part->paused;
    sheet_room_enter(&part->room);
    part->paused = false;
    while (part->rc == RC_OK && !part->paused && (resumes || !part->ended)) {
        enum XML_Status status = XML_STATUS_OK;
        enum rc rc = resumes ? resume(part, &status) : feed(part, &status);
        resumes = false;
        if (part->rc == RC_OK && rc == RC_OK && status == XML_STATUS_ERROR)
            rc = sheet_refuse(part->sheet, RC_SHEET_DAMAGED);
        if (part->rc == RC_OK)
            part->rc = rc;
    }
    return part->rc;
}

enum rc sheet_part_read(struct sheet *s, struct sheet_package *p, const char *name, const struct sheet_part_reader *reader, void *self)
{
    struct sheet_part part;
    enum rc rc = sheet_part_open(s, p, name, reader, self, &part);
    if (rc == RC_OK)
        rc = sheet_part_go(&part);
    sheet_part_close(&part);
    return rc;
}
