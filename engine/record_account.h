/*
 * PRIVATE to the engine: the record ACCOUNT.
 */
#ifndef CLEARINGD_ENGINE_RECORD_ACCOUNT_H
#define CLEARINGD_ENGINE_RECORD_ACCOUNT_H

#include "engine/record_build.h"

/* Key, value and sums of the record, as the engine is. */
void record_account_put(const struct engine *engine, uint32_t account,
                        struct record_build *build);

/* Takes the record into the engine, opening the account and its positions
 * where an order's record came first. Bytes that are none, a second record of
 * an account, or no room make a reader bad. Until engine_load_end the
 * account's is_changed says that its record was there. */
void record_account_get(struct engine *engine, struct bytes_reader *key,
                        struct bytes_reader *value);

#endif
