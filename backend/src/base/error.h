/* Results and what is told to a client.
 *
 * A fallible function returns `enum rc`; its outputs are untouched unless it returns RC_OK.
 * The rows of errors.def give each error its stable code, HTTP status and texts.
 * `struct error` holds what a table row cannot know: the fields at fault, a text with figures in it,
 * and extra members for the answer. Everything it points to lives in the request's arena. */
#ifndef MMS_BASE_ERROR_H
#define MMS_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

enum rc {
    RC_OK = 0,
#define ERR(name, code, status, zh, en) RC_##name,
#include "base/errors.def"
#undef ERR
    RC_COUNT
};

#define MUST_CHECK __attribute__((warn_unused_result))

struct error_row {
    const char *code; /* stable, for programs */
    int status;       /* HTTP */
    const char *zh, *en;
};

/* The table's row of an error; never NULL. */
const struct error_row *error_row(enum rc rc);

/* One field of a body, a query or the settings that is not acceptable. */
struct field_fault {
    const char *field; /* as the client spelled it, e.g. "materialCode" or "lines[2].quantity" */
    const char *code;  /* stable: required, type, too_short, too_long, out_of_range, decimals, choice, format, unknown … */
    const char *zh, *en;
    const char *value; /* what was sent, shortened; NULL when absent or secret */
    bool is_number;    /* the value was a number, and is told as one */
    struct field_fault *next;
};

struct arena;

struct error {
    enum rc rc;
    const char *zh, *en;         /* text for this case; NULL: the table's */
    const char *members;         /* JSON members to add to the answer, e.g. "\"wanted\":5,\"available\":3"; NULL: none */
    int retry_after_s;           /* > 0: sent as Retry-After */
    int limit;                   /* > 0: how many are let through until then, sent as RateLimit-* */
    struct field_fault *faults;  /* in the order they were found */
    struct field_fault **faults_end;
    size_t fault_count;
};

void error_clear(struct error *e);

/* Each returns `rc`, so that a service can end with `return error_set(...)`. */
enum rc error_set(struct error *e, enum rc rc);
enum rc error_say(struct error *e, enum rc rc, const char *zh, const char *en);

/* Adds a fault and makes the error RC_INVALID_INPUT. Strings are not copied: pass literals or arena text.
 * At most 100 faults are kept; more are counted only. The same words about the same value are told once. NULL: not kept. */
struct field_fault *error_fault(struct error *e, struct arena *a, const char *field, const char *code, const char *zh,
                                const char *en, const char *value);

/* TRY(call): hands a failure of `call` on to the caller. */
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        enum rc try_rc_ = (call);                                                                                      \
        if (try_rc_ != RC_OK)                                                                                          \
            return try_rc_;                                                                                            \
    } while (0)

#endif
