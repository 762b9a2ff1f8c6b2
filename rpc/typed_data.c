/*
 * Walks the table of rpc/typed_types.c and makes one 32-byte word of each
 * field. Known texts lie in an open-addressing table that is never more than
 * half full: a text of up to 31 bytes, zero-padded, with its size + 1 in the
 * last byte, is compared as four 64-bit words.
 */
#include "rpc/typed_data.h"

#include "rpc/keccak.h"

#include <stdlib.h>
#include <string.h>

#define KNOWN_WORDS 4
#define TEXTS_MAX (1u << 20)
/* The longest type text is Batch's with Cancel and Order behind it. */
#define TYPE_TEXT_SIZE 768

struct known_key {
    uint64_t words[KNOWN_WORDS]; /* all zero: free */
};

struct known {
    struct known_key key;
    struct hash32 hash;
};

struct typed_hasher {
    struct hash32 type_hashes[TYPED_KINDS];
    char type_texts[TYPED_KINDS][TYPE_TEXT_SIZE];
    size_t room; /* texts that may still be learned */
    size_t mask;
    struct known known[];
};

STATIC_CHECK(sizeof(struct known_key) == TYPED_KNOWN_SIZE_MAX + 1);

/* The values that requests of every network repeat. */
static const char *const vocabulary[] = {
    "",
    "0",
    "buy",
    "sell",
    "limit",
    "market",
    "stop_limit",
    "stop_market",
    "take_limit",
    "take_market",
    "good_til_cancelled",
    "good_til_time",
    "immediate_or_cancel",
    "fill_or_kill",
    "last_price",
    "mark_price",
    "index_price",
    "trade",
    "cancel",
    "transfer",
};
#define VOCABULARY_COUNT (sizeof vocabulary / sizeof vocabulary[0])

static size_t known_slot(const struct typed_hasher *hasher,
                         const struct known_key *key)
{
    uint64_t mix = key->words[0] * UINT64_C(0x9e3779b97f4a7c15);

    for (size_t i = 1; i < KNOWN_WORDS; i++)
        mix = (mix ^ mix >> 29 ^ key->words[i]) * UINT64_C(0xbf58476d1ce4e5b9);
    return (size_t)(mix >> 32) & hasher->mask;
}

/* The key's slot, or the free one where it would go. */
static const struct known *known_find(const struct typed_hasher *hasher,
                                      const struct known_key *key)
{
    static const struct known_key free_key;
    size_t slot = known_slot(hasher, key);

    while (memcmp(&hasher->known[slot].key, key, sizeof *key) != 0 &&
           memcmp(&hasher->known[slot].key, &free_key, sizeof free_key) != 0)
        slot = (slot + 1) & hasher->mask;
    return &hasher->known[slot];
}

static struct known_key known_key_of(const char *text, size_t size)
{
    struct known_key key = {{0}};
    uint8_t bytes[sizeof key] = {0};

    check(size <= TYPED_KNOWN_SIZE_MAX);
    if (size > 0)
        memcpy(bytes, text, size);
    bytes[sizeof key - 1] = (uint8_t)(size + 1);
    memcpy(&key, bytes, sizeof key);
    return key;
}

static void text_word(const struct typed_hasher *hasher, struct hash32 *word,
                      const struct typed_text *text)
{
    if (text->size <= TYPED_KNOWN_SIZE_MAX) {
        struct known_key key = known_key_of(text->bytes, text->size);
        const struct known *known = known_find(hasher, &key);

        if (known->key.words[KNOWN_WORDS - 1] != 0) {
            *word = known->hash;
            return;
        }
    }
    keccak256(word, text->bytes, text->size);
}

bool typed_hasher_learn(struct typed_hasher *hasher, const char *text,
                        size_t size)
{
    struct known_key key;
    struct known *slot;

    if (size > TYPED_KNOWN_SIZE_MAX)
        return false;
    key = known_key_of(text, size);
    slot = &hasher->known[known_find(hasher, &key) - hasher->known];
    if (slot->key.words[KNOWN_WORDS - 1] != 0)
        return true;
    if (hasher->room == 0)
        return false;
    hasher->room--;
    slot->key = key;
    keccak256(&slot->hash, text, size);
    return true;
}

/* ---- types ---- */

static size_t append(char *text, size_t at, const char *part)
{
    size_t size = strlen(part);

    check(at + size < TYPE_TEXT_SIZE);
    memcpy(text + at, part, size + 1);
    return at + size;
}

/* "Cancel(address owner,...)" */
static size_t append_type(char *text, size_t at, enum typed_kind kind)
{
    const struct typed_type *type = typed_type_of(kind);

    at = append(text, at, type->name);
    for (size_t i = 0; i < type->fields_count; i++) {
        at = append(text, at, i == 0 ? "(" : ",");
        at = append(text, at, typed_field_solidity(type->fields[i].kind));
        at = append(text, at, " ");
        at = append(text, at, type->fields[i].name);
    }
    return append(text, at, ")");
}

