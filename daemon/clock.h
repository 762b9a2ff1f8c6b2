/*
 * Clocks of the machine. What the engine calls time is in its commands and
 * comes from here only by way of the pipeline.
 */
#ifndef CLEARINGD_DAEMON_CLOCK_H
#define CLEARINGD_DAEMON_CLOCK_H

#include "engine/units.h"

/* Wall clock, since the Unix epoch. */
struct nanos clock_wall(void);

/* Wall clock in microseconds, for the envelopes of answers. */
uint64_t clock_wall_us(void);

/* Never goes back; only differences mean something. */
uint64_t clock_steady_ns(void);

#endif
