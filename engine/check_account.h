/*
 * PRIVATE to the engine: engine_check's part for accounts, positions and
 * their orders.
 */
#ifndef CLEARINGD_ENGINE_CHECK_ACCOUNT_H
#define CLEARINGD_ENGINE_CHECK_ACCOUNT_H

#include "engine/check_fault.h"
#include "engine/state.h"

/* Every account, position and order is linked and found, counts what it has,
 * and its cached margin figures are those made from scratch. */
must_use bool check_account(const struct engine *engine,
                            struct engine_fault *fault);

#endif
