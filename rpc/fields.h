/*
 * Tables of named fields of a struct, and their reading from and writing to
 * JSON: one row a field. What the genesis file and the calculator share.
 */
#ifndef CLEARINGD_RPC_FIELDS_H
#define CLEARINGD_RPC_FIELDS_H

#include "engine/genesis.h"

#include <jansson.h>

enum field_kind {
    FIELD_NAME,   /* char[NAME_BYTES_MAX]: printable, not empty */
    FIELD_AMOUNT, /* struct amount, in the decimals given to fields_read */
    FIELD_PRICE,  /* struct price */
    FIELD_QTY,    /* struct qty */
    FIELD_RATE,   /* struct rate */
    FIELD_MS,     /* struct nanos, JSON integer of milliseconds */
    FIELD_U8,     /* JSON integers */
    FIELD_U32,
    FIELD_U64,
    FIELD_ADDRESS, /* struct address */
    FIELD_BOOL,
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
    bool is_required;
};

/* Reads every row's field that the object has into `base`; absent ones keep
 * their value (defaults are set before), absent required ones are faults.
 * Keys that neither a row nor `others` (NULL-terminated, may be NULL) names
 * are faults. `where` is the path of the object for messages. */
must_use bool fields_read(void *base, struct genesis_fault *fault,
                          const json_t *object, const char *where,
                          const struct field *fields, size_t count,
                          const char *const *others, unsigned decimals);

/* Adds every row's field to the object; false if memory is short. */
must_use bool fields_write(json_t *object, const void *base,
                           const struct field *fields, size_t count,
                           unsigned decimals);

/* Sets the fault and returns false: for `return fields_fault(...)`. */
__attribute__((format(printf, 3, 4))) bool
fields_fault(struct genesis_fault *fault, const char *where, const char *what,
             ...);

#endif
