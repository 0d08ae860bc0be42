#include "config/web.h"

#include "scratch.h"

#define HASH "$2y$10$QC.YAPKq/xdTcunBBiVa.eojHa7kgkAoNtT1uzaaOTAavJaY/dEsq"
#define HASH_OF(cost)                                                          \
	"$2y$" cost "$QC.YAPKq/xdTcunBBiVa.eojHa7kgkAoNtT1uzaaOTAavJaY/dEsq"
#define BAD_HASH "expected a bcrypt hash, such as \"htpasswd -nB\" prints"
#define NO_CIPHER                                                              \
	"cipher_suites, expected one that a version up to max_version has"

/* What TLS cannot do without, on one line. */
#define PAIR "cert_file: /c, key_file: /k"
#define TLS(more) "tls_server_config: { " PAIR ", " more " }\n"

static void
add_text(struct buf *out, const char *name, const char *text)
{
	if (text != NULL)
		buf_printf(out, "%s=%s ", name, text);
}

static void
add_list(struct buf *out, const char *name, const struct web_list *list)
{
	if (list == NULL)
		return;
	buf_printf(out, "%s=", name);
	for (size_t i = 0; i < list->len; i++)
		buf_printf(out, "%s%s", i > 0 ? "," : "", list->names[i]);
	buf_add_char(out, ' ');
}

static void
describe_tls(struct buf *out, const struct web_tls *t)
{
	add_text(out, "cert", t->cert);
	add_text(out, "cert_file", t->cert_file);
	add_text(out, "key", t->key);
	add_text(out, "key_file", t->key_file);
	add_text(out, "ca", t->client_ca);
	add_text(out, "ca_file", t->client_ca_file);
	if (t->client_auth != CLIENT_AUTH_NONE)
		buf_printf(out, "auth=%d ", (int)t->client_auth);
	add_list(out, "sans", t->allowed_sans);
	if (t->min_version != TLS_VERSION_12 ||
	    t->max_version != TLS_VERSION_13)
		buf_printf(out, "versions=%d-%d ", (int)t->min_version,
		    (int)t->max_version);
	add_list(out, "ciphers", t->ciphers);
	add_list(out, "curves", t->curves);
	if (!t->prefer_server_ciphers)
		buf_add_str(out, "no-preference ");
}

/* All that is not as it is without a file. */
static void
describe(struct buf *out, const struct web_config *c)
{
	if (c->has_tls)
		buf_add_str(out, "tls ");
	describe_tls(out, &c->tls);
	if (!c->http2)
		buf_add_str(out, "no-http2 ");
	for (size_t i = 0; i < c->headers_len; i++)
		add_text(out, c->headers[i].name, c->headers[i].value);
	for (size_t i = 0; i < c->users_len; i++)
		buf_printf(out, "%s:%.7s ", c->users[i].name, c->users[i].hash);
	add_list(out, "open", c->open_paths);
	if (c->interval_us > 0 || c->burst > 0)
		buf_printf(out, "rate=%llu,%llu ",
		    (unsigned long long)c->interval_us,
		    (unsigned long long)c->burst);
}

/* Errors are told without the path and the colon behind it. */
static void
check_file(struct span text, const char *wanted)
{
	struct web_config c;
	struct error e;
	struct buf out;

	buf_init(&out, 1 << 20);
	write_file(text);
	if (web_config_load(path, &c, &e) == 0) {
		describe(&out, &c);
	} else {
		check(text.p, strncmp(e.text, path, strlen(path)) == 0);
		buf_add_str(&out, e.text + strlen(path) + 1);
	}
	check_text(text.p, span_of_buf(&out), wanted);
	web_config_free(&c);
	buf_release(&out);
}

