#include "process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <fcntl.h>
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
	check_number(prefix, process_render(p, out, prefix, pid, &e), 0);
	buf_add_char(out, '\0');
	process_reader_free(p);
}

/* The value of a sample without labels; absent is NaN. */
static double
value_in(const struct buf *text, const char *name)
{
	char line[100];
	const char *at;

	(void)snprintf(line, sizeof(line), "\n%s ", name);
	at = strstr(text->p, line);
	return at != NULL ? strtod(at + strlen(line), NULL) : -1e300;
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

TEST(values)
{
	struct rlimit files;
	double now = (double)time(NULL);
	double open_before = value_now("process_open_fds");
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)getrlimit(RLIMIT_NOFILE, &files);
	assert_true(value_now("process_open_fds") == open_before + 1);
	(void)close(fd);
	assert_true(value_now("process_open_fds") == open_before);
	assert_true(value_now("process_max_fds") == (double)files.rlim_cur);
	assert_true(value_now("process_start_time_seconds") > now - 600);
	assert_true(value_now("process_start_time_seconds") < now + 5);
	assert_true(value_now("process_resident_memory_bytes") > 100000);
	assert_true(value_now("process_virtual_memory_bytes") >
		    value_now("process_resident_memory_bytes"));
	assert_true(value_now("process_virtual_memory_max_bytes") >= -1);
}

TEST(cpu_time_grows)
{
	double before = value_now("process_cpu_seconds_total");
	clock_t start = clock();

	while (clock() - start < CLOCKS_PER_SEC / 20)
		;
	assert_true(before >= 0);
	assert_true(value_now("process_cpu_seconds_total") > before);
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
		check(f->name, value_in(&out, f->name) >= -1);
	buf_release(&out);
	(void)close(ends[1]);
	assert_true(waitpid(child, NULL, 0) == child);
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
	check_number("dead", process_render(p, &out, "", child, &e), -1);
	check_number("dead", out.len, 0);
	check("dead", strstr(e.text, "/proc/") != NULL);
	process_reader_free(p);
	process_reader_free(NULL);
}

TESTS("process", T(families_in_order), T(values), T(cpu_time_grows),
    T(odd_command_name), T(another_process), T(no_such_process))
