#include "pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define TEXT_MAX 24

static void
own_text(char text[TEXT_MAX])
{
	(void)snprintf(text, TEXT_MAX, "%ld\n", (long)getpid());
}

static int
write_text(const char *path)
{
	char text[TEXT_MAX];
	ssize_t n;
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return -1;
	own_text(text);
	n = write(fd, text, strlen(text));
	if (close(fd) < 0 || n < 0)
		return -1;
	return (size_t)n == strlen(text) ? 0 : (errno = ENOSPC, -1);
}

int
pid_file_write(const char *path, struct error *e)
{
	char part[PATH_MAX];
	int err;

	if (path[0] == '\0')
		return 0;
	if ((size_t)snprintf(part, sizeof(part), "%s.new", path) >=
	    sizeof(part))
		return error_set(e, "--pid-file: the path is too long");
	if (write_text(part) == 0 && rename(part, path) == 0)
		return 0;
	err = errno;
	(void)unlink(part);
	return error_set(e, "--pid-file: cannot write the file: %s: %s",
	    strerror(err), path);
}

void
pid_file_remove(const char *path)
{
	char text[TEXT_MAX], own[TEXT_MAX];
	struct span found;
	struct error e;

	own_text(own);
	if (path[0] != '\0' &&
	    file_read(path, text, sizeof(text), &found, &e) == 0 &&
	    span_is(found, own))
		(void)unlink(path);
}
