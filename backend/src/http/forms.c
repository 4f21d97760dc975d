#include "http/forms.h"

#include "http/http.h"

/* The sender's place, or a free one; NULL: there is none. */
static struct form_sender *place_of(struct form_budget *f, int64_t id)
{
    struct form_sender *free_place = NULL;

    for (struct form_sender *s = f->senders; s < f->senders + FORM_SENDERS_MAX; s++) {
        if (s->bytes && s->id == id)
            return s;
        if (!s->bytes && !free_place)
            free_place = s;
    }
    return free_place;
}

bool forms_take(struct form_budget *f, int64_t sender, size_t n)
{
    pthread_mutex_lock(&f->lock);
    struct form_sender *s = place_of(f, sender);
    bool fits = s && f->bytes + n <= HTTP_FORMS_MAX && s->bytes + n <= HTTP_FORMS_OF_ONE_MAX;
    if (fits) {
        s->id = sender;
        s->bytes += n;
        f->bytes += n;
    }
    pthread_mutex_unlock(&f->lock);
    return fits;
}

void forms_give_back(struct form_budget *f, int64_t sender, size_t n)
{
    if (!n)
        return;
    pthread_mutex_lock(&f->lock);
    place_of(f, sender)->bytes -= n;
    f->bytes -= n;
    pthread_mutex_unlock(&f->lock);
}
