/* Views of lists that people have saved: filters, columns and order under a name, for oneself or shared. Table: saved_views. */
#ifndef MMS_DOMAIN_SAVED_VIEW_H
#define MMS_DOMAIN_SAVED_VIEW_H

#include "domain/route.h"

#define VIEW_STATE_MAX 8192
#define VIEWS_OWN_MAX 100   /* of one person, in one list … */
#define VIEWS_ALL_MAX 1000  /* … and in all of them */
#define VIEWS_SHARED_MAX 300 /* in one list, of everybody: all of them stand in one answer */

/* Takes away what this person has shared with nobody: his account has been closed. Others go on using what he shared. */
MUST_CHECK enum rc saved_view_forget(struct ctx *c, int64_t user_id);

extern const struct module saved_view_module;

#endif