/* The type, then those it refers to by name: Cancel comes before Order. */
static void type_text_make(char *text, enum typed_kind kind)
{
    static const enum typed_kind referred[] = {TYPED_CANCEL, TYPED_ORDER};
    const struct typed_type *type = typed_type_of(kind);
    size_t at = append_type(text, 0, kind);

    for (size_t r = 0; r < sizeof referred / sizeof referred[0]; r++) {
        for (size_t i = 0; i < type->fields_count; i++) {
            if (typed_field_items(type->fields[i].kind) == referred[r])
                at = append_type(text, at, referred[r]);
        }
    }
}

struct typed_hasher *typed_hasher_create(size_t texts_max)
{
    struct typed_hasher *hasher;
    size_t slots = 64;

    check(texts_max <= TEXTS_MAX);
    while (slots < 2 * (texts_max + VOCABULARY_COUNT))
        slots *= 2;
    hasher = calloc(1, sizeof *hasher + slots * sizeof hasher->known[0]);
    if (hasher == NULL)
        return NULL;
    hasher->mask = slots - 1;
    hasher->room = texts_max + VOCABULARY_COUNT;
    for (size_t i = 0; i < VOCABULARY_COUNT; i++)
        check(typed_hasher_learn(hasher, vocabulary[i], strlen(vocabulary[i])));
    for (int kind = TYPED_NONE + 1; kind < TYPED_KINDS; kind++) {
        type_text_make(hasher->type_texts[kind], (enum typed_kind)kind);
        keccak256(&hasher->type_hashes[kind], hasher->type_texts[kind],
                  strlen(hasher->type_texts[kind]));
    }
    return hasher;
}

void typed_hasher_destroy(struct typed_hasher *hasher)
{
    free(hasher);
}

const struct hash32 *typed_hasher_type_hash(const struct typed_hasher *hasher,
                                            enum typed_kind kind)
{
    check(typed_type_of(kind) != NULL);
    return &hasher->type_hashes[kind];
}

const char *typed_hasher_type_text(const struct typed_hasher *hasher,
                                   enum typed_kind kind)
{
    check(typed_type_of(kind) != NULL);
    return hasher->type_texts[kind];
}

/* ---- words ---- */

void typed_word_uint(struct hash32 *word, uint64_t value)
{
    value = __builtin_bswap64(value);
    memset(word->bytes, 0, sizeof word->bytes - sizeof value);
    memcpy(word->bytes + sizeof word->bytes - sizeof value, &value,
           sizeof value);
}

void typed_word_int(struct hash32 *word, int64_t value)
{
    typed_word_uint(word, (uint64_t)value);
    if (value < 0)
        memset(word->bytes, 0xff, sizeof word->bytes - sizeof value);
}

void typed_word_address(struct hash32 *word, const struct address *address)
{
    memset(word->bytes, 0, sizeof word->bytes - sizeof address->bytes);
    memcpy(word->bytes + sizeof word->bytes - sizeof address->bytes,
           address->bytes, sizeof address->bytes);
}

void typed_word_text(struct hash32 *word, const char *text, size_t size)
{
    keccak256(word, text, size);
}

static void numbers_word(struct hash32 *word,
                         const struct typed_numbers *numbers)
{
    struct keccak keccak;

    keccak_init(&keccak);
    for (size_t i = 0; i < numbers->count; i++) {
        typed_word_uint(word, numbers->items[i]);
        keccak_update(&keccak, word->bytes, sizeof word->bytes);
    }
    keccak_final(&keccak, word);
}

static void texts_word(const struct typed_hasher *hasher, struct hash32 *word,
                       const struct typed_texts *texts)
{
    struct keccak keccak;

    keccak_init(&keccak);
    for (size_t i = 0; i < texts->count; i++) {
        text_word(hasher, word, &texts->items[i]);
        keccak_update(&keccak, word->bytes, sizeof word->bytes);
    }
    keccak_final(&keccak, word);
}

/* ---- structs ---- */

static void leaf_word(const struct typed_hasher *hasher, struct hash32 *word,
                      const void *value, enum typed_field_kind kind)
{
    switch (kind) {
    case TYPED_FIELD_ADDRESS:
        typed_word_address(word, value);
        return;
    case TYPED_FIELD_UINT32:
        typed_word_uint(word, *(const uint32_t *)value);
        return;
    case TYPED_FIELD_UINT64:
        typed_word_uint(word, *(const uint64_t *)value);
        return;
    case TYPED_FIELD_STRING:
        text_word(hasher, word, value);
        return;
    case TYPED_FIELD_BOOL:
        typed_word_uint(word, *(const bool *)value);
        return;
    case TYPED_FIELD_BYTES32:
        *word = *(const struct hash32 *)value;
        return;
    case TYPED_FIELD_UINT32S:
        numbers_word(word, value);
        return;
    case TYPED_FIELD_STRINGS:
        texts_word(hasher, word, value);
        return;
    case TYPED_FIELD_ORDERS:
    case TYPED_FIELD_CANCELS:
        break;
    }
    check(false);
}

