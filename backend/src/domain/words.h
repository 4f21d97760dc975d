/* What people read instead of the codes in rows: in exported files, and what they type into files to be imported. The page has the same
 * words (frontend/src/locales). */
#ifndef MMS_DOMAIN_WORDS_H
#define MMS_DOMAIN_WORDS_H

#include <stdbool.h>

struct word {
    const char *code, *zh, *en;
};

/* Each ends with a NULL code. */
extern const struct word category_words[], material_status_words[], document_type_words[], document_status_words[], purpose_words[],
    role_words[], user_status_words[], task_stage_words[], task_scope_words[], difference_words[], notification_type_words[],
    module_words[], flag_words[];

/* The code itself when it has no word. */
const char *word_for(const struct word *words, const char *code, bool english);

#endif
