/*
 * The engine's memory: address space taken at once, pages from the kernel as
 * they are touched. A network sized for millions of accounts costs a young
 * node nothing.
 */
#ifndef CLEARINGD_DAEMON_MEMORY_H
#define CLEARINGD_DAEMON_MEMORY_H

#include "engine/base.h"

/* Zeroed memory of size bytes (> 0), page aligned; NULL when the machine
 * refuses. */
must_use void *memory_map(size_t size);

/* Gives it back; memory may be NULL. */
void memory_unmap(void *memory, size_t size);

#endif
