#include "base/glob.h"

bool
glob_check(struct span s, bool (*is_sign)(char c), size_t *least)
{
	size_t set = 0; /* where it begins; 0: outside of one */

	*least = 0;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (set > 0 && c == ']' && i > set) {
			set = 0;
		} else if (set > 0) {
			bool negates = i == set && (c == '!' || c == '^');

			set += negates;
			if (!negates && (c == '.' || !is_sign(c)) && c != '-')
				return false;
		} else {
			*least += c != '*';
			set = c == '[' ? i + 1 : 0;
			if (strchr("*?[", c) == NULL && !is_sign(c))
				return false;
		}
	}
	return set == 0;
}
