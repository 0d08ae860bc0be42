/*
 * Loaded into a process (LD_PRELOAD), makes one call fail: the one that the
 * file of TORTURE_CONTROL names, which the process and the test share. Counts
 * calls, and the allocations that have not been freed.
 */
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The order is that of CALLS in torture.py. */
enum call {
	CALL_ALLOCATE,
	CALL_socket,
	CALL_connect,
	CALL_send,
	CALL_recv,
	CALL_readv,
	CALL_writev,
	CALL_accept4,
	CALL_epoll_wait,
	CALL_epoll_ctl,
	CALL_open,
	CALL_getsockopt,
	CALL_setsockopt,
	CALLS
};

/* Of a trace. */
#define FRAMES_MAX 32

struct control {
	uint32_t call;
	int32_t err;
	_Atomic int64_t left; /* calls until it fails; below 1: it does not */
	_Atomic int64_t live;
	int32_t trace;     /* tell where it fails */
	int32_t libraries; /* only allocations of those below count */
	_Atomic int64_t counts[CALLS];
};

static struct control none, *control = &none;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

__attribute__((constructor)) static void
torture_begin(void)
{
	const char *path = getenv("TORTURE_CONTROL");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p = MAP_FAILED, *frames[1];

	if (fd >= 0)
		p = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		abort();
	(void)close(fd);
	(void)backtrace(frames, 1); /* which allocates for the first time */
	control = p;
}

static bool
fails(enum call call)
{
	void *frames[FRAMES_MAX];

	control->counts[call]++;
	if (control->call != call || control->left <= 0 || --control->left != 0)
		return false;
	if (control->trace != 0)
		backtrace_symbols_fd(
		    frames, backtrace(frames, FRAMES_MAX), STDERR_FILENO);
	errno = control->err;
	return true;
}

/*
 * What the program leans on, and looks at the answers of: libevent is told to
 * use xmalloc, and tests have allocations of their own.
 */
static bool
is_of_library(const void *caller)
{
	static const char *const names[] = { "/libssl.", "/libcrypto.",
		"/libyaml-", "/libcrypt.", "/libmemcached" };
	Dl_info info;

	if (dladdr(caller, &info) == 0 || info.dli_fname == NULL)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strstr(info.dli_fname, names[i]) != NULL)
			return true;
	}
	return false;
}

#define CALLER __builtin_return_address(0)

static bool
allocation_fails(const void *caller)
{
	if (control->libraries != 0 && !is_of_library(caller))
		return false;
	return fails(CALL_ALLOCATE);
}

static void *
allocated(void *p)
{
	if (p != NULL)
		control->live++;
	return p;
}

void *
malloc(size_t size)
{
	return allocation_fails(CALLER) ? NULL : allocated(__libc_malloc(size));
}

void *
calloc(size_t n, size_t size)
{
	return allocation_fails(CALLER) ? NULL
					: allocated(__libc_calloc(n, size));
}

void *
realloc(void *p, size_t size)
{
	void *q;

	if (allocation_fails(CALLER))
		return NULL;
	q = __libc_realloc(p, size);
	return p == NULL ? allocated(q) : q;
}

void
free(void *p)
{
	if (p != NULL)
		control->live--;
	__libc_free(p);
}

#define TORTURE(type, name, parameters, arguments)                             \
	type name parameters                                                   \
	{                                                                      \
		static union {                                                 \
			void *p;                                               \
			type(*call) parameters;                                \
		} real;                                                        \
                                                                               \
		if (fails(CALL_##name))                                        \
			return -1;                                             \
		if (real.p == NULL)                                            \
			real.p = dlsym(RTLD_NEXT, #name);                      \
		return real.call arguments;                                    \
	}

TORTURE(
    int, socket, (int domain, int type, int protocol), (domain, type, protocol))
TORTURE(int, connect, (int fd, const struct sockaddr *to, socklen_t len),
    (fd, to, len))
TORTURE(ssize_t, send, (int fd, const void *p, size_t n, int flags),
    (fd, p, n, flags))
TORTURE(
    ssize_t, recv, (int fd, void *p, size_t n, int flags), (fd, p, n, flags))
TORTURE(ssize_t, readv, (int fd, const struct iovec *v, int n), (fd, v, n))
TORTURE(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n))
TORTURE(int, accept4,
    (int fd, struct sockaddr *from, socklen_t *len, int flags),
    (fd, from, len, flags))
TORTURE(int, epoll_wait, (int fd, struct epoll_event *e, int max, int timeout),
    (fd, e, max, timeout))
TORTURE(int, epoll_ctl, (int fd, int op, int of, struct epoll_event *e),
    (fd, op, of, e))
TORTURE(int, getsockopt, (int fd, int level, int name, void *p, socklen_t *len),
    (fd, level, name, p, len))
TORTURE(int, setsockopt,
    (int fd, int level, int name, const void *p, socklen_t len),
    (fd, level, name, p, len))

/* With a mode or without one; it is read only if it is there. */
TORTURE(int, open, (const char *path, int flags, ...),
    (path, flags, flags &O_CREAT ? 0600 : 0))
