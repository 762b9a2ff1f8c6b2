/* The cache of keys: what it finds, forgets, and answers under threads. */
#include "rpc/keycache.h"

#include "rpc/keccak.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

TestSuite(keycache);

/* A signer by number, its address, and its signature of a digest. */
struct signer {
    struct secp_private key;
    struct secp_public public_key;
    struct address address;
};

static struct signer signer_of(uint32_t number)
{
    struct signer signer;
    struct hash32 hash;

    keccak256(&hash, &number, sizeof number);
    memcpy(signer.key.bytes, hash.bytes, 32);
    cr_assert(secp_public_of(&signer.public_key, &signer.key));
    secp_address(&signer.address, &signer.public_key);
    return signer;
}

static struct secp_signature sign(const struct signer *signer,
                                  const struct hash32 *digest)
{
    struct secp_signature signature;

    cr_assert(secp_sign(&signature, &signer->key, digest));
    return signature;
}

static bool is_known(const struct keycache *cache, const struct signer *signer)
{
    struct secp_public key;

    return keycache_find(cache, &key, &signer->address) &&
           memcmp(key.bytes, signer->public_key.bytes, sizeof key.bytes) == 0;
}

Test(keycache, learns_a_signer_from_its_first_signature)
{
    struct keycache *cache = keycache_create(1);
    struct signer signer = signer_of(1);
    struct hash32 digest = {{1}};
    struct secp_signature signature = sign(&signer, &digest);

    cr_assert_not_null(cache);
    cr_expect_not(is_known(cache, &signer));
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(keycache_check_signature(cache, &digest, &signature,
                                              &signer.address),
                     SECP_OK);
        cr_expect(is_known(cache, &signer));
    }
    keycache_destroy(cache);
}

/* The same answers with and without the key, so that no answer depends on
 * what others did before. */
Test(keycache, answers_alike_known_or_not)
{
    struct signer signer = signer_of(1);
    struct signer other = signer_of(2);
    struct hash32 digest = {{1}};
    struct hash32 wrong = {{2}};
    struct secp_signature good = sign(&signer, &digest);
    struct secp_signature twin = good;
    struct secp_signature bad_v = good;
    struct secp_signature zero = {{0}};

    twin.bytes[64] ^= 27 ^ 28;
    bad_v.bytes[64] = 1;
    zero.bytes[64] = 27;
    for (int known = 0; known < 2; known++) {
        struct {
            const struct hash32 *digest;
            const struct secp_signature *signature;
            const struct signer *claimed;
            enum secp_status status;
        } cases[] = {
            {&wrong, &good, &signer, SECP_MISMATCH},
            {&digest, &good, &other, SECP_MISMATCH},
            {&digest, &bad_v, &signer, SECP_RECOVERY_ID},
            {&digest, &zero, &signer, SECP_MALFORMED},
            {&digest, &twin, &signer, SECP_OK},
            {&digest, &good, &signer, SECP_OK},
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct keycache *cache = keycache_create(8);

            cr_assert_not_null(cache);
            if (known) {
                keycache_insert(cache, &signer.address, &signer.public_key);
                keycache_insert(cache, &other.address, &other.public_key);
            }
            cr_expect_eq(keycache_check_signature(cache, cases[i].digest,
                                                  cases[i].signature,
                                                  &cases[i].claimed->address),
                         cases[i].status, "known %d case %zu", known, i);
            cr_expect_eq(is_known(cache, cases[i].claimed),
                         known || cases[i].status == SECP_OK);
            keycache_destroy(cache);
        }
    }
}

Test(keycache, keeps_to_its_capacity)
{
    struct keycache *cache = keycache_create(16);
    unsigned known = 0;

    cr_assert_not_null(cache);
    for (uint32_t i = 0; i < 200; i++) {
        struct signer signer = signer_of(i);

        keycache_insert(cache, &signer.address, &signer.public_key);
        keycache_insert(cache, &signer.address, &signer.public_key);
        cr_expect(is_known(cache, &signer), "the newest is there");
    }
    for (uint32_t i = 0; i < 200; i++) {
        struct signer signer = signer_of(i);

        known += is_known(cache, &signer);
    }
    cr_expect(known >= 8 && known <= 16, "%u", known);
    keycache_destroy(cache);
}

#define SIGNERS 24
#define THREADS 4
#define ROUNDS 20000

struct crowd {
    struct keycache *cache;
    struct signer signers[SIGNERS];
    unsigned wrong[THREADS];
    unsigned found[THREADS];
};

struct worker {
    struct crowd *crowd;
    unsigned number;
};

/* More signers than places: every thread reads and replaces all the time. Each
 * signer is looked for twice in a row, so that a thread alone finds some, too.
 */
static void *hammer(void *argument)
{
    struct worker *worker = argument;
    struct crowd *crowd = worker->crowd;

    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned at = (i / 2 * 7 + worker->number * 5) % SIGNERS;
        const struct signer *signer = &crowd->signers[at];
        struct secp_public key;

        if (keycache_find(crowd->cache, &key, &signer->address)) {
            crowd->found[worker->number]++;
            if (memcmp(key.bytes, signer->public_key.bytes, sizeof key.bytes) !=
                0)
                crowd->wrong[worker->number]++;
        } else {
            keycache_insert(crowd->cache, &signer->address,
                            &signer->public_key);
        }
    }
    return NULL;
}

Test(keycache, never_gives_a_torn_key_to_a_thread)
{
    struct crowd crowd = {.cache = keycache_create(8)};
    struct worker workers[THREADS];
    pthread_t threads[THREADS];

    cr_assert_not_null(crowd.cache);
    for (uint32_t i = 0; i < SIGNERS; i++)
        crowd.signers[i] = signer_of(i);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){&crowd, i};
        cr_assert_eq(pthread_create(&threads[i], NULL, hammer, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
        cr_expect_eq(crowd.wrong[i], 0);
        cr_expect(crowd.found[i] > 0);
    }
    keycache_destroy(crowd.cache);
}
