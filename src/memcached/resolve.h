/*
 * Names to addresses without blocking: from the hosts file, else from the name
 * servers of resolv.conf. A file that has changed counts for the next look-up.
 *
 * The questions are our own, in dns.h, because none of the ready ways keeps
 * what is wanted here:
 * - evdns of libevent 2.1 has one port for its life, neither EDNS0 nor TCP, so
 *   a name of 40 addresses fails, and 64 questions at a time, so silent names
 *   hold up all others;
 * - c-ares 1.18 (Debian 12) has no 0x20, keeps a port as long as a channel,
 *   which costs 75 kB and 44 us, draws ids from a weak generator
 *   (CVE-2023-31147), cannot cancel one question, and reads neither a server's
 *   port nor its scope (fe80::1%eth0);
 * - getaddrinfo blocks: each silent name holds a thread for ten seconds, and
 *   there is no 0x20.
 *
 * Each attempt has a socket of its own, connected to the server: a fresh port
 * that takes datagrams from there only. Off the path an answer has to guess the
 * port, the id and the case of each letter of the name. The servers are asked
 * once like this, then twice in the plain way for those that break it; a name
 * that is not found is asked for in the plain way as well. An answer that is
 * too long for a datagram is fetched over TCP.
 *
 * Nothing waits for a place: past the maximum of attempts under way, the oldest
 * loses its socket, and goes on with its next attempt in turn. A name that was
 * found before loses it after those that were not.
 */
#ifndef MEMCACHED_RESOLVE_H
#define MEMCACHED_RESOLVE_H

#include <stddef.h>

#include "base/address.h"
#include "base/error.h"
#include "memcached/endpoints.h"

/*
 * Attempts under way at a time, and no more than a quarter of the descriptors
 * that the process may have.
 */
#define RESOLVE_ATTEMPTS_MAX 1024

struct event_base;
struct resolver;
struct lookup;

/* found is borrowed and NULL on failure; why is NULL on success. */
typedef void lookup_fn(
    const struct endpoints *found, const struct error *why, void *arg);

struct resolver *resolver_new(struct event_base *base);

/* Its lookups must have ended or been cancelled. */
void resolver_free(struct resolver *r);

/*
 * Looks up a host, an absolute name without the search list; never calls `done`
 * before it returns. The lookup ends with its call of `done` or with
 * lookup_cancel.
 */
struct lookup *resolver_lookup(
    struct resolver *r, const struct address *a, lookup_fn *done, void *arg);
void lookup_cancel(struct lookup *l);

#endif
