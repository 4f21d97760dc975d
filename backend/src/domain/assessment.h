/* Whether it is time to move from SQLite to PostgreSQL (checklist, task 3.1.2): what the program's own records tell, against the
 * checklist's thresholds (a million rows, 50 people at once, 100 writes a second) and against what this machine can do.
 *
 * stay:    everything is below half of its threshold.
 * prepare: something has reached half of it; or the busiest quarter of an hour wrote more than a fifth of what the machine can; or
 *          of the writes, more than one in a hundred waited for 100 ms.
 * move:    something is above its threshold; or the busiest quarter wrote more than half of what the machine can. */
#ifndef MMS_DOMAIN_ASSESSMENT_H
#define MMS_DOMAIN_ASSESSMENT_H

#include "domain/route.h"

#define ASSESSMENT_DAYS 30
#define ASSESSMENT_SLOW_US 100000

enum indicator_state { INDICATOR_LOW, INDICATOR_NEAR, INDICATOR_ABOVE };
enum advice { ADVICE_STAY, ADVICE_PREPARE, ADVICE_MOVE };

struct indicator {
    const char *name, *zh, *en;
    struct dec value;
    int64_t threshold;
    enum indicator_state state;
};

/* Of the writers' queues, as the instances have noted it (app/queue_notes.h). */
struct assessment_queue {
    int64_t since_ms, jobs, slow, longest_us; /* since_ms 0: nothing is known; slow: waited for more than ASSESSMENT_SLOW_US */
};

/* What this machine reached in a database of its own (assessment_measure.h). */
struct assessment_machine {
    int64_t measured_at_ms;
    int64_t clients, alone_per_s, together_per_s; /* durable writes of one client, and of `clients` at once */
};

struct assessment_text {
    const char *zh, *en;
};

enum { INDICATOR_ROWS, INDICATOR_PEOPLE, INDICATOR_WRITES, INDICATOR_COUNT };
#define ASSESSMENT_TEXTS_MAX 8

struct assessment {
    const char *engine;
    bool on_server; /* it has been moved already */
    int64_t size;   /* bytes */
    struct indicator indicators[INDICATOR_COUNT];
    int64_t people_at_ms, signed_in; /* the busiest quarter of an hour (0: none); people with a session in force */
    int64_t writes, writes_at_ms, writes_in_quarter, writes_in_second; /* in all; the busiest quarter; the busiest second */
    struct assessment_queue queue;
    const struct assessment_machine *machine; /* NULL: not measured */
    enum advice advice;
    struct assessment_text reasons[ASSESSMENT_TEXTS_MAX], unknown[ASSESSMENT_TEXTS_MAX];
    size_t reason_count, unknown_count;
};

/* What the database tells, of the last ASSESSMENT_DAYS. */
MUST_CHECK enum rc assessment_read(struct ctx *c, struct assessment *out);
/* What is not noted yet. */
void assessment_add_queue(struct assessment *as, const struct assessment_queue *more, int64_t now_ms);
/* Notes it, in the writer. */
MUST_CHECK enum rc assessment_note_queue(struct ctx *c, const struct assessment_queue *more);
/* Fills advice, reasons and what is not known, from the rest. */
void assessment_advise(struct arena *a, struct assessment *as);

const char *advice_name(enum advice advice); /* "stay" */
const char *indicator_state_name(enum indicator_state state);

/* One object; what is not known is left out. */
void assessment_write(struct json_writer *w, const struct assessment *as);
extern const struct answer_part assessment_parts[];

#endif
