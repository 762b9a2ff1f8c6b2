/*
 * The state machine: (state, command) -> (state, events). Pure: no clock, no
 * I/O, no allocation after engine_init, no floating point, no order taken
 * from addresses or hash tables. Two engines that applied the same commands
 * have the same records, byte for byte.
 */
#ifndef CLEARINGD_ENGINE_ENGINE_H
#define CLEARINGD_ENGINE_ENGINE_H

#include "engine/event.h"
#include "engine/genesis.h"
#include "engine/record.h"

struct engine;

/* Bytes that engine_init needs for this genesis, 0 when genesis_check
 * refuses it. Multiple of 64. */
size_t engine_footprint(const struct genesis *genesis);

/* Makes an engine at index 0 in zeroed memory (a fresh anonymous mapping) of
 * engine_footprint bytes, aligned to 64. The genesis is copied. The memory
 * stays the caller's and is the whole of the engine. */
struct engine *engine_init(void *memory, const struct genesis *genesis);

/* Applies the command: index must be the last + 1 and time not before the
 * last one's. Never fails: what a caller did wrong is an event. */
void engine_apply(struct engine *engine, const struct command *command,
                  struct event_sink *sink);

/* A hint that this command is among the next to be applied: asks for the
 * memory it will need, while others are under way. Changes nothing. */
void engine_prefetch(const struct engine *engine,
                     const struct command *command);

uint64_t engine_index(const struct engine *engine);
struct nanos engine_time(const struct engine *engine);
const struct genesis *engine_genesis(const struct engine *engine);

/* What engine_check found: the invariant and where. */
struct engine_fault {
    char what[160];
    uint32_t market;  /* MARKET_ALL: not of one market */
    uint32_t account; /* slot, or NONE */
};

/* Recomputes the whole truth (docs/SPEC.md, invariants): money
 * conserved per asset, longs equal shorts, books uncrossed and sorted, cached
 * sums equal recomputed ones, lists and indexes consistent. O(everything).
 * True: all hold. */
must_use bool engine_check(const struct engine *engine,
                           struct engine_fault *fault);

/*
 * Records: the state as bytes. With tracking on, each object that a command
 * changes is remembered once; engine_changes hands them out (in any order;
 * each key at most once) and forgets them. A fresh engine's genesis records
 * count as changed.
 */
void engine_track(struct engine *engine, bool is_on);
void engine_changes(struct engine *engine, record_visitor *visit, void *ctx);
void engine_records(const struct engine *engine, record_visitor *visit,
                    void *ctx);

/* Rebuilds an engine from records (any order) on a freshly made one. A false
 * from either means the records are damaged or of another genesis: the engine
 * must be thrown away. */
must_use bool engine_load(struct engine *engine, const uint8_t *key,
                          size_t key_size, const uint8_t *value,
                          size_t value_size);
must_use bool engine_load_end(struct engine *engine);

#endif
