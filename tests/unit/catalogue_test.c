/* What must be true of every row of the catalogue. */
#include "stats/catalogue.h"

#include <ctype.h>
#include <stdio.h>

#include "stats/text.h"
#include "support.h"

static const char letters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

/* The bytes at the front that make a name of a metric or a label. */
static size_t
name_length(const char *text)
{
	return isdigit((unsigned char)text[0]) ? 0 : strspn(text, letters);
}

static bool
ends(const char *text, const char *tail)
{
	size_t n = strlen(text), m = strlen(tail);

	return n >= m && strcmp(text + n - m, tail) == 0;
}

#define EACH_FAMILY                                                            \
	const struct family *f = catalogue;                                    \
	f < catalogue + catalogue_len;                                         \
	f++
#define EACH_SERIES                                                            \
	const struct series *s = f->series;                                    \
	s->key != NULL;                                                        \
	s++

TEST(names)
{
	for (EACH_FAMILY) {
		check(f->name, f->name_len < FAMILY_NAME_BYTES);
		check_number(f->name, f->name_len, strlen(f->name));
		check(f->name, name_length(f->name) == strlen(f->name));
		check(f->name, strncmp(f->name, "memcached_", 10) == 0);
		for (const struct family *g = catalogue; g < f; g++)
			check(f->name, strcmp(g->name, f->name) != 0);
	}
}

/* Those of memcached_scrape_…, memcached_exporter_… and memcached_process_…
 * are not of the server; two of the last kind are. */
TEST(names_of_others)
{
	for (EACH_FAMILY) {
		check(f->name, strcmp(f->name, "memcached_up") != 0);
		check(f->name, strncmp(f->name, "memcached_scrape_", 17) != 0);
		check(
		    f->name, strncmp(f->name, "memcached_exporter_", 19) != 0);
		check(
		    f->name, strncmp(f->name, "memcached_process_", 18) != 0 ||
				 ends(f->name, "_user_cpu_seconds_total") ||
				 ends(f->name, "_system_cpu_seconds_total"));
	}
}

/* Each name that a family takes in OpenMetrics, of the other's too. */
TEST(names_of_openmetrics)
{
	static const char *const tails[] = { "", "_total", "_created" };

	for (EACH_FAMILY) {
		bool counter =
		    f->type == METRIC_COUNTER && ends(f->name, "_total");
		size_t n = strlen(f->name) - (counter ? strlen("_total") : 0);

		for (const struct family *g = catalogue;
		     g < catalogue + catalogue_len; g++) {
			for (EACH(tail, tails)) {
				char name[128];

				(void)snprintf(name, sizeof(name), "%.*s%s",
				    (int)n, f->name, *tail);
				check(g->name, g == f || !counter ||
						   strcmp(g->name, name) != 0);
			}
		}
	}
}

/* Names that the Go exporter gave to counters, and to a gauge. */
TEST(counters_end_in_total)
{
	static const char *const exceptions[] = {
		"memcached_slab_items_moves_to_cold",
		"memcached_slab_items_moves_to_warm",
		"memcached_slab_items_moves_within_lru",
		"memcached_proxy_backend_total",
	};

	for (EACH_FAMILY) {
		bool counter = f->type == METRIC_COUNTER;
		bool exception = false;

		for (EACH(name, exceptions))
			exception |= strcmp(*name, f->name) == 0;
		check_number(
		    f->name, ends(f->name, "_total") != counter, exception);
	}
	check_text(
	    "type", span_of(metric_type_name(METRIC_COUNTER)), "counter");
	check_text("type", span_of(metric_type_name(METRIC_GAUGE)), "gauge");
}

TEST(help)
{
	for (EACH_FAMILY) {
		size_t n = strlen(f->help);

		check(f->name, n > 10 && f->help[n - 1] == '.');
		check(f->name, !islower((unsigned char)f->help[0]));
		check(f->name, strstr(f->help, "  ") == NULL);
		for (size_t i = 0; i < n; i++)
			check(f->name, isprint((unsigned char)f->help[i]) &&
					   f->help[i] != '\\');
	}
}

TEST(heads)
{
	for (EACH_FAMILY) {
		struct buf head;

		buf_init(&head, 4096);
		text_family(&head, TEXT_PROMETHEUS, f->name, f->type, f->help);
		check_bytes(f->name, span_of_buf(&head), f->head);
		buf_release(&head);
	}
}

