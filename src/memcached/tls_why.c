#include "memcached/tls_why.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/openssl.h"
#include "base/span.h"
#include "base/tls_limits.h"

/* Bytes that are shown: of a certificate's names together, and all in all. */
#define NAMES_BYTES_MAX 100
#define KEPT_BYTES_MAX 240

#define SET_CA                                                                 \
	"set --memcached.tls.ca-file (ca_file in a module) to the authority "  \
	"of the server's certificate"
#define SET_NAME                                                               \
	"set --memcached.tls.server-name (server_name in a module) to a name " \
	"that it has"
#define SET_CERT                                                               \
	"the server refuses the client certificate of "                        \
	"--memcached.tls.cert-file (cert_file in a module)"
#define ISSUE_AGAIN "have the server's certificate issued again"
#define OTHER_VERSION                                                          \
	"the server speaks none of the TLS versions that are allowed here"

struct advice {
	long code;
	const char *text;
};

static const struct advice verdicts[] = {
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, SET_CA },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, SET_CA },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, SET_CA },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, SET_CA },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, SET_CA },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, SET_CA },
	{ X509_V_ERR_HOSTNAME_MISMATCH, SET_NAME },
	{ X509_V_ERR_IP_ADDRESS_MISMATCH, SET_NAME },
	{ X509_V_ERR_CERT_NOT_YET_VALID, "check this machine's clock" },
	{ X509_V_ERR_CERT_HAS_EXPIRED, ISSUE_AGAIN },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, ISSUE_AGAIN },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, ISSUE_AGAIN },
	{ X509_V_ERR_CA_MD_TOO_WEAK, ISSUE_AGAIN },
	{ X509_V_ERR_INVALID_PURPOSE, ISSUE_AGAIN },
};

static const struct advice reasons[] = {
	{ SSL_R_WRONG_VERSION_NUMBER,
	    "the server does not speak TLS: unset --memcached.tls.enable (tls "
	    "in a module), or use its TLS port" },
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
	    "the server wants a client certificate: set "
	    "--memcached.tls.cert-file and --memcached.tls.key-file (cert_file "
	    "and key_file in a module)" },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA, SET_CERT },
	{ SSL_R_TLSV1_ALERT_ACCESS_DENIED, SET_CERT },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, SET_CERT },
	{ SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, SET_CERT },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, SET_CERT },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, SET_CERT },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, SET_CERT },
	{ SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
	    "the server may want a client certificate "
	    "(--memcached.tls.cert-file), or other ciphers" },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, OTHER_VERSION },
	{ SSL_R_UNSUPPORTED_PROTOCOL, OTHER_VERSION },
};

static const char *
advice_for(const struct advice *list, size_t len, long code)
{
	for (size_t i = 0; i < len; i++) {
		if (list[i].code == code)
			return list[i].text;
	}
	return NULL;
}

/* OpenSSL frees it with the connection. */
static void
kept_free(void *parent, void *kept, CRYPTO_EX_DATA *data, int index,
    long number, void *arg)
{
	(void)parent;
	(void)data;
	(void)index;
	(void)number;
	(void)arg;
	free(kept);
}

/* The place for it in each connection, which OpenSSL gives once. */
static int
kept_index(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_get_ex_new_index(0, NULL, NULL, NULL, kept_free);
	return index;
}

/* Adds a name as a person would write it, or nothing. */
static void
add_name(struct buf *b, const GENERAL_NAME *name)
{
	const ASN1_STRING *s = name->d.ia5;
	char text[INET6_ADDRSTRLEN];
	const unsigned char *p;
	int len;

	if (name->type != GEN_DNS && name->type != GEN_IPADD)
		return;
	p = ASN1_STRING_get0_data(s);
	len = ASN1_STRING_length(s);
	if (name->type == GEN_DNS)
		buf_printf(
		    b, "%s%.*s", b->len > 0 ? ", " : "", len, (const char *)p);
	else if ((len == 4 || len == 16) &&
		 inet_ntop(len == 4 ? AF_INET : AF_INET6, p, text,
		     sizeof(text)) != NULL)
		buf_printf(b, "%s%s", b->len > 0 ? ", " : "", text);
}

/* "a.example, 192.0.2.1", or as many as there is room for. */
static void
add_names(struct buf *out, const X509 *x)
{
	GENERAL_NAMES *sans =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	struct buf names;

	buf_init(&names, NAMES_BYTES_MAX);
	for (int i = 0; i < sk_GENERAL_NAME_num(sans) && !names.full; i++)
		add_name(&names, sk_GENERAL_NAME_value(sans, i));
	buf_add(out, names.p, names.len);
	if (names.full)
		buf_add_str(out, names.len > 0 ? ", ..." : "a long name");
	else if (names.len == 0)
		/* a common name (CN) is none, as everywhere today */
		buf_add_str(out, "no name (subjectAltName)");
	buf_release(&names);
	GENERAL_NAMES_free(sans);
}

static void
keep_mismatch(struct buf *out, X509_STORE_CTX *store)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(store);
	const char *host = X509_VERIFY_PARAM_get0_host(param, 0);
	char *ip = X509_VERIFY_PARAM_get1_ip_asc(param);

	buf_add_str(out, ": certificate is for ");
	add_names(out, X509_STORE_CTX_get0_cert(store));
	buf_printf(out, ", expected %.100s",
	    ip != NULL     ? ip
	    : host != NULL ? host
			   : "none");
	OPENSSL_free(ip);
}

static void
keep_date(struct buf *out, const char *what, const ASN1_TIME *date)
{
	char text[32];
	struct tm tm;

	if (ASN1_TIME_to_tm(date, &tm) == 1 &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm) > 0)
		buf_printf(out, ": %s %s", what, text);
}

void
tls_why_keep(X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
	    store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const X509 *x = X509_STORE_CTX_get_current_cert(store);
	struct buf text;

	buf_init(&text, KEPT_BYTES_MAX);
	switch (X509_STORE_CTX_get_error(store)) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		keep_mismatch(&text, store);
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		keep_date(&text, "it was valid until", X509_get0_notAfter(x));
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		keep_date(&text, "it is valid from", X509_get0_notBefore(x));
		break;
	}
	if (text.len > 0) {
		free(SSL_get_ex_data(ssl, kept_index()));
		(void)SSL_set_ex_data(
		    ssl, kept_index(), xstrndup(text.p, text.len));
	}
	buf_release(&text);
}

void
tls_why(const SSL *ssl, unsigned long code, struct error *e)
{
	const char *kept = SSL_get_ex_data(ssl, kept_index());
	const char *fault = tls_limits_fault(ssl), *advice;
	long verdict = SSL_get_verify_result(ssl);

	if (fault != NULL) {
		(void)error_because(
		    e, REASON_TLS, "TLS: the server sent %s", fault);
		return;
	}
	advice =
	    verdict != X509_V_OK
		? advice_for(verdicts, nitems(verdicts), verdict)
		: advice_for(reasons, nitems(reasons), ERR_GET_REASON(code));
	(void)error_because(e, REASON_TLS, "TLS: %s%s%s%s%s%s",
	    openssl_words(code, "no reason given"),
	    verdict != X509_V_OK ? ": " : "",
	    verdict != X509_V_OK ? X509_verify_cert_error_string(verdict) : "",
	    kept != NULL ? kept : "", advice != NULL ? ": " : "",
	    advice != NULL ? advice : "");
}
