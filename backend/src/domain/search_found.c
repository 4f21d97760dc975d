#include "domain/search_found.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void search_found_init(struct ctx *c, struct search_found *f, size_t max)
{
    *f = (struct search_found){.hits = arena_array(c->arena, max, sizeof *f->hits),
                               .ids = arena_array(c->arena, max, sizeof *f->ids),
                               .max = max};
}

/* The places of the present row where the words are found, while they are collected. */
struct places {
    struct search_match at[SEARCH_MATCHES_MAX];
    size_t count;
};

/* Whether the word is in one of the fields; without `places` the first will do. */
static bool has_word(struct search_text word, const char *const *fields, const char *const *raw, const struct search_text *texts,
                     bool with_typos, struct places *places)
{
    size_t start, length;
    bool found = false;
    for (size_t i = 0; fields[i] && (places || !found); i++) {
        if (!search_find(word, texts[i], &start, &length) && (!with_typos || !search_find_typo(word, texts[i], &start, &length)))
            continue;
        found = true;
        if (places && places->count < SEARCH_MATCHES_MAX)
            places->at[places->count++] = (struct search_match){fields[i], raw[i], start, length};
    }
    return found;
}

static bool has_words(struct ctx *c, const struct search_query *q, const char *const *fields, struct db_rows *rows, bool with_typos,
                      struct places *places)
{
    const char *raw[SEARCH_FIELDS_MAX];
    struct search_text texts[SEARCH_FIELDS_MAX];
    bool all = true;
    for (size_t i = 0; fields[i]; i++) {
        raw[i] = db_text(rows, fields[i]);
        texts[i] = search_text(c->arena, raw[i]);
    }
    for (size_t i = 0; i < q->word_count && all; i++)
        all = has_word(q->words[i], fields, raw, texts, with_typos, places);
    for (size_t i = 0; places && i < places->count; i++)
        places->at[i].text = arena_dup(c->arena, places->at[i].text);
    return all;
}

static enum search_rank rank_of(const struct search_query *q, const char *code_fold)
{
    if (!text_starts(code_fold, q->folded))
        return RANK_OTHER;
    return strlen(code_fold) == strlen(q->folded) ? RANK_EXACT : RANK_PREFIX;
}

static bool is_there(const struct search_found *f, int64_t id)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->ids[i] == id)
            return true;
    return false;
}

void search_found_add(struct ctx *c, struct search_found *f, const struct search_query *q, const char *const *fields,
                      enum search_demand demand, struct db_rows *rows)
{
    struct places places;
    int64_t id = db_int(rows, "id");
    places.count = 0;
    if (f->count == f->max || is_there(f, id))
        return;
    if ((demand != DEMAND_NOTHING || q->with_matches) &&
        !has_words(c, q, fields, rows, demand == DEMAND_NEAR_WORDS, q->with_matches ? &places : NULL) && demand != DEMAND_NOTHING)
        return;
    struct search_hit *hit = &f->hits[f->count];
    *hit = (struct search_hit){.id = id,
                               .code = arena_dup(c->arena, db_text(rows, "code")),
                               .name = arena_dup(c->arena, db_text(rows, "name")),
                               .description = arena_dup(c->arena, db_text(rows, "description")),
                               .out_of_use = db_int(rows, "out_of_use") != 0,
                               .match_count = places.count};
    hit->code_fold = text_fold(c->arena, hit->code);
    hit->rank = rank_of(q, hit->code_fold);
    if (places.count) {
        hit->matches = arena_array(c->arena, places.count, sizeof *hit->matches);
        memcpy(hit->matches, places.at, places.count * sizeof *hit->matches);
    }
    f->ids[f->count++] = id;
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
