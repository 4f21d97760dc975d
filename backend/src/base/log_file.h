/* Where lines of the log go (log.c): standard output, and LOG_DIR/mms.log with those that were put aside. */
#ifndef MMS_BASE_LOG_FILE_H
#define MMS_BASE_LOG_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `torn`: a line was written in part (a full disk, say); the next one begins on its own line. */
struct log_sink {
    atomic_int fd; /* -1: none */
    atomic_bool torn;
};

/* `line` begins with a newline that is only sent to end a torn line. One write(2), as a rule. Gives the bytes that were sent. */
size_t log_sink_put(struct log_sink *s, const char *line, size_t n);

/* The same to the file of log_open_dir, which is put aside when its limits are reached. */
void log_file_put(const char *line, size_t n, int64_t now_ms);

#endif
