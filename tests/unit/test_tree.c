#include "storage/state_root.h"
#include "storage/tree_proof.h"
#include <criterion/criterion.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

/* The reference keeps a sorted array and hashes it recursively by the text of
 * storage/tree.h, with nettle's own calls. */
struct entry {
    uint8_t key[TREE_KEY_BYTES_MAX];
    uint8_t value[32];
    struct tree_sum sums[2];
};

struct reference {
    struct entry entries[512];
    size_t count;
    uint32_t key_len;
    uint32_t sum_count;
};

static uint64_t random_state;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void feed_number(struct sha256_ctx *hash, u128 value)
{
    for (int shift = 120; shift >= 0; shift -= 8) {
        uint8_t byte = (uint8_t)(value >> shift);
        sha256_update(hash, 1, &byte);
    }
}

static void feed_sums(struct sha256_ctx *hash, const struct tree_sum *sums,
                      uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        feed_number(hash, sums[i].credit);
        feed_number(hash, sums[i].debit);
    }
}

static unsigned key_bit(const uint8_t *key, size_t bit)
{
    return (unsigned)(key[bit / 8] / (128u >> bit % 8)) % 2u;
}

static void hash_range(const struct reference *reference, size_t from,
                       size_t to, uint8_t out[32], struct tree_sum sums[2])
{
    struct sha256_ctx hash;
    uint8_t zero = 0;
    uint8_t one = 1;
    const struct entry *entries = reference->entries;
    uint32_t n = reference->sum_count;
    sha256_init(&hash);
    if (to - from == 1) {
        sha256_update(&hash, 1, &zero);
        sha256_update(&hash, reference->key_len, entries[from].key);
        sha256_update(&hash, 32, entries[from].value);
        feed_sums(&hash, entries[from].sums, n);
        sha256_digest(&hash, 32, out);
        memcpy(sums, entries[from].sums, sizeof entries[from].sums);
        return;
    }
    size_t bit = 0;
    while (key_bit(entries[from].key, bit) == key_bit(entries[to - 1].key, bit))
        bit++;
    size_t middle = from;
    while (!key_bit(entries[middle].key, bit))
        middle++;
    uint8_t side[2][32];
    struct tree_sum part[2][2];
    hash_range(reference, from, middle, side[0], part[0]);
    hash_range(reference, middle, to, side[1], part[1]);
    uint8_t bit_bytes[2] = {(uint8_t)(bit / 256), (uint8_t)(bit % 256)};
    sha256_update(&hash, 1, &one);
    sha256_update(&hash, 2, bit_bytes);
    for (int i = 0; i < 2; i++) {
        sha256_update(&hash, 32, side[i]);
        feed_sums(&hash, part[i], n);
    }
    sha256_digest(&hash, 32, out);
    for (uint32_t i = 0; i < n; i++) {
        sums[i].credit = part[0][i].credit + part[1][i].credit;
        sums[i].debit = part[0][i].debit + part[1][i].debit;
    }
}

static void reference_root(const struct reference *reference, uint8_t out[32],
                           struct tree_sum sums[2])
{
    memset(out, 0, 32);
    memset(sums, 0, 2 * sizeof *sums);
    if (reference->count)
        hash_range(reference, 0, reference->count, out, sums);
}

static size_t reference_find(const struct reference *reference,
                             const uint8_t *key, bool *found)
{
    size_t i = 0;
    int order = 1;
    while (i < reference->count &&
           (order =
                memcmp(reference->entries[i].key, key, reference->key_len)) < 0)
        i++;
    *found = i < reference->count && order == 0;
    return i;
}

static void reference_set(struct reference *reference,
                          const struct entry *entry)
{
    bool found;
    size_t i = reference_find(reference, entry->key, &found);
    struct entry *at = reference->entries + i;
    if (!found) {
        cr_assert_lt(reference->count, 512);
        memmove(at + 1, at, (reference->count++ - i) * sizeof *at);
    }
    *at = *entry;
}

static bool reference_delete(struct reference *reference, const uint8_t *key)
{
    bool found;
    size_t i = reference_find(reference, key, &found);
    struct entry *at = reference->entries + i;
    if (found)
        memmove(at, at + 1, (--reference->count - i) * sizeof *at);
    return found;
}

