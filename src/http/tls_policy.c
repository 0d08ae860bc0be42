#include "http/tls_policy.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/tls_limits.h"
#include "config/web_list.h"
#include "config/web_tls.h"

/* A name that is allowed. */
struct san {
	char *name;
	size_t len;
	ASN1_OCTET_STRING *ip; /* NULL: it is no address */
};

/* What a context checks of clients, for as long as it has connections. */
struct policy {
	bool asks;
	bool verifies; /* by an authority */
	bool has_sans;
	size_t sans_len;
	struct san sans[];
};

/* OpenSSL frees it with the context. */
static void
policy_free(void *parent, void *policy, CRYPTO_EX_DATA *data, int index,
    long number, void *arg)
{
	struct policy *p = policy;

	(void)parent;
	(void)data;
	(void)index;
	(void)number;
	(void)arg;
	for (size_t i = 0; p != NULL && i < p->sans_len; i++) {
		free(p->sans[i].name);
		ASN1_OCTET_STRING_free(p->sans[i].ip);
	}
	free(p);
}

/* The place for it in each context, which OpenSSL gives once. */
static int
policy_index(void)
{
	static int index = -1;

	if (index < 0)
		index =
		    SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, policy_free);
	return index;
}

static struct policy *
policy_new(const struct web_tls *c)
{
	size_t n = c->allowed_sans != NULL ? c->allowed_sans->len : 0;
	struct policy *p = xcalloc(1, sizeof(*p) + n * sizeof(p->sans[0]));

	p->asks = c->client_auth != CLIENT_AUTH_NONE;
	p->verifies = c->client_auth == CLIENT_AUTH_VERIFY_IF_GIVEN ||
		      c->client_auth == CLIENT_AUTH_REQUIRE;
	p->has_sans = c->allowed_sans != NULL;
	p->sans_len = n;
	for (size_t i = 0; i < n; i++) {
		const char *name = c->allowed_sans->names[i];

		p->sans[i] = (struct san){ xstrdup(name), strlen(name),
			a2i_IPADDRESS(name) };
	}
	ERR_clear_error();
	return p;
}

/* Addresses in any form, all else letter by letter. */
static bool
san_is(const GENERAL_NAME *san, const struct san *allowed)
{
	const ASN1_STRING *s;

	switch (san->type) {
	case GEN_IPADD:
		return allowed->ip != NULL && ASN1_OCTET_STRING_cmp(allowed->ip,
						  san->d.iPAddress) == 0;
	case GEN_DNS:
	case GEN_EMAIL:
	case GEN_URI:
		s = san->d.ia5;
		return (size_t)ASN1_STRING_length(s) == allowed->len &&
		       memcmp(ASN1_STRING_get0_data(s), allowed->name,
			   allowed->len) == 0;
	}
	return false;
}

static bool
has_allowed_san(const X509 *x, const struct policy *p)
{
	GENERAL_NAMES *sans =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	int n = sk_GENERAL_NAME_num(sans);
	bool found = false;

	for (int i = 0; i < n && n <= TLS_POLICY_NAMES_MAX && !found; i++) {
		for (size_t k = 0; k < p->sans_len && !found; k++)
			found =
			    san_is(sk_GENERAL_NAME_value(sans, i), &p->sans[k]);
	}
	GENERAL_NAMES_free(sans);
	return found;
}

/*
 * The verdict on a client's chain; without one this is not called. What is not
 * to be verified by an authority takes no time here.
 */
static int
on_chain(X509_STORE_CTX *store, void *arg)
{
	const struct policy *p = arg;

	if (!tls_limits_chain(store))
		return 0;
	if (p->verifies && X509_verify_cert(store) <= 0)
		return 0;
	if (p->has_sans &&
	    !has_allowed_san(X509_STORE_CTX_get0_cert(store), p)) {
		/* alert bad_certificate */
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
		return 0;
	}
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

void
tls_policy_set(SSL_CTX *ctx, const struct web_tls *config)
{
	static const int modes[] = {
		[CLIENT_AUTH_NONE] = SSL_VERIFY_NONE,
		[CLIENT_AUTH_REQUEST] = SSL_VERIFY_PEER,
		[CLIENT_AUTH_REQUIRE_ANY] =
		    SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
		[CLIENT_AUTH_VERIFY_IF_GIVEN] = SSL_VERIFY_PEER,
		[CLIENT_AUTH_REQUIRE] =
		    SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
	};
	_Static_assert(nitems(modes) == CLIENT_AUTHS, "a mode for each");
	struct policy *p = policy_new(config);

	(void)SSL_CTX_set_ex_data(ctx, policy_index(), p);
	SSL_CTX_set_verify(ctx, modes[config->client_auth], NULL);
	SSL_CTX_set_cert_verify_callback(ctx, on_chain, p);
	if (!p->asks)
		return;
	/* TLS 1.2, and 1.3 */
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	(void)SSL_CTX_set_num_tickets(ctx, 0);
}

bool
tls_policy_holds(const SSL *ssl, const SSL_CTX *ctx)
{
	const struct policy *p = SSL_CTX_get_ex_data(ctx, policy_index());
	const X509 *x;

	if (!p->asks)
		return true;
	if (SSL_get_SSL_CTX(ssl) != ctx)
		return false;
	x = p->verifies ? SSL_get0_peer_certificate(ssl) : NULL;
	return x == NULL || X509_cmp_current_time(X509_get0_notAfter(x)) > 0;
}
