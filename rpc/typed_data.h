/*
 * EIP-712 hashing of the messages of rpc/typed_types.h.
 *
 *   digest      = keccak(19 01 ‖ domain separator ‖ struct hash)
 *   struct hash = keccak(type hash ‖ one word a field)
 *   word        : numbers and addresses left-padded to 32 bytes, strings and
 *                 arrays hashed, a struct its struct hash, bytes32 as it is
 *
 * Most strings of a request come from a small vocabulary ("buy", "limit",
 * names of instruments): a hasher keeps their hashes. It is filled before
 * threads start and constant afterwards; a text it does not know is hashed.
 */
#ifndef CLEARINGD_RPC_TYPED_DATA_H
#define CLEARINGD_RPC_TYPED_DATA_H

#include "rpc/typed_types.h"

/* Longest text whose hash a hasher keeps. */
#define TYPED_KNOWN_SIZE_MAX 31

/* Bytes of the longest encoded struct: type hash and a word for each field. */
#define TYPED_ENCODED_SIZE_MAX (32 * (1 + TYPED_FIELDS_MAX))

/* A signing domain of the form (name, version, chainId, verifyingContract). */
struct typed_domain {
    const char *name;
    const char *version;
    uint64_t chain_id;
    struct address contract;
};

struct typed_hasher;

/* A hasher with the type hashes and the protocol's own words, and room for
 * `texts_max` more texts. NULL if memory is short. The caller destroys it. */
must_use struct typed_hasher *typed_hasher_create(size_t texts_max);

/* Takes NULL too. */
void typed_hasher_destroy(struct typed_hasher *hasher);

/* Keeps the text's hash. Before the hasher is shared between threads only.
 * False when it is too long or there is no room: nothing is lost but time. */
bool typed_hasher_learn(struct typed_hasher *hasher, const char *text,
                        size_t size);

/* The type hash of a kind, and its full type string with the types it
 * refers to: "Batch(...)Cancel(...)Order(...)". */
const struct hash32 *typed_hasher_type_hash(const struct typed_hasher *hasher,
                                            enum typed_kind kind);
const char *typed_hasher_type_text(const struct typed_hasher *hasher,
                                   enum typed_kind kind);

/* Writes type hash and words: what the struct hash is the hash of. Returns
 * the size, 32 * (1 + fields). */
size_t typed_encode(const struct typed_hasher *hasher,
                    uint8_t bytes[TYPED_ENCODED_SIZE_MAX],
                    const struct typed_message *message);

void typed_struct_hash(const struct typed_hasher *hasher, struct hash32 *hash,
                       const struct typed_message *message);

/* What is signed. */
void typed_digest(const struct typed_hasher *hasher, struct hash32 *digest,
                  const struct hash32 *separator,
                  const struct typed_message *message);

/* The parts, for typed data of any other type. */

void typed_domain_separator(struct hash32 *separator,
                            const struct typed_domain *domain);

/* keccak(19 01 ‖ separator ‖ struct hash). */
void typed_digest_of(struct hash32 *digest, const struct hash32 *separator,
                     const struct hash32 *struct_hash);

/* Words: uintN and bool; intN in two's complement; address; string or bytes
 * (its Keccak-256). */
void typed_word_uint(struct hash32 *word, uint64_t value);
void typed_word_int(struct hash32 *word, int64_t value);
void typed_word_address(struct hash32 *word, const struct address *address);
void typed_word_text(struct hash32 *word, const char *text, size_t size);

#endif
