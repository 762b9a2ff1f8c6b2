/*
 * PRIVATE to the engine: the records DEPOSIT and WITHDRAWAL.
 */
#ifndef CLEARINGD_ENGINE_RECORD_MONEY_H
#define CLEARINGD_ENGINE_RECORD_MONEY_H

#include "engine/record_build.h"

/* Key and value of the record, as the engine is. */
void record_deposit_put(const struct engine *engine, uint32_t deposit,
                        struct record_build *build);
void record_withdrawal_put(const struct engine *engine, uint32_t withdrawal,
                           struct record_build *build);

/* Takes the record into the engine. Bytes that are none, one that is there,
 * or no room make a reader bad. */
void record_deposit_get(struct engine *engine, struct bytes_reader *key,
                        struct bytes_reader *value);
void record_withdrawal_get(struct engine *engine, struct bytes_reader *key,
                           struct bytes_reader *value);

#endif
