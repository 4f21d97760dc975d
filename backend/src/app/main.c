/* mms: one program, several commands. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/settings.h"
#include "ops/command.h"
#include "ops/env_file.h"

static const struct command *const commands[] = {
    &serve_command, &migrate_command, &demo_command, &user_command, &verify_command,
    &backup_command, &restore_command, &audit_command, &import_legacy_command, &assess_command, &migrate_to_postgres_command, &migrate_to_sqlite_command,
    &check_config_command, &health_command, &doctor_command, &files_command, &version_command,
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void print_usage(FILE *out)
{
    fputs("usage: mms COMMAND [--help]\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-19s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nSettings come from the environment: mms serve --help\n"
          "and from --env-file FILE, of every command: NAME=VALUE lines, also encrypted with age (AGE_IDENTITY_FILE)\n"
          "or ansible-vault (ANSIBLE_VAULT_PASSWORD_FILE). What the environment says goes first.\n", out);
}

static void print_help(const struct command *c)
{
    fputs(c->help, stdout);
    if (c != &serve_command)
        return;
    struct buf out;
    buf_init(&out, 64 * 1024);
    settings_help(&out);
    printf("\nSettings (environment):\n%s", buf_text(&out));
    buf_free(&out);
}

/* Without memory the process ends by abort() (base/arena.h): not without a word. */
static void say_aborted(int signo)
{
    static const char line[] =
        "mms: 程序已中止：内存不足（请提高内存限制），或程序内部错误。已确认的数据都在磁盘上，重新启动即可继续\n"
        "mms: aborted: out of memory (raise its limit), or an error of the program. What was acknowledged is on the disk: start it again\n";
    (void)signo;
    if (write(STDERR_FILENO, line, sizeof line - 1) < 0)
        return;
}

int main(int argc, char **argv)
{
    signal(SIGABRT, say_aborted);
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
        print_usage(stdout);
        return EXIT_OK;
    }
    if (strcmp(name, "--version") == 0)
        name = "version";
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i]->name, name) != 0)
            continue;
        for (int k = 2; k < argc; k++)
            if (strcmp(argv[k], "--help") == 0) {
                print_help(commands[i]);
                return EXIT_OK;
            }
        int code = env_file_take(&argc, argv);
        return code == EXIT_OK ? commands[i]->run(argc - 1, argv + 1) : code;
    }
    print_usage(stderr);
    return EXIT_USAGE_ERROR;
}
