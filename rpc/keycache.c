/*
 * Entries are sequence locks over words: an odd sequence means a writer is at
 * work, a changed one that the words read belong to two keys. All words are
 * atomics, so that a torn read is a value to be thrown away and no race. Data
 * is loaded with acquire and stored with release: a reader that saw any new
 * word sees the writer's odd sequence afterwards.
 */
#include "rpc/keycache.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define WAYS 4
#define ADDRESS_WORDS 3 /* 20 bytes and 4 of zeros */
#define KEY_WORDS 8
#define ENTRY_WORDS (ADDRESS_WORDS + KEY_WORDS)
#define CAPACITY_MAX (1u << 24)

struct entry {
    _Atomic uint64_t sequence; /* 0: never written */
    _Atomic uint64_t words[ENTRY_WORDS];
};

struct set {
    struct entry entries[WAYS];
};

struct keycache {
    size_t mask; /* sets - 1 */
    uint64_t secrets[ADDRESS_WORDS];
    _Atomic uint32_t turn; /* which way a full set gives up next */
    struct set sets[];
};

STATIC_CHECK(sizeof(struct entry) == 96);
STATIC_CHECK(sizeof(struct secp_public) == KEY_WORDS * sizeof(uint64_t));

struct keycache *keycache_create(size_t capacity)
{
    size_t count = 1;
    struct keycache *cache;
    ssize_t got;

    check(capacity >= 1 && capacity <= CAPACITY_MAX);
    while (count * WAYS < capacity)
        count *= 2;
    cache = calloc(1, sizeof *cache + count * sizeof cache->sets[0]);
    if (cache == NULL)
        return NULL;
    cache->mask = count - 1;
    got = getrandom(cache->secrets, sizeof cache->secrets, 0);
    check(got == (ssize_t)sizeof cache->secrets);
    return cache;
}

void keycache_destroy(struct keycache *cache)
{
    free(cache);
}

static void address_words(uint64_t words[ADDRESS_WORDS],
                          const struct address *address)
{
    words[ADDRESS_WORDS - 1] = 0;
    memcpy(words, address->bytes, sizeof address->bytes);
}

/* Multilinear hashing with secret factors, of which the high bits are good. */
static size_t set_of(const struct keycache *cache,
                     const uint64_t words[ADDRESS_WORDS])
{
    u128 sum = 0;

    for (size_t i = 0; i < ADDRESS_WORDS; i++)
        sum += (u128)words[i] * (cache->secrets[i] | 1);
    return (size_t)((uint64_t)(sum >> 64) ^ (uint64_t)(sum >> 32)) &
           cache->mask;
}

/* Copies the key if the entry is whole and the address's. */
static bool entry_read(const struct entry *entry, struct secp_public *key,
                       const uint64_t address[ADDRESS_WORDS])
{
    uint64_t words[ENTRY_WORDS];
    uint64_t sequence =
        atomic_load_explicit(&entry->sequence, memory_order_acquire);

    if (sequence == 0 || sequence % 2 != 0)
        return false;
    for (size_t i = 0; i < ENTRY_WORDS; i++) {
        words[i] = atomic_load_explicit(&entry->words[i], memory_order_acquire);
        if (i < ADDRESS_WORDS && words[i] != address[i])
            return false;
    }
    if (atomic_load_explicit(&entry->sequence, memory_order_relaxed) !=
        sequence)
        return false;
    memcpy(key->bytes, words + ADDRESS_WORDS, sizeof key->bytes);
    return true;
}

static void entry_write(struct entry *entry, const uint64_t words[ENTRY_WORDS])
{
    uint64_t sequence =
        atomic_load_explicit(&entry->sequence, memory_order_relaxed);

    if (sequence % 2 != 0 || !atomic_compare_exchange_strong_explicit(
                                 &entry->sequence, &sequence, sequence + 1,
                                 memory_order_acquire, memory_order_relaxed))
        return;
    for (size_t i = 0; i < ENTRY_WORDS; i++)
        atomic_store_explicit(&entry->words[i], words[i], memory_order_release);
    atomic_store_explicit(&entry->sequence, sequence + 2, memory_order_release);
}

bool keycache_find(const struct keycache *cache, struct secp_public *key,
                   const struct address *address)
{
    uint64_t words[ADDRESS_WORDS];
    const struct set *set;

    address_words(words, address);
    set = &cache->sets[set_of(cache, words)];
    for (size_t way = 0; way < WAYS; way++) {
        if (entry_read(&set->entries[way], key, words))
            return true;
    }
    return false;
}

void keycache_insert(struct keycache *cache, const struct address *address,
                     const struct secp_public *key)
{
    uint64_t words[ENTRY_WORDS];
    struct secp_public known;
    struct set *set;

    if (keycache_find(cache, &known, address))
        return;
    address_words(words, address);
    memcpy(words + ADDRESS_WORDS, key->bytes, sizeof key->bytes);
    set = &cache->sets[set_of(cache, words)];
    for (size_t way = 0; way < WAYS; way++) {
        if (atomic_load_explicit(&set->entries[way].sequence,
                                 memory_order_relaxed) == 0) {
            entry_write(&set->entries[way], words);
            return;
        }
    }
    entry_write(&set->entries[atomic_fetch_add_explicit(&cache->turn, 1,
                                                        memory_order_relaxed) %
                              WAYS],
                words);
}

/* Recovery with the given v, compared with the claimed address. */
static enum secp_status recover_claimed(struct secp_public *key,
                                        const struct hash32 *digest,
                                        const struct secp_signature *signature,
                                        const struct address *claimed)
{
    struct address signer;
    enum secp_status status = secp_recover(key, digest, signature);

    if (status != SECP_OK)
        return status;
    secp_address(&signer, key);
    return address_equal(&signer, claimed) ? SECP_OK : SECP_MISMATCH;
}

/* Verification can't tell v from its twin, so recovery must not either: else
 * the answer would change with what is cached, and an audit could refuse what
 * was once accepted. */
enum secp_status
keycache_check_signature(struct keycache *cache, const struct hash32 *digest,
                         const struct secp_signature *signature,
                         const struct address *claimed)
{
    struct secp_signature twin = *signature;
    struct secp_public key;
    enum secp_status status;

    if (keycache_find(cache, &key, claimed))
        return secp_verify(&key, digest, signature);
    status = recover_claimed(&key, digest, signature, claimed);
    if (status == SECP_MISMATCH) {
        twin.bytes[64] ^= 27 ^ 28;
        status = recover_claimed(&key, digest, &twin, claimed);
    }
    if (status == SECP_OK)
        keycache_insert(cache, claimed, &key);
    return status;
}
