/*
 * The sponge: input is XORed into the first 136 bytes of the state, each full
 * block is followed by the permutation, the hash is the state's first 32
 * bytes after the padded last block.
 */
#include "rpc/keccak.h"

#include <nettle/sha3.h>
#include <string.h>

#define LANE ((uint32_t)sizeof(uint64_t))

STATIC_CHECK(sizeof(struct sha3_state) == 25 * sizeof(uint64_t));
STATIC_CHECK(KECCAK_RATE == SHA3_256_BLOCK_SIZE && KECCAK_RATE % LANE == 0);

static void permute(struct keccak *keccak)
{
    struct sha3_state state;

    memcpy(state.a, keccak->lanes, sizeof state.a);
    sha3_permute(&state);
    memcpy(keccak->lanes, state.a, sizeof state.a);
}

static void absorb_byte(struct keccak *keccak, uint8_t byte)
{
    uint32_t at = keccak->filled++;

    keccak->lanes[at / LANE] ^= (uint64_t)byte << (8 * (at % LANE));
    if (keccak->filled == KECCAK_RATE) {
        permute(keccak);
        keccak->filled = 0;
    }
}

static void absorb_lane(struct keccak *keccak, const uint8_t *bytes)
{
    uint64_t lane;

    memcpy(&lane, bytes, LANE);
    keccak->lanes[keccak->filled / LANE] ^= lane;
    keccak->filled += LANE;
    if (keccak->filled == KECCAK_RATE) {
        permute(keccak);
        keccak->filled = 0;
    }
}

void keccak_init(struct keccak *keccak)
{
    memset(keccak, 0, sizeof *keccak);
}

void keccak_update(struct keccak *keccak, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    check(keccak->filled < KECCAK_RATE);
    while (size > 0 && keccak->filled % LANE != 0) {
        absorb_byte(keccak, *at++);
        size--;
    }
    while (size >= LANE) {
        absorb_lane(keccak, at);
        at += LANE;
        size -= LANE;
    }
    while (size > 0) {
        absorb_byte(keccak, *at++);
        size--;
    }
}

void keccak_final(struct keccak *keccak, struct hash32 *hash)
{
    uint32_t at = keccak->filled;

    check(at < KECCAK_RATE);
    keccak->lanes[at / LANE] ^= UINT64_C(1) << (8 * (at % LANE));
    keccak->lanes[KECCAK_RATE / LANE - 1] ^= UINT64_C(0x80) << 56;
    permute(keccak);
    memcpy(hash->bytes, keccak->lanes, sizeof hash->bytes);
}

void keccak256(struct hash32 *hash, const void *bytes, size_t size)
{
    struct keccak keccak;

    keccak_init(&keccak);
    keccak_update(&keccak, bytes, size);
    keccak_final(&keccak, hash);
}
