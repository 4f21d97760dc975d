/* mms audit: proves the operation log, and seals parts of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain/setting.h"
#include "ops/audit_file.h"
#include "ops/tool.h"

#define BREAKS_SHOWN 20

struct request {
    struct tool *tool;
    const char *known;     /* ID:HASH that must be in the chain; NULL: none */
    const char *file;
    const char *until;     /* the last day that is sealed */
    struct audit_walk walk;
    int64_t seals;
    bool known_is_there;
    struct audit_seal seal;
    char file_hash[HASH_HEX_MAX];
};

static void print_break(void *arg, const char *zh, const char *en)
{
    const struct audit_walk *w = arg;
    if (w->broken <= BREAKS_SHOWN)
        printf("FAIL  %s / %s\n", zh, en);
}

static int print_outcome(const struct audit_walk *w)
{
    if (w->broken) {
        printf("%lld break(s) in %lld rows\n", (long long)w->broken, (long long)w->rows);
        return EXIT_FAILED;
    }
    printf("ok    %lld rows, each fits the one before\n", (long long)w->rows);
    printf("head  %lld:%s\n", (long long)w->expected_id - 1, w->hash);
    return EXIT_OK;
}

/* "123:9f86…" */
static bool split_known(struct arena *a, const char *known, int64_t *id, const char **hash)
{
    const char *colon = strchr(known, ':');
    char *end;
    if (!colon)
        return false;
    *id = strtoll(known, &end, 10);
    *hash = arena_dup(a, colon + 1);
    return end == colon && strlen(*hash) == HASH_HEX_MAX - 1;
}

static enum rc prove(struct ctx *c, void *arg)
{
    struct request *r = arg;
    int64_t id = 0;
    const char *hash = NULL;
    TRY(audit_prove(c, &r->walk, &r->seals));
    r->known_is_there = true;
    if (r->known && split_known(c->arena, r->known, &id, &hash))
        TRY(audit_row_has(c, id, hash, &r->known_is_there));
    return RC_OK;
}

static int verify_database(struct request *r)
{
    int code = tool_read(r->tool, "audit", prove, r);
    if (code != EXIT_OK)
        return code;
    code = print_outcome(&r->walk);
    if (code == EXIT_OK && r->seals)
        printf("ok    %lld seal(s)\n", (long long)r->seals);
    if (r->known)
        printf("%s  %s\n", r->known_is_there ? "ok  " : "FAIL", r->known);
    return r->known_is_there ? code : EXIT_FAILED;
}

static int verify_file(struct request *r)
{
    char hash[HASH_HEX_MAX];
    if (!audit_file_prove(r->file, &r->walk, hash)) {
        fprintf(stderr, "mms audit: %s: %s\n", r->file, strerror(errno));
        return EXIT_FAILED;
    }
    int code = print_outcome(&r->walk);
    printf("file  sha256:%s\n", hash);
    return code;
}

static int verify(struct request *r)
{
    int code;
    r->walk.found = print_break;
    r->walk.arg = &r->walk;
    if (r->file) {
        code = verify_file(r);
    } else {
        code = tool_settings(r->tool, "audit", false);
        if (code != EXIT_OK)
            return code;
        code = verify_database(r);
        arena_free(&r->tool->arena);
    }
    audit_walk_end(&r->walk);
    return code;
}

/* ---------------------------------------------------------------- seal */

static enum rc end_of(struct ctx *c, const char *day_text, int64_t *until_ms)
{
    const struct zone *zone;
    int64_t day;
    TRY(setting_zone(c, &zone));
    if (!day_parse(day_text, &day) || day >= zone_day(zone, c->now_ms))
        return error_say(&c->err, RC_INVALID_INPUT, "--until 应为已结束的一天，例如 2026-01-31",
                         "--until must be a day that is over, such as 2026-01-31");
    *until_ms = zone_day_start_ms(zone, day + 1);
    return RC_OK;
}

