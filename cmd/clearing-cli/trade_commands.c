/* What moves something: orders, cancels, money, and on the development
 * network deposits and oracle reports with the well-known keys. */
#include "cmd/clearing-cli/cli.h"

#include "rpc/address.h"
#include "rpc/decimal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_OPTIONS                                                   \
    {"key", "NAME", "key file that signs"},                           \
        {"dev-key", "NAME", "or a development key, as trader/0"},     \
        {"keys", "DIR", "directory of the key files"},                \
        {"password-file", "FILE", "first line opens the key file"},   \
        {"owner", "ADDRESS", "owner, when the key is a session key"}, \
        {"subaccount", "N", "sub-account (0)"},                       \
    {                                                                 \
        "expires-in", "SECONDS", "life of the request (60)"           \
    }

/* The head that all signed requests share. */
struct head {
    struct secp_private key;
    struct address owner;
    uint32_t subaccount;
    uint64_t nonce, expires;
};

/* False: said, *code is the exit code. */
static bool begin(struct cli *cli, struct head *head, int *code)
{
    const char *subaccount = cli_option_of(cli, "subaccount");
    const char *owner = cli_option_of(cli, "owner");
    uint64_t number = 0;

    *code = CLI_USAGE;
    if (subaccount &&
        (!cli_number(subaccount, &number) || number > UINT32_MAX)) {
        cli_usage("--subaccount must be a number");
        return false;
    }
    if (!cli_signing_key(cli, &head->key))
        return false;
    *code = CLI_FAILED;
    head->subaccount = (uint32_t)number;
    head->nonce = request_nonce();
    if (!secp_private_address(&head->owner, &head->key)) {
        cli_fail("the key is no key");
        return false;
    }
    if (owner &&
        address_parse(&head->owner, owner, strlen(owner)) != ADDRESS_OK) {
        *code = cli_usage("--owner must be an address");
        return false;
    }
    return cli_network(cli) && cli_expires(cli, &head->expires);
}

static int finish(struct cli *cli, struct head *head, const char *method,
                  const struct typed_message *message)
{
    json_t *result = cli_submit(cli, method, message, &head->key);

    secp_private_wipe(&head->key);
    return cli_show(cli, result, cli_print);
}

/* ---- orders ---------------------------------------------------------- */

/* A text option that has a default in the message's table. */
static void set_text(const struct cli *cli, const char *option,
                     struct typed_text *text)
{
    const char *value = cli_option_of(cli, option);

    if (value)
        *text = cli_typed(value);
}

static int run_order(struct cli *cli)
{
    const char *good_til = cli_option_of(cli, "good-til");
    struct typed_message message;
    struct typed_order *order = &message.order;
    struct head head;
    int code;

    typed_message_init(&message, TYPED_ORDER);
    if (good_til && !cli_number(good_til, &order->good_til))
        return cli_usage("--good-til must be milliseconds");
    if (!begin(cli, &head, &code))
        return code;
    order->owner = head.owner;
    order->subaccount = head.subaccount;
    order->nonce = head.nonce;
    order->expires = head.expires;
    order->direction = cli_typed(cli->argv[0]);
    order->amount = cli_typed(cli->argv[1]);
    order->instrument_name = cli_typed(cli->argv[2]);
    if (cli->argc > 3)
        order->price = cli_typed(cli->argv[3]);
    set_text(cli, "type", &order->type);
    set_text(cli, "time-in-force", &order->time_in_force);
    set_text(cli, "trigger", &order->trigger);
    set_text(cli, "trigger-price", &order->trigger_price);
    set_text(cli, "max-fee", &order->max_fee);
    set_text(cli, "label", &order->label);
    order->post_only = cli_option_of(cli, "post-only") != NULL;
    order->reduce_only = cli_option_of(cli, "reduce-only") != NULL;
    return finish(cli, &head, "private/order", &message);
}

static int run_cancel(struct cli *cli)
{
    struct typed_message message;
    struct head head;
    int code;

    typed_message_init(&message, TYPED_CANCEL);
    if (!begin(cli, &head, &code))
        return code;
    message.cancel.owner = head.owner;
    message.cancel.subaccount = head.subaccount;
    message.cancel.nonce = head.nonce;
    message.cancel.expires = head.expires;
    message.cancel.order_id = cli_typed(cli->argv[0]);
    return finish(cli, &head, "private/cancel", &message);
}

