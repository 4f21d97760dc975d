/* A client of HTTP and HTTPS. The only folder that sees curl.h (libcurl). */
#ifndef MMS_CLOUD_CLIENT_H
#define MMS_CLOUD_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "files/files.h"

/* Keeps its connection between requests, also between client_ask of different threads. For one thread at a time. */
struct client;

struct client_request {
    const char *method, *url;       /* http: or https:, sent as it is; no redirect is followed, no proxy asked */
    const char *const *headers;     /* "Name: value", ends with NULL; may be NULL */
    const void *body;               /* NULL: none */
    size_t body_n;
    const struct files_source *upload; /* in place of `body`; asked piece by piece */
    const struct files_sink *take;  /* where the body of an answer 2xx goes, as it comes; NULL: into the answer */
    size_t answer_max;              /* bytes; an answer 2xx of more has failed, of any other so many are kept */
    int connect_ms, within_ms;      /* at most, for the connection and for all of it */
    int per_mib_ms;                 /* more than within_ms, for each MiB of both bodies; 0: none */
    int idle_s;                     /* nothing moved for so long: given up; 0: within_ms alone counts */
    const atomic_bool *stop;        /* becomes true: given up; may be NULL */
    const char *ca;                 /* a file of authorities to trust; NULL: the system's */
    bool wants_certificate;         /* over a connection of its own, and its chain is told */
};

enum client_fault {
    CLIENT_FINE,
    CLIENT_BROKEN,      /* no connection, or it ended too early, or it took too long */
    CLIENT_UNTRUSTED,   /* who answered is not who he should be (TLS) */
    CLIENT_STOPPED,     /* by `stop` */
    CLIENT_NOT_READ,    /* `upload` did not give its bytes */
    CLIENT_NOT_TAKEN,   /* `take` did not want them (errno as it was then) */
    CLIENT_OTHER,       /* an address that is none, an answer that is too long */
};

/* All in the arena. */
struct client_answer {
    int status;                /* 0: there was none, and `problem` says why */
    enum client_fault fault;
    int why_errno;
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

/* The value of a header of the answer, in the arena; NULL: it has none of this name. */
const char *client_header(struct arena *a, const struct client_answer *answer, const char *name);
/* A date as headers have it. False: it is none. */
bool client_date(const char *text, int64_t *ms);

#endif
