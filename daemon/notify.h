/*
 * Talking to systemd: readiness, reloading, the watchdog, inherited sockets.
 * Without systemd (no NOTIFY_SOCKET) all of it does nothing.
 */
#ifndef CLEARINGD_DAEMON_NOTIFY_H
#define CLEARINGD_DAEMON_NOTIFY_H

#include "engine/base.h"

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
void notify_watchdog(void);
/* A start or a stop goes on and may need this much longer. */
void notify_extend(uint32_t seconds);
/* One line about the node, for `systemctl status`. */
void notify_status(const char *text);

/* Milliseconds between two notify_watchdog that are surely often enough; 0:
 * no watchdog is wanted. */
uint64_t notify_watchdog_ms(void);

/* Listening sockets handed over (LISTEN_FDS); returns how many, at most
 * `most`. */
size_t notify_sockets(int *fds, size_t most);

#endif
