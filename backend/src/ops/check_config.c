/* mms check-config: the settings as the service would see them; secrets are never shown. */
#include <string.h>

#include "base/buf.h"
#include "ops/tool.h"

static int print_example(void)
{
    struct buf out;
    buf_init(&out, 64 * 1024);
    settings_example(&out);
    fputs(buf_text(&out), stdout);
    buf_free(&out);
    return EXIT_OK;
}

static int run(int argc, char **argv)
{
    struct tool t;
    struct buf out;
    if (argc == 2 && strcmp(argv[1], "--example") == 0)
        return print_example();
    if (argc > 1) {
        fputs("usage: mms check-config [--example]\n", stderr);
        return EXIT_USAGE_ERROR;
    }
    int code = tool_settings(&t, "check-config", true);
    if (code == EXIT_OK) {
        buf_init(&out, 64 * 1024);
        settings_print(&t.settings, &out);
        fputs(buf_text(&out), stdout);
        buf_free(&out);
    }
    arena_free(&t.arena);
    return code;
}

const struct command check_config_command = {
    .name = "check-config",
    .summary = "check the settings and print them (no secrets)",
    .help = "usage: mms check-config [--example]\n\n"
            "Prints every setting with its value and meaning. All faults are named together; exit code 78.\n"
            "--example: an environment file with every setting, to be filled in.\n",
    .run = run,
};