/* What a file says. */
TEST(good)
{
	static const struct {
		const char *text;
		const char *is;
	} rows[] = {
		{ "", "" },
		{ "# nothing\n", "" },
		{ "---\n", "" },
		{ "{}\n", "" },
		{ "tls_server_config:\nhttp_server_config:\nrate_limit:\n"
		  "auth_excluded_paths:\n",
		    "" },
		/* what YAML has for nothing */
		{ "~\n", "" },
		{ "null\n", "" },
		{ "tls_server_config: ~\nhttp_server_config: null\n"
		  "rate_limit: Null\nauth_excluded_paths: NULL\n",
		    "" },
		{ TLS("cert: ~, key: null, client_ca: ~, client_ca_file: ~, "
		      "client_auth_type: ~, min_version: ~, max_version: ~, "
		      "cipher_suites: ~, "
		      "curve_preferences: ~, prefer_server_cipher_suites: ~"),
		    "tls cert_file=/c key_file=/k " },
		{ "tls_server_config: { cert_file: , min_version: }\n", "" },
		{ "http_server_config: { http2: ~, headers: ~ }\n", "" },
		{ "http_server_config: { headers: { X-XSS-Protection: ~, "
		  "X-Frame-Options: null } }\n",
		    "" },
		{ "rate_limit: { interval: ~, burst: ~ }\n", "" },
		{ "basic_auth_users:\n  null: " HASH "\n  ~: " HASH "\n",
		    "null:$2y$10$ ~:$2y$10$ " },
		{ "http_server_config: { headers: { X-XSS-Protection: '~' } }",
		    "X-XSS-Protection=~ " },
		/* what switches TLS on */
		{ "tls_server_config: {}\n", "" },
		{ "tls_server_config: { min_version: TLS13 }\n",
		    "versions=3-3 " },
		{ "tls_server_config: { cert_file: '', key: '' }\n",
		    "cert_file= key= " },
		{ "tls_server_config: { client_auth_type: '' }\n", "" },
		{ "tls_server_config: { " PAIR " }\n",
		    "tls cert_file=/c key_file=/k " },
		{ "tls_server_config: { cert: C, key: K }\n",
		    "tls cert=C key=K " },
		{ "tls_server_config: { cert: C, key_file: /k }\n",
		    "tls cert=C key_file=/k " },
		{ "tls_server_config:\n  cert: |\n    C\n    D\n  key: K\n",
		    "tls cert=C\nD\n key=K " },
		{ TLS("client_auth_type: NoClientCert"),
		    "tls cert_file=/c key_file=/k " },
		{ TLS("client_auth_type: RequestClientCert"),
		    "tls cert_file=/c key_file=/k auth=1 " },
		{ TLS("client_auth_type: RequireAnyClientCert"),
		    "tls cert_file=/c key_file=/k auth=2 " },
		{ TLS("client_auth_type: RequireClientCert"),
		    "tls cert_file=/c key_file=/k auth=2 " },
		{ TLS("client_auth_type: VerifyClientCertIfGiven"),
		    "tls cert_file=/c key_file=/k auth=3 " },
		{ TLS("client_auth_type: RequireAndVerifyClientCert, "
		      "client_ca_file: /a, client_allowed_sans: [a, '*']"),
		    "tls cert_file=/c key_file=/k ca_file=/a auth=4 "
		    "sans=a,* " },
		{ TLS("client_auth_type: VerifyClientCertIfGiven, "
		      "client_ca: A"),
		    "tls cert_file=/c key_file=/k ca=A auth=3 " },
		{ TLS("min_version: TLS10, max_version: TLS11"),
		    "tls cert_file=/c key_file=/k versions=0-1 " },
		{ TLS("cipher_suites: [TLS_AES_128_GCM_SHA256, "
		      "TLS_RSA_WITH_AES_128_CBC_SHA]"),
		    "tls cert_file=/c key_file=/k ciphers="
		    "TLS_AES_128_GCM_SHA256,TLS_RSA_WITH_AES_128_CBC_SHA " },
		{ TLS("cipher_suites: [TLS_AES_128_GCM_SHA256], "
		      "min_version: TLS10"),
		    "tls cert_file=/c key_file=/k versions=0-3 ciphers="
		    "TLS_AES_128_GCM_SHA256 " },
		{ TLS("cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA], "
		      "min_version: TLS10, max_version: TLS10"),
		    "tls cert_file=/c key_file=/k versions=0-0 ciphers="
		    "TLS_RSA_WITH_AES_128_CBC_SHA " },
		{ TLS("cipher_suites: [TLS_RSA_WITH_AES_128_GCM_SHA256], "
		      "max_version: TLS12"),
		    "tls cert_file=/c key_file=/k versions=2-2 ciphers="
		    "TLS_RSA_WITH_AES_128_GCM_SHA256 " },
		{ TLS("cipher_suites: [TLS_RSA_WITH_AES_128_GCM_SHA256], "
		      "min_version: TLS13"),
		    "tls cert_file=/c key_file=/k versions=3-3 ciphers="
		    "TLS_RSA_WITH_AES_128_GCM_SHA256 " },
		{ TLS("cipher_suites: [], max_version: TLS12"),
		    "tls cert_file=/c key_file=/k versions=2-2 " },
		{ TLS("curve_preferences: [X25519, CurveP256, CurveP384, "
		      "CurveP521]"),
		    "tls cert_file=/c key_file=/k "
		    "curves=X25519,P-256,P-384,P-521 " },
		{ TLS("prefer_server_cipher_suites: false"),
		    "tls cert_file=/c key_file=/k no-preference " },

		{ "http_server_config: { http2: false }\n", "no-http2 " },
		{ "http_server_config: { http2: true }\n", "" },
		{ "http_server_config:\n  headers:\n"
		  "    X-Frame-Options: sameorigin\n"
		  "    X-XSS-Protection: 0\n"
		  "    X-Content-Type-Options: nosniff\n"
		  "    Strict-Transport-Security: max-age=1; preload\n"
		  "    Content-Security-Policy: default-src 'self'\n",
		    "X-Frame-Options=sameorigin X-XSS-Protection=0 "
		    "X-Content-Type-Options=nosniff "
		    "Strict-Transport-Security=max-age=1; preload "
		    "Content-Security-Policy=default-src 'self' " },
		{ "http_server_config: { headers: { X-Frame-Options: '' } }\n",
		    "" },

		{ "basic_auth_users:\n  a: " HASH
		  "\n  b c: " HASH_OF("04") "\n  \xc3\xbc: " HASH_OF("16") "\n",
		    "a:$2y$10$ b c:$2y$04$ \xc3\xbc:$2y$16$ " },
		{ "auth_excluded_paths: [/-/healthy, /-/ready]\n",
		    "open=/-/healthy,/-/ready " },
		{ "auth_excluded_paths: []\n", "" },

		{ "rate_limit: { interval: 1s, burst: 20 }\n",
		    "rate=1000000,20 " },
		{ "rate_limit: { interval: 1m30s, burst: 1 }\n",
		    "rate=90000000,1 " },
		{ "rate_limit: { interval: 0, burst: 5 }\n", "rate=0,5 " },
		{ "rate_limit: { interval: 1s, burst: 0 }\n",
		    "rate=1000000,0 " },
		{ "rate_limit: { interval: 0, burst: 0 }\n", "" },

		/* only the first document is read */
		{ "http_server_config: { http2: false }\n---\n", "no-http2 " },
		{ "---\nhttp_server_config: { http2: false }\n...\n",
		    "no-http2 " },
		{ "{}\n---\na: b\n", "" },
		{ "{}\n---\na: [\n", "" },

		/* booleans of YAML 1.1 */
		{ "http_server_config: { http2: False }\n", "no-http2 " },
		{ "http_server_config: { http2: NO }\n", "no-http2 " },
		{ "http_server_config: { http2: Off }\n", "no-http2 " },
		{ "http_server_config: { http2: n }\n", "no-http2 " },
		{ "http_server_config: { http2: Y }\n", "" },
		{ "http_server_config: { http2: ON }\n", "" },
		{ "http_server_config: { http2: Yes }\n", "" },

		{ TLS("curve_preferences: [X25519, CurveP256, X25519]"),
		    "tls cert_file=/c key_file=/k curves=X25519,P-256 " },
		{ "\xef\xbb\xbfhttp_server_config: { http2: no }\n",
		    "no-http2 " },
		{ "rate_limit: { interval: 0s }\n", "" },
		{ "rate_limit: { burst: 4294967295 }\n", "rate=0,4294967295 " },
	};

	for (EACH(r, rows))
		check_file(span_of(r->text), r->is);
}

