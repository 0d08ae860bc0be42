/*
 * Serving: the HTTP side and its routes, until a signal ends it. SIGHUP and
 * /-/reload read the configuration again.
 */
#ifndef SERVE_H
#define SERVE_H

#include "base/error.h"

struct event_base;
struct options;
struct setup;
struct signals;
struct targets;

/* What main has made. Borrowed, but for the setup, which is held. */
struct serve_env {
	const struct options *options;
	struct event_base *base;
	struct targets *targets;
	const struct setup *setup;
	struct signals *signals;
};

/* Returns at the end: 0, or -1 when it could not begin. */
int serve(const struct serve_env *env, struct error *e);

#endif
