/* Environment files, one NAME=VALUE a line: the spelling that systemd, docker compose and a shell read alike, and no other.
 * NAME=plain             nothing in it that one of them would take for more than a letter: no space, quote, backslash, $, ` or #
 * NAME='as it stands'    no ' inside
 * NAME="with \" \\ \$"   these and \` stand for themselves; no other backslash, no bare $ or `
 * Empty lines, and lines that begin with #, say nothing. A name stands once. */
#ifndef MMS_BASE_ENV_TEXT_H
#define MMS_BASE_ENV_TEXT_H

#include <stddef.h>

#include "base/error.h"

enum { ENV_TEXT_MAX = 256 * 1024 }; /* bytes of a file */

struct arena;

struct env_line {
    const char *name, *value;
    size_t number; /* of the line, from 1 */
};

struct env_text {
    struct env_line *lines;
    size_t count;
};

/* All faults are collected in *err by the line's number (never with a value), and RC_INVALID_INPUT is returned. */
MUST_CHECK enum rc env_text_read(struct arena *a, const char *bytes, size_t n, struct env_text *out, struct error *err);
/* The value of a name; NULL: it is not there. */
const char *env_text_get(const struct env_text *e, const char *name);

#endif
