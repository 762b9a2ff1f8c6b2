/* The development network's genesis, built in. */
#ifndef CLEARINGD_CMD_CLEARINGD_GENESIS_DEV_H
#define CLEARINGD_CMD_CLEARINGD_GENESIS_DEV_H

#include <stddef.h>

/* *size without a NUL, which follows. */
const char *genesis_dev_text(size_t *size);

#endif
