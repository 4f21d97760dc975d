#include "domain/search_found.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void search_found_init(struct ctx *c, struct search_found *f, size_t max)
{
    *f = (struct search_found){.hits = arena_array(c->arena, max, sizeof *f->hits), .max = max};
}

static enum search_rank rank_of(const struct search_query *q, const char *code_fold)
{
    if (!text_starts(code_fold, q->folded))
        return RANK_OTHER;
    return strlen(code_fold) == strlen(q->folded) ? RANK_EXACT : RANK_PREFIX;
}

struct search_hit *search_found_add(struct ctx *c, struct search_found *f, const struct search_query *q, struct db_rows *rows)
{
    int64_t id = db_int(rows, "id");
    if (f->count == f->max)
        return NULL;
    for (size_t i = 0; i < f->count; i++)
        if (f->hits[i].id == id)
            return NULL;
    struct search_hit *hit = &f->hits[f->count++];
    *hit = (struct search_hit){.id = id,
                               .code = arena_dup(c->arena, db_text(rows, "code")),
                               .name = arena_dup(c->arena, db_text(rows, "name")),
                               .description = arena_dup(c->arena, db_text(rows, "description")),
                               .out_of_use = db_int(rows, "out_of_use") != 0};
    hit->code_fold = text_fold(c->arena, hit->code);
    hit->rank = rank_of(q, hit->code_fold);
    return hit;
}

void search_found_drop_last(struct search_found *f)
{
    f->count--;
}

static int by_rank(const struct search_hit *a, const struct search_hit *b)
{
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return a->out_of_use - b->out_of_use;
}

static int codes_up(const void *x, const void *y)
{
    const struct search_hit *a = x, *b = y;
    int order = by_rank(a, b);
    if (order == 0)
        order = strcmp(a->code_fold, b->code_fold);
    return order ? order : (a->id > b->id) - (a->id < b->id);
}

static int ids_down(const void *x, const void *y)
{
    const struct search_hit *a = x, *b = y;
    int order = by_rank(a, b);
    return order ? order : (a->id < b->id) - (a->id > b->id);
}

void search_found_rank(struct search_found *f, size_t limit)
{
    qsort(f->hits, f->count, sizeof *f->hits, f->newest_first ? ids_down : codes_up);
    f->count = f->count < limit ? f->count : limit;
}

bool search_hit_matches(struct ctx *c, struct search_hit *hit, const struct search_query *q, const char *const *fields,
                        struct db_rows *rows, bool with_typos)
{
    const char *raw[SEARCH_FIELDS_MAX];
    struct search_text texts[SEARCH_FIELDS_MAX];
    size_t count = 0, start, length;
    for (; fields[count]; count++) {
        raw[count] = db_text(rows, fields[count]);
        texts[count] = search_text(c->arena, raw[count]);
    }
    hit->match_count = 0;
    for (size_t w = 0; w < q->word_count; w++) {
        bool found = false;
        for (size_t i = 0; i < count; i++) {
            if (!search_find(q->words[w], texts[i], &start, &length) &&
                (!with_typos || !search_find_typo(q->words[w], texts[i], &start, &length)))
                continue;
            found = true;
            if (hit->match_count < SEARCH_MATCHES_MAX)
                hit->matches[hit->match_count++] = (struct search_match){fields[i], arena_dup(c->arena, raw[i]), start, length};
        }
        if (!found)
            return false;
    }
    return true;
}
