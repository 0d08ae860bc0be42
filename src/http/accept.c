#include "http/accept.h"

#include <stdio.h>
#include <strings.h>

#define WEIGHT_MAX 1000 /* weights are counted in thousandths */
#define WEIGHT_DECIMALS 3
#define WEIGHT_ABSENT (-1)

static const char *const escaping_names[] = {
	[ESCAPING_NONE] = "",
	[ESCAPING_ALLOW_UTF_8] = "allow-utf-8",
	[ESCAPING_UNDERSCORES] = "underscores",
	[ESCAPING_DOTS] = "dots",
	[ESCAPING_VALUES] = "values",
};
_Static_assert(nitems(escaping_names) == ESCAPINGS, "a name for each scheme");

static const struct {
	const char *name;
	const char *any; /* of the same top level */
	const char *version;
} types[] = {
	[ACCEPT_TEXT] = { "text/plain", "text/*", "0.0.4" },
	[ACCEPT_OPENMETRICS] = { "application/openmetrics-text",
	    "application/*", "1.0.0" },
};
_Static_assert(nitems(types) == ACCEPT_TYPES, "a name for each type");

/* How closely a range describes a type; the closest one counts. */
enum rank {
	RANK_NONE,
	RANK_ALL,     /* any type */
	RANK_TOP,     /* any of that top level */
	RANK_TYPE,    /* the type */
	RANK_VERSION, /* and its version */
};

/* An element of a list: a name, and the parameters that mean something. */
struct element {
	struct span name;
	int weight; /* thousandths */
	bool versioned;
	struct span version;
	struct span charset;
	enum escaping escaping;
};

