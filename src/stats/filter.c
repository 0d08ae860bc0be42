#include "stats/filter.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>

#include "base/glob.h"
#include "base/mem.h"
#include "base/span.h"
#include "stats/catalogue.h"

struct glob {
	enum filter_list list;
	char *text;
	char *place;
	bool is_matched; /* by a name that was seen */
};

/* A family's name against the globs of each list: FILTER_BIT of both. */
typedef uint8_t matches;
#define FILTER_BIT(list) (1U << (list))

struct filter {
	unsigned holds;
	bool has_include;
	struct glob *globs;
	size_t len;
	matches rows[]; /* of the catalogue */
};

struct filter *
filter_new(void)
{
	struct filter *f =
	    xcalloc(1, sizeof(*f) + catalogue_len * sizeof(f->rows[0]));

	f->holds = 1;
	return f;
}

struct filter *
filter_hold(struct filter *f)
{
	if (f != NULL)
		f->holds++;
	return f;
}

void
filter_free(struct filter *f)
{
	if (f == NULL || --f->holds > 0)
		return;
	for (size_t i = 0; i < f->len; i++) {
		free(f->globs[i].text);
		free(f->globs[i].place);
	}
	free(f->globs);
	free(f);
}

static bool
is_name_sign(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == ':';
}

static bool
glob_matches(const struct glob *g, const char *name)
{
	return fnmatch(g->text, name, 0) == 0;
}

static void
match_rows(struct filter *f, struct glob *g)
{
	for (size_t i = 0; i < catalogue_len; i++) {
		if (!glob_matches(g, catalogue[i].name))
			continue;
		f->rows[i] |= (matches)FILTER_BIT(g->list);
		g->is_matched = true;
	}
}

int
filter_add(struct filter *f, enum filter_list list, const char *glob,
    const char *place, struct error *e)
{
	struct glob *g;
	size_t least;

	if (glob[0] == '\0' || strlen(glob) > FILTER_GLOB_BYTES_MAX ||
	    !glob_check(span_of(glob), is_name_sign, &least))
		return error_set(e,
		    "expected the name of a metric, or a glob of names such "
		    "as memcached_slab_*");
	if (f->len == FILTER_GLOBS_MAX)
		return error_set(
		    e, "expected at most %d globs", FILTER_GLOBS_MAX);
	f->globs = xreallocarray(f->globs, f->len + 1, sizeof(*f->globs));
	g = &f->globs[f->len++];
	*g = (struct glob){ list, xstrdup(glob), xstrdup(place), false };
	f->has_include |= list == FILTER_INCLUDE;
	match_rows(f, g);
	return 0;
}

bool
filter_equal(const struct filter *a, const struct filter *b)
{
	bool equal = a != NULL && b != NULL && a->len == b->len;

	for (size_t i = 0; equal && i < a->len; i++)
		equal = a->globs[i].list == b->globs[i].list &&
			strcmp(a->globs[i].text, b->globs[i].text) == 0;
	return equal || a == b;
}

static bool
shows(const struct filter *f, unsigned matched)
{
	return (matched & FILTER_BIT(FILTER_EXCLUDE)) == 0 &&
	       (!f->has_include || (matched & FILTER_BIT(FILTER_INCLUDE)) != 0);
}

bool
filter_shows(const struct filter *f, const char *name)
{
	unsigned matched = 0;

	if (f == NULL)
		return true;
	for (size_t i = 0; i < f->len; i++) {
		const struct glob *g = &f->globs[i];

		if ((matched & FILTER_BIT(g->list)) == 0 &&
		    glob_matches(g, name))
			matched |= FILTER_BIT(g->list);
	}
	return shows(f, matched);
}

bool
filter_shows_row(const struct filter *f, size_t i)
{
	return f == NULL || shows(f, f->rows[i]);
}

void
filter_see(struct filter *f, const char *name)
{
	for (size_t i = 0; i < f->len; i++)
		f->globs[i].is_matched |= glob_matches(&f->globs[i], name);
}

void
filter_unmatched(const struct filter *f,
    void (*each)(const char *place, const char *glob, void *arg), void *arg)
{
	for (size_t i = 0; i < f->len; i++) {
		if (!f->globs[i].is_matched)
			each(f->globs[i].place, f->globs[i].text, arg);
	}
}