static enum rc export(struct ctx *c, void *arg)
{
    struct request *r = arg;
    int64_t until_ms = 0;
    const char *slash = strrchr(r->file, '/');
    TRY(end_of(c, r->until, &until_ms));
    TRY(audit_prove(c, &r->walk, &r->seals));
    if (r->walk.broken)
        return error_say(&c->err, RC_DB_CHECK, "日志链已损坏，不能封存：请先运行 mms audit verify",
                         "The log's chain is broken, nothing is sealed: run mms audit verify");
    TRY(audit_seal_range(c, until_ms, &r->seal));
    if (r->seal.last_id < r->seal.first_id)
        return RC_OK;
    TRY(audit_file_write(c, r->file, &r->seal, r->file_hash));
    r->seal.file_name = slash ? slash + 1 : r->file;
    r->seal.file_hash = r->file_hash;
    return RC_OK;
}

static enum rc keep(struct ctx *c, void *arg)
{
    const struct request *r = arg;
    return audit_seal_add(c, &r->seal);
}

/* The long part reads only; the service goes on writing meanwhile. */
static int seal(struct request *r)
{
    struct tool *t = r->tool;
    int code = tool_read(t, "audit", export, r);
    if (code != EXIT_OK)
        return code;
    if (r->seal.last_id < r->seal.first_id) {
        printf("nothing to seal until %s\n", r->until);
        return EXIT_OK;
    }
    enum rc rc = tool_run(t, keep, r);
    if (rc != RC_OK) {
        unlink(r->file); /* it is not on record */
        tool_print_error("audit", rc, &t->err);
        return EXIT_FAILED;
    }
    printf("sealed rows %lld to %lld in %s\nfile  sha256:%s\nhead  %lld:%s\n", (long long)r->seal.first_id,
           (long long)r->seal.last_id, r->file, r->file_hash, (long long)r->seal.last_id, r->seal.hash);
    return EXIT_OK;
}

static int open_and_seal(struct request *r)
{
    int code = tool_open(r->tool, "audit");
    if (code != EXIT_OK)
        return code;
    code = seal(r);
    audit_walk_end(&r->walk);
    tool_close(r->tool);
    return code;
}

static int run(int argc, char **argv)
{
    struct tool t;
    struct request r = {.tool = &t};
    bool sealing = argc == 6 && strcmp(argv[1], "seal") == 0 && strcmp(argv[2], "--until") == 0 && strcmp(argv[4], "--to") == 0;
    bool verifying = argc >= 2 && strcmp(argv[1], "verify") == 0;
    int64_t id;
    const char *hash;
    if (sealing) {
        r.until = argv[3];
        r.file = argv[5];
        return open_and_seal(&r);
    }
    if (verifying && argc == 2)
        return verify(&r);
    if (verifying && argc == 3 && argv[2][0] != '-') {
        r.file = argv[2];
        return verify(&r);
    }
    arena_init(&t.arena);
    bool known = verifying && argc == 4 && strcmp(argv[2], "--known") == 0 && split_known(&t.arena, argv[3], &id, &hash);
    arena_free(&t.arena);
    if (known) {
        r.known = argv[3];
        return verify(&r);
    }
    fputs(audit_command.help, stderr);
    return EXIT_USAGE_ERROR;
}

const struct command audit_command = {
    .name = "audit",
    .summary = "prove the operation log, seal and export parts of it",
    .help = "usage: mms audit verify [--known ID:HASH]\n"
            "       mms audit verify FILE\n"
            "       mms audit seal --until YYYY-MM-DD --to FILE\n\n"
            "verify walks the chain of hashes from the first row to the last, also while the service runs, names what was\n"
            "changed, removed, inserted or cut (exit code 1), and prints the chain's head. Note the head down outside of\n"
            "this machine: with --known it proves later that the log up to there is still the same. With FILE it proves a\n"
            "sealed part, without the database. seal writes all rows up to the end of that day that are not sealed yet to a\n"
            "new file, one JSON object a line, and keeps its hash; nothing is ever deleted from the log.\n",
    .run = run,
};
