#include "cloud/files_oss.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "files/driver.h"

/* By what the program calls its files; whoever hands one out says again what it is. */
static const char *media_of(const char *key)
{
    static const struct {
        const char *end, *media;
    } known[] = {{".png", "image/png"},
                 {".jpg", "image/jpeg"},
                 {".csv", "text/csv"},
                 {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
                 {".zip", "application/zip"},
                 {".gz", "application/gzip"},
                 {".json", "application/json"}};
    const char *dot = strrchr(key, '.');
    for (size_t i = 0; dot && i < sizeof known / sizeof *known; i++)
        if (strcmp(dot, known[i].end) == 0)
            return known[i].media;
    return "application/octet-stream";
}

static void close_oss(void *self)
{
    oss_close(self);
}

static void stop(void *self)
{
    oss_stop(self);
}

static enum rc put(void *self, const char *key, const struct files_source *source)
{
    return oss_put(self, key, media_of(key), source);
}

static enum rc get(void *self, const char *key, const struct files_sink *sink)
{
    return oss_get(self, key, sink);
}

static enum rc head(void *self, const char *key, struct files_fact *out)
{
    return oss_head(self, key, out);
}

static enum rc delete(void *self, const char *key)
{
    return oss_delete(self, key);
}

struct listing {
    void (*found)(void *arg, const char *key, int64_t changed_ms);
    void *arg;
};

/* Others may have put something else there. */
static void pass_on(void *arg, const char *key, int64_t bytes, int64_t changed_ms)
{
    const struct listing *l = arg;
    (void)bytes;
    if (files_key_is_good(key))
        l->found(l->arg, key, changed_ms);
}

static enum rc list(void *self, const char *prefix, void (*found)(void *arg, const char *key, int64_t changed_ms), void *arg)
{
    char folder[FILES_KEY_MAX + 2];
    struct listing l = {found, arg};
    snprintf(folder, sizeof folder, "%s/", prefix);
    return oss_list(self, folder, pass_on, &l);
}

static bool address(void *self, const char *key, const char *disposition, const char *media, int seconds, struct buf *out)
{
    return oss_address(self, key, disposition, media, seconds, out);
}

static void state(void *self, struct files_state *out)
{
    oss_state(self, out);
}

static void why(void *self, struct buf *out)
{
    oss_why(self, out);
}

static const struct files_driver driver = {.is_remote = true, .close = close_oss, .stop = stop, .put = put, .get = get, .head = head,
                                           .remove = delete, .list = list, .address = address, .state = state, .why = why};

struct files *files_open_oss(const struct oss_config *config)
{
    return files_new(&driver, oss_open(config));
}
