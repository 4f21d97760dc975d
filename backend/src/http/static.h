/* The built page: every file of a folder, read into memory. Nothing of a request reaches the file
 * system. */
#ifndef MMS_HTTP_STATIC_H
#define MMS_HTTP_STATIC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "http/path.h"

#define STATIC_BYTES_MAX (64 * 1024 * 1024)
#define STATIC_FILES_MAX 5000

/* One form of a file; bytes is NULL when there is no such form. */
struct static_body {
    char *bytes;
    size_t n;
    const char *coding; /* Content-Encoding; NULL: as it is */
    const char *etag;
};

struct static_file {
    const char *path; /* "/assets/app.js" */
    const char *type;
    bool is_html;
    bool is_worker;    /* "/assets/….worker.js": it may compile wasm */
    bool is_immutable; /* its name changes with its content */
    struct static_body plain, br, gz;
};

struct static_site;

/* name.br and name.gz beside a file are its compressed forms; a text without name.gz is compressed
 * here. Refused: no index.html, a symbolic link out of the folder, too much of it. */
MUST_CHECK enum rc static_load(const char *dir, struct static_site **out, struct error *why);
void static_free(struct static_site *site); /* NULL is fine */

/* The file at this path; index.html for "/" and for what a single-page application calls a page (no
 * dot in the last segment). NULL: none. */
const struct static_file *static_find(const struct static_site *site, const char *path,
                                      const struct segments *s);
const struct static_body *static_choose(const struct static_file *f, const char *accept_encoding);
/* Does If-None-Match (NULL: absent) name it? */
bool static_is_known(const struct static_body *body, const char *if_none_match);

#endif
