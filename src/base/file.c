#include "base/file.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

int
file_open(const char *path, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		(void)error_set(e, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		(void)error_set(e, "%s: is no regular file", path);
	else
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

int
file_read(const char *path, char *text, size_t size, struct span *content,
    struct error *e)
{
	int fd = file_open(path, e);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, text, size);
	if (n < 0)
		(void)error_set(e, "%s: %s", path, strerror(errno));
	(void)close(fd);
	if (n < 0)
		return -1;
	if ((size_t)n == size)
		return error_set(
		    e, "%s: larger than %zu bytes", path, size - 1);
	text[n] = '\0';
	*content = (struct span){ text, (size_t)n };
	if (span_begins(*content, BYTE_ORDER_MARK)) {
		content->p += strlen(BYTE_ORDER_MARK);
		content->len -= strlen(BYTE_ORDER_MARK);
	}
	return 0;
}
