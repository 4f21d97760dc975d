/* Receipts and issues that somebody is still writing: the page's own text, which becomes a document only when he sends it. Table:
 * document_drafts. */
#ifndef MMS_DOMAIN_DRAFT_H
#define MMS_DOMAIN_DRAFT_H

#include "domain/route.h"

#define DRAFTS_MAX 50 /* of one person */
#define DRAFT_CONTENT_MAX 262144
#define DRAFT_BODY_MAX ((size_t)2 * 1024 * 1024) /* a content of characters that take several bytes, and escapes */

/* Takes away all drafts of this person: his account has been closed. */
MUST_CHECK enum rc draft_forget(struct ctx *c, int64_t user_id);

extern const struct module draft_module;

#endif
