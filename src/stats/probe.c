#include "stats/probe.h"

#include <stdlib.h>

#include "base/mem.h"
#include "stats/binary.h"
#include "stats/filter.h"
#include "stats/metric_query.h"

#define VALUE "memcached_exporter"

/* The key and three commands with it, and less than so much more. */
#define BYTES_MAX (4 * QUERY_KEY_BYTES_MAX + 512)

/* Two words that are good answers: that a key has gone before is no fault. */
static const struct {
	const char *name, *binary_name;
	const char *good[2];
} operations[] = {
	[PROBE_VERSION] = { "version", "noop", { "VERSION", "VERSION" } },
	[PROBE_SET] = { "set", "set", { "STORED", "STORED" } },
	[PROBE_GET] = { "get", "get", { NULL } },
	[PROBE_DELETE] = { "delete", "delete", { "DELETED", "NOT_FOUND" } },
};
_Static_assert(nitems(operations) == PROBE_OPERATIONS, "a row for each");

struct probe {
	unsigned holds;
	bool binary, write;
	struct span key; /* without a pointer: none */
	struct span commands[PROBE_OPERATIONS];
	struct buf bytes; /* what the spans point into */
};

static void
add_text(struct buf *b, enum probe_operation op, struct span key)
{
	static const char *const words[] = { "version", "set ", "get ",
		"delete " };

	buf_add_str(b, words[op]);
	if (op != PROBE_VERSION)
		buf_add_span(b, key);
	if (op == PROBE_SET)
		buf_printf(b, " 0 %d %zu\r\n%s", PROBE_EXPIRY_SECONDS,
		    strlen(VALUE), VALUE);
	buf_add_str(b, "\r\n");
}

static void
add_packet(struct buf *b, enum probe_operation op, struct span key)
{
	uint32_t opaque = BINARY_PROBE + (uint32_t)op;

	switch (op) {
	case PROBE_SET:
		binary_set(
		    b, key, span_of(VALUE), PROBE_EXPIRY_SECONDS, opaque);
		break;
	case PROBE_GET:
		binary_get(b, key, opaque);
		break;
	case PROBE_DELETE:
		binary_delete(b, key, opaque);
		break;
	case PROBE_VERSION:
	case PROBE_OPERATIONS:
		binary_noop(b, opaque);
		break;
	}
}

static bool
has_operation(const struct probe *p, enum probe_operation op)
{
	if (op == PROBE_VERSION)
		return true;
	return p->key.p != NULL && (op == PROBE_GET || p->write);
}

struct probe *
probe_new(const char *key, bool write, bool binary)
{
	struct probe *p = xcalloc(1, sizeof(*p));
	struct buf *b = &p->bytes;

	p->holds = 1;
	p->binary = binary;
	p->write = write;
	buf_init(b, BYTES_MAX);
	(void)buf_reserve(b, BYTES_MAX); /* so that they do not move */
	if (is_set(key)) {
		buf_add_str(b, key);
		p->key = (struct span){ b->p, b->len };
	}
	for (unsigned op = 0; op < PROBE_OPERATIONS; op++) {
		size_t at = b->len;

		if (!has_operation(p, (enum probe_operation)op))
			continue;
		(binary ? add_packet : add_text)(
		    b, (enum probe_operation)op, p->key);
		p->commands[op] = (struct span){ b->p + at, b->len - at };
	}
	return p;
}

struct probe *
probe_with_key(const struct probe *like, const char *key)
{
	return probe_new(key, like->write, like->binary);
}

struct probe *
probe_hold(struct probe *p)
{
	if (p != NULL)
		p->holds++;
	return p;
}

void
probe_release(struct probe *p)
{
	if (p == NULL || --p->holds > 0)
		return;
	buf_release(&p->bytes);
	free(p);
}

