/*
 * The threads that parse messages and check signatures, and the ring that
 * keeps messages in the order of their arrival: the loop puts tickets in,
 * workers take them in small groups, the loop takes them out again strictly in
 * order, each when it is parsed.
 *
 * A part of the ring is set apart for urgent messages (cancels, reports,
 * deposits): when new risk is answered "busy" at the door, they still come in.
 * Nothing overtakes inside.
 */
#ifndef CLEARINGD_DAEMON_WORKERS_H
#define CLEARINGD_DAEMON_WORKERS_H

#include "daemon/ticket.h"

#define WORKERS_COUNT_MAX 64u
#define WORKERS_RING 4096u
#define WORKERS_RESERVED (WORKERS_RING / 8)
/* Bytes of messages in the ring; urgent ones have as much again. */
#define WORKERS_BYTES_MAX ((size_t)16 << 20)

struct workers;

/* Called in a worker thread after each group; must not block. */
typedef void workers_wake(void *ctx);

/* Starts count threads (1 to WORKERS_COUNT_MAX). NULL: the machine refuses. */
must_use struct workers *workers_start(uint32_t count,
                                       const struct rpc_service *service,
                                       workers_wake *wake, void *ctx);

/* Loop thread: whether the ring has room for a message of this size. */
must_use bool workers_has_room(const struct workers *workers,
                               enum rpc_urgency urgency, size_t size);

/* Loop thread: puts a ticket into the ring, which must have room. It is not
 * worked on before the next workers_publish. */
void workers_add(struct workers *workers, struct ticket *ticket);

/* Loop thread: hands everything added to the threads; cheap when nothing
 * was. */
void workers_publish(struct workers *workers);

/* Loop thread: the oldest ticket, if it is parsed; else NULL. It stays the
 * oldest until workers_drop_oldest. */
struct ticket *workers_oldest(struct workers *workers);
void workers_drop_oldest(struct workers *workers);

/* Loop thread: tickets in the ring. */
uint32_t workers_depth(const struct workers *workers);

/* Loop thread: ends the threads (those waiting for them are parsed first) and
 * frees all but the tickets, which the caller must have taken out. */
void workers_stop(struct workers *workers);

#endif
