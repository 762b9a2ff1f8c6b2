/*
 * Everything that can fail for outer reasons (paths, ports, rights) is done on
 * plain descriptors, before libuv has a handle whose closing would need the
 * loop.
 */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 511

static int socket_new(int family)
{
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void fd_close(int fd)
{
    int saved = errno;
    (void)close(fd);
    errno = saved;
}

/* NET_OK: nobody answers there, and no file is left. */
static enum net_result path_clear(const struct sockaddr_un *address)
{
    struct stat found;
    if (lstat(address->sun_path, &found))
        return errno == ENOENT ? NET_OK : NET_LISTEN_FAILED;
    if (!S_ISSOCK(found.st_mode)) {
        errno = EEXIST;
        return NET_LISTEN_FAILED;
    }
    int fd = socket_new(AF_UNIX);
    if (fd < 0)
        return NET_LISTEN_FAILED;
    int failed =
        connect(fd, (const struct sockaddr *)address, sizeof(*address));
    int reason = failed ? errno : 0;
    fd_close(fd);
    if (reason == ENOENT)
        return NET_OK;
    /* Anything but a refusal may be a server that is busy or not ours. */
    if (reason != ECONNREFUSED)
        return NET_SOCKET_BUSY;
    if (unlink(address->sun_path) && errno != ENOENT)
        return NET_LISTEN_FAILED;
    return NET_OK;
}

static bool bind_with_mode(int fd, const struct sockaddr_un *address,
                           uint32_t mode)
{
    mode_t before = umask((mode_t)(~mode & 0777));
    int failed = bind(fd, (const struct sockaddr *)address, sizeof(*address));
    (void)umask(before);
    return !failed;
}

static bool file_remember(struct listener *listener, const char *path)
{
    struct stat made;
    if (lstat(path, &made))
        return false;
    listener->path = strdup(path);
    listener->device = made.st_dev;
    listener->inode = made.st_ino;
    return listener->path != NULL;
}

enum net_result listener_bind_unix(struct listener *listener, const char *path,
                                   uint32_t mode)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (!len || len >= sizeof(address.sun_path))
        return NET_OPTION_INVALID;
    memcpy(address.sun_path, path, len);
    enum net_result cleared = path_clear(&address);
    if (cleared != NET_OK)
        return cleared;
    listener->fd = socket_new(AF_UNIX);
    listener->is_unix = true;
    if (listener->fd < 0 || !bind_with_mode(listener->fd, &address, mode) ||
        !file_remember(listener, path) || listen(listener->fd, BACKLOG))
        return NET_LISTEN_FAILED;
    return NET_OK;
}

static bool address_parse(struct sockaddr_storage *address, socklen_t *len,
                          const char *text, uint16_t port)
{
    memset(address, 0, sizeof(*address));
    *len = sizeof(struct sockaddr_in);
    if (!uv_ip4_addr(text, port, (struct sockaddr_in *)address))
        return true;
    *len = sizeof(struct sockaddr_in6);
    return !uv_ip6_addr(text, port, (struct sockaddr_in6 *)address);
}

enum net_result listener_bind_tcp(struct listener *listener,
                                  const char *address, uint16_t port)
{
    struct sockaddr_storage parsed;
    socklen_t len;
    int yes = 1;
    if (!address_parse(&parsed, &len, address, port))
        return NET_OPTION_INVALID;
    listener->fd = socket_new(parsed.ss_family);
    if (listener->fd < 0 ||
        setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
        bind(listener->fd, (struct sockaddr *)&parsed, len) ||
        listen(listener->fd, BACKLOG))
        return NET_LISTEN_FAILED;
    return NET_OK;
}

enum net_result listener_adopt(struct listener *listener, int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    int listening = 0;
    socklen_t listening_len = sizeof(listening);
    if (getsockname(fd, (struct sockaddr *)&address, &len) ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &listening_len) ||
        !listening)
        return NET_OPTION_INVALID;
    if (address.ss_family != AF_UNIX && address.ss_family != AF_INET &&
        address.ss_family != AF_INET6)
        return NET_OPTION_INVALID;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC))
        return NET_LISTEN_FAILED;
    listener->is_unix = address.ss_family == AF_UNIX;
    listener->fd = fd;
    listener->inherited = true;
    return NET_OK;
}

uint16_t listener_port(const struct listener *listener)
{
    union {
        struct sockaddr_storage any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t len = sizeof(address);
    if (listener->is_unix ||
        getsockname(listener->fd, (struct sockaddr *)&address, &len))
        return 0;
    return ntohs(address.any.ss_family == AF_INET ? address.v4.sin_port
                                                  : address.v6.sin6_port);
}

static void connection_waits(uv_stream_t *stream, int status)
{
    struct listener *listener = stream->data;
    if (status == 0 && !listener->server->draining)
        listener->owed =
            !conn_accept(listener->server, stream, listener->is_unix);
}

enum net_result listener_start(struct listener *listener,
                               struct net_server *server)
{
    int failed = listener->is_unix
                     ? uv_pipe_init(server->loop, &listener->uv.pipe, 0)
                     : uv_tcp_init(server->loop, &listener->uv.tcp);
    if (failed)
        return NET_LIBRARY_FAILED;
    listener->uv.handle.data = listener;
    listener->server = server;
    listener->started = true;
    server->handles_open++;
    failed = listener->is_unix ? uv_pipe_open(&listener->uv.pipe, listener->fd)
                               : uv_tcp_open(&listener->uv.tcp, listener->fd);
    if (failed)
        return NET_LIBRARY_FAILED;
    listener->fd = -1;
    return uv_listen(&listener->uv.stream, BACKLOG, connection_waits)
               ? NET_LISTEN_FAILED
               : NET_OK;
}

void listener_retry(struct listener *listener)
{
    if (listener->owed)
        connection_waits(&listener->uv.stream, 0);
}

static void listener_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    server_handle_closed(listener->server);
}

static void file_remove(struct listener *listener)
{
    struct stat found;
    if (!listener->path)
        return;
    if (!lstat(listener->path, &found) && found.st_dev == listener->device &&
        found.st_ino == listener->inode)
        (void)unlink(listener->path);
    free(listener->path);
    listener->path = NULL;
}

void listener_close(struct listener *listener)
{
    int saved = errno;
    file_remove(listener);
    listener->owed = false;
    if (listener->fd >= 0)
        (void)close(listener->fd);
    listener->fd = -1;
    if (listener->started)
        uv_close(&listener->uv.handle, listener_closed);
    listener->started = false;
    errno = saved;
}
