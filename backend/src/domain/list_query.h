/* What was understood of a request for a list: shared by the files that make statements of it (list.c, list_walk.c). */
#ifndef MMS_DOMAIN_LIST_QUERY_H
#define MMS_DOMAIN_LIST_QUERY_H

#include "domain/list.h"

#define LIST_ARGS_MAX (LIST_FILTERS_MAX + 6)

struct list_query {
    const struct list_spec *spec;
    const struct list_sort *sort;
    bool descending;
    int64_t page, page_size;
    bool by_cursor;
    struct db_value cursor_value;
    int64_t cursor_id;
    const char *where; /* "" or " WHERE …" */
    struct db_value args[LIST_ARGS_MAX];
    size_t arg_count;
    unsigned topics;       /* what the total depends on */
};

#endif
