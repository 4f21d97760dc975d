/* mms assess: whether to move from SQLite to PostgreSQL, with a short measurement of this machine. */
#include <string.h>

#include "base/buf.h"
#include "domain/assessment_measure.h"
#include "ops/tool.h"

/* ---------------------------------------------------------------- telling */

static void print_dec(struct dec value, char *text, size_t room)
{
    if (value.millionths % 1000000)
        snprintf(text, room, "%lld.%02lld", (long long)(value.millionths / 1000000), (long long)(value.millionths % 1000000 / 10000));
    else
        snprintf(text, room, "%lld", (long long)(value.millionths / 1000000));
}

static void print_texts(const char *title, const struct assessment_text *texts, size_t count)
{
    printf("%s\n", title);
    for (size_t i = 0; i < count; i++)
        printf("  - %s\n    %s\n", texts[i].zh, texts[i].en);
}

static void print_table(const struct assessment *as)
{
    static const char *const advice[] = {[ADVICE_STAY] = "暂不迁移 / stay", [ADVICE_PREPARE] = "准备迁移 / prepare", [ADVICE_MOVE] = "应当迁移 / move"};
    printf("%-18s %12s %12s   \n", "last 30 days", "now", "threshold");
    for (size_t i = 0; i < INDICATOR_COUNT; i++) {
        char now[40];
        print_dec(as->indicators[i].value, now, sizeof now);
        printf("%-18s %12s %12lld   %-6s %s\n", as->indicators[i].en, now, (long long)as->indicators[i].threshold,
               indicator_state_name(as->indicators[i].state), as->indicators[i].zh);
    }
    printf("%-18s %12lld               people with a session in force\n", "signed in", (long long)as->signed_in);
    printf("%-18s %12lld               in all; %lld in the busiest quarter of an hour, %lld in the busiest second\n", "writes", (long long)as->writes,
           (long long)as->writes_in_quarter, (long long)as->writes_in_second);
    printf("%-18s %12lld               bytes, %s\n", "size", (long long)as->size, as->engine);
    if (as->machine)
        printf("%-18s %12lld               durable writes a second by %lld clients; %lld by one\n", "this machine", (long long)as->machine->together_per_s,
               (long long)as->machine->clients, (long long)as->machine->alone_per_s);
    printf("\n结论 / advice: %s\n", advice[as->advice]);
    print_texts("理由 / why:", as->reasons, as->reason_count);
    print_texts("未知 / not known:", as->unknown, as->unknown_count);
}

static void print_json(const struct assessment *as)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, 256 * 1024);
    jw_init(&w, &out, false);
    assessment_write(&w, as);
    printf("%s\n", buf_text(&out));
    buf_free(&out);
}

static enum rc read_all(struct ctx *c, void *arg)
{
    return assessment_read(c, arg);
}

static int run(int argc, char **argv)
{
    struct tool t;
    struct assessment as;
    struct assessment_machine machine;
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc > 1 && !json) {
        fputs(assess_command.help, stderr);
        return EXIT_USAGE_ERROR;
    }
    int code = tool_settings(&t, "assess", false);
    if (code != EXIT_OK)
        return code;
    code = tool_read(&t, "assess", read_all, &as);
    if (code == EXIT_OK) {
        if (!as.on_server && assessment_measure(&t.settings, &t.arena, NULL, NULL, &machine) == RC_OK)
            as.machine = &machine;
        assessment_advise(&t.arena, &as);
        (json ? print_json : print_table)(&as);
    }
    arena_free(&t.arena);
    return code;
}

const struct command assess_command = {
    .name = "assess",
    .summary = "tell whether it is time to move to PostgreSQL",
    .help = "usage: mms assess [--json]\n\nReads how many rows there are, and from the records of the last 30 days how many people and writes at once; measures for two\n"
            "seconds what this machine can write, in a database of its own beside the real one (DB_PATH.assess-…, removed again); holds\n"
            "that against the thresholds and says stay, prepare or move, why, and what is not known. May run beside the service.\n",
    .run = run,
};