/* Keys that share long beginnings and differ late, and keys that do not. */
static struct entry random_entry(uint32_t key_len, unsigned spread)
{
    struct entry entry;
    memset(&entry, 0, sizeof entry);
    for (uint32_t i = 0; i < key_len; i++) {
        uint64_t draw = next_random();
        if (spread == 0 || i + 1 == key_len || draw % 8 < spread)
            entry.key[i] = (uint8_t)(draw >> 32 & (spread == 1 ? 3 : 255));
    }
    for (size_t i = 0; i < 32; i++)
        entry.value[i] = (uint8_t)next_random();
    for (size_t i = 0; i < 2; i++) {
        entry.sums[i].credit = (u128)next_random() << (next_random() % 40);
        entry.sums[i].debit = next_random() % 3 ? next_random() : 0;
    }
    return entry;
}

static void set(struct tree *tree, const struct entry *entry)
{
    struct hash32 value;
    memcpy(value.bytes, entry->value, 32);
    cr_assert_eq(tree_set(tree, entry->key, &value, entry->sums), STORAGE_OK);
}

static void assert_same_root(struct tree *tree,
                             const struct reference *reference)
{
    struct hash32 hash;
    struct tree_sum sums[2];
    uint8_t expected[32];
    struct tree_sum expected_sums[2];
    reference_root(reference, expected, expected_sums);
    cr_assert_eq(tree_root(tree, &hash, sums), STORAGE_OK);
    cr_assert_arr_eq(hash.bytes, expected, 32);
    cr_assert_eq(tree_count(tree), reference->count);
    for (uint32_t i = 0; i < reference->sum_count; i++) {
        cr_assert(sums[i].credit == expected_sums[i].credit);
        cr_assert(sums[i].debit == expected_sums[i].debit);
    }
}

static void check_all_proofs(struct tree *tree,
                             const struct reference *reference)
{
    struct hash32 root;
    struct tree_sum sums[2];
    cr_assert_eq(tree_root(tree, &root, sums), STORAGE_OK);
    for (size_t i = 0; i < reference->count; i++) {
        const struct entry *entry = reference->entries + i;
        struct tree_proof proof;
        struct tree_sum own[2];
        cr_assert_eq(tree_proof(tree, entry->key, &proof, own), STORAGE_OK);
        struct tree_leaf leaf = {
            .key = entry->key, .key_len = reference->key_len, .sums = own};
        memcpy(leaf.value_hash.bytes, entry->value, 32);
        cr_assert(tree_proof_verify(&root, sums, &leaf, &proof));
        leaf.value_hash.bytes[i % 32] ^= 1;
        cr_assert_not(tree_proof_verify(&root, sums, &leaf, &proof));
        tree_proof_free(&proof);
    }
}

static void play(uint32_t key_len, uint32_t sum_count, unsigned steps,
                 unsigned spread, bool proofs)
{
    static struct reference reference;
    struct tree tree;
    reference = (struct reference){.key_len = key_len, .sum_count = sum_count};
    cr_assert_eq(tree_init(&tree, key_len, sum_count, 0), STORAGE_OK);
    for (unsigned step = 0; step < steps; step++) {
        struct entry entry = random_entry(key_len, spread);
        uint64_t draw = next_random() % 10;
        if (draw < 4 && reference.count) {
            size_t i = next_random() % reference.count;
            memcpy(entry.key, reference.entries[i].key, key_len);
        }
        bool had;
        reference_find(&reference, entry.key, &had);
        cr_assert_eq(tree_has(&tree, entry.key), had);
        if (draw % 3 == 0) {
            cr_assert_eq(tree_delete(&tree, entry.key), had);
            reference_delete(&reference, entry.key);
        } else {
            set(&tree, &entry);
            reference_set(&reference, &entry);
        }
        if (next_random() % 4 == 0)
            assert_same_root(&tree, &reference);
    }
    assert_same_root(&tree, &reference);
    if (proofs)
        check_all_proofs(&tree, &reference);
    while (reference.count) {
        uint8_t key[TREE_KEY_BYTES_MAX];
        memcpy(key, reference.entries[reference.count / 2].key, key_len);
        cr_assert(tree_delete(&tree, key));
        reference_delete(&reference, key);
        if (reference.count % 16 == 0)
            assert_same_root(&tree, &reference);
    }
    tree_free(&tree);
}

