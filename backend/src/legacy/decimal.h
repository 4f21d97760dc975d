/* An exact decimal out of any decimal text, such as "0.30000000000000004" or "1e-07". */
#ifndef MMS_LEGACY_DECIMAL_H
#define MMS_LEGACY_DECIMAL_H

#include "base/dec.h"

enum decimal { DECIMAL_EXACT, DECIMAL_ROUNDED, DECIMAL_NONE, DECIMAL_TOO_LARGE };

/* Rounded half away from zero to millionths. EXACT also when what fell away is less than 1e-9: the noise of binary fractions. */
enum decimal decimal_read(const char *text, size_t n, struct dec *out);
/* The decimal nearest to it; false: no number, or too large. */
bool decimal_near(const char *text, size_t n, struct dec *out);
/* How many decimals it has: 0 to 6. */
unsigned decimal_places(struct dec d);

#endif
