/*
 * Accounts, positions and margin over the interface, on figures worked out by
 * hand.
 */
#include "tests/lib/rpc_world.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(rpc_account);

static struct rpc_world world;

Test(rpc_account, probe)
{
    json_t *r;
    rpc_world_start(&world);
    rpc_world_deposit(&world, "trader/0", "USDC", "10000");
    rpc_world_deposit(&world, "trader/1", "USDC", "10000");
    rpc_world_prices(&world, "60000", "2500", "150");
    r = rpc_world_order(&world, "trader/0", "BTC_USDC-PERPETUAL", "buy", "1",
                        "60000");
    puts(json_dumps(r, JSON_INDENT(1)));
    json_decref(r);
    r = rpc_world_order(&world, "trader/1", "BTC_USDC-PERPETUAL", "sell", "0.5",
                        "60000");
    puts(json_dumps(r, JSON_INDENT(1)));
    json_decref(r);
#define SHOW(m, ...)                                       \
    r = rpc_world_call(&world, m, json_pack(__VA_ARGS__)); \
    printf("%s\n", m);                                     \
    puts(json_dumps(r, JSON_INDENT(1) | JSON_ENCODE_ANY)); \
    json_decref(r);
    SHOW("private/get_account_summaries", "{ss}", "owner",
         rpc_world_address("trader/0"));
    SHOW("private/get_margin", "{ss}", "owner", rpc_world_address("trader/0"));
    SHOW("private/get_positions", "{ss}", "owner",
         rpc_world_address("trader/1"));
    SHOW("private/get_open_orders", "{ss}", "owner",
         rpc_world_address("trader/0"));
    SHOW("private/get_user_trades", "{ss}", "owner",
         rpc_world_address("trader/0"));
    SHOW("private/get_transaction_log", "{ss}", "owner",
         rpc_world_address("trader/0"));
    SHOW("private/get_order_state", "{ss}", "order_id", "BTC-1");
    SHOW("public/ticker", "{ss}", "instrument_name", "BTC_USDC-PERPETUAL");
    SHOW("public/get_order_book", "{ss}", "instrument_name",
         "BTC_USDC-PERPETUAL");
    SHOW("public/get_index_price", "{ss}", "index_name", "btc_usd");
    SHOW("public/get_instrument", "{ss}", "instrument_name",
         "BTC_USDC-PERPETUAL");
    SHOW("public/get_insurance", "{}");
    SHOW("public/get_last_trades_by_instrument", "{ss}", "instrument_name",
         "BTC_USDC-PERPETUAL");
    SHOW("public/get_tradingview_chart_data", "{ss sI sI ss}",
         "instrument_name", "BTC_USDC-PERPETUAL", "start_timestamp",
         RPC_WORLD_START_MS, "end_timestamp", RPC_WORLD_START_MS + 300000,
         "resolution", "1");
    rpc_world_end(&world);
}
