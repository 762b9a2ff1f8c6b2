#include "cmd/clearing-replay/node.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_SECONDS 30

/* Limits out of the way: one client plays a thousand. */
static const char configuration[] =
    "data_dir = \"%s/data\"\n"
    "unix_socket = \"%s/clearingd.sock\"\n"
    "listen = \"\"\n"
    "log {\n    level = \"warning\"\n}\n"
    "limits {\n    in_flight = 256\n"
    "    requests_per_second_address = 1000000\n"
    "    requests_per_second_account = 1000000\n}\n";

static bool write_files(struct node *node, const json_t *genesis)
{
    char path[4300];
    FILE *file;
    bool is_written;

    snprintf(path, sizeof path, "%s/clearingd.conf", node->directory);
    file = fopen(path, "w");
    if (!file)
        return false;
    is_written =
        fprintf(file, configuration, node->directory, node->directory) > 0;
    is_written = fclose(file) == 0 && is_written;
    return is_written &&
           json_dump_file(genesis, node->genesis_path, JSON_INDENT(2)) == 0;
}

bool node_sibling(char path[PATH_MAX], const char *name)
{
    ssize_t size = readlink("/proc/self/exe", path, PATH_MAX - 32);
    char *slash;

    if (size < 0)
        return false;
    path[size] = '\0';
    slash = strrchr(path, '/');
    if (!slash)
        return false;
    memcpy(slash + 1, name, strlen(name) + 1);
    return access(path, X_OK) == 0;
}

static _Noreturn void run(const struct node *node, const char *program)
{
    char config[4300], log[4300];
    int fd;

    snprintf(config, sizeof config, "%s/clearingd.conf", node->directory);
    snprintf(log, sizeof log, "%s/clearingd.log", node->directory);
    fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd >= 0) {
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
    }
    execl(program, program, "--dev", "--clock", "driven", "-c", config,
          "--genesis", node->genesis_path, (char *)NULL);
    _exit(127);
}

static bool answers(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_there;

    if (strlen(path) < sizeof address.sun_path)
        memcpy(address.sun_path, path, strlen(path));
    is_there = fd >= 0 &&
               connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return is_there;
}

static bool wait_for_socket(const struct node *node)
{
    const struct timespec pause = {0, 20000000};

    for (int i = 0; i < START_SECONDS * 50; i++) {
        if (answers(node->socket_path))
            return true;
        if (waitpid(node->pid, NULL, WNOHANG) == node->pid)
            return false;
        nanosleep(&pause, NULL);
    }
    return false;
}

bool node_start(struct node *node, const char *directory, const json_t *genesis,
                char *what, size_t what_size)
{
    char program[PATH_MAX];

    *node = (struct node){0};
    if (mkdir(directory, 0700) != 0) {
        snprintf(what, what_size, "%s: %s", directory, strerror(errno));
        return false;
    }
    if (!realpath(directory, node->directory) ||
        !node_sibling(program, "clearingd")) {
        snprintf(what, what_size, "clearingd is not beside this program");
        return false;
    }
    snprintf(node->socket_path, sizeof node->socket_path, "%s/clearingd.sock",
             node->directory);
    snprintf(node->genesis_path, sizeof node->genesis_path, "%s/genesis.json",
             node->directory);
    if (!write_files(node, genesis)) {
        snprintf(what, what_size, "%s: cannot be written", directory);
        return false;
    }
    node->pid = fork();
    if (node->pid == 0)
        run(node, program);
    if (node->pid < 0 || !wait_for_socket(node)) {
        snprintf(what, what_size,
                 "the node did not start, see %s/clearingd.log",
                 node->directory);
        return false;
    }
    return true;
}

bool node_stop(struct node *node)
{
    int status;

    if (node->pid <= 0)
        return true;
    if (kill(node->pid, SIGTERM) != 0 ||
        waitpid(node->pid, &status, 0) != node->pid)
        return false;
    node->pid = 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind,
                        struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void node_remove(const struct node *node)
{
    nftw(node->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
