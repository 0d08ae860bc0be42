/* Arguments, one a line: options that hold together, or a sentence. */
#include "base/mem.h"
#include "config/arguments.h"
#include "config/option_type.h"
#include "fuzz.h"

#define LINES_MAX 200

/* Then only the answer is wanted, and nothing else may be set. */
static bool
asks(struct options *o)
{
	bool found = false;

	for (size_t i = 0; i < options_table_len; i++) {
		if (options_table[i].asks)
			found |= *(bool *)option_field(o, &options_table[i]);
	}
	return found;
}

int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	char *text = xstrndup(data, size), *rest = text;
	const char *argv[LINES_MAX];
	struct error e = { 0 };
	struct options o;
	int n = 0;

	while (n < LINES_MAX && (argv[n] = strsep(&rest, "\n")) != NULL) {
		if (argv[n][0] != '@') /* no file is to be read */
			n++;
	}
	if (arguments_parse(&o, n, argv, &e) < 0) {
		assert(e.text[0] != '\0');
	} else if (!asks(&o)) {
		assert(o.listen_len > 0 && o.listen_len <= OPTIONS_LISTEN_MAX);
		assert(o.module.timeout_us > 0 && o.telemetry_path[0] == '/');
		assert(o.log_level < LEVELS && o.log_format < FORMATS);
	}
	options_release(&o);
	free(text);
	return 0;
}
