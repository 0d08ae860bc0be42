#include "memcached/resolve.h"

#include <sys/queue.h>
#include <sys/resource.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/stamp.h"
#include "memcached/attempt.h"
#include "memcached/hosts.h"
#include "memcached/resolv_conf.h"

#define HOSTS_PATH "/etc/hosts"
#define RESOLV_CONF_PATH "/etc/resolv.conf"

/*
 * A scrape lives for about a second: ask again soon, then after twice as long
 * each time, and do not wait long for the AAAA answer that broken servers never
 * send. The attempt before the last may still be answered: a server that is
 * slow under load would do all its work in vain.
 */
#define ATTEMPT_US 300000U
#define SKEW_US 100000

/* How often each server is asked, the first time in the way that is safest. */
#define ROUNDS 3

/* A share of the descriptors that the process may have. */
#define DESCRIPTORS_SHARE 4

/* A table of names found before: one for each value of a hash. */
#define KNOWN_MAX 4096

struct lookup {
	struct resolver *resolver;
	struct resolv_conf *conf;
	lookup_fn *done;
	void *arg;
	struct address address;

	size_t candidate; /* which name is asked for */
	bool is_plain;    /* since none was found */
	bool any_missing; /* a server said so of one */
	size_t attempts;  /* for this candidate */
	size_t first;     /* the server of the first one */
	struct inquiry inquiry;

	struct attempt *attempt; /* NULL: none is under way */
	struct attempt *earlier; /* the one before it, or NULL */
	TAILQ_ENTRY(lookup) entry;
	bool is_listed;
	bool was_known;

	struct event *timer;
	const char *fault; /* of the last attempt */
	bool is_busy;      /* for want of a descriptor */
	bool has_ended;
};

TAILQ_HEAD(lookups, lookup);

struct resolver {
	struct event_base *base;
	struct hosts *hosts;
	struct resolv_conf *conf;
	struct stamp stamp;
	size_t preferred;              /* the server that answered last */
	struct lookups known, unknown; /* under way, the oldest attempt first */
	size_t attempts_len, attempts_max;
	uint32_t names[KNOWN_MAX]; /* hashes */
};

static void go_on(struct lookup *l);

struct resolver *
resolver_new(struct event_base *base)
{
	struct resolver *r = xcalloc(1, sizeof(*r));
	struct rlimit limit = { 0 };

	r->base = base;
	r->hosts = hosts_new(HOSTS_PATH);
	TAILQ_INIT(&r->known);
	TAILQ_INIT(&r->unknown);
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	r->attempts_max = RESOLVE_ATTEMPTS_MAX;
	/* the soft one is raised to it */
	if (limit.rlim_max / DESCRIPTORS_SHARE < r->attempts_max)
		r->attempts_max = (size_t)limit.rlim_max / DESCRIPTORS_SHARE;
	return r;
}

void
resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	resolv_conf_release(r->conf);
	hosts_free(r->hosts);
	free(r);
}

static struct resolv_conf *
current_conf(struct resolver *r)
{
	struct stamp now = stamp_of(RESOLV_CONF_PATH);

	if (r->conf != NULL && stamp_same(&now, &r->stamp))
		return r->conf;
	r->stamp = now;
	r->preferred = 0;
	resolv_conf_release(r->conf);
	r->conf = resolv_conf_new(RESOLV_CONF_PATH);
	return r->conf;
}

/* Of a name in any case (FNV-1a). */
static uint32_t
hash(const char *name)
{
	uint32_t h = 2166136261U;

	for (; *name != '\0'; name++)
		h = (h ^ ((unsigned char)*name | 0x20U)) * 16777619U;
	return h;
}

static struct lookups *
list_of(const struct lookup *l)
{
	return l->was_known ? &l->resolver->known : &l->resolver->unknown;
}

static void
end_attempt(struct lookup *l, struct attempt **a)
{
	if (*a == NULL)
		return;
	attempt_free(*a);
	*a = NULL;
	l->resolver->attempts_len--;
}

static void
end_attempts(struct lookup *l)
{
	end_attempt(l, &l->attempt);
	end_attempt(l, &l->earlier);
	if (l->is_listed)
		TAILQ_REMOVE(list_of(l), l, entry);
	l->is_listed = false;
}

/*
 * The look-up that loses its attempts makes the last one anew when its timer
 * says so: it has not failed, so there is no reason to ask in the plain way.
 */
static void
make_room(struct resolver *r)
{
	struct lookup *oldest = TAILQ_FIRST(&r->unknown);

	if (oldest == NULL)
		oldest = TAILQ_FIRST(&r->known);
	if (oldest == NULL || r->attempts_len < r->attempts_max)
		return;
	oldest->attempts -= oldest->attempt != NULL;
	end_attempts(oldest);
}

void
lookup_cancel(struct lookup *l)
{
	if (l == NULL)
		return;
	end_attempts(l);
	inquiry_release(&l->inquiry);
	event_free(l->timer);
	resolv_conf_release(l->conf);
	free(l);
}

/* IPv4 first, as they have always come. */
static void
collect(const struct lookup *l, struct endpoints *all)
{
	all->len = 0;
	for (size_t f = 0; f < FAMILIES; f++) {
		const struct endpoints *some = l->inquiry.found[f];
		size_t n = some != NULL ? some->len : 0;

		for (size_t i = 0; i < n && all->len < ENDPOINTS_MAX; i++)
			all->list[all->len++] = some->list[i];
	}
	endpoints_set_port(all, (uint16_t)l->address.port);
}

