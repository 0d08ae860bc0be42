#include "memcached/resolve.h"

#include <sys/queue.h>
#include <sys/stat.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

#include "base/mem.h"
#include "base/span.h"

/* What a name's answer depends on besides the servers asked. */
static const char *const files[] = { "/etc/resolv.conf", "/etc/hosts" };

/*
 * A scrape lives for about a second: ask again soon, do not wait long for the
 * AAAA answer that broken servers never send, and do not mix cases in names
 * (0x20), which some caches answer with nothing.
 */
static const struct {
	const char *name;
	const char *value;
} options[] = {
	{ "timeout", "0.3" },
	{ "attempts", "3" },
	{ "getaddrinfo-allow-skew", "0.1" },
	{ "randomize-case", "0" },
};

struct lookup {
	TAILQ_ENTRY(lookup) entry;
	struct resolver *resolver;
	struct evdns_getaddrinfo_request *request;
	struct event *deliver;
	lookup_fn *done;
	void *arg;
	bool cancelled;
	int result;
	char host[ADDRESS_HOST_MAX];
	struct endpoints found;
};

TAILQ_HEAD(lookups, lookup);

struct resolver {
	struct event_base *base;
	struct evdns_base *dns[2]; /* as files say, and without their search */
	struct timespec changed[nitems(files)];
	struct lookups lookups;
};

/* Notes the files' times of change; true when one is new. */
static bool
files_changed(struct resolver *r)
{
	bool changed = false;

	for (size_t i = 0; i < nitems(files); i++) {
		struct stat st = { 0 };

		(void)stat(files[i], &st);
		if (memcmp(&st.st_mtim, &r->changed[i], sizeof(st.st_mtim)) ==
		    0)
			continue;
		r->changed[i] = st.st_mtim;
		changed = true;
	}
	return changed;
}

static void
drop_dns(struct resolver *r, int fail_requests)
{
	for (size_t i = 0; i < nitems(r->dns); i++) {
		if (r->dns[i] != NULL)
			evdns_base_free(r->dns[i], fail_requests);
		r->dns[i] = NULL;
	}
}

/*
 * Reads the files anew unless a lookup still depends on the old ones. A
 * missing resolv.conf is no error: the hosts file may be enough.
 */
static struct evdns_base *
fresh_dns(struct resolver *r, bool absolute)
{
	int what =
	    absolute ? DNS_OPTIONS_ALL & ~DNS_OPTION_SEARCH : DNS_OPTIONS_ALL;
	struct evdns_base *dns;

	if (TAILQ_EMPTY(&r->lookups) && files_changed(r))
		drop_dns(r, 0);
	if (r->dns[absolute] != NULL)
		return r->dns[absolute];
	dns =
	    xnonnull(evdns_base_new(r->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE));
	(void)evdns_base_resolv_conf_parse(dns, what, files[0]);
	for (size_t i = 0; i < nitems(options); i++)
		(void)evdns_base_set_option(
		    dns, options[i].name, options[i].value);
	r->dns[absolute] = dns;
	return dns;
}

struct resolver *
resolver_new(struct event_base *base)
{
	struct resolver *r = xcalloc(1, sizeof(*r));

	r->base = base;
	TAILQ_INIT(&r->lookups);
	return r;
}

static void
lookup_free(struct lookup *l)
{
	TAILQ_REMOVE(&l->resolver->lookups, l, entry);
	event_free(l->deliver);
	free(l);
}

void
resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	drop_dns(r, 1);
	/* evdns calls back through the loop for what was cancelled */
	while (!TAILQ_EMPTY(&r->lookups) &&
	       event_base_loop(r->base, EVLOOP_NONBLOCK | EVLOOP_ONCE) == 0)
		continue;
	free(r);
}

static void
on_deliver(evutil_socket_t fd, short what, void *arg)
{
	struct lookup *l = arg;
	struct error why;

	(void)fd;
	(void)what;
	if (!l->cancelled && l->found.len > 0) {
		l->done(&l->found, NULL, l->arg);
	} else if (!l->cancelled) {
		(void)error_because(&why, REASON_DNS, "look up %s: %s", l->host,
		    l->result != 0 ? evutil_gai_strerror(l->result)
				   : "no address");
		l->done(NULL, &why, l->arg);
	}
	lookup_free(l);
}

/* evdns may call this before evdns_getaddrinfo returns, or after a cancel. */
static void
on_answer(int result, struct evutil_addrinfo *list, void *arg)
{
	struct lookup *l = arg;

	l->request = NULL;
	l->result = result;
	for (struct evutil_addrinfo *ai = list;
	     ai != NULL && l->found.len < ENDPOINTS_MAX; ai = ai->ai_next) {
		struct endpoint *ep = &l->found.list[l->found.len++];

		*ep = (struct endpoint){ .len = ai->ai_addrlen };
		memcpy(&ep->sa, ai->ai_addr, ai->ai_addrlen);
	}
	if (list != NULL)
		evutil_freeaddrinfo(list);
	event_active(l->deliver, EV_TIMEOUT, 0);
}

struct lookup *
resolver_lookup(
    struct resolver *r, const struct address *a, lookup_fn *done, void *arg)
{
	struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_protocol = IPPROTO_TCP };
	struct evdns_base *dns = fresh_dns(r, a->is_absolute);
	struct lookup *l = xcalloc(1, sizeof(*l));
	char port[8];

	l->resolver = r;
	l->done = done;
	l->arg = arg;
	l->deliver = xnonnull(event_new(r->base, -1, 0, on_deliver, l));
	(void)snprintf(l->host, sizeof(l->host), "%s", a->host);
	(void)snprintf(port, sizeof(port), "%u", a->port);
	TAILQ_INSERT_TAIL(&r->lookups, l, entry);
	l->request =
	    evdns_getaddrinfo(dns, l->host, port, &hints, on_answer, l);
	return l;
}

void
lookup_cancel(struct lookup *l)
{
	if (l == NULL)
		return;
	l->cancelled = true;
	if (l->request != NULL)
		evdns_getaddrinfo_cancel(l->request);
}
