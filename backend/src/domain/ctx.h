/* What a service needs to do its work: memory, an open transaction, who asks, the time, and where errors go.
 * Services know no HTTP: commands, imports and tests make a ctx of their own. */
#ifndef MMS_DOMAIN_CTX_H
#define MMS_DOMAIN_CTX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/settings.h"
#include "db/db.h"
#include "domain/permission.h"

struct files;
struct keyring;
struct list_memo;
struct notification_hub;
struct token_memo;

/* Who asks. user_id 0: nobody signed in, or the program itself (commands). */
struct actor {
    int64_t user_id;
    int64_t session_id;       /* 0: by a service token */
    int64_t service_token_id; /* 0: by a session */
    enum role role;
    permission_set permissions; /* the role's; of a service token, only those that its scopes name */
    const char *username;
    const char *real_name;
    bool must_change_password;
    bool use_is_unnoted; /* of the service token */
    const char *ip_address; /* NULL for commands */
    const char *user_agent;
};

struct ctx {
    struct arena *arena;
    struct db *db;                     /* READ: a reader. WRITE: the writer, in this request's job (db.h). SLOW: a reader */
    struct list_memo *memo;            /* this thread's remembered totals; NULL: count every time */
    struct token_memo *tokens;         /* this thread's checked access tokens; NULL: check every time */
    const struct settings *settings;
    const struct keyring *keys;        /* what access tokens are signed with; NULL for commands */
    struct files *files;               /* pictures and the like; NULL for commands */
    struct job_runner *jobs;           /* runs jobs; NULL for commands */
    struct db_writer *writer;          /* for a transaction of its own, and what it tells of itself; NULL for commands */
    struct notification_hub *hub;      /* who hears of notifications at once; NULL for commands */
    struct actor actor;
    struct bulk_change *bulk;          /* gathers what many changes note down; NULL: each notes its own (bulk_change.h) */
    int64_t now_ms;                    /* when it is done; writes follow one another by it */
    int64_t asked_ms;                  /* when the request came, before it waited for its turn; 0 for commands */
    const char *request_id;
    bool english;                      /* Accept-Language begins with en */
    bool numbers_as_text;              /* Accept: application/json;numbers=text */
    struct error err;
};

bool ctx_may(const struct ctx *c, enum permission p);
/* RC_PERMISSION_MISSING naming the permission, unless the actor has it. */
MUST_CHECK enum rc ctx_require(struct ctx *c, enum permission p);

/* The id that an INSERT … RETURNING id gives. */
MUST_CHECK enum rc ctx_insert(struct ctx *c, const struct sql *sql, const struct db_value *args, size_t count, int64_t *id);

/* The whole number that a one-row statement gives in that column (INSERT … RETURNING); 0 without a row. */
MUST_CHECK enum rc ctx_returned(struct ctx *c, const struct sql *sql, const struct db_value *args, size_t count,
                                const char *column, int64_t *out);

/* The number that a one-row query gives in its column `n`; 0 without a row. */
MUST_CHECK enum rc ctx_number(struct ctx *c, const struct sql *sql, const struct db_value *args, size_t count, int64_t *n);

/* What answers depend on; each is a column of change_counters. */
enum { TOPIC_MATERIALS = 1, TOPIC_STOCK = 2, TOPIC_DOCUMENTS = 4, TOPIC_USERS = 8, TOPIC_COUNTING = 16 };

/* Says that something of these topics has changed. */
MUST_CHECK enum rc ctx_changed(struct ctx *c, unsigned topics);

/* The counters as they stand; they only grow. */
struct changes {
    int64_t materials, stock, documents, users, counting;
};
MUST_CHECK enum rc ctx_read_changes(struct ctx *c, struct changes *out);

#endif
