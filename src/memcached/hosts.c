#include "memcached/hosts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/stamp.h"
#include "memcached/words.h"

/* One name of one line. */
struct entry {
	const char *name; /* these end where a NUL stands */
	const char *address;
};

struct hosts {
	char *path;
	struct stamp stamp;
	char *text;
	struct entry *entries; /* by name, then as in the file */
	size_t len, cap;
};

struct hosts *
hosts_new(const char *path)
{
	struct hosts *h = xcalloc(1, sizeof(*h));

	h->path = xstrdup(path);
	return h;
}

static void
forget(struct hosts *h)
{
	free(h->text);
	free(h->entries);
	h->text = NULL;
	h->entries = NULL;
	h->len = h->cap = 0;
}

void
hosts_free(struct hosts *h)
{
	if (h == NULL)
		return;
	forget(h);
	free(h->path);
	free(h);
}

static void
add(struct hosts *h, const char *name, const char *address)
{
	if (h->len == h->cap) {
		h->cap = h->cap == 0 ? 16 : 2 * h->cap;
		h->entries =
		    xreallocarray(h->entries, h->cap, sizeof(*h->entries));
	}
	h->entries[h->len++] = (struct entry){ name, address };
}

/* Behind each word there is a byte of the text to end it with. */
static const char *
end_word(struct hosts *h, struct span word)
{
	char *p = h->text + (word.p - h->text);

	p[word.len] = '\0';
	return p;
}

static void
read_line(struct hosts *h, struct span line)
{
	struct span address, name;

	if (!words_next(&line, &address))
		return;
	while (words_next(&line, &name))
		add(h, end_word(h, name), address.p);
	(void)end_word(h, address);
}

static int
compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int r = strcasecmp(x->name, y->name);

	/* names of one line are one behind the other, too */
	return r != 0 ? r : (x->name > y->name) - (x->name < y->name);
}

static void
read_again(struct hosts *h, const struct stamp *stamp)
{
	struct span text = { 0 }, line;
	struct error e;

	forget(h);
	h->stamp = *stamp;
	if (stamp->size >= HOSTS_BYTES_MAX)
		return;
	/* a file that grows meanwhile is read again */
	h->text = xmalloc((size_t)stamp->size + 2);
	if (file_read(h->path, h->text, (size_t)stamp->size + 1, &text, &e) < 0)
		return;
	while (words_line(&text, &line))
		read_line(h, line);
	if (h->len > 0)
		qsort(h->entries, h->len, sizeof(*h->entries), compare);
}

static void
refresh(struct hosts *h)
{
	struct stamp now = stamp_of(h->path);

	if (!stamp_same(&now, &h->stamp))
		read_again(h, &now);
}

/* The first that is not before the name. */
static size_t
search(const struct hosts *h, const char *name)
{
	size_t low = 0, high = h->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcasecmp(h->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
add_text(struct endpoints *found, const char *address)
{
	struct in6_addr bytes;

	if (inet_pton(AF_INET, address, &bytes) == 1)
		endpoints_add(found, AF_INET, &bytes);
	else if (inet_pton(AF_INET6, address, &bytes) == 1)
		endpoints_add(found, AF_INET6, &bytes);
}

bool
hosts_find(struct hosts *h, const char *name, struct endpoints *found)
{
	size_t before = found->len;

	refresh(h);
	for (size_t i = search(h, name);
	     i < h->len && strcasecmp(h->entries[i].name, name) == 0; i++)
		add_text(found, h->entries[i].address);
	if (found->len == before && strcasecmp(name, "localhost") == 0) {
		add_text(found, "127.0.0.1");
		add_text(found, "::1");
	}
	return found->len > before;
}
