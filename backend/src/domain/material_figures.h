/* The figures of all materials (material_figures), which a trigger keeps with each change: stopped while very many materials come in
 * one transaction, and counted once at its end (db_set_trigger says why). */
#ifndef MMS_DOMAIN_MATERIAL_FIGURES_H
#define MMS_DOMAIN_MATERIAL_FIGURES_H

#include "domain/ctx.h"

#define MATERIAL_FIGURES_LONG 1000 /* rows from which it pays */

MUST_CHECK enum rc material_figures_stop(struct ctx *c);
MUST_CHECK enum rc material_figures_count(struct ctx *c);

#endif
