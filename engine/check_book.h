/*
 * PRIVATE to the engine: engine_check's part for books, trigger lists and
 * heaps.
 */
#ifndef CLEARINGD_ENGINE_CHECK_BOOK_H
#define CLEARINGD_ENGINE_CHECK_BOOK_H

#include "engine/check_fault.h"
#include "engine/state.h"

/* Every book is sorted and uncrossed, its levels' sums are right; all heaps
 * are in order; together they hold as many orders as there are. */
must_use bool check_book(const struct engine *engine,
                         struct engine_fault *fault);

#endif
