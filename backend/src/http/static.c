#include "http/static.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/gzip.h"
#include "http/static_read.h"

struct static_site {
    struct arena arena;
    struct static_file *files; /* sorted by path */
    size_t count;
    const struct static_file *index;
};

static const struct {
    const char *ending, *type;
} TYPES[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json; charset=utf-8"},
    {".map", "application/json; charset=utf-8"},
    {".webmanifest", "application/manifest+json; charset=utf-8"},
    {".txt", "text/plain; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff", "font/woff"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".pdf", "application/pdf"},
};

static const char *type_of(const char *path)
{
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < sizeof TYPES / sizeof *TYPES; i++)
        if (!strcmp(dot, TYPES[i].ending))
            return TYPES[i].type;
    return "application/octet-stream";
}

/* FNV-1a and the length: tells one build's file from the next's, which is all a cache asks. */
static const char *make_etag(struct arena *a, const struct static_body *body)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);

    for (size_t i = 0; i < body->n; i++)
        hash = (hash ^ (unsigned char)body->bytes[i]) * UINT64_C(0x100000001B3);
    return arena_fmt(a, "\"%zx-%016llx%s%s\"", body->n, (unsigned long long)hash,
                     body->coding ? "-" : "", body->coding ? body->coding : "");
}

static int compare_paths(const void *a, const void *b)
{
    const struct static_file *f = a, *g = b;

    return strcmp(f->path, g->path);
}

static struct static_file *find_exact(const struct static_site *site, const char *path)
{
    const struct static_file key = {.path = path};

    return bsearch(&key, site->files, site->count, sizeof key, compare_paths);
}

/* Is `f` the compressed form of another file? Then that file gets it. */
static bool attach_form(const struct static_site *site, const struct static_file *f)
{
    size_t n = strlen(f->path);
    const char *coding = n > 3 && !strcmp(f->path + n - 3, ".br")   ? "br"
                         : n > 3 && !strcmp(f->path + n - 3, ".gz") ? "gzip"
                                                                    : NULL;

    if (!coding)
        return false;
    struct arena scratch;
    arena_init(&scratch);
    struct static_file *base = find_exact(site, arena_copy(&scratch, f->path, n - 3));
    arena_free(&scratch);
    if (!base)
        return false;
    struct static_body *form = *coding == 'b' ? &base->br : &base->gz;
    *form = f->plain;
    form->coding = coding;
    return true;
}

static void compress(struct arena *a, struct static_file *f)
{
    struct buf packed;

    if (f->gz.bytes || !gzip_worth(f->type, f->plain.n))
        return;
    buf_init(&packed, f->plain.n);
    if (gzip_pack(f->plain.bytes, f->plain.n, 6, &packed))
        f->gz = (struct static_body){arena_copy(a, packed.bytes, packed.n), packed.n, "gzip", NULL};
    buf_free(&packed);
}

static bool ends_with(const char *s, const char *ending)
{
    size_t n = strlen(s), m = strlen(ending);

    return n >= m && !strcmp(s + n - m, ending);
}

static void describe(struct arena *a, struct static_file *f)
{
    f->type = type_of(f->path);
    f->is_html = text_starts(f->type, "text/html");
    f->is_immutable = text_starts(f->path, "/assets/");
    f->is_worker = f->is_immutable && ends_with(f->path, ".worker.js");
    compress(a, f);
    for (struct static_body *const *b = (struct static_body *[]){&f->plain, &f->br, &f->gz, NULL};
         *b; b++)
        if ((*b)->bytes)
            (*b)->etag = make_etag(a, *b);
}

/* Sorts, joins the compressed forms to their files, and drops them from the table. */
static void arrange(struct static_site *site)
{
    size_t kept = 0;
    bool *is_form = arena_array(&site->arena, site->count + 1, sizeof *is_form);

    qsort(site->files, site->count, sizeof *site->files, compare_paths);
    for (size_t i = 0; i < site->count; i++)
        is_form[i] = attach_form(site, &site->files[i]);
    for (size_t i = 0; i < site->count; i++)
        if (!is_form[i])
            site->files[kept++] = site->files[i];
    site->count = kept;
    for (size_t i = 0; i < site->count; i++)
        describe(&site->arena, &site->files[i]);
}

enum rc static_load(const char *dir, struct static_site **out, struct error *why)
{
    struct static_site *site = calloc(1, sizeof *site);

    if (!site)
        abort(); /* as in the arena: no half-working state */
    arena_init(&site->arena);
    site->files = arena_array(&site->arena, STATIC_FILES_MAX, sizeof *site->files);
    struct static_list list = {.arena = &site->arena, .files = site->files, .why = why};
    enum rc rc = static_read(dir, &list);
    site->count = list.count;
    if (rc == RC_OK) {
        arrange(site);
        site->index = find_exact(site, "/index.html");
        if (!site->index)
            rc = error_say(why, RC_INTERNAL, "网页目录（WEB_DIR）中没有 index.html",
                           "The folder of the page (WEB_DIR) has no index.html");
    }
    if (rc != RC_OK)
        static_free(site);
    else
        *out = site;
    return rc;
}

void static_free(struct static_site *site)
{
    if (!site)
        return;
    arena_free(&site->arena);
    free(site);
}

const struct static_file *static_find(const struct static_site *site, const char *path,
                                      const struct segments *s)
{
    const struct static_file *f = find_exact(site, path);

    if (f)
        return f;
    bool names_a_file = s->count && strchr(s->at[s->count - 1], '.');
    return names_a_file ? NULL : site->index;
}

const struct static_body *static_choose(const struct static_file *f, const char *accept_encoding)
{
    if (f->br.bytes && coding_accepted(accept_encoding, "br"))
        return &f->br;
    if (f->gz.bytes && coding_accepted(accept_encoding, "gzip"))
        return &f->gz;
    return &f->plain;
}

/* The weak comparison (RFC 9110, 13.1.2): a W/ before the tag does not matter. */
bool static_is_known(const struct static_body *body, const char *if_none_match)
{
    if (!if_none_match)
        return false;
    return !strcmp(if_none_match, "*") || strstr(if_none_match, body->etag);
}
