/* What everybody may see: markets, books, prices, insurance, liquidations. */
#include "cmd/clearing-cli/cli.h"

#include <stdio.h>

static json_t *instrument(struct cli *cli)
{
    return json_pack("{ss}", "instrument_name", cli->argv[0]);
}

static int run_markets(struct cli *cli)
{
    return cli_show(cli, cli_call(cli, "public/get_instruments", NULL),
                    cli_print);
}

static int run_ticker(struct cli *cli)
{
    return cli_show(cli, cli_call(cli, "public/ticker", instrument(cli)),
                    cli_print);
}

static void print_side(const json_t *levels, const char *name)
{
    for (size_t i = 0; i < json_array_size(levels); i++) {
        const json_t *level = json_array_get(levels, i);

        printf("%-4s %16s %16s\n", name,
               cli_text(json_array_get(level, 0), NULL),
               cli_text(json_array_get(level, 1), NULL));
    }
}

static void print_book(const json_t *book)
{
    const json_t *asks = json_object_get(book, "asks");

    printf("%-4s %16s %16s\n", "", "price", "amount");
    for (size_t i = json_array_size(asks); i > 0; i--) {
        const json_t *level = json_array_get(asks, i - 1);

        printf("ask  %16s %16s\n", cli_text(json_array_get(level, 0), NULL),
               cli_text(json_array_get(level, 1), NULL));
    }
    printf("---- mark %s index %s\n", cli_text(book, "mark_price"),
           cli_text(book, "index_price"));
    print_side(json_object_get(book, "bids"), "bid");
}

static int run_book(struct cli *cli)
{
    const char *depth = cli_option_of(cli, "depth");
    uint64_t levels = 10;

    if (depth && (!cli_number(depth, &levels) || levels == 0))
        return cli_usage("--depth must be a number");
    return cli_show(
        cli,
        cli_call(cli, "public/get_order_book",
                 json_pack("{ss sI}", "instrument_name", cli->argv[0], "depth",
                           (json_int_t)levels)),
        print_book);
}

static int run_index(struct cli *cli)
{
    return cli_show(cli,
                    cli_call(cli, "public/get_index_price",
                             json_pack("{ss}", "index_name", cli->argv[0])),
                    cli_print);
}

static int run_insurance(struct cli *cli)
{
    return cli_show(cli, cli_call(cli, "public/get_insurance", NULL),
                    cli_print);
}

static int run_liquidations(struct cli *cli)
{
    json_t *params =
        cli->argc ? json_pack("{ss}", "instrument_name", cli->argv[0]) : NULL;

    return cli_show(cli, cli_call(cli, "public/get_liquidations", params),
                    cli_print);
}

static const struct cli_option book_options[] = {
    {"depth", "N", "levels a side (10)"}, {NULL, NULL, NULL}};

const struct cli_command cli_market_commands[] = {
    {"markets", "", "list the instruments", 0, 0, NULL, run_markets},
    {"ticker", "INSTRUMENT", "prices and funding of an instrument", 1, 1, NULL,
     run_ticker},
    {"book", "INSTRUMENT", "the order book", 1, 1, book_options, run_book},
    {"index", "NAME", "an index price, its grade and confidence", 1, 1, NULL,
     run_index},
    {"insurance", "", "the insurance fund", 0, 0, NULL, run_insurance},
    {"liquidations", "[INSTRUMENT]", "the newest liquidation steps", 0, 1, NULL,
     run_liquidations},
    {NULL, NULL, NULL, 0, 0, NULL, NULL}};
