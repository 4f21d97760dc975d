/* An exact decimal: quantities, prices and amounts. No floating point anywhere.
 *
 * The value is `millionths` / 1,000,000 in a signed 64-bit integer: six decimals, ±9.22 × 10^12.
 * Nobody but dec.c, the column reader and writer of db/, and record.c looks inside.
 * Source of the rounding rule (half up, away from zero, to fen): design, section 4. */
#ifndef MMS_BASE_DEC_H
#define MMS_BASE_DEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define DEC_PLACES 6
#define DEC_ONE INT64_C(1000000)

struct dec {
    int64_t millionths;
};

#define DEC_ZERO ((struct dec){0})
/* A whole number as a constant: DEC_WHOLE(10). */
#define DEC_WHOLE(n) ((struct dec){(int64_t)(n) * DEC_ONE})

enum dec_parse {
    DEC_PARSED,
    DEC_SYNTAX,     /* not a number */
    DEC_TOO_FINE,   /* more than six decimals that are not zero */
    DEC_TOO_LARGE   /* outside the range */
};

/* Reads a JSON number ("0.1", "1e2", "-3.50", "1E-2") or the same inside a string; exact or refused.
 * Leading "+", leading zeros, spaces, hexadecimal, "NaN" and an empty text are DEC_SYNTAX.
 * An exponent of any length is read without overflow ("1e400" is DEC_TOO_LARGE, "0e400" is zero, "1e-400" is DEC_TOO_FINE). */
enum dec_parse dec_parse(const char *text, size_t n, struct dec *out);

#define DEC_TEXT_MAX 24
/* Shortest exact text: "12.5", "-0.000001", "100". Returns its length; text gets a NUL. */
size_t dec_print(struct dec d, char text[static DEC_TEXT_MAX]);
/* At least `places` (0–6) decimals: dec_print_fixed(12.5, 2) is "12.50"; digits beyond are kept, never rounded away. */
size_t dec_print_fixed(struct dec d, unsigned places, char text[static DEC_TEXT_MAX]);

int dec_cmp(struct dec a, struct dec b);              /* -1, 0, 1 */
int dec_sign(struct dec d);                           /* -1, 0, 1 */
bool dec_fits(struct dec d, unsigned places);         /* no more than that many decimals that are not zero */

/* Each is RC_OK, or RC_AMOUNT_TOO_LARGE with *out untouched. */
MUST_CHECK enum rc dec_add(struct dec a, struct dec b, struct dec *out);
MUST_CHECK enum rc dec_sub(struct dec a, struct dec b, struct dec *out);
MUST_CHECK enum rc dec_neg(struct dec a, struct dec *out);
/* quantity × price rounded half up (away from zero) to `places` decimals, computed in 128 bits. Money: places = 2. */
MUST_CHECK enum rc dec_mul(struct dec a, struct dec b, unsigned places, struct dec *out);
/* a × part / whole, none of them negative, whole > 0, rounded half up to `places` decimals, in 128 bits. */
MUST_CHECK enum rc dec_share(struct dec a, struct dec part, struct dec whole, unsigned places, struct dec *out);

#endif
