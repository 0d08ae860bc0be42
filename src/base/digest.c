#include "base/digest.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/span.h"

#define PIECE_BYTES (64U << 10)

/* What is known of a file without its content. */
struct look {
	bool is_named;
	bool is_there;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

static void
add_look(EVP_MD_CTX *ctx, const char *path)
{
	struct look look;
	struct stat st;

	memset(&look, 0, sizeof(look)); /* with its padding */
	look.is_named = is_set(path);
	look.is_there = look.is_named && stat(path, &st) == 0;
	if (look.is_there) {
		look.device = st.st_dev;
		look.inode = st.st_ino;
		look.size = st.st_size;
		look.changed = st.st_ctim;
	}
	(void)EVP_DigestUpdate(ctx, &look, sizeof(look));
}

/* -1 for what cannot be read, or is too large. */
static int
add_content(EVP_MD_CTX *ctx, int fd)
{
	char *piece = xmalloc(PIECE_BYTES);
	size_t total = 0;
	ssize_t n;

	while ((n = read(fd, piece, PIECE_BYTES)) > 0 &&
	       total <= DIGEST_FILE_MAX) {
		(void)EVP_DigestUpdate(ctx, piece, (size_t)n);
		total += (size_t)n;
	}
	explicit_bzero(piece, PIECE_BYTES);
	free(piece);
	(void)EVP_DigestUpdate(ctx, &total, sizeof(total));
	return n == 0 ? 0 : -1;
}

void
digest_add_file(struct digest *d, const char *path)
{
	EVP_MD_CTX *ctx = xnonnull(EVP_MD_CTX_new());
	int fd = -1, r = -1;
	struct error e;

	(void)EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
	(void)EVP_DigestUpdate(ctx, d->bytes, sizeof(d->bytes));
	if (is_set(path))
		fd = file_open(path, &e);
	if (fd >= 0) {
		r = add_content(ctx, fd);
		(void)close(fd);
	}
	if (r < 0)
		add_look(ctx, path);
	(void)EVP_DigestFinal_ex(ctx, d->bytes, NULL);
	EVP_MD_CTX_free(ctx);
}

bool
digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
