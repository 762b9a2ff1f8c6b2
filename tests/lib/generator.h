/*
 * Random commands for an engine: mostly such as a real network would see
 * (traders around the mark, reporters on a price path with crashes, gaps and
 * silence), often slightly wrong, sometimes wild. Nothing is left out because
 * it would be refused. Every command goes through its bytes, so the engine
 * sees what a journal could hold and nothing else.
 */
#ifndef CLEARINGD_TESTS_LIB_GENERATOR_H
#define CLEARINGD_TESTS_LIB_GENERATOR_H

#include "engine/engine.h"
#include "tests/lib/random.h"

#define GENERATOR_MEMORY 16

struct generator {
    struct random_state random;
    struct nanos time;              /* of the command before */
    struct price prices[FEEDS_MAX]; /* the true ones; reports are near them */
    uint32_t owners;                /* traders, addresses 0 to owners - 1 */
    uint32_t mood;                  /* of the price path */
    uint32_t wild;                  /* percent of fields that are wild */
    uint64_t next_nonce, next_reference;
    uint64_t index;
    /* Encoded commands of before, to come again. */
    uint8_t *memory[GENERATOR_MEMORY];
    size_t memory_sizes[GENERATOR_MEMORY];
    struct command_buffer draft;  /* lists of the command being made */
    struct command_buffer buffer; /* lists of the command handed out */
    uint8_t *bytes;
    uint64_t kinds[COMMAND_SET_LEVERAGE + 1]; /* how many of each */
};

/* A genesis drawn from the seed (sizes, caps, fees, funds, tiers vary; it
 * passes genesis_check), and a generator for it. */
void generator_init(struct generator *generator, uint64_t seed,
                    struct genesis *genesis);
void generator_free(struct generator *generator);

/* The next command, with index and time, fit for engine_apply on this engine
 * (whose state is looked at for prices and ids). Its lists are borrowed until
 * the next call. */
void generator_next(struct generator *generator, const struct engine *engine,
                    struct command *command);

#endif