static void
deliver(struct lookup *l)
{
	uint32_t name = hash(l->address.host);
	struct resolver *r = l->resolver;
	lookup_fn *done = l->done;
	void *arg = l->arg;
	struct endpoints all;
	struct error why;

	collect(l, &all);
	if (all.len > 0)
		r->names[name % KNOWN_MAX] = name;
	else
		(void)error_because(&why, l->is_busy ? REASON_BUSY : REASON_DNS,
		    "look up %s: %s", l->address.host, l->fault);
	lookup_cancel(l);
	if (all.len > 0)
		done(&all, NULL, arg);
	else
		done(NULL, &why, arg);
}

/* done is called from the loop. */
static void
end(struct lookup *l)
{
	end_attempts(l);
	l->has_ended = true;
	event_active(l->timer, EV_TIMEOUT, 0);
}

static void
set_timer(struct lookup *l, unsigned us)
{
	struct timeval later = { us / 1000000, us % 1000000 };

	(void)event_add(l->timer, &later);
}

static bool
any_found(const struct lookup *l)
{
	return l->inquiry.found[FAMILY_4] != NULL ||
	       l->inquiry.found[FAMILY_6] != NULL;
}

/*
 * The next name to ask for. When none was found there is a second time: some
 * servers do not know a name whose case is mixed.
 */
static void
next_candidate(struct lookup *l)
{
	char name[ADDRESS_HOST_MAX];

	for (;;) {
		if (resolv_conf_candidate(l->conf, l->address.host,
			l->address.is_absolute, l->candidate++, name)) {
			l->attempts = 0;
			if (inquiry_begin(&l->inquiry, name))
				break;
			continue;
		}
		if (l->is_plain || !l->any_missing) {
			end(l);
			return;
		}
		l->is_plain = true;
		l->candidate = 0;
	}
	go_on(l);
}

/* The server of the last attempt. */
static size_t
server_of(const struct lookup *l)
{
	return (l->first + l->attempts - 1) % l->conf->servers_len;
}

static bool
on_fault(struct lookup *l, struct attempt *a, const char *fault)
{
	if (a == l->earlier) {
		end_attempt(l, &l->earlier);
		return false;
	}
	l->fault = fault;
	end_attempt(l, &l->attempt);
	go_on(l);
	return false;
}

static bool
on_outcome(struct attempt *a, const char *fault, void *arg)
{
	struct lookup *l = arg;
	struct inquiry *i = &l->inquiry;

	if (fault != NULL)
		return on_fault(l, a, fault);
	l->resolver->preferred = server_of(l);
	if (!i->answered[FAMILY_4] || !i->answered[FAMILY_6]) {
		if (any_found(l))
			set_timer(l, SKEW_US);
		return true;
	}
	end_attempts(l);
	if (any_found(l)) {
		end(l);
		return false;
	}
	l->fault = "no such name, or no address";
	l->any_missing = true;
	next_candidate(l);
	return false;
}

static bool
start_attempt(struct lookup *l)
{
	size_t round = l->attempts / l->conf->servers_len;
	struct resolver *r = l->resolver;

	make_room(r);
	l->attempts++;
	l->attempt = attempt_new(r->base, &l->conf->servers[server_of(l)],
	    &l->inquiry, l->is_plain || round > 0, on_outcome, l);
	l->is_busy = l->attempt == NULL && (errno == EMFILE || errno == ENFILE);
	if (l->attempt == NULL) {
		l->fault = strerrordesc_np(errno);
		return false;
	}
	r->attempts_len++;
	if (l->is_listed)
		TAILQ_REMOVE(list_of(l), l, entry);
	TAILQ_INSERT_TAIL(list_of(l), l, entry);
	l->is_listed = true;
	set_timer(l, ATTEMPT_US << round);
	return true;
}

/* No attempt is new enough to be waited for: another one, or the end. */
static void
go_on(struct lookup *l)
{
	while (!any_found(l) && l->attempts < ROUNDS * l->conf->servers_len) {
		if (start_attempt(l))
			return;
	}
	end(l);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct lookup *l = arg;

	(void)fd;
	(void)what;
	if (l->has_ended) {
		deliver(l);
		return;
	}
	l->fault = "no answer from the name servers";
	end_attempt(l, &l->earlier);
	l->earlier = l->attempt;
	l->attempt = NULL;
	go_on(l);
}

struct lookup *
resolver_lookup(
    struct resolver *r, const struct address *a, lookup_fn *done, void *arg)
{
	struct lookup *l = xcalloc(1, sizeof(*l));
	struct endpoints found = { 0 };
	uint32_t name = hash(a->host);

	l->resolver = r;
	l->conf = current_conf(r);
	resolv_conf_hold(l->conf);
	l->first = r->preferred;
	l->done = done;
	l->arg = arg;
	l->address = *a;
	l->was_known = r->names[name % KNOWN_MAX] == name;
	l->timer = xnonnull(evtimer_new(r->base, on_timer, l));
	l->fault = "no name that can be asked for";
	if (!hosts_find(r->hosts, a->host, &found)) {
		next_candidate(l);
		return l;
	}
	/* all of them, in the order of the file */
	l->inquiry.found[FAMILY_4] = xmalloc(sizeof(found));
	*l->inquiry.found[FAMILY_4] = found;
	end(l);
	return l;
}
