/*
 * scrypt = PBKDF2 over the output of p runs of a memory-hard mix: fill a table
 * with n states, then n times mix in the entry that the state itself names.
 * A state is 2r blocks of 64 bytes, its step (block mix) a chain of Salsa20
 * with 8 rounds. Words are little-endian, as the machine's are.
 */
#include "rpc/scrypt.h"

#include <nettle/pbkdf2.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_WORDS 16

static inline uint32_t rotate(uint32_t value, int bits)
{
    return value << bits | value >> (32 - bits);
}

static inline void quarter(uint32_t x[BLOCK_WORDS], int a, int b, int c, int d)
{
    x[b] ^= rotate(x[a] + x[d], 7);
    x[c] ^= rotate(x[b] + x[a], 9);
    x[d] ^= rotate(x[c] + x[b], 13);
    x[a] ^= rotate(x[d] + x[c], 18);
}

static void salsa20_8(uint32_t block[BLOCK_WORDS])
{
    uint32_t x[BLOCK_WORDS];

    memcpy(x, block, sizeof x);
    for (int i = 0; i < 4; i++) {
        quarter(x, 0, 4, 8, 12);
        quarter(x, 5, 9, 13, 1);
        quarter(x, 10, 14, 2, 6);
        quarter(x, 15, 3, 7, 11);
        quarter(x, 0, 1, 2, 3);
        quarter(x, 5, 6, 7, 4);
        quarter(x, 10, 11, 8, 9);
        quarter(x, 15, 12, 13, 14);
    }
    for (int i = 0; i < BLOCK_WORDS; i++)
        block[i] += x[i];
}

/* Even blocks of the chain go to the first half, odd ones to the second. */
static void block_mix(uint32_t *out, const uint32_t *in, size_t r)
{
    uint32_t x[BLOCK_WORDS];

    memcpy(x, in + (2 * r - 1) * BLOCK_WORDS, sizeof x);
    for (size_t i = 0; i < 2 * r; i++) {
        for (size_t w = 0; w < BLOCK_WORDS; w++)
            x[w] ^= in[i * BLOCK_WORDS + w];
        salsa20_8(x);
        memcpy(out + (i / 2 + i % 2 * r) * BLOCK_WORDS, x, sizeof x);
    }
}

/* One run over a state; table holds n states, spare one. */
static void mix(uint32_t *state, uint32_t *spare, uint32_t *table, size_t n,
                size_t r)
{
    size_t words = 2 * r * BLOCK_WORDS;
    uint32_t *now = state;
    uint32_t *next = spare;

    for (size_t i = 0; i < n; i++) {
        memcpy(table + i * words, now, words * sizeof *now);
        block_mix(next, now, r);
        memcpy(now, next, words * sizeof *now);
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t *last = now + (2 * r - 1) * BLOCK_WORDS;
        size_t pick = (last[0] | (uint64_t)last[1] << 32) & (n - 1);

        for (size_t w = 0; w < words; w++)
            now[w] ^= table[pick * words + w];
        block_mix(next, now, r);
        memcpy(now, next, words * sizeof *now);
    }
}

bool scrypt_derive(uint8_t *derived, size_t size, const char *password,
                   size_t password_size, const uint8_t *salt, size_t salt_size,
                   const struct scrypt_cost *cost)
{
    size_t state_size = 128 * (size_t)cost->r;
    size_t states_size = state_size * cost->p;
    size_t all_size = states_size + state_size * (1 + (size_t)cost->n);
    uint8_t *all;
    uint32_t *spare;

    check(cost->n >= 2 && (cost->n & (cost->n - 1)) == 0);
    check(cost->r >= 1 && cost->r <= SCRYPT_R_MAX);
    check(cost->p >= 1 && cost->p <= SCRYPT_P_MAX);
    all = malloc(all_size);
    if (all == NULL)
        return false;
    spare = (uint32_t *)(void *)(all + states_size);
    pbkdf2_hmac_sha256(password_size, (const uint8_t *)password, 1, salt_size,
                       salt, states_size, all);
    for (size_t i = 0; i < cost->p; i++)
        mix((uint32_t *)(void *)(all + i * state_size), spare,
            spare + state_size / sizeof *spare, cost->n, cost->r);
    pbkdf2_hmac_sha256(password_size, (const uint8_t *)password, 1, states_size,
                       all, size, derived);
    explicit_bzero(all, all_size);
    free(all);
    return true;
}
