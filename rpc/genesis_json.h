/*
 * genesis.json: the network's definition as text. Reading is driven by tables
 * (name, unit, place in the struct, default), so the same tables tell the
 * calculator which parameters may be overridden and give public/get_genesis
 * its fields. Decimals are strings, times whole milliseconds; an unknown key
 * is an error. The network's identity is the SHA-256 of the canonical form:
 * keys sorted, no white space.
 */
#ifndef CLEARINGD_RPC_GENESIS_JSON_H
#define CLEARINGD_RPC_GENESIS_JSON_H

#include "engine/genesis.h"

#include <jansson.h>

/* Reads a document into *genesis (its id included) and checks it with
 * genesis_check. False: *fault tells where and what. */
must_use bool genesis_json_read(struct genesis *genesis,
                                struct genesis_fault *fault,
                                const json_t *document);

/* Parses the text first; "line N" is the place of a syntax error. On true
 * *document (may be NULL: not wanted) holds the parsed text, to be freed with
 * json_decref. */
must_use bool genesis_json_parse(struct genesis *genesis, json_t **document,
                                 struct genesis_fault *fault, const char *text,
                                 size_t size);

/* The canonical text; NULL if memory is short. The caller frees it. */
char *genesis_json_canonical(const json_t *document);

/* Defaults of one instrument, feed or collateral, as the sample genesis has
 * them; names, feed, tick and lot are left empty. */
void genesis_default_market(struct market_params *market);
void genesis_default_feed(struct feed_params *feed);
void genesis_default_asset(struct asset_params *asset);

/* Overrides fields of a market by the names of the genesis file (tiers
 * included); money in units of the asset with `decimals`. False: *fault. */
must_use bool genesis_json_market(struct market_params *market,
                                  struct genesis_fault *fault,
                                  const json_t *object, unsigned decimals);

/* One instrument, feed or asset as the JSON object the file would have, all
 * defaults written out; NULL if memory is short. The caller owns it. */
json_t *genesis_json_of_market(const struct genesis *genesis, uint16_t market);

#endif
