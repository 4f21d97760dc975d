/* Pictures that people send: recognized by their content, never by what they say they are; decoded and encoded again, so that
 * nothing but pixels is kept (no position, no camera, no hidden data). The only folder that sees gd.h. */
#ifndef MMS_MEDIA_PICTURE_H
#define MMS_MEDIA_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

#define PICTURE_PIXELS_MAX INT64_C(25000000) /* refused before decoding: this many take 100 MB */
#define PICTURE_EDGE_MAX 20000

enum picture_type { PICTURE_NONE, PICTURE_JPEG, PICTURE_PNG, PICTURE_GIF, PICTURE_WEBP };

/* What the header says. */
struct picture_facts {
    enum picture_type type;
    int64_t width, height;
    int orientation; /* 1–8, as EXIF has it; 1 when it says nothing */
};

/* False: none of the four types, or its header is not whole. */
bool picture_look(const unsigned char *bytes, size_t n, struct picture_facts *out);

/* At most `edge` pixels wide and high, upright. JPEG stays JPEG, all others become PNG: *type.
 * RC_PICTURE_TYPE, RC_PICTURE_TOO_LARGE, RC_PICTURE_BROKEN. */
MUST_CHECK enum rc picture_fit(const unsigned char *bytes, size_t n, int edge, struct buf *out, enum picture_type *type);

#endif
