/*
 * The list of method tables and the lookup by name: all rows sorted once,
 * before threads start, then searched by halves.
 */
#include "rpc/method.h"

#include <stdlib.h>
#include <string.h>

#define METHODS_MAX 160

static const struct rpc_method_table *const tables[] = {
    &rpc_node_methods,   &rpc_market_methods,  &rpc_oracle_methods,
    &rpc_report_methods, &rpc_account_methods, &rpc_position_methods,
    &rpc_trade_methods,  &rpc_history_methods, &rpc_block_methods,
    &rpc_order_methods,  &rpc_funds_methods,   &rpc_totals_methods,
    &rpc_admin_methods,
};

static struct rpc_method sorted[METHODS_MAX];
static uint32_t sorted_count;

static int compare(const void *a, const void *b)
{
    const struct rpc_method *left = a, *right = b;

    return strcmp(left->name, right->name);
}

__attribute__((constructor)) static void sort_methods(void)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (uint32_t j = 0; j < tables[i]->count; j++) {
            check(sorted_count < METHODS_MAX);
            sorted[sorted_count++] = tables[i]->methods[j];
        }
    qsort(sorted, sorted_count, sizeof *sorted, compare);
}

const struct rpc_method *rpc_methods(uint32_t *count)
{
    *count = sorted_count;
    return sorted;
}

const struct rpc_method *rpc_method_find(const char *name, size_t size)
{
    uint32_t low = 0, high = sorted_count;

    if (size != strlen(name))
        return NULL;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(name, sorted[middle].name);

        if (order == 0)
            return &sorted[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
