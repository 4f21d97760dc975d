/* mms doctor: one of the checklist's three lists, looked at line by line (doctor.h), told to a person or as JSON. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "ops/doctor.h"

#define NAME "doctor"
#define JSON_MAX (1 << 20)
#define BACKUP_HOURS_MAX 8784 /* a year */

/* ---------------------------------------------------------------- what a line says */

static void speak(struct doctor *d, enum doctor_result result, const char *mend, const char *seen, va_list args)
{
    d->spoke = true;
    d->result = result;
    d->mend = mend;
    d->seen = arena_vfmt(d->arena, seen, args);
}

void doctor_ok(struct doctor *d, const char *seen, ...)
{
    va_list args;
    va_start(args, seen);
    speak(d, DOCTOR_OK, NULL, seen, args);
    va_end(args);
}

void doctor_failed(struct doctor *d, const char *mend, const char *seen, ...)
{
    va_list args;
    va_start(args, seen);
    speak(d, DOCTOR_FAILED, mend, seen, args);
    va_end(args);
}

void doctor_not_applicable(struct doctor *d, const char *mend, const char *seen, ...)
{
    va_list args;
    va_start(args, seen);
    speak(d, DOCTOR_NOT_APPLICABLE, mend, seen, args);
    va_end(args);
}

/* ---------------------------------------------------------------- telling it */

struct tally {
    size_t of[DOCTOR_NOT_APPLICABLE + 1];
};

/* Something was looked at and nothing has failed. */
static bool is_fine(const struct doctor_options *o, const struct tally *t)
{
    return t->of[DOCTOR_FAILED] == 0 && t->of[DOCTOR_OK] > 0 && !(o->strict && t->of[DOCTOR_NOT_APPLICABLE] > 0);
}

static void print_line(const struct doctor *d, const struct doctor_line *line)
{
    static const char *const words[] = {[DOCTOR_FAILED] = "FAIL", [DOCTOR_OK] = "ok", [DOCTOR_NOT_APPLICABLE] = "n/a"};
    printf("%-5s %-24s %s / %s: %s\n", words[d->result], line->id, line->zh, line->en, d->seen);
    if (d->mend)
        printf("%-5s %-24s -> %s\n", "", "", d->mend);
    fflush(stdout);
}

static void write_line(const struct doctor *d, const struct doctor_line *line, struct json_writer *w)
{
    static const char *const words[] = {[DOCTOR_FAILED] = "fail", [DOCTOR_OK] = "ok", [DOCTOR_NOT_APPLICABLE] = "not_applicable"};
    jw_object(w);
    jw_member_text(w, "id", line->id);
    jw_member_text(w, "title_zh", line->zh);
    jw_member_text(w, "title_en", line->en);
    jw_member_text(w, "result", words[d->result]);
    jw_member_text(w, "seen", d->seen);
    jw_member_text(w, "mend", d->mend);
    jw_object_end(w);
}

static bool is_chosen(const struct doctor_options *o, const struct doctor_line *line)
{
    if (!text_equal(o->stage, line->stage))
        return false;
    for (size_t i = 0; o->only[i]; i++)
        if (text_starts(line->id, o->only[i]))
            return true;
    return !o->only[0];
}

static void look(struct doctor *d, const struct doctor_line *line)
{
    d->spoke = false;
    d->result = DOCTOR_FAILED;
    d->seen = "未得出结论 / the line has come to no end";
    d->mend = NULL;
    line->look(d);
}

/* Members that follow the lines come after them, so nothing is written before all have been looked at. */
static int look_at_all(struct doctor *d)
{
    struct tally tally = {0};
    struct buf lines;
    struct json_writer w;
    buf_init(&lines, JSON_MAX);
    jw_init(&w, &lines, false);
    jw_array(&w);
    for (size_t i = 0; i < doctor_line_count; i++) {
        if (!is_chosen(&d->options, &doctor_lines[i]))
            continue;
        look(d, &doctor_lines[i]);
        tally.of[d->result]++;
        if (d->options.json)
            write_line(d, &doctor_lines[i], &w);
        else
            print_line(d, &doctor_lines[i]);
    }
    jw_array_end(&w);
    bool fine = is_fine(&d->options, &tally);
    if (d->options.json)
        printf("{\"stage\":\"%s\",\"ok\":%s,\"checks\":%s}\n", d->options.stage, fine ? "true" : "false", buf_text(&lines));
    else
        printf("\n%zu 通过 / ok, %zu 失败 / failed, %zu 不适用 / not applicable\n", tally.of[DOCTOR_OK], tally.of[DOCTOR_FAILED],
               tally.of[DOCTOR_NOT_APPLICABLE]);
    buf_free(&lines);
    return fine ? EXIT_OK : EXIT_FAILED;
}

/* ---------------------------------------------------------------- the command line */

static bool add(const char *list[static DOCTOR_NAMES_MAX + 1], const char *value)
{
    size_t n = 0;
    while (list[n])
        n++;
    if (n == DOCTOR_NAMES_MAX)
        return false;
    list[n] = value;
    return true;
}

static bool is_stage(const char *text)
{
    for (size_t i = 0; i < doctor_line_count; i++)
        if (text_equal(text, doctor_lines[i].stage))
            return true;
    return false;
}

static bool is_address(const char *text)
{
    return text_starts(text, "http://") || text_starts(text, "https://");
}

static bool take_flag(struct doctor_options *o, const char *word)
{
    if (text_equal(word, "--cloud")) {
        o->stage = "cloud";
        return true;
    }
    bool *flag = text_equal(word, "--json")          ? &o->json
                 : text_equal(word, "--strict")      ? &o->strict
                 : text_equal(word, "--write-probe") ? &o->write_probe
                                                     : NULL;
    if (flag)
        *flag = true;
    return flag != NULL;
}

