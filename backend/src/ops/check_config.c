/* mms check-config: the settings as the service would see them; secrets are never shown. */
#include "base/buf.h"
#include "ops/tool.h"

static int run(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct tool t;
    struct buf out;
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
    .help = "usage: mms check-config\n\nPrints every setting with its value and meaning. All faults are named together; exit code 78.\n",
    .run = run,
};
