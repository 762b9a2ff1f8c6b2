/*
 * PRIVATE to rpc/: lists in answers, row by row. One failed row (memory) makes
 * the whole list NULL at its end, so that no list is ever silently shorter.
 */
#ifndef CLEARINGD_RPC_ROWS_H
#define CLEARINGD_RPC_ROWS_H

#include <jansson.h>
#include <stdbool.h>

struct rows {
    json_t *list;
    bool is_whole;
};

static inline struct rows rows_begin(void)
{
    return (struct rows){json_array(), true};
}

/* Takes the reference; NULL: it could not be made. */
static inline void rows_add(struct rows *rows, json_t *row)
{
    if (json_array_append_new(rows->list, row) != 0)
        rows->is_whole = false;
}

/* The list, or NULL; the caller owns it. */
static inline json_t *rows_end(struct rows *rows)
{
    if (rows->list && rows->is_whole)
        return rows->list;
    json_decref(rows->list);
    return NULL;
}

#endif
