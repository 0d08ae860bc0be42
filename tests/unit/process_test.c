#include "process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support.h"

static const struct {
	const char *name;
	const char *type;
} families[] = {
	{ "process_cpu_seconds_total", "counter" },
	{ "process_max_fds", "gauge" },
	{ "process_network_receive_bytes_total", "counter" },
	{ "process_network_transmit_bytes_total", "counter" },
	{ "process_open_fds", "gauge" },
	{ "process_resident_memory_bytes", "gauge" },
	{ "process_start_time_seconds", "gauge" },
	{ "process_virtual_memory_bytes", "gauge" },
	{ "process_virtual_memory_max_bytes", "gauge" },
};

/* What the kernel says of a process now, as text with a NUL behind it. */
static void
look(struct buf *out, const char *prefix, pid_t pid)
{
	struct process_reader *p = process_reader_new();
	struct error e;

	buf_init(out, 1 << 16);
	check_number(prefix,
	    process_render(p, out, TEXT_PROMETHEUS, prefix, NULL, pid, &e), 0);
	buf_add_char(out, '\0');
	process_reader_free(p);
}

#define ABSENT (-2)

/* The value of a sample without labels. */
static double
value_in(const struct buf *text, const char *name)
{
	char line[100];
	const char *at;

	(void)snprintf(line, sizeof(line), "\n%s ", name);
	at = strstr(text->p, line);
	return at != NULL ? strtod(at + strlen(line), NULL) : ABSENT;
}

static double
value_now(const char *name)
{
	struct buf out;
	double value;

	look(&out, "", getpid());
	value = value_in(&out, name);
	buf_release(&out);
	return value;
}

TEST(families_in_order)
{
	struct buf out;
	const char *at;

	look(&out, "memcached_", getpid());
	at = out.p;
	for (EACH(f, families)) {
		char line[100];

		(void)snprintf(
		    line, sizeof(line), "# HELP memcached_%s ", f->name);
		check(f->name, strncmp(at, line, strlen(line)) == 0);
		at = strchr(at, '\n') + 1;
		(void)snprintf(line, sizeof(line),
		    "# TYPE memcached_%s %s\nmemcached_%s ", f->name, f->type,
		    f->name);
		check(f->name, strncmp(at, line, strlen(line)) == 0);
		at = strchr(at + strlen(line), '\n') + 1;
	}
	check("the end", *at == '\0');
	buf_release(&out);
}

/* Those that a tool like valgrind has opened count as well. */
static int
count_open(void)
{
	char path[64], target[64];
	int n = 0;

	for (int fd = 0; fd < 65536; fd++) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n += readlink(path, target, sizeof(target)) >= 0;
	}
	return n;
}

TEST(values)
{
	struct rlimit files, space;
	double now = (double)time(NULL), open_before;
	int fd;

	(void)getrlimit(RLIMIT_NOFILE, &files);
	(void)getrlimit(RLIMIT_AS, &space);
	open_before = value_now("process_open_fds");
	assert_true(open_before == count_open());
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(value_now("process_open_fds") == open_before + 1);
	(void)close(fd);
	assert_true(value_now("process_max_fds") == (double)files.rlim_cur);
	assert_true(value_now("process_start_time_seconds") > now - 3600);
	assert_true(value_now("process_start_time_seconds") < now + 5);
	assert_true(value_now("process_resident_memory_bytes") > 100000);
	assert_true(value_now("process_virtual_memory_bytes") >
		    value_now("process_resident_memory_bytes"));
	assert_true(value_now("process_virtual_memory_max_bytes") ==
		    (space.rlim_cur == RLIM_INFINITY ? 18446744073709551615.0
						     : (double)space.rlim_cur));
}

TEST(cpu_time)
{
	double before, after;

	while (clock() < CLOCKS_PER_SEC / 10)
		;
	before = (double)clock() / CLOCKS_PER_SEC;
	after = value_now("process_cpu_seconds_total");
	/* the kernel tells it in ticks */
	assert_true(after > before - 0.05 && after < before + 0.5);
}

/* What goes through the loopback interface comes in as well. */
TEST(network)
{
	static const char *const names[] = {
		"process_network_receive_bytes_total",
		"process_network_transmit_bytes_total",
	};
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char bytes[1000] = { 0 };

	for (size_t i = 0; i < nitems(names); i++) {
		double before = value_now(names[i]), after;

		(void)sendto(fd, bytes, sizeof(bytes), 0,
		    (const struct sockaddr *)&to, sizeof(to));
		after = value_now(names[i]);
		check(names[i], before >= 0 && after >= before + 1000);
	}
	(void)close(fd);
}

/* The kernel prints it in parentheses, in front of all else. */
TEST(odd_command_name)
{
	double start = value_now("process_start_time_seconds");

	assert_int_equal(prctl(PR_SET_NAME, ") R 1 (a b)"), 0);
	assert_true(value_now("process_start_time_seconds") == start);
}

TEST(another_process)
{
	double ours = value_now("process_open_fds");
	struct buf out;
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		/* lives until the other end is closed */
		char c;

		(void)close(ends[1]);
		_exit(read(ends[0], &c, 1) != 0);
	}
	(void)close(ends[0]);
	look(&out, "", child);
	for (EACH(f, families))
		check(f->name, value_in(&out, f->name) > ABSENT);
	/* with both ends, or already without one of them */
	check("open", value_in(&out, "process_open_fds") >= ours + 1);
	check("open", value_in(&out, "process_open_fds") <= ours + 2);
	buf_release(&out);
	(void)close(ends[1]);
	assert_true(waitpid(child, NULL, 0) == child);
}

/* Another user's descriptors cannot be counted; the rest is there. */
TEST(another_user)
{
	double max = value_now("process_max_fds");
	int status;
	pid_t child;

	if (getuid() != 0)
		skip();
	child = fork();
	if (child == 0) {
		struct buf out;

		if (setresuid(65534, 65534, 65534) != 0)
			_exit(1);
		look(&out, "", getppid());
		_exit(strstr(out.p, "process_open_fds") != NULL ||
		      value_in(&out, "process_max_fds") < max ||
		      value_in(&out, "process_virtual_memory_max_bytes") <=
			  ABSENT ||
		      value_in(&out, "process_start_time_seconds") <= ABSENT);
	}
	assert_true(waitpid(child, &status, 0) == child);
	assert_int_equal(status, 0);
}

TEST(no_such_process)
{
	struct process_reader *p = process_reader_new();
	struct buf out;
	struct error e = { 0 };
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	assert_true(waitpid(child, NULL, 0) == child);
	buf_init(&out, 100);
	check_number("dead",
	    process_render(p, &out, TEXT_PROMETHEUS, "", NULL, child, &e), -1);
	check_number("dead", out.len, 0);
	check("dead", strstr(e.text, "/proc/") != NULL);
	process_reader_free(p);
	process_reader_free(NULL);
}

TESTS("process", T(families_in_order), T(values), T(cpu_time), T(network),
    T(odd_command_name), T(another_process), T(another_user),
    T(no_such_process))