Test(tree, agrees_with_a_sorted_list_over_thousands_of_sets)
{
    static const uint32_t key_lens[] = {1, 2, 4, 24, 33};
    random_state = 0x9e3779b97f4a7c15u;
    for (unsigned round = 0; round < 3000; round++)
        play(key_lens[round % 5], round % 3, 1 + (unsigned)next_random() % 60,
             round % 4, round % 10 == 0);
}

Test(tree, agrees_when_it_is_larger_than_its_first_room)
{
    random_state = 77;
    for (unsigned round = 0; round < 12; round++)
        play(24 + 9 * (round % 2), round % 3, 700, round % 4, true);
}

Test(tree, does_not_depend_on_the_order_of_insertion_or_on_detours)
{
    enum { N = 200 };
    static struct entry entries[N];
    struct hash32 first;
    random_state = 5;
    for (int i = 0; i < N; i++) {
        entries[i] = random_entry(24, 2);
        entries[i].key[20] = (uint8_t)i;
    }
    for (int round = 0; round < 50; round++) {
        struct tree tree;
        struct hash32 hash;
        cr_assert_eq(tree_init(&tree, 24, 2, 0), STORAGE_OK);
        for (int i = 0; i < N; i++) {
            struct entry other = random_entry(24, 2);
            set(&tree, &entries[i]);
            /* A key that stays, or goes again. */
            set(&tree, &other);
            if (next_random() % 2)
                cr_assert_eq(tree_root(&tree, &hash, NULL), STORAGE_OK);
            tree_delete(&tree, other.key);
        }
        for (int i = 0; i < N; i++)
            set(&tree, &entries[i]);
        cr_assert_eq(tree_root(&tree, &hash, NULL), STORAGE_OK);
        if (round == 0)
            first = hash;
        cr_assert(hash32_equal(&first, &hash), "round %d", round);
        for (int i = N - 1; i > 0; i--) {
            size_t j = next_random() % (size_t)(i + 1);
            struct entry swap = entries[i];
            entries[i] = entries[j];
            entries[j] = swap;
        }
        tree_free(&tree);
    }
}

static struct entry numbered_entry(uint8_t i, uint32_t key_len)
{
    struct entry entry;
    memset(&entry, 0, sizeof entry);
    memset(entry.key, i, key_len);
    return entry;
}