/* An Order or a Cancel, which hold no arrays. */
static void leg_hash(const struct typed_hasher *hasher, struct hash32 *hash,
                     const void *body, enum typed_kind kind)
{
    const struct typed_type *type = typed_type_of(kind);
    struct keccak keccak;
    struct hash32 word;

    keccak_init(&keccak);
    keccak_update(&keccak, hasher->type_hashes[kind].bytes, sizeof word.bytes);
    for (size_t i = 0; i < type->fields_count; i++) {
        const struct typed_field *field = &type->fields[i];

        leaf_word(hasher, &word, (const uint8_t *)body + field->offset,
                  field->kind);
        keccak_update(&keccak, word.bytes, sizeof word.bytes);
    }
    keccak_final(&keccak, hash);
}

static void orders_word(const struct typed_hasher *hasher, struct hash32 *word,
                        const struct typed_orders *orders)
{
    struct keccak keccak;

    keccak_init(&keccak);
    for (size_t i = 0; i < orders->count; i++) {
        leg_hash(hasher, word, &orders->items[i], TYPED_ORDER);
        keccak_update(&keccak, word->bytes, sizeof word->bytes);
    }
    keccak_final(&keccak, word);
}

static void cancels_word(const struct typed_hasher *hasher, struct hash32 *word,
                         const struct typed_cancels *cancels)
{
    struct keccak keccak;

    keccak_init(&keccak);
    for (size_t i = 0; i < cancels->count; i++) {
        leg_hash(hasher, word, &cancels->items[i], TYPED_CANCEL);
        keccak_update(&keccak, word->bytes, sizeof word->bytes);
    }
    keccak_final(&keccak, word);
}

size_t typed_encode(const struct typed_hasher *hasher,
                    uint8_t bytes[TYPED_ENCODED_SIZE_MAX],
                    const struct typed_message *message)
{
    const struct typed_type *type = typed_type_of(message->kind);
    const uint8_t *body = typed_message_body_const(message);
    struct hash32 word = *typed_hasher_type_hash(hasher, message->kind);
    size_t size = sizeof word.bytes;

    memcpy(bytes, word.bytes, sizeof word.bytes);
    for (size_t i = 0; i < type->fields_count; i++) {
        const struct typed_field *field = &type->fields[i];
        const void *value = body + field->offset;

        if (field->kind == TYPED_FIELD_ORDERS)
            orders_word(hasher, &word, value);
        else if (field->kind == TYPED_FIELD_CANCELS)
            cancels_word(hasher, &word, value);
        else
            leaf_word(hasher, &word, value, field->kind);
        memcpy(bytes + size, word.bytes, sizeof word.bytes);
        size += sizeof word.bytes;
    }
    return size;
}

void typed_struct_hash(const struct typed_hasher *hasher, struct hash32 *hash,
                       const struct typed_message *message)
{
    uint8_t bytes[TYPED_ENCODED_SIZE_MAX];
    size_t size = typed_encode(hasher, bytes, message);

    keccak256(hash, bytes, size);
}

void typed_digest(const struct typed_hasher *hasher, struct hash32 *digest,
                  const struct hash32 *separator,
                  const struct typed_message *message)
{
    struct hash32 struct_hash;

    typed_struct_hash(hasher, &struct_hash, message);
    typed_digest_of(digest, separator, &struct_hash);
}

void typed_digest_of(struct hash32 *digest, const struct hash32 *separator,
                     const struct hash32 *struct_hash)
{
    uint8_t bytes[2 + 32 + 32] = {0x19, 0x01};

    memcpy(bytes + 2, separator->bytes, sizeof separator->bytes);
    memcpy(bytes + 34, struct_hash->bytes, sizeof struct_hash->bytes);
    keccak256(digest, bytes, sizeof bytes);
}

void typed_domain_separator(struct hash32 *separator,
                            const struct typed_domain *domain)
{
    static const char type[] = "EIP712Domain(string name,string version,"
                               "uint256 chainId,address verifyingContract)";
    struct hash32 words[5];

    typed_word_text(&words[0], type, sizeof type - 1);
    typed_word_text(&words[1], domain->name, strlen(domain->name));
    typed_word_text(&words[2], domain->version, strlen(domain->version));
    typed_word_uint(&words[3], domain->chain_id);
    typed_word_address(&words[4], &domain->contract);
    keccak256(separator, words, sizeof words);
}
