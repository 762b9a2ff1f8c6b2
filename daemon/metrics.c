#include "daemon/metrics.h"

static void count_refusal(struct metrics *metrics, enum result result)
{
    uint32_t count;
    const struct result_info *list = result_list(&count);
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (list[middle].code < result)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < count && low < METRICS_RESULTS && list[low].code == result)
        metrics->refusals[low]++;
}

void metrics_event(struct metrics *metrics, const struct event *event)
{
    switch (event->kind) {
    case EVENT_REFUSED:
        count_refusal(metrics, event->refused.result);
        break;
    case EVENT_TRADE:
        metrics->trades++;
        break;
    case EVENT_LIQUIDATION:
        if (event->liquidation.step < METRICS_STEPS)
            metrics->liquidations[event->liquidation.step]++;
        break;
    case EVENT_ADL:
        metrics->deleveragings++;
        break;
    case EVENT_REPEAT:
        metrics->repeats++;
        break;
    case EVENT_ORDER:
    case EVENT_LEDGER:
    case EVENT_POSITION:
    case EVENT_DEPOSIT:
    case EVENT_WITHDRAWAL:
    case EVENT_KEY:
    case EVENT_LEVERAGE:
    case EVENT_REPORT:
    case EVENT_INDEX:
    case EVENT_MARK:
    case EVENT_FUNDING:
    case EVENT_MARKET_STATE:
    case EVENT_BLOCK:
    case EVENT_CANCELLED_COUNT:
        break;
    }
}

void metrics_command(struct metrics *metrics, enum command_kind kind)
{
    check((uint32_t)kind < METRICS_COMMANDS);
    metrics->commands[kind]++;
}

void metrics_batch(struct metrics *metrics, uint32_t commands)
{
    metrics->batches++;
    metrics->batch_commands += commands;
}
