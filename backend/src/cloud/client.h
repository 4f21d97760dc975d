/* A client of HTTP and HTTPS. The only folder that sees curl.h (libcurl). */
#ifndef MMS_CLOUD_CLIENT_H
#define MMS_CLOUD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* Keeps its connection between requests. For one thread at a time. */
struct client;

struct client_request {
    const char *method, *url;       /* http: or https:, sent as it is; no redirect is followed, no proxy asked */
    const char *const *headers;     /* "Name: value", ends with NULL; may be NULL */
    const void *body;               /* NULL: none */
    size_t body_n;
    size_t answer_max;              /* bytes; an answer of more has failed */
    int connect_ms, within_ms;      /* at most, for the connection and for all of it */
    const char *ca;                 /* a file of authorities to trust; NULL: the system's */
    bool wants_certificate;         /* over a connection of its own, and its chain is told */
};

/* All in the arena. */
struct client_answer {
    int status;                /* 0: there was none, and `problem` says why */
    const char *body, *headers;
    size_t body_n;
    const char *chain;         /* the certificates that were shown, as PEM, the site's own first; also when they were refused. NULL: none */
    const char *problem;
    bool reached;              /* a connection was made, whatever came of it */
    int64_t took_us;
};

struct client *client_new(void);
bool client_ask(struct client *c, struct arena *a, const struct client_request *r, struct client_answer *out);
void client_free(struct client *c); /* NULL is fine */

#endif
