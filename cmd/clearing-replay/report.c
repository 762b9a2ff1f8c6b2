#include "cmd/clearing-replay/report.h"

#include "rpc/address.h"
#include "rpc/decimal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- sums ------------------------------------------------------------ */

/* A member's decimal text in millionths, 0 where there is none. */
static int64_t money_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    int64_t value = 0;

    if (text && decimal_parse(&value, text, strlen(text), 6) != DECIMAL_OK)
        return 0;
    return value;
}

static json_t *money_text(i128 value)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format_wide(text, value, 6);
    return json_string(text);
}

/* The settlement asset's totals: the first of public/get_totals. */
static json_t *settlement_totals(struct stage *stage)
{
    json_t *list = talk_call(stage->talk, "public/get_totals", NULL);
    json_t *totals = json_incref(json_array_get(list, 0));

    json_decref(list);
    return totals;
}

char *report_insurance(struct stage *stage)
{
    json_t *totals = settlement_totals(stage);
    const char *text = json_string_value(json_object_get(totals, "insurance"));
    char *copy = text ? strdup(text) : NULL;

    json_decref(totals);
    return copy;
}

/* What all people have, asked account by account: independent of the node's
 * own sum. */
struct people {
    i128 balances;
    uint64_t accounts, in_liquidation, negative;
};

static void add_account(void *ctx, uint64_t tag, const json_t *result,
                        const json_t *error)
{
    struct people *people = ctx;
    int64_t balance = money_of(result, "balance");

    (void)tag;
    if (error)
        return;
    people->accounts++;
    people->balances += balance;
    people->negative += balance < 0;
    people->in_liquidation +=
        json_is_true(json_object_get(result, "in_liquidation"));
}

static bool ask_accounts(struct stage *stage, struct people *people,
                         const struct trader *traders, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char owner[ADDRESS_TEXT_SIZE];

        address_format(owner, &traders[i].owner);
        if (!talk_send(stage->talk, "private/get_account_summary",
                       json_pack("{ss}", "owner", owner), add_account, people,
                       i))
            return false;
    }
    return talk_wait(stage->talk);
}

/* Everything the house holds of the settlement asset. */
static i128 house_sum(const json_t *totals)
{
    static const char *const names[] = {
        "insurance",   "fees",     "treasury", "reporters", "validators",
        "withdrawals", "interest", "clearing", "funding"};
    i128 sum = 0;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        sum += money_of(totals, names[i]);
    return sum;
}

static json_t *refusals_of(const struct counts *counts)
{
    json_t *object = json_object();

    for (size_t i = 0; i < sizeof counts->refusals / sizeof *counts->refusals;
         i++) {
        char code[16];

        if (counts->refusals[i] == 0)
            continue;
        snprintf(code, sizeof code, "%d", counts->refusal_codes[i]);
        json_object_set_new(object, code,
                            json_integer((json_int_t)counts->refusals[i]));
    }
    return object;
}

json_t *report_make(struct stage *stage, const char *insurance_before)
{
    struct people people = {0};
    json_t *totals = settlement_totals(stage);
    json_t *status = talk_call(stage->talk, "public/status", NULL), *report;
    /* The fund's start came from outside, too. */
    i128 in, out;
    int64_t start = 0;

    if (!totals || !status ||
        !ask_accounts(stage, &people, stage->crowd->makers,
                      stage->crowd->maker_count) ||
        !ask_accounts(stage, &people, stage->crowd->traders,
                      stage->crowd->trader_count))
        return NULL;
    if (decimal_parse(&start, insurance_before, strlen(insurance_before), 6) !=
        DECIMAL_OK)
        start = 0;
    in = (i128)stage->counts.deposited + start;
    out = people.balances + house_sum(totals);
    report = json_pack(
        "{sI sI sI sI sI so ss sO s{so so so so ss} sO}", "accounts",
        (json_int_t)people.accounts, "requests",
        (json_int_t)stage->counts.requests, "orders",
        (json_int_t)stage->counts.orders, "refused",
        (json_int_t)stage->counts.refused, "in_liquidation_at_end",
        (json_int_t)people.in_liquidation, "refused_by_code",
        refusals_of(&stage->counts), "insurance_before", insurance_before,
        "insurance_after", json_object_get(totals, "insurance"), "money", "in",
        money_text(in), "held_by_users", money_text(people.balances),
        "held_by_house", money_text(house_sum(totals)), "difference",
        money_text(in - out), "currency", "USD", "status", status);
    json_object_set(report, "ledgers_difference",
                    json_object_get(totals, "difference"));
    json_decref(totals);
    json_decref(status);
    return report;
}

