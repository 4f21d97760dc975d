/* mms user: accounts from the console. Passwords are read from standard input or made at random, never from arguments. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/password.h"
#include "domain/audit.h"
#include "domain/user.h"
#include "ops/tool.h"

struct request {
    const char *username, *role, *real_name;
    const char *hash;
};

static enum rc find(struct ctx *c, const char *username, struct user *u)
{
    bool found;
    TRY(user_by_name(c, username, u, &found));
    return found ? RC_OK : error_set(&c->err, RC_USER_NOT_FOUND);
}

static enum rc add(struct ctx *c, void *arg)
{
    const struct request *r = arg;
    int64_t id;
    struct user u = {.username = r->username, .role = r->role, .real_name = r->real_name, .status = "active",
                     .password_hash = r->hash, .must_change_password = 1};
    return user_add(c, &u, &id);
}

static enum rc set_password(struct ctx *c, void *arg)
{
    const struct request *r = arg;
    struct user u;
    TRY(find(c, r->username, &u));
    TRY(user_set_password(c, u.id, r->hash, true, 0));
    return audit_write(c, &(struct audit_entry){.module = "users", .action = "update", .resource_type = "user",
                                                .resource_id = u.id,
                                                .description = arena_fmt(c->arena, "控制台重置密码: %s", u.username)});
}

static enum rc disable(struct ctx *c, void *arg)
{
    const struct request *r = arg;
    struct user u;
    TRY(find(c, r->username, &u));
    TRY(user_set_status(c, &u, "disabled"));
    return audit_write(c, &(struct audit_entry){.module = "users", .action = "update", .resource_type = "user",
                                                .resource_id = u.id,
                                                .description = arena_fmt(c->arena, "控制台停用用户: %s", u.username)});
}

static enum rc list(struct ctx *c, void *arg)
{
    (void)arg;
    static const struct sql ALL = {
        "user.console_list",
        "SELECT id, username, role, real_name, status FROM users WHERE status <> 'closed' ORDER BY id"};
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &ALL, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    for (; more;) {
        const char *name = db_text(rows, "real_name");
        printf("%lld\t%s\t%s\t%s\t%s\n", (long long)db_int(rows, "id"), db_text(rows, "username"), db_text(rows, "role"),
               db_text(rows, "status"), name ? name : "");
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

/* The first line of standard input, or a random one (printed) when it is a terminal or empty. */
static bool password_hash_from_input(struct tool *t, struct request *r)
{
    char line[1024] = "", random[PASSWORD_RANDOM_MAX], hash[PASSWORD_HASH_MAX];
    if (!isatty(STDIN_FILENO) && !fgets(line, sizeof line, stdin))
        line[0] = 0;
    line[strcspn(line, "\r\n")] = 0;
    struct ctx check = {.arena = &t->arena};
    if (line[0]) {
        user_check_password(&check, "password", line);
        if (check.err.rc != RC_OK) {
            tool_print_error("user", check.err.rc, &check.err);
            return false;
        }
    } else {
        password_random(random);
        printf("一次性密码 / one-time password for %s: %s\n", r->username, random);
    }
    if (password_hash(line[0] ? line : random, hash) != RC_OK)
        return false;
    r->hash = arena_dup(&t->arena, hash);
    return true;
}

static int finish(struct tool *t, enum rc rc)
{
    if (rc != RC_OK)
        tool_print_error("user", rc, &t->err);
    return rc == RC_OK ? EXIT_OK : EXIT_FAILED;
}

static int run_on(struct tool *t, int argc, char **argv)
{
    struct request r = {.username = argc > 2 ? argv[2] : NULL, .role = argc > 3 ? argv[3] : NULL,
                        .real_name = argc > 4 ? argv[4] : NULL};
    const char *what = argv[1];
    enum role role;
    if (strcmp(what, "list") == 0 && argc == 2)
        return finish(t, tool_run(t, list, NULL));
    if (strcmp(what, "disable") == 0 && argc == 3)
        return finish(t, tool_run(t, disable, &r));
    if (strcmp(what, "set-password") == 0 && argc == 3)
        return password_hash_from_input(t, &r) ? finish(t, tool_run(t, set_password, &r)) : EXIT_FAILED;
    if (strcmp(what, "add") == 0 && (argc == 4 || argc == 5)) {
        const struct json name = {.type = JSON_STRING, .name = "username", .text = r.username, .n = strlen(r.username)};
        const struct json body = {.type = JSON_OBJECT, .first = (struct json *)(uintptr_t)&name, .n = 1};
        struct ctx check = {.arena = &t->arena};
        struct user u;
        enum rc rc = record_from_json(&check, &user_type, &body, "", RECORD_UPDATE, &u);
        if (!role_find(r.role, &role))
            error_fault(&check.err, &t->arena, "role", "choice", "无效的角色类型", "There is no such role", NULL);
        if (rc != RC_OK || check.err.rc != RC_OK) {
            tool_print_error("user", check.err.rc, &check.err);
            return EXIT_USAGE_ERROR;
        }
        return password_hash_from_input(t, &r) ? finish(t, tool_run(t, add, &r)) : EXIT_FAILED;
    }
    fputs(user_command.help, stderr);
    return EXIT_USAGE_ERROR;
}

static int run(int argc, char **argv)
{
    struct tool t;
    if (argc < 2) {
        fputs(user_command.help, stderr);
        return EXIT_USAGE_ERROR;
    }
    int code = tool_open(&t, "user");
    if (code == EXIT_OK) {
        code = run_on(&t, argc, argv);
        tool_close(&t);
    }
    return code;
}

const struct command user_command = {
    .name = "user",
    .summary = "add, set-password, disable, list accounts",
    .help = "usage: mms user list\n"
            "       mms user add NAME system_admin|inventory_manager|regular_user [REAL-NAME]\n"
            "       mms user set-password NAME\n"
            "       mms user disable NAME\n\n"
            "add and set-password read the password from standard input; at a terminal, or with an empty line, a random\n"
            "one-time password is made and printed. Either way it must be changed at the next sign-in.\n",
    .run = run,
};