static int run_cancel_all(struct cli *cli)
{
    struct typed_message message;
    struct head head;
    int code;

    typed_message_init(&message, TYPED_CANCEL_ALL);
    if (!begin(cli, &head, &code))
        return code;
    message.cancel_all.owner = head.owner;
    message.cancel_all.subaccount = head.subaccount;
    message.cancel_all.nonce = head.nonce;
    message.cancel_all.expires = head.expires;
    if (cli->argc > 0)
        message.cancel_all.instrument_name = cli_typed(cli->argv[0]);
    return finish(cli, &head, "private/cancel_all", &message);
}

static int run_edit(struct cli *cli)
{
    struct typed_message message;
    struct head head;
    int code;

    typed_message_init(&message, TYPED_REPLACE);
    if (!begin(cli, &head, &code))
        return code;
    message.replace.owner = head.owner;
    message.replace.subaccount = head.subaccount;
    message.replace.nonce = head.nonce;
    message.replace.expires = head.expires;
    message.replace.order_id = cli_typed(cli->argv[0]);
    set_text(cli, "amount", &message.replace.amount);
    set_text(cli, "price", &message.replace.price);
    set_text(cli, "trigger-price", &message.replace.trigger_price);
    return finish(cli, &head, "private/edit", &message);
}

/* ---- money ----------------------------------------------------------- */

static int run_transfer(struct cli *cli)
{
    struct typed_message message;
    struct head head;
    uint64_t to;
    int code;

    typed_message_init(&message, TYPED_TRANSFER);
    if (!cli_number(cli->argv[2], &to) || to > UINT32_MAX)
        return cli_usage("the target must be a sub-account's number");
    if (!begin(cli, &head, &code))
        return code;
    message.transfer.owner = head.owner;
    message.transfer.subaccount = head.subaccount;
    message.transfer.to_subaccount = (uint32_t)to;
    message.transfer.nonce = head.nonce;
    message.transfer.expires = head.expires;
    message.transfer.amount = cli_typed(cli->argv[0]);
    message.transfer.currency = cli_typed(cli->argv[1]);
    return finish(cli, &head, "private/transfer", &message);
}

static int run_withdraw(struct cli *cli)
{
    struct typed_message message;
    struct head head;
    int code;

    typed_message_init(&message, TYPED_WITHDRAW);
    if (!begin(cli, &head, &code))
        return code;
    message.withdraw.owner = head.owner;
    message.withdraw.subaccount = head.subaccount;
    message.withdraw.nonce = head.nonce;
    message.withdraw.expires = head.expires;
    message.withdraw.amount = cli_typed(cli->argv[0]);
    message.withdraw.currency = cli_typed(cli->argv[1]);
    message.withdraw.recipient = head.owner;
    if (cli->argc > 2 &&
        address_parse(&message.withdraw.recipient, cli->argv[2],
                      strlen(cli->argv[2])) != ADDRESS_OK)
        return cli_usage("the recipient must be an address");
    return finish(cli, &head, "private/withdraw", &message);
}

/* A deposit needs the bridge validators; here only the development
 * network's, whose keys everybody knows. */
static int run_deposit(struct cli *cli)
{
    struct typed_message message;
    struct secp_private keys[2];
    const char *subaccount = cli_option_of(cli, "subaccount");
    uint64_t number = 0, reference = request_nonce();
    json_t *params;

    typed_message_init(&message, TYPED_DEPOSIT);
    if (!cli_option_of(cli, "dev"))
        return cli_usage("deposits are attested by bridge validators; --dev "
                         "signs with the development network's");
    if (subaccount && (!cli_number(subaccount, &number) || number > UINT32_MAX))
        return cli_usage("--subaccount must be a number");
    if (!cli_owner(cli, &message.deposit.owner))
        return CLI_USAGE;
    if (!cli_network(cli))
        return CLI_FAILED;
    message.deposit.subaccount = (uint32_t)number;
    message.deposit.amount = cli_typed(cli->argv[0]);
    message.deposit.currency = cli_typed(cli->argv[1]);
    memcpy(message.deposit.reference.bytes, &reference, sizeof reference);
    memcpy(message.deposit.reference.bytes + 8, message.deposit.owner.bytes,
           sizeof message.deposit.owner.bytes);
    development_key(&keys[0], "validator/0");
    development_key(&keys[1], "validator/1");
    params = request_params(&cli->network, &message, keys, 2);
    return cli_show(cli, cli_call(cli, "public/submit_deposit", params),
                    cli_print);
}

/* ---- oracle ---------------------------------------------------------- */

