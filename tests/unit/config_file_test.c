#include "config/file.h"

#include "scratch.h"
#include "stats/collector.h"

#define SASL "auth: { type: sasl, username: a, password_file: b }"
#define MODULE(keys) "modules: { m: " keys " }\n"

/* The only module: what it has of its own. */
static void
describe(struct buf *out, const struct config *c)
{
	const struct module_config *m = c->modules;

	if (c->len == 0)
		return;
	buf_add_str(out, m->name);
	if (m->timeout_us > 0)
		buf_printf(
		    out, " timeout=%llu", (unsigned long long)m->timeout_us);
	buf_add_str(out, m->collectors != 0 ? " collectors" : "");
	buf_add_str(out, m->has_tls ? " tls" : "");
	buf_add_str(out, is_set(m->tls.ca_file) ? " ca_file" : "");
	buf_add_str(
	    out, m->tls.min_version != TLS_VERSION_12 ? " min_version" : "");
	buf_add_str(out, m->tls.insecure ? " insecure" : "");
	buf_add_str(out, m->protocol == PROTOCOL_BINARY ? " binary" : "");
	buf_add_str(out, m->has_auth ? " auth" : "");
	buf_add_str(out, m->targets != NULL ? " targets" : "");
	buf_add_str(out, m->families != NULL ? " families" : "");
}

/* Errors are told without the path and the colon behind it. */
TEST(nulls)
{
	static const struct {
		const char *text;
		const char *is;
	} rows[] = {
		{ "", "" },
		{ "~\n", "" },
		{ "modules:\n", "" },
		{ "modules: ~\n", "" },
		{ MODULE("null"), "m" },
		{ "modules: { null: ~ }\n", "null" },
		{ MODULE("{ timeout: ~, protocol: null }"), "m" },
		{ MODULE("{ protocol: ~, targets: [c], " SASL " }"),
		    "m binary auth targets" },
		{ MODULE("{ protocol: ascii, targets: [c], " SASL " }"),
		    "1:48: auth of type sasl needs protocol binary" },
		/* that they are there says something */
		{ MODULE("{ collectors: ~, tls: NULL }"), "m collectors tls" },
		{ MODULE("{ families: ~ }"), "m families" },
		{ MODULE("{ families: { include: ~, exclude: [a, '*'] } }"),
		    "m families" },
		{ MODULE("{ families: { include: [a, ~] } }"),
		    "1:42: expected the name of a metric, or a glob of names "
		    "such as memcached_slab_*" },
		{ MODULE("{ tls: { ca_file: ~, cert_file: ~, key_file: ~, "
			 "server_name: ~, insecure_skip_verify: ~, "
			 "min_version: ~ } }"),
		    "m tls" },
		/* what keeps others out cannot be nothing */
		{ MODULE("{ targets: ~ }"),
		    "1:26: expected at least one target" },
		{ MODULE("{ auth: ~ }"),
		    "1:17: expected both username and password_file" },
		{ MODULE("{ auth: { username: ~, password_file: ~ } }"),
		    "1:17: expected both username and password_file" },
		/* a second document would be ignored */
		{ "modules: { m: {} }\n---\n", "m" },
		{ "modules: { m: {} }\n---\nmodules:\n",
		    "2:1: a second document, expected one" },
		{ "modules: { m: {} }\n...\n[\n",
		    "3:1: a second document, expected one" },
		{ MODULE("{ tls: { insecure_skip_verify: True } }"),
		    "m tls insecure" },
		{ MODULE("{ tls: { insecure_skip_verify: N } }"), "m tls" },
		{ "modules: { <<: { m: {} } }\n",
		    "1:12: merge keys (<<) are not read, expected the keys "
		    "themselves" },
		{ "modules: { '<<': {} }\n", "<<" },
		{ "modules: {}\n# \x1b\n",
		    "2:3: control characters are not allowed, expected YAML" },
		{ "modules: { m: {}, ? [a] : {} }\n",
		    "1:21: expected one value" },
		{ "modules: { m: { targets: [[a]] } }\n",
		    "1:27: expected one value" },
		{ MODULE("{ timeout: 0 }"),
		    "1:26: expected a duration above zero, such as 1s or "
		    "500ms" },
		{ MODULE("{ timeout: '~' }"),
		    "1:26: expected a duration above zero, such as 1s or "
		    "500ms" },
	};

	for (EACH(r, rows)) {
		struct config c;
		struct error e;
		struct buf out;

		buf_init(&out, 1 << 10);
		write_file(span_of(r->text));
		if (config_load(path, &c, &e) == 0)
			describe(&out, &c);
		else
			buf_add_str(&out, e.text + strlen(path) + 1);
		check_text(r->text, span_of_buf(&out), r->is);
		config_free(&c);
		buf_release(&out);
	}
}

TEST(unknown_collector)
{
	struct config c;
	struct error e;
	char wanted[512];

	(void)snprintf(wanted, sizeof(wanted),
	    "1:30: unknown collector \"\", expected one of %s",
	    collector_names());
	write_file(span_of(MODULE("{ collectors: [~] }")));
	check_number("null", config_load(path, &c, &e), -1);
	check_text("null", span_of(e.text + strlen(path) + 1), wanted);
	config_free(&c);
	write_file(span_of(MODULE("{ collectors: ['me:secret@h:1'] }")));
	check_number("password", config_load(path, &c, &e), -1);
	check("password", strstr(e.text, "\"***@h:1\"") != NULL);
	config_free(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { T(nulls), T(unknown_collector) };

	return cmocka_run_group_tests_name(
	    "config_file", tests, make_folder, remove_folder);
}
