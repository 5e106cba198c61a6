/* A program that tries to get at others: `neighbour FIRST LAST` tries all process numbers from FIRST to LAST but its own, and
 * prints of each process what the kernel lets it have, as `NUMBER WHAT`. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static void say(pid_t pid, const char *what, int got)
{
    if (got)
        printf("%d %s\n", pid, what);
}

static const char *file(pid_t pid, const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return path;
}

/* Whether its file of this name can be opened. */
static int opens(pid_t pid, const char *name, int flags)
{
    int descriptor = open(file(pid, name), flags | O_CLOEXEC);
    if (descriptor >= 0)
        close(descriptor);
    return descriptor >= 0;
}

/* Whether it is told where its file of this name leads. */
static int follows(pid_t pid, const char *name)
{
    char target[256];
    return readlink(file(pid, name), target, sizeof target) >= 0;
}

/* EFAULT is from the other's memory, where nothing is at this address: access was given. */
static int reads(pid_t pid)
{
    char byte;
    struct iovec own = {&byte, 1}, other = {(void *)16, 1};
    return process_vm_readv(pid, &own, 1, &other, 1, 0) == 1 || errno == EFAULT;
}

static int takes(pid_t pid)
{
    int process = (int)syscall(SYS_pidfd_open, pid, 0), taken = -1;
    if (process < 0)
        return 0;
    taken = (int)syscall(SYS_pidfd_getfd, process, 0, 0);
    close(process);
    if (taken >= 0)
        close(taken);
    return taken >= 0;
}

/* Signal 0 is none. */
static int signals(pid_t pid)
{
    int process = (int)syscall(SYS_pidfd_open, pid, 0), sent = kill(pid, 0) == 0;
    if (process >= 0) {
        sent |= syscall(SYS_pidfd_send_signal, process, 0, NULL, 0) == 0;
        close(process);
    }
    return sent;
}

int main(int count, char **arguments)
{
    if (count != 3)
        return 2;
    for (pid_t pid = atoi(arguments[1]); pid <= atoi(arguments[2]); pid++) {
        if (pid == getpid())
            continue;
        say(pid, "status", opens(pid, "status", O_RDONLY));
        say(pid, "memory", opens(pid, "mem", O_RDWR));
        say(pid, "addresses", opens(pid, "maps", O_RDONLY));
        say(pid, "environment", opens(pid, "environ", O_RDONLY));
        say(pid, "descriptors", follows(pid, "fd/0") || opens(pid, "fd/0", O_RDONLY | O_NONBLOCK));
        say(pid, "files", opens(pid, "root/", O_RDONLY | O_DIRECTORY) || opens(pid, "cwd/", O_RDONLY | O_DIRECTORY));
        say(pid, "namespaces", opens(pid, "ns/mnt", O_RDONLY) || follows(pid, "ns/mnt"));
        say(pid, "signal", signals(pid));
        say(pid, "process_vm_readv", reads(pid));
        say(pid, "pidfd_getfd", takes(pid));
        /* Ends with this program, and does not stop the other. */
        say(pid, "ptrace", ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0);
    }
    return 0;
}
