/*
 * From what was signed to what the engine applies: a typed message's texts
 * become numbers. Pure: the same message gives the same command for the node
 * that accepts it and for the audit that replays it.
 */
#ifndef CLEARINGD_RPC_DECODE_H
#define CLEARINGD_RPC_DECODE_H

#include "engine/command.h"
#include "engine/result.h"
#include "rpc/evidence.h"
#include "rpc/service.h"

/* Why a message is no command. result 0: the parameter's text breaks the
 * grammar (-32602, reason); else a code of the list. */
struct decode_fault {
    enum result result;
    enum param param;
    const char *name;   /* the parameter, static */
    const char *reason; /* static */
};

/* A typed message but Deposit into a command; *buffer backs its lists. The
 * request's digest prefix is taken from `digest`. False: *fault. */
must_use bool
decode_request(const struct rpc_service *service, struct command *command,
               struct command_buffer *buffer, struct decode_fault *fault,
               const struct typed_message *message,
               const struct address *signer, const struct hash32 *digest);

/* A Deposit; `validators` is the mask of those who signed it. */
must_use bool decode_deposit(const struct rpc_service *service,
                             struct command *command,
                             struct decode_fault *fault,
                             const struct typed_deposit *deposit,
                             const struct hash32 *digest, uint64_t validators);

/* Which validators signed the digest: recovers each signature. False when one
 * is malformed or a stranger's; *position tells which. */
must_use bool decode_validators(const struct rpc_service *service,
                                uint64_t *validators, size_t *position,
                                enum secp_status *status,
                                const struct hash32 *digest,
                                const struct secp_signature *signatures,
                                size_t count);

/* Why one package of a report was left out. */
enum package_fault {
    PACKAGE_TAKEN,
    PACKAGE_SIGNATURE, /* malformed or high s */
    PACKAGE_STRANGER,  /* the signer is no reporter */
    PACKAGE_FEEDS,     /* names no feed of this network */
};

struct package_outcome {
    enum package_fault fault;
    struct address signer; /* zero for PACKAGE_SIGNATURE */
    uint64_t timestamp_ms;
};

/* A parsed payload into a report command of the packages that are taken; 0:
 * none is. outcomes has one entry for each package of the payload. */
must_use uint32_t decode_report(const struct rpc_service *service,
                                struct command *command,
                                struct command_buffer *buffer,
                                struct package_outcome *outcomes,
                                const struct redstone_payload *payload);

/*
 * The audit's question: do these journaled bytes of evidence, checked with
 * signatures (or without), give exactly these command bytes? False: *why is
 * a static sentence.
 */
must_use bool decode_audit(const struct rpc_service *service, const char **why,
                           const uint8_t *command, size_t command_size,
                           const uint8_t *evidence, size_t evidence_size,
                           bool with_signatures);

#endif
