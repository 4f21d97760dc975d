/* The router's inner door: for callers that have cut the path into decoded segments, so that a %2F
 * stays inside one. */
#ifndef MMS_HTTP_ROUTER_H
#define MMS_HTTP_ROUTER_H

#include "http/http.h"

/* Like http_router_find; the parameters' values are the segments themselves. */
enum http_match router_match(const struct http_router *r, const char *method,
                             const char *const *segments, size_t count,
                             const struct http_route **route,
                             struct http_param params[static HTTP_PARAMS_MAX], size_t *param_count,
                             const char **allow);

#endif
