/* Authorities that many contexts trust. */
#include "base/openssl.h"

#include <openssl/ssl.h>

#include "base/error.h"
#include "scratch.h"

/* Of a key that nobody has any more. */
static const char pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBcDCCARWgAwIBAgIUOOkBMHNLR+KdlXsZWFaYdZGu/5AwCgYIKoZIzj0EAwIw\n"
    "DDEKMAgGA1UEAwwBYTAgFw0yNjExMjkwNjU5MDBaGA8yMTI2MTEwNTA2NTkwMFow\n"
    "DDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEAu7ABh3DC6\n"
    "/L0Hcsifp9GkxQw9wcts9utP367G6mFzgsUBuWSfnApdLViz78xljxYffmspBYj+\n"
    "pNlpCRehm+yjUzBRMB0GA1UdDgQWBBQIEtYDMvoYyQVEnXtCxu3S4U+itjAfBgNV\n"
    "HSMEGDAWgBQIEtYDMvoYyQVEnXtCxu3S4U+itjAPBgNVHRMBAf8EBTADAQH/MAoG\n"
    "CCqGSM49BAMCA0kAMEYCIQCfJrO95+7/fxNTaHVevGQ552FBWcV6y1VcQOnM/Q6d\n"
    "sAIhALQ/QPn3JFeA0tC8HpnQ1CBnFNIXZYtp3yoCMJn8Ga5l\n"
    "-----END CERTIFICATE-----\n";

static X509_STORE *
trust(struct authorities *as, const char *file, SSL_CTX **ctx)
{
	struct error e = { 0 };

	*ctx = SSL_CTX_new(TLS_client_method());
	check_number(file, authorities_trust(as, file, *ctx, &e), 0);
	return SSL_CTX_get_cert_store(*ctx);
}

/* A file is read once for all that share, and what it holds is kept once. */
TEST(shared)
{
	struct authorities *as = authorities_new();
	SSL_CTX *one, *same, *system, *other;
	X509_STORE *store;

	write_file(span_of(pem));
	store = trust(as, path, &one);
	check_number(
	    "read", sk_X509_OBJECT_num(X509_STORE_get0_objects(store)), 1);
	check("the system's", trust(as, "", &system) != store);
	check("by itself", trust(NULL, path, &other) != store);
	(void)unlink(path);
	check("shared", trust(as, path, &same) == store);
	authorities_free(as);
	SSL_CTX_free(one);
	check_number(
	    "kept", sk_X509_OBJECT_num(X509_STORE_get0_objects(store)), 1);
	SSL_CTX_free(same);
	SSL_CTX_free(system);
	SSL_CTX_free(other);
}

/* What is of no use is so each time, and nothing of it is kept. */
TEST(bad)
{
	struct authorities *as = authorities_new();
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct error e;

	write_file(span_of("words"));
	check_number("bad", authorities_trust(as, path, ctx, &e), -1);
	check_number("again", authorities_trust(as, path, ctx, &e), -1);
	write_file(span_of(pem));
	check_number("mended", authorities_trust(as, path, ctx, &e), 0);
	SSL_CTX_free(ctx);
	authorities_free(as);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { T(shared), T(bad) };

	return cmocka_run_group_tests_name(
	    "openssl", tests, make_folder, remove_folder);
}