/* Where it is wrong, and what was expected. */
TEST(bad)
{
	static const struct {
		struct span text;
		const char *error;
	} rows[] = {
		{ SPAN("- a\n"), "1:1: expected a mapping" },
		{ SPAN("tls: {}\n"),
		    "1:1: unknown key \"tls\", expected one of "
		    "tls_server_config, http_server_config, basic_auth_users, "
		    "auth_excluded_paths, rate_limit" },
		{ SPAN("rate_limit: { }\nrate_limit: { }\n"),
		    "2:1: \"rate_limit\" again, expected it once" },

		{ SPAN("tls_server_config: [a]\n"),
		    "1:20: expected a mapping" },
		{ SPAN("tls_server_config:\n  cert_file: /c\n"),
		    "2:3: expected key_file or key" },
		{ SPAN("tls_server_config:\n  key: K\n"),
		    "2:3: expected cert_file or cert" },
		{ SPAN("tls_server_config: { client_ca_file: /a }\n"),
		    "1:20: expected cert_file or cert" },
		{ SPAN("tls_server_config:\n"
		       "  client_auth_type: RequestClientCert\n"),
		    "2:3: expected cert_file or cert" },
		{ SPAN("tls_server_config: { client_allowed_sans: [a] }\n"),
		    "1:20: expected cert_file or cert" },
		{ SPAN(TLS("cert: C")),
		    "1:51: cert and cert_file, expected one of them" },
		{ SPAN("tls_server_config:\n  cert: C\n  key: K\n"
		       "  cert_file: /c\n"),
		    "4:3: cert and cert_file, expected one of them" },
		{ SPAN(TLS("key: K")),
		    "1:51: key and key_file, expected one of them" },
		{ SPAN(TLS("client_ca: A, client_ca_file: /a, "
			   "client_auth_type: VerifyClientCertIfGiven")),
		    "1:65: client_ca and client_ca_file, expected one of "
		    "them" },
		{ SPAN(TLS("client_ca: A")),
		    "1:51: client_ca or client_ca_file, expected a "
		    "client_auth_type that asks for certificates" },
		{ SPAN(TLS("client_ca: A, client_auth_type: NoClientCert")),
		    "1:65: client_ca or client_ca_file, expected a "
		    "client_auth_type that asks for certificates" },
		{ SPAN(TLS("client_auth_type: NoClientCert, client_ca: A")),
		    "1:83: client_ca or client_ca_file, expected a "
		    "client_auth_type that asks for certificates" },
		{ SPAN(TLS("client_allowed_sans: [a]")),
		    "1:51: client_allowed_sans, expected a client_auth_type "
		    "that asks for certificates" },
		{ SPAN(TLS("min_version: TLS13, max_version: TLS12")),
		    "1:71: expected a min_version not above max_version" },
		{ SPAN(TLS("max_version: TLS12, "
			   "cipher_suites: [TLS_AES_128_GCM_SHA256]")),
		    "1:71: " NO_CIPHER },
		{ SPAN(TLS("min_version: TLS10, max_version: TLS11, "
			   "cipher_suites: [TLS_AES_128_GCM_SHA256, "
			   "TLS_RSA_WITH_AES_128_GCM_SHA256]")),
		    "1:91: " NO_CIPHER },
		{ SPAN("tls_server_config:\n  min_version: TLS14\n"),
		    "2:16: expected one of TLS10, TLS11, TLS12, TLS13" },
		{ SPAN("tls_server_config:\n  max_version: tls13\n"),
		    "2:16: expected one of TLS10, TLS11, TLS12, TLS13" },
		{ SPAN("tls_server_config:\n  client_auth_type: Any\n"),
		    "2:21: expected one of NoClientCert, RequestClientCert, "
		    "RequireAnyClientCert, VerifyClientCertIfGiven, "
		    "RequireAndVerifyClientCert" },
		{ SPAN("tls_server_config:\n  cipher_suites:\n  - RC4\n"),
		    "3:5: unknown cipher \"RC4\", expected a name such as "
		    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
		{ SPAN("tls_server_config:\n  cipher_suites: RC4\n"),
		    "2:18: expected a list" },
		{ SPAN("tls_server_config:\n  curve_preferences: [P-256]\n"),
		    "2:23: unknown curve \"P-256\", expected one of "
		    "CurveP256, CurveP384, CurveP521, X25519" },
		{ SPAN("tls_server_config:\n"
		       "  prefer_server_cipher_suites: maybe\n"),
		    "2:32: expected true or false" },
		{ SPAN("tls_server_config:\n  cert: \"a\\0b\"\n"),
		    "2:9: expected no NUL in a value" },

		{ SPAN("http_server_config:\n  http2: 2\n"),
		    "2:10: expected true or false" },
		{ SPAN("http_server_config:\n  headers: { Server: x }\n"),
		    "2:14: the header \"Server\" cannot be set, expected one "
		    "of Strict-Transport-Security, X-Content-Type-Options, "
		    "X-Frame-Options, X-XSS-Protection, "
		    "Content-Security-Policy" },
		{ SPAN("http_server_config:\n  headers:\n"
		       "    X-Frame-Options: allow\n"),
		    "3:22: expected deny or sameorigin" },
		{ SPAN("http_server_config:\n  headers:\n"
		       "    X-Content-Type-Options: sniff\n"),
		    "3:29: expected nosniff" },
		{ SPAN("http_server_config:\n  headers:\n"
		       "    X-XSS-Protection: \"0\\r\\nSet-Cookie: a\"\n"),
		    "3:23: expected one line" },
		{ SPAN("http_server_config:\n  headers:\n"
		       "    X-Frame-Options: deny\n"
		       "    X-Frame-Options: deny\n"),
		    "4:5: \"X-Frame-Options\" again, expected it once" },

		{ SPAN("basic_auth_users:\n  a: secret\n"), "2:6: " BAD_HASH },
		{ SPAN("basic_auth_users:\n  a:\n"), "2:5: " BAD_HASH },
		{ SPAN("basic_auth_users:\n  a: " HASH "a\n"),
		    "2:6: " BAD_HASH },
		{ SPAN("basic_auth_users:\n  a: " HASH_OF("03") "\n"),
		    "2:6: " BAD_HASH },
		{ SPAN("basic_auth_users:\n  a: " HASH_OF("1x") "\n"),
		    "2:6: " BAD_HASH },
		{ SPAN("basic_auth_users:\n  a: $2x" HASH_OF("10") "\n"),
		    "2:6: " BAD_HASH },
		{ SPAN("basic_auth_users:\n  a: " HASH_OF("17") "\n"),
		    "2:6: a bcrypt hash of cost 17, expected at most 16" },
		{ SPAN("basic_auth_users:\n  a: " HASH_OF("31") "\n"),
		    "2:6: a bcrypt hash of cost 31, expected at most 16" },
		{ SPAN("basic_auth_users:\n  a: [" HASH "]\n"),
		    "2:6: expected one value" },
		{ SPAN("basic_auth_users:\n  'a:b': " HASH "\n"),
		    "2:3: expected a name without a colon" },
		{ SPAN("basic_auth_users:\n  '': " HASH "\n"),
		    "2:3: expected a name" },
		{ SPAN("basic_auth_users:\n  a: ~\n"), "2:6: " BAD_HASH },
		{ SPAN("basic_auth_users: '~'\n"), "1:19: expected a mapping" },
		{ SPAN("basic_auth_users: nULL\n"),
		    "1:19: expected a mapping" },
		{ SPAN("auth_excluded_paths: 'null'\n"),
		    "1:22: expected a list" },
		{ SPAN("tls_server_config: { min_version: 'null' }\n"),
		    "1:35: expected one of TLS10, TLS11, TLS12, TLS13" },
		{ SPAN("basic_auth_users:\n  a: " HASH "\n  a: " HASH "\n"),
		    "3:3: \"a\" again, expected it once" },
		{ SPAN("auth_excluded_paths: [[/-/healthy]]\n"),
		    "1:23: expected one value" },
		{ SPAN("auth_excluded_paths: /-/healthy\n"),
		    "1:22: expected a list" },

		{ SPAN("rate_limit: { interval: 1s }\n"),
		    "1:13: an interval, expected a burst as well" },

		/* nobody in them would mean everybody */
		{ SPAN(TLS("client_auth_type: RequireAndVerifyClientCert, "
			   "client_allowed_sans: []")),
		    "1:118: client_allowed_sans, expected at least one name" },
		{ SPAN(TLS("client_allowed_sans: ~")),
		    "1:72: client_allowed_sans, expected at least one name" },
		{ SPAN("basic_auth_users: {}\n"),
		    "1:19: basic_auth_users, expected at least one user" },
		{ SPAN("basic_auth_users:\n"),
		    "1:18: basic_auth_users, expected at least one user" },

		{ SPAN("http_server_config: { http2: yES }\n"),
		    "1:30: expected true or false" },
		{ SPAN("http_server_config: { <<: { http2: no } }\n"),
		    "1:23: merge keys (<<) are not read, expected the keys "
		    "themselves" },
		{ SPAN("basic_auth_users:\n  <<: { a: " HASH " }\n"),
		    "2:3: merge keys (<<) are not read, expected the keys "
		    "themselves" },
		{ SPAN("scott:tiger@h: 1\n"),
		    "1:1: unknown key \"***@h\", expected one of "
		    "tls_server_config, http_server_config, basic_auth_users, "
		    "auth_excluded_paths, rate_limit" },

		/* bytes that no YAML has */
		{ SPAN("# a\n# b\xff\n"),
		    "2:4: invalid leading UTF-8 octet, expected YAML" },
		{ SPAN("a: b\n\nc: \0\n"),
		    "3:4: control characters are not allowed, expected "
		    "YAML" },
		{ SPAN("a: b\n\x1b\n"),
		    "2:1: control characters are not allowed, expected "
		    "YAML" },
		{ SPAN("rate_limit:\n  interval: 1\n"),
		    "2:13: expected a duration such as 1s or 100ms, or 0" },
		{ SPAN("rate_limit:\n  burst: -1\n"),
		    "2:10: expected a number of requests" },
		{ SPAN("rate_limit:\n  burst: 4294967296\n"),
		    "2:10: expected a number of requests" },
	};

	for (EACH(r, rows))
		check_file(r->text, r->error);
}

/* They begin at the folder of the file. */
TEST(relative_paths)
{
	struct web_config c;
	char wanted[100];
	struct error e;

	write_file(SPAN(
	    "tls_server_config: { cert_file: c.pem, key_file: sub/k.pem,\n"
	    "  client_ca_file: /a, client_auth_type: RequestClientCert }\n"));
	assert_int_equal(web_config_load(path, &c, &e), 0);
	(void)snprintf(wanted, sizeof(wanted), "%s/c.pem", folder);
	check_text("cert_file", span_of(c.tls.cert_file), wanted);
	(void)snprintf(wanted, sizeof(wanted), "%s/sub/k.pem", folder);
	check_text("key_file", span_of(c.tls.key_file), wanted);
	check_text("client_ca_file", span_of(c.tls.client_ca_file), "/a");
	web_config_free(&c);
}

/* A file with n entries below its key. */
static void
check_entries(const char *key, const char *entry, size_t n, const char *error)
{
	struct web_config c;
	struct error e;
	struct buf text;
	int r;

	buf_init(&text, 1 << 20);
	buf_printf(&text, "%s:\n", key);
	for (size_t i = 0; i < n; i++) {
		buf_printf(&text, "  ");
		buf_printf(&text, entry[0] == '-' ? "- /%zu\n" : "u%zu: ", i);
		buf_add_str(&text, entry[0] == '-' ? "" : HASH "\n");
	}
	write_file(span_of_buf(&text));
	r = web_config_load(path, &c, &e);
	check_number(key, r, error != NULL ? -1 : 0);
	if (error != NULL)
		check_text(key, span_of(e.text + strlen(path) + 1), error);
	web_config_free(&c);
	buf_release(&text);
}

TEST(too_many)
{
	check_entries("auth_excluded_paths", "-", WEB_ENTRIES_MAX, NULL);
	check_entries("auth_excluded_paths", "-", WEB_ENTRIES_MAX + 1,
	    "1002:5: expected at most 1000 entries");
	check_entries("basic_auth_users", "u", WEB_ENTRIES_MAX, NULL);
	check_entries("basic_auth_users", "u", WEB_ENTRIES_MAX + 1,
	    "1002:3: expected at most 1000 users");
}

TEST(no_file)
{
	struct web_config c;
	struct error e;

	check_number(
	    "absent", web_config_load("/nonexistent/web.yml", &c, &e), -1);
	check_text("absent", span_of(e.text),
	    "/nonexistent/web.yml: No such file or directory");
	web_config_free(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { T(good), T(bad), T(relative_paths),
		T(too_many), T(no_file) };

	return cmocka_run_group_tests_name(
	    "web_config", tests, make_folder, remove_folder);
}
