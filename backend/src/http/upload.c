/* Forms with a file in them (multipart/form-data). The parts are libmicrohttpd's to find. */
#include <microhttpd.h>
#include <string.h>

#include "http/exchange.h"

#define PIECE_BYTES 1024

struct collecting {
    const char *const *names;
    const char *taken; /* the name of the part that is collected: one of names; NULL: none yet */
    struct buf bytes;
};

static const char *known_name(const struct collecting *c, const char *name)
{
    for (const char *const *known = c->names; *known; known++)
        if (strcmp(*known, name) == 0)
            return *known;
    return NULL;
}

/* `at` is 0 where a part begins. name: NULL for a part that has none. */
static enum MHD_Result take_piece(void *cls, enum MHD_ValueKind kind, const char *name, const char *filename, const char *type,
                                  const char *coding, const char *data, uint64_t at, size_t n)
{
    struct collecting *c = cls;
    (void)kind, (void)filename, (void)type, (void)coding;
    const char *known = name ? known_name(c, name) : NULL;
    if (!known || (c->taken && (c->taken != known || at != c->bytes.n)))
        return MHD_YES; /* another part, or a second one of that name */
    c->taken = known;
    buf_add(&c->bytes, data, n);
    return MHD_YES;
}

bool http_form_file(struct http_exchange *x, const char *const *names, const char **bytes, size_t *n)
{
    struct exchange *e = (struct exchange *)x;
    struct collecting c = {.names = names};
    struct MHD_PostProcessor *parts = MHD_create_post_processor(e->connection, PIECE_BYTES, take_piece, &c);
    if (!parts)
        return false;
    buf_init(&c.bytes, x->request.body_n + 1);
    (void)MHD_post_process(parts, x->request.body, x->request.body_n); /* what is not whole shows in what was collected */
    bool whole = MHD_destroy_post_processor(parts) == MHD_YES && !c.bytes.overflow;
    *n = c.bytes.n;
    *bytes = arena_copy(&x->arena, buf_text(&c.bytes), c.bytes.n);
    buf_free(&c.bytes);
    return whole && c.taken && *n;
}
