/* What each material moved in the last 30 days of the company, today included: kept in its row with each posting (by the ledger), so
 * that what moves most and what lies still is read off an index. Table: recent_window; columns of materials: recent_….
 *
 * The window shifts with the first posting of a day: what has left it is taken off then, once for each move. Until that, and
 * after a change of the company's zone, the figures are of other days; whoever asks looks at recent_moves_since. */
#ifndef MMS_DOMAIN_RECENT_MOVES_H
#define MMS_DOMAIN_RECENT_MOVES_H

#include "domain/ctx.h"

#define RECENT_DAYS 30

/* Makes the window that of now. In a write transaction, before anything is posted in it. */
MUST_CHECK enum rc recent_moves_shift(struct ctx *c);

/* Before very many postings of the past: the window is all time until now, so that it shifts once, after them. */
MUST_CHECK enum rc recent_moves_widen(struct ctx *c);

/* The instant at which the window begins: the figures are of all moves from there on. */
MUST_CHECK enum rc recent_moves_since(struct ctx *c, int64_t *from_ms);

#endif
