/* A workbook's archive and the XML in it. Every part is read once, from front to end, and what is unpacked is counted. */
#ifndef MMS_EXCEL_SHEET_PACKAGE_H
#define MMS_EXCEL_SHEET_PACKAGE_H

#include <expat.h>
#include <zip.h>

#include "base/buf.h"
#include "excel/sheet_inner.h"
#include "excel/sheet_room.h"

struct sheet_package {
    zip_t *zip;
    int64_t unpacked, pieces; /* so far */
};

enum rc sheet_package_open(struct sheet *s, struct sheet_package *p, const char *bytes, size_t n);
void sheet_package_close(struct sheet_package *p);
bool sheet_package_has(const struct sheet_package *p, const char *name);

struct sheet_part;

/* `name` is without its namespace, and "" when that is none of the formats' own. A handler that gives no RC_OK ends the reading. */
struct sheet_part_reader {
    enum rc (*start)(struct sheet_part *part, const char *name, const char **attributes);
    enum rc (*end)(struct sheet_part *part, const char *name); /* NULL: not wanted */
    size_t text_max;   /* bytes of the text that is gathered */
    int64_t bytes_max; /* of the part */
};

struct sheet_part {
    struct sheet *sheet;
    struct sheet_package *package;
    const struct sheet_part_reader *reader;
    void *self; /* the handlers' own */
    zip_file_t *file;
    XML_Parser parser;
    struct sheet_room room;
    struct buf text;  /* what was gathered; the handlers' to empty */
    bool gathers;     /* text is collected; the handlers' to set */
    int depth;        /* of the element that a handler is called for: 1 is the root */
    int64_t fed;
    bool paused, ended;
    enum rc rc;
};

/* The part must be closed, whatever came of it. */
enum rc sheet_part_open(struct sheet *s, struct sheet_package *p, const char *name, const struct sheet_part_reader *reader, void *self,
                        struct sheet_part *part);
/* Reads on until a handler pauses or the part has ended. */
enum rc sheet_part_go(struct sheet_part *part);
/* Opens, reads to the end, closes. */
enum rc sheet_part_read(struct sheet *s, struct sheet_package *p, const char *name, const struct sheet_part_reader *reader, void *self);
void sheet_part_pause(struct sheet_part *part);
void sheet_part_close(struct sheet_part *part);

/* NULL: there is none. */
const char *sheet_attribute(const char **attributes, const char *name);
const char *sheet_attribute_relation(const char **attributes); /* r:id */
bool sheet_flag(const char *value);                            /* "1" or "true" */

#endif
