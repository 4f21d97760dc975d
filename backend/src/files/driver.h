/* What a place for files has to do; files.c does the rest, and has looked at the keys. `self` is the driver's own. */
#ifndef MMS_FILES_DRIVER_H
#define MMS_FILES_DRIVER_H

#include "files/files.h"

struct files_driver {
    bool is_remote;
    void (*close)(void *self);
    void (*stop)(void *self); /* remote ones */
    enum rc (*put)(void *self, const char *key, const struct files_source *source);
    enum rc (*get)(void *self, const char *key, const struct files_sink *sink);
    enum rc (*open)(void *self, const char *key, int *fd, int64_t *bytes); /* local ones */
    enum rc (*head)(void *self, const char *key, struct files_fact *out);
    enum rc (*remove)(void *self, const char *key);
    enum rc (*list)(void *self, const char *prefix, void (*found)(void *arg, const char *key, int64_t changed_ms), void *arg);
    bool (*address)(void *self, const char *key, const char *disposition, const char *media, int seconds, struct buf *out); /* or NULL */
    void (*state)(void *self, struct files_state *out); /* remote ones */
    void (*why)(void *self, struct buf *out);                                                                               /* or NULL */
};

/* files_close closes `self`, too. */
struct files *files_new(const struct files_driver *driver, void *self);

#endif
