/*
 * conf/genesis.dev.json inside the program: `clearingd --dev` needs no file.
 * The assembler takes it in, so there is no second copy to keep equal.
 */
#include "cmd/clearingd/genesis_dev.h"

__asm__(".section .rodata\n"
        ".global genesis_dev_begin\n"
        "genesis_dev_begin:\n"
        ".incbin \"conf/genesis.dev.json\"\n"
        ".global genesis_dev_end\n"
        "genesis_dev_end:\n"
        ".byte 0\n"
        ".previous\n");

extern const char genesis_dev_begin[], genesis_dev_end[];

const char *genesis_dev_text(size_t *size)
{
    *size = (size_t)(genesis_dev_end - genesis_dev_begin);
    return genesis_dev_begin;
}