static bool take_text(struct doctor_options *o, const char *word, const char *value)
{
    const struct {
        const char *word, **value;
        bool (*is_good)(const char *value); /* NULL: any */
    } texts[] = {{"--stage", &o->stage, is_stage},       {"--url", &o->url, is_address},           {"--certificate", &o->certificate, NULL},
                 {"--ca", &o->ca, NULL},                 {"--project", &o->project, NULL},         {"--tag", &o->tag, NULL},
                 {"--metadata", &o->metadata, is_address}, {"--prometheus", &o->prometheus, is_address}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (text_equal(word, texts[i].word) && *value && (!texts[i].is_good || texts[i].is_good(value))) {
            *texts[i].value = value;
            return true;
        }
    return false;
}

/* "80,443" */
static bool read_ports(const char *value, struct doctor_options *o)
{
    char first[8] = "";
    size_t n = strcspn(value, ",");
    if (value[n] != ',' || n >= sizeof first)
        return false;
    memcpy(first, value, n);
    return text_int(first, 1, 65535, &o->http_port) && text_int(value + n + 1, 1, 65535, &o->https_port);
}

static bool take_value(struct doctor_options *o, const char *word, const char *value)
{
    if (text_equal(word, "--domain"))
        return *value && add(o->domains, value);
    if (text_equal(word, "--public-address"))
        return *value && add(o->addresses, value);
    if (text_equal(word, "--only"))
        return *value && add(o->only, value);
    if (text_equal(word, "--backup-hours"))
        return text_int(value, 1, BACKUP_HOURS_MAX, &o->backup_hours);
    if (text_equal(word, "--ports"))
        return read_ports(value, o);
    if (text_equal(word, "--require"))
        return o->require_engine = text_equal(value, "docker");
    return take_text(o, word, value);
}

static bool read_options(int argc, char **argv, struct doctor_options *o)
{
    for (int i = 1; i < argc; i++)
        if (!take_flag(o, argv[i]) && (i + 1 == argc || !take_value(o, argv[i], argv[i + 1]) || !++i))
            return false;
    if (!o->stage)
        return false;
    for (size_t i = 0; i < doctor_line_count; i++)
        if (is_chosen(o, &doctor_lines[i]))
            return true;
    return false; /* --only names nothing */
}

/* ---------------------------------------------------------------- the run */

static const char *as_production(const char *name)
{
    return text_equal(name, "NODE_ENV") ? "production" : getenv(name);
}

/* What production would refuse of this environment. */
static const struct error *find_faults(struct arena *a)
{
    struct settings strict;
    struct error *faults = arena_new(a, struct error);
    return settings_read(a, as_production, &strict, faults) == RC_OK ? NULL : faults;
}

static int run(int argc, char **argv)
{
    struct tool t;
    struct doctor d = {.options = {.project = ".", .metadata = "http://100.100.100.200", .backup_hours = DOCTOR_BACKUP_HOURS,
                                  .http_port = 80, .https_port = 443}};
    if (!read_options(argc, argv, &d.options)) {
        fputs(doctor_command.help, stderr);
        return EXIT_USAGE_ERROR;
    }
    int code = tool_settings(&t, NAME, false);
    if (code != EXIT_OK)
        return code;
    d.arena = &t.arena;
    d.settings = t.settings;
    d.faults = find_faults(&t.arena);
    if (!d.options.url)
        d.options.url = arena_fmt(&t.arena, "http://127.0.0.1:%lld", (long long)t.settings.port);
    code = look_at_all(&d);
    doctor_sign_out(&d);
    arena_free(&t.arena);
    return code;
}

const struct command doctor_command = {
    .name = NAME,
    .summary = "look at every line of the migration checklist",
    .help = "usage: mms doctor --stage pre|mid|post | --cloud [--json] [--strict] [OPTION VALUE]…\n\n"
            "Looks, line by line, whether what the migration checklist wants is so: before, in the middle of, and after the migration.\n"
            "Each line is ok, FAIL, or n/a (not applicable: it could not be looked at here), says what was seen, and how to mend it. It reads\n"
            "the settings of the service from the environment; the database is only read.\n\n"
            "--cloud                the account itself instead: role, metadata, object storage (probes _doctor/…, deleted again), clock, KMS, the site's\n"
            "                       certificate (--url, --certificate)\n"
            "--url URL              the service; else http://127.0.0.1:PORT\n"
            "--ca FILE              authorities whose certificates are believed (PEM), besides the system's\n"
            "--domain NAME          a name of this site, once or several times\n"
            "--public-address ADDR  an address at which this machine is reached, besides its own\n"
            "--ports HTTP,HTTPS     the ports that are open there; else 80,443\n"
            "--certificate FILE     the certificate that nginx has (PEM)\n"
            "--project FOLDER       the checkout; else the present folder\n"
            "--tag TAG              of the images; else what build-images/tag says, or MMS_VERSION\n"
            "--backup-hours N       how old the newest proven backup may be; else 26\n"
            "--metadata URL         where an instance's metadata is; else http://100.100.100.200\n"
            "--prometheus URL       what raises the alarms\n"
            "--write-probe          allows a document to be made and withdrawn\n"
            "--require docker       a missing container engine is a failure\n"
            "--only ID              only lines whose id begins so, once or several times\n"
            "--strict               what is not applicable fails, too\n\n"
            "Who asks: MMS_DOCTOR_TOKEN (a service token), or MMS_DOCTOR_USER and MMS_DOCTOR_PASSWORD, from the environment.\n"
            "Exit codes: 0 something was looked at and nothing failed, 1 something did, 64 wrong usage, 78 settings.\n",
    .run = run,
};
