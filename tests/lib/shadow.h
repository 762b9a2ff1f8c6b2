/*
 * What a reader of events alone knows: balances, positions and open orders.
 * It must be what the engine has; answers, pushes and histories are made
 * from nothing else. Fills are checked against the orders they are of.
 */
#ifndef CLEARINGD_TESTS_LIB_SHADOW_H
#define CLEARINGD_TESTS_LIB_SHADOW_H

#include "engine/engine.h"
#include "tests/lib/record_set.h"

/* Starts as zeros. */
struct shadow {
    struct record_set told;  /* by the events */
    struct record_set truth; /* room for shadow_equal */
};

void shadow_free(struct shadow *shadow);

/* Takes the engine's balances as they are, before the first event. */
void shadow_start(struct shadow *shadow, const struct engine *engine);

/* Takes one event in. False when it contradicts those before; `what` (at
 * least 128 bytes) says how. */
bool shadow_take(struct shadow *shadow, const struct event *event, char *what);

/* Is it what the engine has? */
bool shadow_equal(struct shadow *shadow, const struct engine *engine,
                  char *what);

#endif
