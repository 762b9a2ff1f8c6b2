/* What an account has: summary, positions, orders, history. */
#include "cmd/clearing-cli/cli.h"

#include "rpc/address.h"

static int show_account(struct cli *cli, const char *method)
{
    const char *subaccount = cli_option_of(cli, "subaccount");
    char text[ADDRESS_TEXT_SIZE];
    struct address owner;
    uint64_t number = 0;

    if (subaccount && !cli_number(subaccount, &number))
        return cli_usage("--subaccount must be a number");
    if (!cli_owner(cli, &owner))
        return CLI_USAGE;
    address_format(text, &owner);
    return cli_show(cli,
                    cli_call(cli, method,
                             json_pack("{ss sI}", "owner", text, "subaccount",
                                       (json_int_t)number)),
                    cli_print);
}

static int run_account(struct cli *cli)
{
    return show_account(cli, "private/get_account_summary");
}

static int run_positions(struct cli *cli)
{
    return show_account(cli, "private/get_positions");
}

static int run_orders(struct cli *cli)
{
    return show_account(cli, "private/get_open_orders");
}

static int run_margin(struct cli *cli)
{
    return show_account(cli, "private/get_margin");
}

static int run_ledger(struct cli *cli)
{
    return show_account(cli, "private/get_transaction_log");
}

static int run_trades(struct cli *cli)
{
    return show_account(cli, "private/get_user_trades");
}

static const struct cli_option options[] = {
    {"owner", "ADDRESS", "whose account"},
    {"key", "NAME", "or the owner of this key file"},
    {"dev-key", "NAME", "or of this development key, as trader/0"},
    {"keys", "DIR", "directory of the key files"},
    {"password-file", "FILE", "first line opens the key file"},
    {"subaccount", "N", "its sub-account (0)"},
    {NULL, NULL, NULL}};

const struct cli_command cli_account_commands[] = {
    {"account", "", "balances, equity and requirements", 0, 0, options,
     run_account},
    {"positions", "", "open positions", 0, 0, options, run_positions},
    {"orders", "", "open orders", 0, 0, options, run_orders},
    {"margin", "", "requirements explained by position", 0, 0, options,
     run_margin},
    {"trades", "", "the account's newest trades", 0, 0, options, run_trades},
    {"ledger", "", "every movement of its money", 0, 0, options, run_ledger},
    {NULL, NULL, NULL, 0, 0, NULL, NULL}};
