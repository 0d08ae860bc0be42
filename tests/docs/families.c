/*
 * Prints the catalogue as an answer that has one sample of each family; with an
 * argument, the STAT keys that each is made of.
 */
#include <stdio.h>

#include "stats/catalogue.h"
#include "stats/probe.h"
#include "stats/values.h"

static char name[] = "q", key[] = "k", *keys[] = { key };

static void
print_labels(const struct family *f)
{
	const struct series *first = f->series;
	const char *separator = "";

	if (first->before.len > 0) {
		printf("%s%s%s", first->before.p, f->slab ? "slab=\"\"" : "",
		    first->after.len > 0 ? first->after.p : "");
		return;
	}
	printf("{%s", f->slab ? "slab=\"\"" : "");
	for (const struct info *i = first->info; i != NULL && i->label; i++) {
		printf("%s%s=\"\"", separator, i->label);
		separator = ",";
	}
	printf("} ");
}

static void
print_head(const char *name, const char *help, enum metric_type type)
{
	printf("# HELP %s %s\n", name, help);
	printf("# TYPE %s %s\n", name, metric_type_name(type));
	printf("%s", name);
}

/* `{state="",transport=""} `, of names with commas between. */
static void
print_empty(const char *names)
{
	putchar('{');
	for (; *names != '\0'; names++) {
		if (*names == ',')
			printf("=\"\",");
		else
			putchar(*names);
		if (names[1] == '\0')
			printf("=\"\"");
	}
	printf("} ");
}

static void
print_answer(const struct answer *a)
{
	for (size_t i = 0; i < a->families_len; i++) {
		const struct answer_family *f = &a->families[i];

		print_head(f->name, f->help, f->type);
		print_empty(f->labels);
		printf("0\n");
	}
}

/* Of a query that was not answered, and of a probe that was. */
static void
print_behind_stats(void)
{
	struct metric_query q = { .name = name, .keys = keys, .keys_len = 1 };
	struct probed probed = { .operations[PROBE_VERSION].has_duration =
				     true };
	struct metric_query *list[] = { &q };
	struct gets *gets = gets_new(list, 1, NULL, NULL);
	struct values *values = values_new(gets);
	struct buf out;

	buf_init(&out, TEXT_BYTES_MAX);
	values_render(&out, TEXT_PROMETHEUS, NULL, values);
	probe_render(&out, TEXT_PROMETHEUS, NULL, probe_new(NULL, false, false),
	    &probed);
	(void)fwrite(out.p, 1, out.len, stdout);
}

/* What a family is made of, a line a key: its name, collector and key. */
static void
print_sources(const struct family *f)
{
	for (const struct series *s = f->series; s->key != NULL; s++) {
		const struct info *i = s->info;

		if (i == NULL)
			printf("%s %s %s\n", f->name,
			    collector_name(s->collector), s->key);
		for (; i != NULL && i->label != NULL; i++)
			printf("%s %s %s\n", f->name,
			    collector_name(i->collector), i->key);
	}
}

static void
print_all_sources(void)
{
	for (size_t i = 0; i < catalogue_len; i++)
		print_sources(&catalogue[i]);
	for (size_t i = 0; i < COLLECTORS; i++) {
		const struct answer *a = collectors[i].answer;

		for (size_t k = 0; k < a->families_len; k++)
			printf("%s %s \n", a->families[k].name,
			    collectors[i].name);
	}
}

int
main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		print_all_sources();
		return 0;
	}
	for (size_t i = 0; i < catalogue_len; i++) {
		const struct family *f = &catalogue[i];

		print_head(f->name, f->help, f->type);
		print_labels(f);
		printf("0\n");
	}
	for (size_t i = 0; i < COLLECTORS; i++)
		print_answer(collectors[i].answer);
	print_behind_stats();
	return 0;
}
