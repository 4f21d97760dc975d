#include "base/error.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"

enum { FAULTS_KEPT = 100 };

static const struct error_row ROWS[RC_COUNT] = {
    [RC_OK] = {"ok", 200, "成功", "Done"},
#define ERR(name, code, status, zh, en) [RC_##name] = {code, status, zh, en},
#include "base/errors.def"
#undef ERR
};

const struct error_row *error_row(enum rc rc)
{
    return (unsigned)rc < RC_COUNT ? &ROWS[rc] : &ROWS[RC_INTERNAL];
}

void error_clear(struct error *e)
{
    *e = (struct error){.rc = RC_OK};
}

enum rc error_set(struct error *e, enum rc rc)
{
    return error_say(e, rc, NULL, NULL);
}

/* Faults and members stay: a service may have put them there before it names the error. */
enum rc error_say(struct error *e, enum rc rc, const char *zh, const char *en)
{
    e->rc = rc;
    e->zh = zh;
    e->en = en;
    return rc;
}

/* A body may be read twice, as a document and as its one line. */
static bool is_told(const struct error *e, const char *field, const char *zh, const char *value)
{
    for (const struct field_fault *f = e->faults; f; f = f->next)
        if (strcmp(f->field, field) == 0 && strcmp(f->zh, zh) == 0 && strcmp(f->value ? f->value : "", value ? value : "") == 0)
            return true;
    return false;
}

struct field_fault *error_fault(struct error *e, struct arena *a, const char *field,
                                const char *code, const char *zh, const char *en, const char *value)
{
    e->rc = RC_INVALID_INPUT;
    if (is_told(e, field, zh, value) || e->fault_count++ >= FAULTS_KEPT)
        return NULL;
    struct field_fault *f = arena_new(a, struct field_fault);
    *f = (struct field_fault){.field = field, .code = code, .zh = zh, .en = en, .value = value};
    /* While the list is empty its end is looked up: so a zeroed or copied error works too. */
    if (!e->faults)
        e->faults_end = &e->faults;
    *e->faults_end = f;
    e->faults_end = &f->next;
    return f;
}
