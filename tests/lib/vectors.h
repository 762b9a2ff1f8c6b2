/*
 * The recorded facts in tests/vectors/, as the tests read them. Every
 * function fails the running test on anything unexpected.
 */
#ifndef CLEARINGD_TESTS_LIB_VECTORS_H
#define CLEARINGD_TESTS_LIB_VECTORS_H

#include "rpc/typed_types.h"

#include <jansson.h>

/* Loads tests/vectors/<name>; tests run in the repository's root. The caller
 * releases it. */
json_t *vectors_load(const char *name);

/* Loads a larger set, gzipped or not, from ../shared/data/vectors/<name>;
 * NULL where it isn't there, and a line says so. */
json_t *vectors_load_shared(const char *name);

/* A text member of an object. */
const char *vectors_text(const json_t *object, const char *member);

/* Reads `size` bytes of hex, with or without 0x. */
void vectors_hex(uint8_t *bytes, size_t size, const char *text);

/* Reads any number of bytes of hex; returns how many. */
size_t vectors_bytes(uint8_t *bytes, size_t capacity, const char *text);

/* Fills a message from the JSON of typed data; texts point into the JSON,
 * arrays into scratch. Members the JSON lacks keep their defaults. */
void vectors_message(struct typed_message *message,
                     struct typed_scratch *scratch, const char *primary_type,
                     const json_t *json);

#endif
