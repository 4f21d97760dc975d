/* The built page as it is served now. When the folder's index.html has been replaced, the whole
 * folder is read anew as soon as the build is through, without a restart; answers that are under
 * way keep the edition they began with. Any thread. */
#ifndef MMS_HTTP_PAGE_H
#define MMS_HTTP_PAGE_H

#include "http/static.h"

struct page;
struct page_edition;

/* As static_load. The page keeps its own copy of `dir`. */
MUST_CHECK enum rc page_open(const char *dir, struct page **out, struct error *why);
/* Every edition has been put back. NULL is fine. */
void page_close(struct page *p);

/* The edition in force, the caller's until page_put. Looks at the folder at most once a second and
 * loads what is new on the caller's thread; what cannot be loaded is logged, and the old one stays.
 */
struct page_edition *page_take(struct page *p);
void page_put(struct page *p, struct page_edition *e); /* NULL is fine */
const struct static_site *page_site(const struct page_edition *e);

#endif
