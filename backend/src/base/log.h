/* The log: one JSON object per line, to standard output and, when a folder is given, to LOG_DIR/mms.log.
 * {"time":"2026-11-23T08:15:30.123Z","level":"info","event":"http.request","request_id":"…", …}
 * Event names are constant text; what a client sent goes into fields, escaped. Secrets are never handed in. */
#ifndef MMS_BASE_LOG_H
#define MMS_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_field {
    const char *name;
    const char *text; /* a text field; NULL: `number` counts */
    int64_t number;
};

/* A function, so that an array may be handed in and the value is worked out once. NULL shows as "". */
static inline struct log_field log_text(const char *name, const char *value)
{
    return (struct log_field){name, value ? value : "", 0};
}

#define LOG_TEXT(name, value) log_text((name), (value))
#define LOG_INT(name, value) ((struct log_field){(name), NULL, (int64_t)(value)})

bool log_level_parse(const char *text, enum log_level *out); /* error, warn, info, debug */
void log_set_level(enum log_level level);
bool log_on(enum log_level level);
/* When DIR/mms.log is put aside as mms.log.1, and what was .1 as .2 and so on: once it has so many bytes, or its first line is so
 * old. So many older ones are kept. 0 bytes and 0 age: never. Before log_open_dir. */
void log_set_limits(int64_t bytes, int64_t age_ms, int keep);
/* Opens DIR/mms.log for appending, beside standard output; makes DIR when only the last folder is
 * missing. Called again it opens the file anew, also while other threads write. False with errno set,
 * and all is as it was. */
bool log_open_dir(const char *dir);
/* The same file anew, after somebody else has put it aside; nothing when none is open. */
bool log_open_again(void);
/* From here on lines for standard output, when it is a pipe, may wait a few milliseconds for others (log_gather.h), until log_close. */
void log_gather(void);
/* Back to standard output alone, and at once. Only when no other thread logs any more. */
void log_close(void);

/* One line, from any thread. A line has at most 8 KiB: longer texts end in "…", and "cut":true says
 * that fields were left out. A line that cannot be written is lost; nothing else comes of it. */
void log_write(enum log_level level, const char *event, const char *request_id, const struct log_field *fields,
               size_t count);
/* log_event(LOG_INFO, "server.started", NULL, LOG_INT("port", 3000)) */
#define log_event(level, event, request_id, ...)                                                                       \
    log_write((level), (event), (request_id), (const struct log_field[]){__VA_ARGS__},                                \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

#endif
