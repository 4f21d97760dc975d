/* Pictures: a header never says more than there is, and what is made of a picture is a picture within its limits. */
#include "fuzz.h"
#include "media/picture.h"

#define EDGE 64
#define SLOW_PIXELS 1000000 /* allowed, but slow under a sanitizer */

static void check_made(const struct buf *made, enum picture_type type)
{
    struct picture_facts facts;
    insist(picture_look((const unsigned char *)made->bytes, made->n, &facts));
    insist(facts.type == type && facts.width <= EDGE && facts.height <= EDGE && facts.orientation == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct picture_facts facts;
    struct buf made;
    enum picture_type type;
    bool known = picture_look(data, size, &facts);
    insist(!known || (facts.width > 0 && facts.height > 0 && facts.orientation >= 1 && facts.orientation <= 8));
    bool has_edges = known && facts.width <= PICTURE_EDGE_MAX && facts.height <= PICTURE_EDGE_MAX;
    if (has_edges && facts.width * facts.height > SLOW_PIXELS && facts.width * facts.height <= PICTURE_PIXELS_MAX)
        return 0;
    buf_init(&made, 1 << 20);
    enum rc rc = picture_fit(data, size, EDGE, &made, &type);
    insist(known || rc == RC_PICTURE_TYPE);
    insist(rc == RC_OK || rc == RC_PICTURE_TYPE || rc == RC_PICTURE_TOO_LARGE || rc == RC_PICTURE_BROKEN);
    if (rc == RC_OK)
        check_made(&made, type);
    buf_free(&made);
    return 0;
}
