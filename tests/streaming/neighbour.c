/* A program that tries to get at another one's memory and descriptors: `neighbour PID` prints what of it the kernel lets it
 * have. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *what, int got)
{
    if (got)
        puts(what);
}

/* Whether its file of this name can be opened. */
static int opens(const char *pid, const char *name, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
    return open(path, flags | O_CLOEXEC) >= 0;
}

static int attaches(pid_t pid)
{
    if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0)
        return 0;
    waitpid(pid, NULL, __WALL);
    return ptrace(PTRACE_DETACH, pid, NULL, NULL) == 0;
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
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    return process >= 0 && syscall(SYS_pidfd_getfd, process, 1, 0) >= 0;
}

int main(int count, char **arguments)
{
    if (count != 2)
        return 2;
    pid_t pid = (pid_t)atoi(arguments[1]);
    say("memory", opens(arguments[1], "mem", O_RDWR));
    say("addresses", opens(arguments[1], "maps", O_RDONLY));
    say("environment", opens(arguments[1], "environ", O_RDONLY));
    say("descriptors", opens(arguments[1], "fd/2", O_RDONLY) || opens(arguments[1], "fd", O_RDONLY | O_DIRECTORY));
    say("ptrace", attaches(pid));
    say("process_vm_readv", reads(pid));
    say("pidfd_getfd", takes(pid));
    return 0;
}
