/*
 * The audit: a journal replayed from its first command in a fresh engine.
 *
 * Checked are the hash links of all batches, every signature (optional), that
 * each journaled command is exactly what its evidence says, and that each
 * BLOCK command's root and hash are the ones computed here. Signatures are
 * checked by several threads one window of batches ahead of the single thread
 * that applies; nothing is applied that was not checked first.
 */
#ifndef CLEARINGD_DAEMON_AUDIT_H
#define CLEARINGD_DAEMON_AUDIT_H

#include "engine/event.h"
#include "rpc/service.h"
#include "storage/block.h"

struct audit_options {
    const char *data_dir;
    const struct rpc_service *service; /* of the network's genesis */
    uint32_t threads;                  /* 1 to 64, for signatures */
    bool skip_signatures;
    /* Told now and then; may be NULL. */
    void (*progress)(void *ctx, uint64_t index, uint64_t blocks);
    void *ctx;
};

#define AUDIT_EVENT_KINDS 32
#define AUDIT_STEPS 16

struct audit_result {
    uint64_t commands, batches, blocks, signatures, events;
    uint64_t events_by_kind[AUDIT_EVENT_KINDS];
    uint64_t liquidation_steps[AUDIT_STEPS]; /* by enum liquidation_step */
    struct block last;         /* newest block computed; height 0: none */
    uint64_t journaled_height; /* newest block the journal itself tells of */
    struct hash32 journaled_root;
    struct hash32 replayed_root; /* computed here for that very block */
    uint64_t torn_bytes;         /* of an unfinished last batch */
    /* The first thing that differs; what is "" when nothing does. */
    uint64_t fault_index;
    char fault[256];
};

/* Runs the audit. True: everything agrees. */
must_use bool audit_run(struct audit_result *result,
                        const struct audit_options *options);

#endif