#define PRICES_MAX 32

/* "BTC=60000" into a price; the text is cut at the sign. */
static bool parse_price(char *text, struct report_price *price)
{
    char *sign = strchr(text, '=');

    if (!sign)
        return false;
    *sign = '\0';
    price->feed = text;
    price->confidence = -1;
    return decimal_parse(&price->price, sign + 1, strlen(sign + 1),
                         PRICE_PLACES) == DECIMAL_OK;
}

static int run_oracle_submit(struct cli *cli)
{
    struct report_price prices[PRICES_MAX];
    struct secp_private keys[5];
    json_t *now;
    char *payload;
    uint64_t time;

    if (!cli_option_of(cli, "dev"))
        return cli_usage("reports are signed by the reporters; --dev signs "
                         "with the development network's");
    for (int i = 0; i < cli->argc; i++)
        if (!parse_price(cli->argv[i], &prices[i]))
            return cli_usage("%s: must be FEED=PRICE", cli->argv[i]);
    for (int i = 0; i < 5; i++) {
        char name[32];

        snprintf(name, sizeof name, "reporter/%d", i);
        development_key(&keys[i], name);
    }
    now = cli_call(cli, "public/get_time", NULL);
    if (!now)
        return CLI_FAILED;
    time = (uint64_t)json_integer_value(now);
    json_decref(now);
    payload = request_report(prices, (size_t)cli->argc, time, keys, 5);
    if (!payload)
        return cli_fail("the report could not be made");
    now = json_pack("{ss}", "payload", payload);
    free(payload);
    return cli_show(cli, cli_call(cli, "public/submit_oracle_report", now),
                    cli_print);
}

/* ---- the table ------------------------------------------------------- */

static const struct cli_option order_options[] = {
    KEY_OPTIONS,
    {"type", "TYPE",
     "limit, market, stop_limit, stop_market, take_limit, "
     "take_market"},
    {"time-in-force", "TIF",
     "good_til_cancelled, good_til_time, "
     "immediate_or_cancel, fill_or_kill"},
    {"good-til", "MS", "when a good_til_time order ends"},
    {"trigger", "PRICE", "last_price, mark_price, index_price"},
    {"trigger-price", "PRICE", "where a stop or take order fires"},
    {"max-fee", "AMOUNT", "the most it may cost in fees"},
    {"label", "TEXT", "up to 64 bytes, comes back with the order"},
    {"post-only", NULL, "refuse rather than take"},
    {"reduce-only", NULL, "only reduce the position"},
    {NULL, NULL, NULL}};

static const struct cli_option signed_options[] = {KEY_OPTIONS,
                                                   {NULL, NULL, NULL}};

static const struct cli_option edit_options[] = {
    KEY_OPTIONS,
    {"amount", "AMOUNT", "the new total"},
    {"price", "PRICE", "the new limit"},
    {"trigger-price", "PRICE", "the new trigger price"},
    {NULL, NULL, NULL}};

static const struct cli_option deposit_options[] = {
    KEY_OPTIONS,
    {"dev", NULL, "sign as the development network's validators"},
    {NULL, NULL, NULL}};

static const struct cli_option oracle_options[] = {
    {"dev", NULL, "sign as the development network's reporters"},
    {NULL, NULL, NULL}};

const struct cli_command cli_trade_commands[] = {
    {"order", "buy|sell AMOUNT INSTRUMENT [PRICE]", "place an order", 3, 4,
     order_options, run_order},
    {"edit", "ORDER_ID", "change an open order", 1, 1, edit_options, run_edit},
    {"cancel", "ORDER_ID", "cancel an open order", 1, 1, signed_options,
     run_cancel},
    {"cancel-all", "[INSTRUMENT]", "cancel every open order", 0, 1,
     signed_options, run_cancel_all},
    {"deposit", "AMOUNT CURRENCY", "attest a deposit (development network)", 2,
     2, deposit_options, run_deposit},
    {"transfer", "AMOUNT CURRENCY TO_SUBACCOUNT",
     "move money between own sub-accounts", 3, 3, signed_options, run_transfer},
    {"withdraw", "AMOUNT CURRENCY [RECIPIENT]", "take money out", 2, 3,
     signed_options, run_withdraw},
    {"oracle submit", "FEED=PRICE ...", "report prices (development network)",
     1, PRICES_MAX, oracle_options, run_oracle_submit},
    {NULL, NULL, NULL, 0, 0, NULL, NULL}};
