/*
 * An account's identity as the ledger and the state tree write it: owner,
 * then the sub-account's number, big-endian.
 */
#ifndef CLEARINGD_DAEMON_ACCOUNT_KEY_H
#define CLEARINGD_DAEMON_ACCOUNT_KEY_H

#include "engine/units.h"

#include <string.h>

#define ACCOUNT_KEY_BYTES 24

static inline void account_key(uint8_t key[ACCOUNT_KEY_BYTES],
                               const struct account_id *account)
{
    uint32_t number = __builtin_bswap32(account->subaccount);

    memcpy(key, account->owner.bytes, sizeof account->owner.bytes);
    memcpy(key + sizeof account->owner.bytes, &number, sizeof number);
}

#endif
