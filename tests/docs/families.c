/* Prints the catalogue as an answer that has one sample of each family. */
#include <stdio.h>

#include "stats/catalogue.h"

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

int
main(void)
{
	for (size_t i = 0; i < catalogue_len; i++) {
		const struct family *f = &catalogue[i];

		printf("# HELP %s %s\n", f->name, f->help);
		printf("# TYPE %s %s\n", f->name, metric_type_name(f->type));
		printf("%s", f->name);
		print_labels(f);
		printf("0\n");
	}
	return 0;
}
