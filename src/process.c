#include "process.h"

#include <sys/resource.h>

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "stats/filter.h"

#define FILE_BYTES_MAX 4096 /* of stat and limits; they are shorter */
#define NETSTAT_BYTES_MAX 16384
#define UNLIMITED UINT64_MAX

#define PROCESS_NAME_MAX 128

/* Fields of /proc/PID/stat behind the command's ")", counted from 0. */
enum stat_field {
	STAT_UTIME = 11,
	STAT_STIME = 12,
	STAT_START = 19,
	STAT_VIRTUAL = 20,
	STAT_RESIDENT = 21,
	STAT_FIELDS
};

struct process_reader {
	uint64_t boot;  /* seconds since 1970 */
	uint64_t ticks; /* per second */
	uint64_t page;  /* bytes */
};

/* What is being rendered, a row after the other. */
struct process {
	const struct process_reader *reader;
	pid_t pid;
	enum text_format format;
	const char *prefix;
	const struct filter *filter;
	uint64_t stat[STAT_FIELDS];
	bool has_network;
	uint64_t received, transmitted; /* bytes */
};

/* Appends the value, or returns -1 when it cannot be known. */
typedef int read_fn(const struct process *p, struct buf *out);

static read_fn read_cpu, read_open, read_max_open, read_received,
    read_transmitted, read_virtual, read_max_virtual, read_resident, read_start;

static const struct {
	const char *name;
	enum metric_type type;
	const char *help;
	read_fn *read;
} rows[] = {
	{ "process_cpu_seconds_total", METRIC_COUNTER,
	    "CPU time spent, user and system, in seconds.", read_cpu },
	{ "process_max_fds", METRIC_GAUGE, "File descriptors that may be open.",
	    read_max_open },
	{ "process_network_receive_bytes_total", METRIC_COUNTER,
	    "Bytes that came in by IP, in the whole network namespace of the "
	    "process.",
	    read_received },
	{ "process_network_transmit_bytes_total", METRIC_COUNTER,
	    "Bytes that went out by IP, from the whole network namespace of "
	    "the process.",
	    read_transmitted },
	{ "process_open_fds", METRIC_GAUGE, "File descriptors open now.",
	    read_open },
	{ "process_resident_memory_bytes", METRIC_GAUGE,
	    "Memory that is in RAM, in bytes.", read_resident },
	{ "process_start_time_seconds", METRIC_GAUGE,
	    "When the process started, in seconds since 1970.", read_start },
	{ "process_virtual_memory_bytes", METRIC_GAUGE,
	    "Address space in use, in bytes.", read_virtual },
	{ "process_virtual_memory_max_bytes", METRIC_GAUGE,
	    "Address space that may be used, in bytes; "
	    "18446744073709551615 for no limit.",
	    read_max_virtual },
};

/* The number behind a name at the front of a line. */
static int
find_number(const char *text, const char *name, uint64_t *n)
{
	const char *at = strstr(text, name);

	if (at == NULL)
		return -1;
	at += strlen(name);
	at += strspn(at, " ");
	return parse_u64((struct span){ at, strspn(at, "0123456789") }, n);
}

/* The "btime" of /proc/stat, which a service may not be allowed to see. */
static uint64_t
boot_time(void)
{
	struct timespec now, up;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)clock_gettime(CLOCK_BOOTTIME, &up);
	return (uint64_t)(now.tv_sec - up.tv_sec - (now.tv_nsec < up.tv_nsec));
}

struct process_reader *
process_reader_new(void)
{
	struct process_reader *p = xmalloc(sizeof(*p));

	p->boot = boot_time();
	p->ticks = (uint64_t)sysconf(_SC_CLK_TCK);
	p->page = (uint64_t)sysconf(_SC_PAGESIZE);
	return p;
}

void
process_reader_free(struct process_reader *p)
{
	free(p);
}

/* The command may hold blanks and parentheses: its end is the last one. */
static int
read_stat(struct process *p, const char *text)
{
	const char *at = strrchr(text, ')');

	if (at == NULL)
		return -1;
	at++;
	for (int i = 0; i < STAT_FIELDS; i++) {
		size_t n;

		at += strspn(at, " ");
		n = strcspn(at, " \n");
		/* some fields are letters or negative: none that is used */
		if (parse_u64((struct span){ at, n }, &p->stat[i]) < 0)
			p->stat[i] = 0;
		at += n;
	}
	return p->stat[STAT_START] > 0 ? 0 : -1;
}

static int
read_cpu(const struct process *p, struct buf *out)
{
	uint64_t ticks = p->stat[STAT_UTIME] + p->stat[STAT_STIME];

	text_seconds(out, ticks * 1000000 / p->reader->ticks);
	return 0;
}

static int
read_start(const struct process *p, struct buf *out)
{
	uint64_t us = p->stat[STAT_START] * 1000000 / p->reader->ticks;

	if (p->reader->boot == 0)
		return -1;
	text_seconds(out, p->reader->boot * 1000000 + us);
	return 0;
}

/* Moves the next word off the text; empty at a line's end. */
static struct span
next_word(const char **text)
{
	struct span word = { *text, strcspn(*text, " \n") };

	*text += word.len;
	*text += **text == ' ';
	return word;
}

