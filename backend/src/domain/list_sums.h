/* What stands under a list: how many rows its filters leave, and what they come to. Figures that triggers keep (material_figures,
 * unit_figures) where these know the answer, else one pass over the set, on a worker, remembered while the counters stand still. */
#ifndef MMS_DOMAIN_LIST_SUMS_H
#define MMS_DOMAIN_LIST_SUMS_H

#include "domain/route.h"

extern const struct module list_sums_module;

#endif
