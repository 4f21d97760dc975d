/* The route table as a trie, one level per path segment. A literal child is tried before the
 * parameter; where it leads nowhere the parameter gets its turn. The path decides first, then the
 * method. */
#include <string.h>

#include "http/http.h"
#include "http/path.h"
#include "http/router.h"

struct row {
    const struct http_route *route;
    struct {
        const char *name;
        size_t segment; /* which segment of the path is its value */
    } params[HTTP_PARAMS_MAX];
    size_t param_count;
    struct row *next;
};

struct node {
    const char *text;   /* the literal; NULL for a parameter */
    struct node *first; /* literal children */
    struct node *next;
    struct node *param; /* the child that takes any segment */
    struct row *rows;   /* one per method */
    const char *allow;
};

struct http_router {
    struct arena arena;
    struct node root;
};

static struct node *literal_child(struct arena *a, struct node *parent, const char *text)
{
    struct node **at = &parent->first;

    for (; *at; at = &(*at)->next)
        if (!strcmp((*at)->text, text))
            return *at;
    *at = arena_new(a, struct node);
    (*at)->text = text;
    return *at;
}

static struct node *param_child(struct arena *a, struct node *parent)
{
    if (!parent->param)
        parent->param = arena_new(a, struct node);
    return parent->param;
}

/* Goes down the trie along the row's path, growing it; NULL: not a path, or too many parameters. */
static struct node *plant(struct arena *a, struct node *root, struct row *row)
{
    struct segments s;
    struct node *at = root;

    if (!segments_cut(a, row->route->path, &s))
        return NULL;
    for (size_t i = 0; i < s.count; i++) {
        if (s.at[i][0] != ':') {
            at = literal_child(a, at, s.at[i]);
            continue;
        }
        if (row->param_count == HTTP_PARAMS_MAX || !s.at[i][1])
            return NULL;
        row->params[row->param_count].name = s.at[i] + 1;
        row->params[row->param_count++].segment = i;
        at = param_child(a, at);
    }
    return at;
}

static bool add_route(struct http_router *r, const struct http_route *route)
{
    struct row *row = arena_new(&r->arena, struct row);
    row->route = route;
    struct node *node = plant(&r->arena, &r->root, row);

    if (!node)
        return false;
    struct row **end = &node->rows;
    for (; *end; end = &(*end)->next)
        if (!strcmp((*end)->route->method, route->method))
            return false;
    *end = row;
    node->allow =
        node->allow ? arena_fmt(&r->arena, "%s, %s", node->allow, route->method) : route->method;
    return true;
}

struct http_router *http_router_new(const struct http_route *const *routes, size_t count)
{
    struct arena arena;

    arena_init(&arena);
    struct http_router *r = arena_new(&arena, struct http_router);
    r->arena = arena;
    for (size_t i = 0; i < count; i++) {
        if (!add_route(r, routes[i])) {
            http_router_free(r);
            return NULL;
        }
    }
    return r;
}

void http_router_free(struct http_router *r)
{
    if (!r)
        return;
    struct arena arena = r->arena; /* r itself lies in it */
    arena_free(&arena);
}

static const struct node *find_node(const struct node *at, const char *const *segments,
                                    size_t count)
{
    if (count == 0)
        return at->rows ? at : NULL;
    for (const struct node *child = at->first; child; child = child->next) {
        if (child->text[0] != segments[0][0] || strcmp(child->text, segments[0]) != 0)
            continue;
        const struct node *found = find_node(child, segments + 1, count - 1);
        if (found)
            return found;
        break;
    }
    if (!at->param || !segments[0][0])
        return NULL;
    return find_node(at->param, segments + 1, count - 1);
}

enum http_match router_match(const struct http_router *r, const char *method,
                             const char *const *segments, size_t count,
                             const struct http_route **route,
                             struct http_param params[static HTTP_PARAMS_MAX], size_t *param_count,
                             const char **allow)
{
    const struct node *node = find_node(&r->root, segments, count);

    if (!node)
        return HTTP_NO_PATH;
    *allow = node->allow;
    const struct row *row = node->rows;
    while (row && strcmp(row->route->method, method) != 0)
        row = row->next;
    if (!row)
        return HTTP_NO_METHOD;
    *route = row->route;
    *param_count = row->param_count;
    for (size_t i = 0; i < row->param_count; i++)
        params[i] = (struct http_param){row->params[i].name, segments[row->params[i].segment]};
    return HTTP_MATCHED;
}

enum http_match http_router_find(const struct http_router *r, struct arena *a, const char *method,
                                 const char *path, const struct http_route **route,
                                 struct http_param params[static HTTP_PARAMS_MAX],
                                 size_t *param_count, const char **allow)
{
    struct segments s;

    if (!segments_cut(a, path, &s))
        return HTTP_NO_PATH;
    return router_match(r, method, s.at, s.count, route, params, param_count, allow);
}
