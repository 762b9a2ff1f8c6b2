/*
 * PRIVATE: where each part of an engine lies in its one block of memory, as
 * the genesis's capacities have it.
 */
#ifndef CLEARINGD_ENGINE_LAYOUT_H
#define CLEARINGD_ENGINE_LAYOUT_H

#include "engine/state.h"

/* Bytes the engine needs for this (checked) genesis; a multiple of 64. */
size_t layout_size(const struct genesis *genesis);

/* Sets every pool, map, heap, book side and module of the engine at the start
 * of the block up, empty. engine->genesis is set; the rest is zero. */
void layout_init(struct engine *engine);

#endif
