/* A request's target: the path cut into segments, and percent-decoding. */
#ifndef MMS_HTTP_PATH_H
#define MMS_HTTP_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

#define SEGMENTS_MAX 32

struct segments {
    const char *at[SEGMENTS_MAX]; /* in the arena */
    size_t count;
};

/* Cuts "/a/b" at its slashes; one at the end makes no segment. False: no leading slash, or too many
 * segments. */
bool segments_cut(struct arena *a, const char *path, struct segments *out);

/* The text with %XX decoded; the text itself when there is nothing to decode. NULL: a broken
 * escape, NUL, or not UTF-8. */
const char *percent_decode(struct arena *a, const char *text);

/* Segments decoded one by one, and the whole path as text. False: segments_cut or percent_decode
 * refuses, or a segment is "." or "..". An absolute URL ("http://host/path") is read too. */
bool path_read(struct arena *a, const char *url, struct segments *out, const char **text);

#endif