/*
 * Of /proc/PID/net/netstat, which has names in one line and the numbers in the
 * next. client_golang takes these two as well, though they are not the
 * process's alone.
 */
static void
read_network(struct process *p)
{
	static const char ip[] = "\nIpExt: ";
	char path[64], text[NETSTAT_BYTES_MAX];
	const char *names, *numbers;
	struct span content, name;
	struct error why;
	unsigned found = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/net/netstat", (int)p->pid);
	if (file_read(path, text, sizeof(text), &content, &why) < 0 ||
	    (names = strstr(text, ip)) == NULL ||
	    (numbers = strstr(names + 1, ip)) == NULL)
		return;
	names += strlen(ip);
	numbers += strlen(ip);
	while ((name = next_word(&names)).len > 0) {
		struct span number = next_word(&numbers);

		if (span_is(name, "InOctets"))
			found += parse_u64(number, &p->received) == 0;
		else if (span_is(name, "OutOctets"))
			found += parse_u64(number, &p->transmitted) == 0;
	}
	p->has_network = found == 2;
}

static int
add_network(const struct process *p, struct buf *out, uint64_t bytes)
{
	if (!p->has_network)
		return -1;
	buf_add_u64(out, bytes);
	return 0;
}

static int
read_received(const struct process *p, struct buf *out)
{
	return add_network(p, out, p->received);
}

static int
read_transmitted(const struct process *p, struct buf *out)
{
	return add_network(p, out, p->transmitted);
}

static int
read_virtual(const struct process *p, struct buf *out)
{
	buf_add_u64(out, p->stat[STAT_VIRTUAL]);
	return 0;
}

static int
read_resident(const struct process *p, struct buf *out)
{
	buf_add_u64(out, p->stat[STAT_RESIDENT] * p->reader->page);
	return 0;
}

/*
 * The system call is for processes of our own user, the file for all; but the
 * kernel takes longer to print it than all the rest of a scrape's files.
 */
static int
read_limit(const struct process *p, __rlimit_resource_t resource,
    const char *name, uint64_t *n)
{
	char path[64], text[FILE_BYTES_MAX];
	struct rlimit limit;
	struct span content;
	struct error why;

	if (prlimit(p->pid, resource, NULL, &limit) == 0) {
		*n = limit.rlim_cur == RLIM_INFINITY ? UNLIMITED
						     : limit.rlim_cur;
		return 0;
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/limits", (int)p->pid);
	if (file_read(path, text, sizeof(text), &content, &why) < 0)
		return -1;
	if (find_number(text, name, n) < 0)
		*n = UNLIMITED;
	return 0;
}

static int
read_max_open(const struct process *p, struct buf *out)
{
	uint64_t n;

	if (read_limit(p, RLIMIT_NOFILE, "Max open files", &n) < 0)
		return -1;
	buf_add_u64(out, n);
	return 0;
}

static int
read_max_virtual(const struct process *p, struct buf *out)
{
	uint64_t n;

	if (read_limit(p, RLIMIT_AS, "Max address space", &n) < 0)
		return -1;
	buf_add_u64(out, n);
	return 0;
}

static int
read_open(const struct process *p, struct buf *out)
{
	char path[64];
	uint64_t n = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)p->pid);
	dir = opendir(path);
	if (dir == NULL)
		return -1;
	for (struct dirent *d; (d = readdir(dir)) != NULL;)
		n += d->d_name[0] != '.';
	(void)closedir(dir);
	/* our own look at our own directory is one of them */
	buf_add_u64(out, p->pid == getpid() ? n - 1 : n);
	return 0;
}

static void
name_row(char name[PROCESS_NAME_MAX], const char *prefix, size_t i)
{
	(void)snprintf(name, PROCESS_NAME_MAX, "%s%s", prefix, rows[i].name);
}

static void
render_row(const struct process *p, struct buf *out, size_t i)
{
	char name[PROCESS_NAME_MAX];
	size_t before = out->len;

	name_row(name, p->prefix, i);
	if (!filter_shows(p->filter, name))
		return;
	text_family(out, p->format, name, rows[i].type, rows[i].help);
	buf_add_str(out, name);
	buf_add_char(out, ' ');
	if (rows[i].read(p, out) < 0)
		out->len = before;
	else
		buf_add_char(out, '\n');
}

int
process_render(struct process_reader *reader, struct buf *out,
    enum text_format format, const char *prefix, const struct filter *filter,
    pid_t pid, struct error *e)
{
	struct process p = { .reader = reader,
		.pid = pid,
		.format = format,
		.prefix = prefix,
		.filter = filter };
	char path[64], text[FILE_BYTES_MAX];
	struct span content;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read(path, text, sizeof(text), &content, e) < 0)
		return -1;
	if (read_stat(&p, text) < 0)
		return error_set(e, "%s: not understood", path);
	read_network(&p);
	for (size_t i = 0; i < nitems(rows); i++)
		render_row(&p, out, i);
	return 0;
}

void
process_families(const char *prefix, text_family_fn *each, void *arg)
{
	char name[PROCESS_NAME_MAX];

	for (size_t i = 0; i < nitems(rows); i++) {
		name_row(name, prefix, i);
		each(name, arg);
	}
}
