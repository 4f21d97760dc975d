/* Files in forms are held whole until they are dealt with: how much of them is held, in all and of each sender. */
#ifndef MMS_HTTP_FORMS_H
#define MMS_HTTP_FORMS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FORM_SENDERS_MAX 64 /* at a time */

struct form_budget {
    pthread_mutex_t lock;
    /* under the lock */
    size_t bytes; /* of all */
    struct form_sender {
        int64_t id;
        size_t bytes; /* 0: the place is free */
    } senders[FORM_SENDERS_MAX];
};

/* Of `n` bytes more. False: that would be more than HTTP_FORMS_MAX in all, HTTP_FORMS_OF_ONE_MAX of this sender, or too many senders;
 * then nothing is counted. */
bool forms_take(struct form_budget *f, int64_t sender, size_t n);
void forms_give_back(struct form_budget *f, int64_t sender, size_t n);

#endif
