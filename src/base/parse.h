/*
 * The only readers of numbers. Each takes the whole text or nothing: no blank,
 * no sign unless said, no "0x", "inf" or "nan". They return 0, or -1 with the
 * output untouched.
 */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* So many digits are a uint64, whichever they are. */
#define PARSE_DIGITS_SAFE 19

/* Decimal digits, 0 to UINT64_MAX. */
int parse_u64(struct span text, uint64_t *out);

/* Digits with an optional fraction, both ends present: "10", "9.75". */
int parse_seconds(struct span text, uint64_t *out_us);

/*
 * A duration as Go's flags have it: "0", or one or more of "<number><unit>" with
 * the units ns, us, ms, s, m, h, d, w: "1s", "500ms", "1m30s", ".5s". A plus may
 * stand in front. At most 2^63 - 1 ns.
 */
int parse_duration(struct span text, uint64_t *out_us);

/* Octal permissions of a file: "660", "0660", at most "0777". */
int parse_mode(struct span text, unsigned *out);

/* true, false, yes, no, on, off, t, f, y, n, 1, 0; in any case. */
int parse_bool(struct span text, bool *out);

#endif