bool
probe_equal(const struct probe *a, const struct probe *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->binary == b->binary && a->write == b->write &&
	       a->bytes.len == b->bytes.len &&
	       memcmp(a->bytes.p, b->bytes.p, a->bytes.len) == 0;
}

const char *
probe_name(const struct probe *p, enum probe_operation op)
{
	return p->binary ? operations[op].binary_name : operations[op].name;
}

struct span
probe_command(const struct probe *p, enum probe_operation op)
{
	return p->commands[op];
}

struct span
probe_key(const struct probe *p)
{
	return p->key;
}

struct span
probe_value(const struct probe *p)
{
	return p->write ? span_of(VALUE) : (struct span){ NULL, 0 };
}

bool
probe_is_good(enum probe_operation op, const struct line *line)
{
	for (size_t i = 0; i < nitems(operations[op].good); i++) {
		const char *word = operations[op].good[i];

		if (op == PROBE_VERSION ? span_begins(line->text, word)
					: span_is(line->text, word))
			return true;
	}
	return false;
}

bool
probe_goes_on(const struct probe *p, enum probe_operation failed)
{
	return failed == PROBE_VERSION || !p->write;
}

enum {
	SUCCESS,
	DURATION
};

static const struct {
	const char *name, *help;
} families[] = {
	[SUCCESS] = { "memcached_probe_success",
	    "1 when the server did this operation of the module's probe." },
	[DURATION] = { "memcached_probe_duration_seconds",
	    "Seconds from an operation of the probe to its answer." },
};

/* Of some results: how their samples get labels, and a family its head. */
struct rendering {
	struct buf *out;
	enum text_format format;
	int family;
	bool begun;
	probe_labels_fn *labels; /* NULL: none */
	void *arg;
};

static void
begin(struct rendering *r, const struct probe *p, unsigned op, size_t result)
{
	const char *name = families[r->family].name;

	if (!r->begun)
		text_family(r->out, r->format, name, METRIC_GAUGE,
		    families[r->family].help);
	r->begun = true;
	buf_add_str(r->out, name);
	buf_add_str(r->out, "{operation=\"");
	buf_add_str(r->out, probe_name(p, (enum probe_operation)op));
	buf_add_char(r->out, '"');
	if (r->labels != NULL)
		r->labels(r->out, result, r->arg);
	buf_add_str(r->out, "} ");
}

static void
render_operation(struct rendering *r, const struct probe_result *result,
    unsigned op, size_t i)
{
	const struct probed *probed = &result->probed;

	if (r->family == SUCCESS && result->probe->commands[op].p != NULL) {
		begin(r, result->probe, op, i);
		buf_add_str(
		    r->out, probed->operations[op].success ? "1\n" : "0\n");
	}
	if (r->family == DURATION && probed->operations[op].has_duration) {
		begin(r, result->probe, op, i);
		text_seconds(r->out, probed->operations[op].us);
		buf_add_char(r->out, '\n');
	}
}

void
probes_render(struct buf *out, enum text_format format,
    const struct filter *filter, const struct probe_result *results, size_t len,
    probe_labels_fn *labels, void *arg)
{
	for (int family = 0; family < (int)nitems(families); family++) {
		struct rendering r = { out, format, family, false, labels,
			arg };

		if (!filter_shows(filter, families[family].name))
			continue;
		for (size_t i = 0; i < len; i++) {
			for (unsigned op = 0;
			     op < PROBE_OPERATIONS && results[i].probe != NULL;
			     op++)
				render_operation(&r, &results[i], op, i);
		}
	}
}

void
probe_render(struct buf *out, enum text_format format,
    const struct filter *filter, const struct probe *p,
    const struct probed *probed)
{
	struct probe_result result = { p, *probed };

	probes_render(out, format, filter, &result, 1, NULL, NULL);
}

void
probe_families(text_family_fn *each, void *arg)
{
	for (size_t i = 0; i < nitems(families); i++)
		each(families[i].name, arg);
}