/* ---- verdict --------------------------------------------------------- */

static bool is_zero(const json_t *report)
{
    const char *difference = json_string_value(
        json_object_get(json_object_get(report, "money"), "difference"));

    return difference && strcmp(difference, "0") == 0;
}

bool report_judge(json_t *report, const json_t *audit, double seconds)
{
    static const char *const copied[] = {
        "events", "trades",     "liquidations", "waterfall", "commands",
        "blocks", "state_root", "replay_root",  "signatures"};
    const char *root, *again;
    bool is_same, is_good;

    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        if (json_object_get(audit, copied[i]))
            json_object_set(report, copied[i],
                            json_object_get(audit, copied[i]));
    root = json_string_value(json_object_get(report, "state_root"));
    again = json_string_value(json_object_get(report, "replay_root"));
    is_same = root && again && strcmp(root, again) == 0;
    is_good = is_same && is_zero(report);
    json_object_set_new(report, "reproduced", json_boolean(is_same));
    json_object_set_new(report, "wall_seconds", json_real(seconds));
    json_object_set_new(report, "good", json_boolean(is_good));
    return is_good;
}

bool report_judge_attached(json_t *report, double seconds)
{
    const char *difference =
        json_string_value(json_object_get(report, "ledgers_difference"));
    bool is_good = difference && strcmp(difference, "0") == 0;

    json_object_set_new(report, "wall_seconds", json_real(seconds));
    json_object_set_new(report, "good", json_boolean(is_good));
    return is_good;
}

static const char *text_of(const json_t *value)
{
    static char buffers[8][40];
    static unsigned next;
    char *buffer = buffers[next++ % 8];

    if (json_is_string(value))
        return json_string_value(value);
    snprintf(buffer, sizeof *buffers, "%" JSON_INTEGER_FORMAT,
             json_integer_value(value));
    return json_is_integer(value) ? buffer : "?";
}

static void line(const json_t *object, const char *name, const char *label)
{
    printf("  %-28s %s\n", label, text_of(json_object_get(object, name)));
}

void report_print(const json_t *report)
{
    const json_t *money = json_object_get(report, "money");
    const json_t *steps = json_object_get(report, "waterfall");
    const char *name;
    json_t *count;

    puts("\nWhat happened");
    line(report, "accounts", "accounts");
    line(report, "orders", "orders sent");
    line(report, "commands", "commands sequenced");
    line(report, "events", "events");
    line(report, "trades", "trades");
    line(report, "liquidations", "accounts liquidated");
    json_object_foreach((json_t *)(uintptr_t)steps, name, count)
        printf("    step %-21s %s\n", name, text_of(count));
    line(report, "insurance_before", "insurance fund before");
    line(report, "insurance_after", "insurance fund after");
    puts("\nIs every cent there");
    line(money, "in", "came in");
    line(money, "held_by_users", "users have");
    line(money, "held_by_house", "the house has");
    line(money, "difference", "difference");
    if (json_object_get(report, "reproduced")) {
        puts("\nCan anybody compute it again");
        line(report, "signatures", "signatures checked again");
        line(report, "state_root", "state root of the node");
        line(report, "replay_root", "state root of the replay");
    }
    if (!json_is_true(json_object_get(report, "good")))
        puts("\nSOMETHING IS WRONG: see the report.");
    else if (json_object_get(report, "reproduced"))
        puts("\nNo money was made or lost, and the journal gives the same "
             "state again.");
    else
        puts("\nThe node's ledgers sum to zero.");
}