static void from_hex(uint8_t *out, const char *hex)
{
    for (size_t i = 0; i < 32; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

/* Made by another implementation (Python, hashlib): five accounts with keys
 * 20 bytes of 0x11 * (i + 1) and i, values SHA-256("value i"), sums
 * (1000 i + 1, i) and (2^100 + i, 7); three records with keys 33 bytes of i
 * and values SHA-256("record i"). */
Test(tree, gives_the_roots_of_another_implementation)
{
    struct tree accounts;
    struct tree records;
    struct hash32 hash;
    uint8_t expected[32];
    cr_assert_eq(tree_init(&accounts, 24, 2, 0), STORAGE_OK);
    cr_assert_eq(tree_init(&records, 33, 0, 0), STORAGE_OK);
    cr_assert_eq(state_root(&hash, &accounts, &records), STORAGE_OK);
    from_hex(expected, "cae39f1ed9eaecd0b49ccff92227bbc0"
                       "d6f4a7247ae667a97d52a1e5c7a1e6b1");
    cr_assert_arr_eq(hash.bytes, expected, 32);
    for (uint8_t i = 0; i < 5; i++) {
        char text[] = "value 0";
        struct hash32 value;
        struct entry entry = numbered_entry((uint8_t)(0x11 * (i + 1)), 20);
        entry.key[23] = i;
        text[6] = (char)('0' + i);
        sha256(&value, text, 7);
        memcpy(entry.value, value.bytes, 32);
        entry.sums[0] = (struct tree_sum){1000u * i + 1, i};
        entry.sums[1] = (struct tree_sum){((u128)1 << 100) + i, 7};
        set(&accounts, &entry);
    }
    for (uint8_t i = 0; i < 3; i++) {
        char text[] = "record 0";
        struct hash32 value;
        struct entry entry = numbered_entry(i, 33);
        text[7] = (char)('0' + i);
        sha256(&value, text, 8);
        memcpy(entry.value, value.bytes, 32);
        set(&records, &entry);
    }
    cr_assert_eq(tree_root(&accounts, &hash, NULL), STORAGE_OK);
    from_hex(expected, "25eea35cfe30035595403fe09c315857"
                       "d10f7f5350831aabe719c7536b6b9658");
    cr_assert_arr_eq(hash.bytes, expected, 32);
    cr_assert_eq(state_root(&hash, &accounts, &records), STORAGE_OK);
    from_hex(expected, "a6cc0a3043dc066d39efe04513d9dee3"
                       "8699fa82bbebc914c4535c25cb397932");
    cr_assert_arr_eq(hash.bytes, expected, 32);
    tree_free(&accounts);
    tree_free(&records);
}

Test(tree, refuses_bad_sizes_and_sums_of_2_to_the_127)
{
    struct tree tree;
    struct hash32 hash = {{0}};
    uint8_t key[33] = {0};
    struct tree_sum sums[1] = {{.credit = TREE_SUM_LIMIT - 1, .debit = 0}};
    cr_assert_eq(tree_init(&tree, 0, 0, 0), STORAGE_INVALID);
    cr_assert_eq(tree_init(&tree, 34, 0, 0), STORAGE_INVALID);
    cr_assert_eq(tree_init(&tree, 24, 65, 0), STORAGE_INVALID);
    cr_assert_eq(tree_init(&tree, 33, 1, 0), STORAGE_OK);
    cr_assert_eq(tree_set(&tree, key, &hash, sums), STORAGE_OK);
    cr_assert_eq(tree_root(&tree, &hash, sums), STORAGE_OK);
    cr_assert(sums[0].credit == TREE_SUM_LIMIT - 1);
    key[32] = 1;
    sums[0] = (struct tree_sum){.debit = TREE_SUM_LIMIT};
    cr_assert_eq(tree_set(&tree, key, &hash, sums), STORAGE_OVERFLOW);
    cr_assert_not(tree_has(&tree, key));
    sums[0] = (struct tree_sum){.credit = 1};
    cr_assert_eq(tree_set(&tree, key, &hash, sums), STORAGE_OK);
    cr_assert_eq(tree_root(&tree, &hash, NULL), STORAGE_OVERFLOW);
    cr_assert_eq(tree_root(&tree, &hash, NULL), STORAGE_OVERFLOW);
    cr_assert(tree_delete(&tree, key));
    cr_assert_eq(tree_root(&tree, &hash, NULL), STORAGE_OK);
    tree_free(&tree);
}

/* A tree of 40 leaves, the proof of one of them. */
struct proved {
    struct tree tree;
    struct hash32 root;
    struct tree_sum sums[2];
    struct entry entry;
    struct tree_sum own[2];
    struct tree_proof proof;
    struct tree_leaf leaf;
};

static void prove(struct proved *out)
{
    random_state = 99;
    cr_assert_eq(tree_init(&out->tree, 24, 2, 0), STORAGE_OK);
    for (int i = 0; i < 40; i++) {
        out->entry = random_entry(24, 0);
        set(&out->tree, &out->entry);
    }
    cr_assert_eq(tree_root(&out->tree, &out->root, out->sums), STORAGE_OK);
    cr_assert_eq(tree_proof(&out->tree, out->entry.key, &out->proof, out->own),
                 STORAGE_OK);
    out->leaf = (struct tree_leaf){
        .key = out->entry.key, .key_len = 24, .sums = out->own};
    memcpy(out->leaf.value_hash.bytes, out->entry.value, 32);
    cr_assert_geq(out->proof.depth, 3);
}

static bool verifies(const struct proved *proved)
{
    return tree_proof_verify(&proved->root, proved->sums, &proved->leaf,
                             &proved->proof);
}

Test(tree, proof_fails_after_any_change)
{
    static struct proved p;
    prove(&p);
    cr_assert(verifies(&p));
    for (uint32_t i = 0; i < p.proof.depth; i++) {
        struct tree_sibling *sibling = p.proof.siblings + i;
        for (size_t bit = 0; bit < 256; bit++) {
            sibling->hash.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            cr_assert_not(verifies(&p));
            sibling->hash.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (uint32_t j = 0; j < 2; j++) {
            p.proof.sums[2 * i + j].credit++;
            cr_assert_not(verifies(&p));
            p.proof.sums[2 * i + j].credit--;
            p.proof.sums[2 * i + j].debit += TREE_SUM_LIMIT;
            cr_assert_not(verifies(&p));
            p.proof.sums[2 * i + j].debit -= TREE_SUM_LIMIT;
        }
        sibling->bit++;
        cr_assert_not(verifies(&p));
        sibling->bit--;
    }
    for (size_t bit = 0; bit < 192; bit++) {
        p.entry.key[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert_not(verifies(&p));
        p.entry.key[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    p.own[0].credit ^= 1;
    cr_assert_not(verifies(&p));
    p.own[0].credit ^= 1;
    p.sums[1].debit ^= 1;
    cr_assert_not(verifies(&p));
    p.sums[1].debit ^= 1;
    p.proof.depth--;
    cr_assert_not(verifies(&p));
    p.proof.depth++;
    cr_assert(verifies(&p));
    tree_proof_free(&p.proof);
    tree_free(&p.tree);
}

Test(tree, proof_refuses_impossible_shapes)
{
    static struct proved p;
    struct hash32 hash;
    struct tree_sum sums[2];
    prove(&p);
    uint32_t bit = p.proof.siblings[0].bit;
    p.proof.siblings[0].bit = 192;
    cr_assert_not(tree_proof_root(&hash, sums, &p.leaf, &p.proof));
    p.proof.siblings[0].bit = bit;
    bit = p.proof.siblings[1].bit;
    p.proof.siblings[1].bit = p.proof.siblings[0].bit;
    cr_assert_not(tree_proof_root(&hash, sums, &p.leaf, &p.proof));
    p.proof.siblings[1].bit = bit;
    p.leaf.key_len = 34;
    cr_assert_not(tree_proof_root(&hash, sums, &p.leaf, &p.proof));
    p.leaf.key_len = 24;
    uint32_t depth = p.proof.depth;
    p.proof.depth = TREE_PROOF_DEPTH_MAX + 1;
    cr_assert_not(tree_proof_root(&hash, sums, &p.leaf, &p.proof));
    p.proof.depth = depth;
    cr_assert(tree_proof_root(&hash, sums, &p.leaf, &p.proof));
    struct tree_proof none;
    uint8_t absent[24] = {1, 2, 3};
    cr_assert_eq(tree_proof(&p.tree, absent, &none, NULL), STORAGE_NOT_FOUND);
    tree_proof_free(&p.proof);
    tree_free(&p.tree);
}

/* A sibling whose sum wraps around 2^128 hides an amount: hashes alone would
 * agree. */
Test(tree, proof_refuses_sums_that_wrap_under_a_right_hash)
{
    static struct tree_proof proof;
    uint8_t key[24] = {0};
    struct tree_sum own = {.credit = 1000};
    struct tree_sum other = {.credit = ~(u128)0};
    struct tree_sum total;
    struct hash32 root;
    struct tree_leaf leaf = {.key = key, .key_len = 24, .sums = &own};
    proof = (struct tree_proof){.depth = 1, .sum_count = 1, .sums = &other};
    cr_assert_not(tree_proof_root(&root, &total, &leaf, &proof));
    other.credit = TREE_SUM_LIMIT - 1000;
    cr_assert_not(tree_proof_root(&root, &total, &leaf, &proof));
    other.credit--;
    cr_assert(tree_proof_root(&root, &total, &leaf, &proof));
    cr_assert(total.credit == TREE_SUM_LIMIT - 1);
}
