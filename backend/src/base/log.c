#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_file.h"
#include "base/log_gather.h"
#include "base/utf8.h"

enum {
    LINE_BYTES = 8192,
    NAME_BYTES = 64,
    WORD_BYTES = 128, /* event and request id */
    TEXT_BYTES = 2000,
    TAIL_BYTES = 32, /* kept for the end of the line */
    VALUE_LEAST = 16 /* with less room than that left a field is not begun */
};

static const char *const LEVELS[] = {"error", "warn", "info", "debug"};

static atomic_int level_now = LOG_INFO;
static struct log_sink standard_output = {STDOUT_FILENO};

struct line {
    size_t n;
    bool cut;
    char bytes[LINE_BYTES];
};

bool log_level_parse(const char *text, enum log_level *out)
{
    for (size_t i = 0; text && i < sizeof LEVELS / sizeof *LEVELS; i++) {
        if (strcmp(LEVELS[i], text) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&level_now, (int)level, memory_order_relaxed);
}

bool log_on(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&level_now, memory_order_relaxed);
}

static bool put(struct line *l, const char *bytes, size_t n)
{
    if (n > LINE_BYTES - TAIL_BYTES - l->n)
        return false;
    memcpy(l->bytes + l->n, bytes, n);
    l->n += n;
    return true;
}

/* What would end a line or steer a terminal is escaped, beside what JSON asks for. */
static size_t escape(uint32_t cp, char out[static 8])
{
    static const char SHORT[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    for (size_t i = 0; i + 1 < sizeof SHORT; i += 2) {
        if (cp == (unsigned char)SHORT[i]) {
            out[0] = '\\';
            out[1] = SHORT[i + 1];
            return 2;
        }
    }
    if (cp < 0x20 || (cp >= 0x7F && cp <= 0x9F) || cp == 0x2028 || cp == 0x2029)
        return (size_t)snprintf(out, 8, "\\u%04x", (unsigned)cp);
    return utf8_encode(cp, out);
}

/* A JSON string, at most `most` bytes between its quotes; "…" at its end when text was left out. */
static bool put_string(struct line *l, const char *text, size_t most)
{
    const char *end = text + strnlen(text, most + 4); /* so the last character is seen whole */
    size_t start = l->n, used = 0;
    bool whole = true, room = put(l, "\"", 1);

    for (size_t step; room && text < end; text += step) {
        char out[8];
        uint32_t cp;
        step = utf8_decode(text, end, &cp);
        size_t n = escape(step ? cp : 0xFFFD, out);
        step = step ? step : 1;
        used += n;
        if (used > most || n + sizeof "…\"" > LINE_BYTES - TAIL_BYTES - l->n) {
            whole = false;
            break;
        }
        room = put(l, out, n);
    }
    room = room && (whole || put(l, "…", sizeof "…" - 1)) && put(l, "\"", 1);
    if (!room)
        l->n = start;
    return room;
}

static bool put_value(struct line *l, struct log_field f, size_t most)
{
    char digits[24];

    if (LINE_BYTES - TAIL_BYTES - l->n < VALUE_LEAST)
        return false;
    if (f.text)
        return put_string(l, f.text, most);
    int n = snprintf(digits, sizeof digits, "%lld", (long long)f.number);
    return put(l, digits, (size_t)n);
}

static void put_field(struct line *l, struct log_field f, size_t most)
{
    size_t start = l->n;

    if (put(l, ",", 1) && put_string(l, f.name, NAME_BYTES) && put(l, ":", 1) &&
        put_value(l, f, most))
        return;
    l->n = start;
    l->cut = true;
}

/* A reader that has gone, a file at its size limit: an error of write(), not a service's end. */
static void ignore_write_signals(void)
{
    static const int SIGNALS[] = {SIGPIPE, SIGXFSZ};

    for (size_t i = 0; i < sizeof SIGNALS / sizeof *SIGNALS; i++) {
        struct sigaction now;
        if (sigaction(SIGNALS[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL) {
            now = (struct sigaction){.sa_handler = SIG_IGN};
            sigaction(SIGNALS[i], &now, NULL);
        }
    }
}

void log_gather(void)
{
    struct stat st;
    if (fstat(standard_output.fd, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
        log_gather_begin(&standard_output);
}

void log_write(enum log_level level, const char *event, const char *request_id,
               const struct log_field *fields, size_t count)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    char time[CLOCK_TEXT_MAX];
    struct line l; /* not set to zero as a whole: 8 KiB a line would cost more than the line */
    int errno_before = errno;

    if (!log_on(level))
        return;
    pthread_once(&once, ignore_write_signals);
    l.n = 0;
    l.cut = false;
    int64_t now_ms = clock_now_ms();
    clock_print_iso(now_ms, time);
    put(&l, "\n{\"time\":", sizeof "\n{\"time\":" - 1);
    put_string(&l, time, sizeof time);
    put_field(&l, LOG_TEXT("level", LEVELS[level]), WORD_BYTES);
    put_field(&l, LOG_TEXT("event", event), WORD_BYTES);
    if (request_id)
        put_field(&l, LOG_TEXT("request_id", request_id), WORD_BYTES);
    for (size_t i = 0; i < count; i++)
        put_field(&l, fields[i], TEXT_BYTES);
    const char *tail = l.cut ? ",\"cut\":true}\n" : "}\n"; /* TAIL_BYTES is kept for it */
    memcpy(l.bytes + l.n, tail, strlen(tail));
    l.n += strlen(tail);
    if (!log_gather_put(l.bytes, l.n, level <= LOG_WARN))
        log_sink_put(&standard_output, l.bytes, l.n);
    log_file_put(l.bytes, l.n, now_ms);
    errno = errno_before;
}