/* A key, or the start that several keys have in common: delete_*. */
TEST(help_names_its_keys)
{
	for (EACH_FAMILY) {
		for (EACH_SERIES) {
			const char *under = strchr(s->key, '_');
			char stem[64] = "tap_<type>";

			if (under != NULL && strncmp(s->key, "tap_", 4) != 0)
				(void)snprintf(stem, sizeof(stem), "%.*s_*",
				    (int)(under - s->key), s->key);
			check(s->key, strstr(f->help, s->key) != NULL ||
					  (under != NULL &&
					      strstr(f->help, stem) != NULL));
		}
	}
}

/*
 * `{name="value",name="value"} ` with nothing to escape, and the names in
 * alphabetical order, so that none is there twice.
 */
static void
check_labels(const char *labels)
{
	struct span last = { "", 0 };

	check(labels, labels[0] == '{');
	for (const char *at = labels + 1;; at++) {
		struct span name = { at, name_length(at) };
		size_t value, common;

		common = name.len < last.len ? name.len : last.len;
		check(labels, name.len > 0);
		check(labels, memcmp(last.p, name.p, common) < 0 ||
				  (memcmp(last.p, name.p, common) == 0 &&
				      last.len < name.len));
		last = name;
		at += name.len;
		check(labels, memcmp(at, "=\"", 2) == 0);
		at += 2;
		value = strspn(at, letters);
		check(labels, value > 0 && at[value] == '"');
		at += value + 1;
		if (*at == '}')
			break;
		check(labels, *at == ',');
	}
	check(labels, labels[strlen(labels) - 2] == '}' &&
			  labels[strlen(labels) - 1] == ' ');
}

/* All in front of the value, as it comes out for class 7. */
static void
labels_of(struct buf *out, const struct family *f, const struct series *s)
{
	buf_add_span(out, s->before);
	if (s->before.len > 0 && f->slab)
		buf_add_str(out, "slab=\"7\"");
	buf_add_span(out, s->after);
	buf_add_char(out, '\0');
}

static bool
same_span(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static bool
same_labels(const struct series *a, const struct series *b)
{
	return same_span(a->before, b->before) && same_span(a->after, b->after);
}

/* No series twice in a family, but for one that comes instead. */
TEST(series)
{
	for (EACH_FAMILY) {
		check(f->name, f->series[0].key != NULL);
		check(f->name, !f->series[0].instead);
		for (EACH_SERIES) {
			struct buf labels;

			buf_init(&labels, 4096);
			labels_of(&labels, f, s);
			if (labels.len > 1)
				check_labels(labels.p);
			buf_release(&labels);
			for (const struct series *t = f->series; t < s; t++)
				check_number(s->key, same_labels(s, t),
				    s->instead && t + 1 == s);
		}
	}
}

/* A key belongs to the server or to classes, by its collector. */
TEST(places)
{
	for (EACH_FAMILY) {
		for (EACH_SERIES) {
			check(s->key, s->collector < COLLECTORS);
			check(s->key, strchr(s->key, ' ') == NULL);
			if (f->slab)
				check(s->key,
				    s->collector == COLLECTOR_SLABS ||
					s->collector == COLLECTOR_ITEMS);
			else
				check(s->key, s->collector != COLLECTOR_ITEMS);
			/* keys of classes come without their prefix */
			check(s->key, s->collector == COLLECTOR_SCRUB ||
					  strchr(s->key, ':') == NULL);
		}
	}
}

TEST(info)
{
	for (EACH_FAMILY) {
		const struct info *l = f->series[0].info;

		if (l == NULL)
			continue;
		check_number(f->name, f->type, METRIC_GAUGE);
		check(f->name, f->series[1].key == NULL);
		check(
		    f->name, f->series[0].before.len == 0 && l->label != NULL);
		for (; l->label != NULL; l++) {
			check(
			    f->name, name_length(l->label) == strlen(l->label));
			check(l->label, strstr(f->help, l->key) != NULL);
			check(l->label, l[1].label == NULL ||
					    strcmp(l->label, l[1].label) < 0);
		}
	}
}

TESTS("catalogue", T(names), T(names_of_others), T(names_of_openmetrics),
    T(counters_end_in_total), T(help), T(heads), T(help_names_its_keys),
    T(series), T(places), T(info))