/* What the closest range so far says of a type. */
struct offer {
	enum rank rank;
	int weight;
	enum escaping escaping;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct span
trimmed(struct span s)
{
	for (; s.len > 0 && is_blank(s.p[0]); s.len--)
		s.p++;
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* Moves what is in front of the mark, but for one in quotes, off the rest. */
static struct span
cut(struct span *rest, char mark)
{
	struct span piece = *rest;
	bool quoted = false;
	size_t i;

	for (i = 0; i < rest->len && (quoted || rest->p[i] != mark); i++) {
		if (rest->p[i] == '"')
			quoted = !quoted;
		else if (quoted && rest->p[i] == '\\' && i + 1 < rest->len)
			i++;
	}
	piece.len = i;
	i += i < rest->len; /* the mark itself */
	rest->p += i;
	rest->len -= i;
	return trimmed(piece);
}

static bool
is_word(struct span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.p, word, s.len) == 0;
}

/* The same of a parameter's value: a token, or a string in quotes. */
static bool
is_value(struct span s, const char *word)
{
	size_t i;

	if (s.len < 2 || s.p[0] != '"' || s.p[s.len - 1] != '"')
		return is_word(s, word);
	for (i = 1; i < s.len - 1; i++, word++) {
		i += s.p[i] == '\\';
		if (*word == '\0' || strncasecmp(s.p + i, word, 1) != 0)
			return false;
	}
	return i == s.len - 1 && *word == '\0';
}

/* "0", "0.75", "1", "1.000" (section 12.4.2); or else WEIGHT_ABSENT. */
static int
read_weight(struct span s)
{
	int weight = 0, unit = WEIGHT_MAX;

	if (s.len == 0 || s.len > 2 + WEIGHT_DECIMALS)
		return WEIGHT_ABSENT;
	for (size_t i = 0; i < s.len; i++) {
		if (i == 1 && s.p[i] == '.')
			continue;
		if (i == 1 || s.p[i] < '0' || s.p[i] > '9')
			return WEIGHT_ABSENT;
		weight += unit * (s.p[i] - '0');
		unit /= 10;
	}
	return weight <= WEIGHT_MAX ? weight : WEIGHT_ABSENT;
}

static enum escaping
read_escaping(struct span value)
{
	int e = ESCAPINGS - 1;

	while (e > ESCAPING_NONE && !is_value(value, escaping_names[e]))
		e--;
	return (enum escaping)e;
}

static void
read_parameter(struct element *e, struct span parameter)
{
	struct span value = parameter;
	struct span name = cut(&value, '=');

	value = trimmed(value);
	if (is_word(name, "q")) {
		e->weight = read_weight(value);
	} else if (is_word(name, "version")) {
		e->versioned = true;
		e->version = value;
	} else if (is_word(name, "charset")) {
		e->charset = value;
	} else if (is_word(name, "escaping")) {
		e->escaping = read_escaping(value);
	}
}

/* Moves the first element off the list; false when it is of no use. */
static bool
next_element(struct span *list, struct element *e)
{
	struct span rest = cut(list, ',');

	*e = (struct element){ .name = cut(&rest, ';'), .weight = WEIGHT_MAX };
	while (rest.len > 0)
		read_parameter(e, cut(&rest, ';'));
	return e->name.len > 0 && e->weight != WEIGHT_ABSENT;
}

static enum rank
rank_of(const struct element *e, enum accept_type type)
{
	if (is_word(e->name, "*/*"))
		return RANK_ALL;
	if (is_word(e->name, types[type].any))
		return RANK_TOP;
	if (!is_word(e->name, types[type].name) ||
	    (e->charset.len > 0 && !is_value(e->charset, "utf-8")))
		return RANK_NONE;
	if (!e->versioned)
		return RANK_TYPE;
	return is_value(e->version, types[type].version) ? RANK_VERSION
							 : RANK_NONE;
}

static void
consider(struct offer *offer, const struct element *e, enum rank rank)
{
	if (rank < offer->rank || rank == RANK_NONE ||
	    (rank == offer->rank && e->weight <= offer->weight))
		return;
	*offer = (struct offer){ rank, e->weight, e->escaping };
}

struct accepted
accept_metrics(struct span accept)
{
	struct offer offers[ACCEPT_TYPES] = { 0 };
	enum accept_type type = ACCEPT_TEXT;
	struct element e;

	while (accept.len > 0) {
		if (!next_element(&accept, &e))
			continue;
		for (int t = 0; t < ACCEPT_TYPES; t++)
			consider(
			    &offers[t], &e, rank_of(&e, (enum accept_type)t));
	}
	if (offers[ACCEPT_OPENMETRICS].weight > offers[ACCEPT_TEXT].weight)
		type = ACCEPT_OPENMETRICS;
	return (struct accepted){ type, offers[type].weight > 0
					    ? offers[type].escaping
					    : ESCAPING_NONE };
}

void
accept_content_type(const struct accepted *a, char type[ACCEPT_TYPE_MAX])
{
	const char *escaping = escaping_names[a->escaping];

	(void)snprintf(type, ACCEPT_TYPE_MAX,
	    "%s; version=%s; charset=utf-8%s%s", types[a->type].name,
	    types[a->type].version, escaping[0] != '\0' ? "; escaping=" : "",
	    escaping);
}

/* Named twice, the larger one counts. */
static void
lift(int *weight, int to)
{
	if (to > *weight)
		*weight = to;
}

bool
accept_gzip(struct span accept_encoding)
{
	int gzip = WEIGHT_ABSENT, any = WEIGHT_ABSENT, plain = WEIGHT_ABSENT;
	struct element e;

	while (accept_encoding.len > 0) {
		if (!next_element(&accept_encoding, &e))
			continue;
		if (is_word(e.name, "gzip") || is_word(e.name, "x-gzip"))
			lift(&gzip, e.weight);
		else if (is_word(e.name, "identity"))
			lift(&plain, e.weight);
		else if (is_word(e.name, "*"))
			lift(&any, e.weight);
	}
	if (gzip == WEIGHT_ABSENT)
		gzip = any;
	return gzip > 0 && gzip >= plain;
}
