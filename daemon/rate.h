/*
 * Requests per second of many peers: a token bucket for each address or
 * account seen lately, in a table of fixed size. A stranger takes the place of
 * the one of his set that has been away longest, whose bucket is most likely
 * full again; so a table that is too small forgives, it never blames.
 */
#ifndef CLEARINGD_DAEMON_RATE_H
#define CLEARINGD_DAEMON_RATE_H

#include "engine/base.h"

struct rate_table;

/* A table for about `peers` at once. NULL if memory is short. */
must_use struct rate_table *rate_create(uint32_t peers);
void rate_destroy(struct rate_table *table); /* may be NULL */

/* Sets what a peer may ask, a second and at once; 0: no limit. */
void rate_limit(struct rate_table *table, uint32_t per_second);

/* One request of the peer known by these bytes at this (steady) time.
 * Returns 0 when it may pass, else the milliseconds until one may. */
uint32_t rate_take(struct rate_table *table, const void *peer, size_t size,
                   uint64_t now_ns);

#endif
