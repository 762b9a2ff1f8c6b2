/*
 * The form in which RedStone's gateway hands out a package:
 *
 *   {"dataPoints": [{"dataFeedId": "ETH", "value": 3456.78}, ...],
 *    "timestampMilliseconds": 1795406400000, "signature": "<base64>"}
 *
 * Further members are the gateway's own and are not looked at. What was
 * signed is the binary package, so that is built again from these values and
 * handed on: the one parser judges both forms, and the journal keeps one.
 */
#ifndef CLEARINGD_RPC_REDSTONE_JSON_H
#define CLEARINGD_RPC_REDSTONE_JSON_H

#include "rpc/redstone.h"

#include <jansson.h>

/* Writes the payload of the one package. Values are rounded to 8 decimals, the
 * nearest, ties upward, as the signer's own library rounds. *size is set when
 * REDSTONE_OK; else REDSTONE_JSON, REDSTONE_VALUE, REDSTONE_FEED_ORDER (a feed
 * twice) or REDSTONE_CAPACITY (also when `capacity` is too small). */
must_use enum redstone_status redstone_json_payload(uint8_t *bytes,
                                                    size_t *size,
                                                    size_t capacity,
                                                    const json_t *package);

#endif
