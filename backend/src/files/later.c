#include "files/later.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "files/files.h"

struct files_later {
    void (*remove)(void *arg, const char *key, bool *went_well);
    void *arg;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool has_thread, is_ending;
    char (*keys)[FILES_KEY_MAX + 1]; /* a ring of FILES_LATER_MAX */
    size_t first, count;
};

struct files_later *files_later_start(void (*remove)(void *arg, const char *key, bool *went_well), void *arg)
{
    struct files_later *l = calloc(1, sizeof *l);
    if (!l || !(l->keys = calloc(FILES_LATER_MAX, sizeof *l->keys)))
        abort();
    l->remove = remove;
    l->arg = arg;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    return l;
}

/* Under the lock. False: the end has come. */
static bool next_key(struct files_later *l, char key[static FILES_KEY_MAX + 1])
{
    while (!l->count && !l->is_ending)
        pthread_cond_wait(&l->changed, &l->lock);
    if (!l->count)
        return false;
    snprintf(key, FILES_KEY_MAX + 1, "%s", l->keys[l->first]);
    l->first = (l->first + 1) % FILES_LATER_MAX;
    l->count--;
    return true;
}

static void *work(void *arg)
{
    struct files_later *l = arg;
    char key[FILES_KEY_MAX + 1];
    pthread_mutex_lock(&l->lock);
    while (next_key(l, key)) {
        bool went_well = false;
        pthread_mutex_unlock(&l->lock);
        l->remove(l->arg, key, &went_well);
        pthread_mutex_lock(&l->lock);
        if (l->is_ending && !went_well)
            break;
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

void files_later_add(struct files_later *l, const char *key)
{
    pthread_mutex_lock(&l->lock);
    if (!l->has_thread)
        l->has_thread = pthread_create(&l->thread, NULL, work, l) == 0;
    if (l->count < FILES_LATER_MAX) {
        snprintf(l->keys[(l->first + l->count) % FILES_LATER_MAX], sizeof *l->keys, "%s", key);
        l->count++;
        pthread_cond_signal(&l->changed);
    }
    pthread_mutex_unlock(&l->lock);
}

void files_later_end(struct files_later *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->is_ending = true;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
    if (l->has_thread)
        pthread_join(l->thread, NULL);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->changed);
    free(l->keys);
    free(l);
}
