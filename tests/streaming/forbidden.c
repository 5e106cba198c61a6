/* A program that asks the kernel for what a seccomp profile has to refuse: `forbidden [part]` prints the name of each call
 * that was not refused by a profile, of those that no game may make, with `part` also of those that no part of a display may.
 *
 * A profile refuses with EPERM or ENOSYS. Each call is one with which the kernel itself would find fault otherwise, so that
 * nothing happens where there is no profile. Those that are not `sure` are EPERM then too, to who has no capabilities: of these
 * only ENOSYS is a profile's, and EPERM has a question mark. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of no process, and no address. */
#define NOBODY 0x7fffffff
#define NOWHERE ((void *)16)
/* Flags, a number or a type that there are not. */
#define WRONG 0x7ffffff0L

struct call {
    const char *name;
    int sure;
    long number, arguments[6];
};

#define SURE(name, ...) {#name, 1, SYS_##name, {__VA_ARGS__}}
#define UNSURE(name, ...) {#name, 0, SYS_##name, {__VA_ARGS__}}
/* A thread without shared signal handlers is an error, whatever else is asked for. */
#define CLONE(flag) {"clone " #flag, 1, SYS_clone, {flag | CLONE_THREAD}}
/* So is a socket of an unknown type. */
#define SOCKET(family) {"socket " #family, 1, SYS_socket, {family, 0xff}}

static const struct call nobodys[] = {
    /* Namespaces. */
    SURE(unshare, 0), SURE(setns, -1), SURE(clone3, 0, 0), CLONE(CLONE_NEWNS), CLONE(CLONE_NEWCGROUP), CLONE(CLONE_NEWUTS),
    CLONE(CLONE_NEWIPC), CLONE(CLONE_NEWUSER), CLONE(CLONE_NEWPID), CLONE(CLONE_NEWNET),
    /* Mounts. */
    SURE(mount, 0, 0, 0, 0, 0), SURE(umount2, 0, WRONG), UNSURE(pivot_root, 0, 0), SURE(chroot, 0), SURE(open_tree, -1, 0, WRONG),
    UNSURE(move_mount, -1, 0, -1, 0, 0), UNSURE(fsopen, 0, WRONG), SURE(fsconfig, -1, WRONG), UNSURE(fsmount, -1, 0, 0),
    UNSURE(fspick, -1, 0, 0), SURE(mount_setattr, -1, 0, WRONG), SURE(name_to_handle_at, -1, 0, 0, 0, WRONG),
    UNSURE(open_by_handle_at, -1, 0, 0),
    /* Other processes. */
    SURE(process_vm_readv, NOBODY, 0, 0, 0, 0, WRONG), SURE(process_vm_writev, NOBODY, 0, 0, 0, 0, WRONG),
    SURE(process_madvise, -1, 0, 0, 0, WRONG), SURE(pidfd_getfd, -1, 0, WRONG), SURE(kcmp, NOBODY, NOBODY, 0, 0, 0),
    /* Large parts of the kernel that no game needs. */
    SURE(keyctl, WRONG), SURE(add_key, 0), SURE(request_key, 0), UNSURE(bpf, WRONG, 0, 0), SURE(perf_event_open, 0, 0, -1, -1, WRONG),
    UNSURE(io_uring_setup, 0, 0), SURE(io_uring_enter, -1, 0, 0, WRONG, 0, 0), SURE(io_uring_register, -1, WRONG, 0, 0),
    SURE(userfaultfd, WRONG | 1), UNSURE(fanotify_init, WRONG), SURE(vmsplice, -1, 0, 0, WRONG), SURE(memfd_secret, WRONG),
    /* The host. */
    UNSURE(kexec_load, 0, 0, 0, WRONG), UNSURE(kexec_file_load, -1, -1, 0, 0, WRONG), UNSURE(init_module, 0, 0, 0),
    UNSURE(finit_module, -1, 0, WRONG), UNSURE(delete_module, 0, 0), UNSURE(reboot, 0, 0, 0, 0), UNSURE(swapon, 0, WRONG),
    UNSURE(swapoff, 0), UNSURE(acct, (long)NOWHERE), UNSURE(syslog, WRONG), UNSURE(settimeofday, (long)NOWHERE, 0),
    UNSURE(sethostname, 0, -1), UNSURE(quotactl, WRONG, 0, 0, 0),
#ifdef __x86_64__
    UNSURE(iopl, 4), UNSURE(ioperm, 0, 0, 1),
#endif
    {"personality ADDR_NO_RANDOMIZE", 1, SYS_personality, {ADDR_NO_RANDOMIZE}},
    SOCKET(AF_PACKET), SOCKET(AF_ALG), SOCKET(AF_VSOCK), SOCKET(AF_XDP), SOCKET(AF_TIPC), SOCKET(AF_RDS), SOCKET(AF_CAN),
    SOCKET(AF_BLUETOOTH), SOCKET(AF_KEY), {"socket NETLINK_AUDIT", 1, SYS_socket, {AF_NETLINK, 0xff, 9}},
    {"socket NETLINK_NETFILTER", 1, SYS_socket, {AF_NETLINK, 0xff, 12}},
};

static const struct call games[] = {
    SURE(ptrace, PTRACE_PEEKDATA, NOBODY, 0, 0), SOCKET(AF_INET), SOCKET(AF_INET6), SOCKET(AF_NETLINK),
    SURE(seccomp, WRONG), SURE(mq_open, 0), SURE(io_setup, 0, 0), SURE(inotify_init1, WRONG),
    SURE(splice, -1, 0, -1, 0, 0, WRONG), SURE(mknodat, -1, 0, 0, 0), {"prctl PR_SET_DUMPABLE", 1, SYS_prctl, {PR_SET_DUMPABLE, 2}},
    {"ioctl TIOCSTI", 1, SYS_ioctl, {-1, TIOCSTI}}, {"ioctl TIOCLINUX", 1, SYS_ioctl, {-1, TIOCLINUX}},
    /* The kernel looks at half of the word. */
    {"ioctl TIOCSTI and more", 1, SYS_ioctl, {-1, TIOCSTI | 1L << 32}},
};

static void say(const struct call *call, long got, int error)
{
    if (got < 0 && (error == ENOSYS || (error == EPERM && call->sure)))
        return;
    printf("%s%s\n", call->name, got < 0 && error == EPERM ? " ?" : "");
}

static void ask(const struct call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const long *of = calls[i].arguments;
        long got = syscall(calls[i].number, of[0], of[1], of[2], of[3], of[4], of[5]);
        int error = errno;
        /* What was given is given back. */
        if (got >= 0 && calls[i].number == SYS_personality)
            personality((unsigned long)got);
        say(&calls[i], got, error);
    }
}

#ifdef __x86_64__
static long int80(long number, long first)
{
    long got;
    __asm__ volatile("int $0x80" : "=a"(got) : "a"(number), "b"(first) : "memory", "r8", "r9", "r10", "r11");
    return got;
}

/* Waits for a child, of which a profile may kill any. Its status, or -1: it was killed, or nobody may have children. */
static int end_of(pid_t child)
{
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The calls of 32-bit programs, which a program of 64 bits can make as well, and those of x32. A profile without them kills. */
static void ask_otherwise(int part)
{
    static const struct {
        const char *name;
        long number, first;
    } calls[] = {
        {"unshare of 32 bits", 310, 0},
        {"clone CLONE_NEWUSER of 32 bits", 120, CLONE_NEWUSER | CLONE_THREAD},
        {"mount of 32 bits", 21, 0},
    };
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(syscall(0x40000000 | SYS_getpid) < 0 && (errno == ENOSYS || errno == EPERM));
    if (end_of(child) == 0)
        puts("x32");
    child = fork();
    if (child == 0)
        _exit(int80(20, 0) != getpid());
    /* A kernel without this entry takes the numbers for others, or kills. */
    if (end_of(child) != 0)
        return;
    if (part) {
        puts("32 bits");
        return;
    }
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        child = fork();
        if (child == 0) {
            long got = int80(calls[i].number, calls[i].first);
            _exit(got == -EPERM || got == -ENOSYS);
        }
        if (end_of(child) == 0)
            puts(calls[i].name);
    }
}
#endif

int main(int count, char **arguments)
{
    int part = count == 2 && strcmp(arguments[1], "part") == 0;
    if (count != 1 && !part)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    ask(nobodys, sizeof nobodys / sizeof *nobodys);
    if (part)
        ask(games, sizeof games / sizeof *games);
#ifdef __x86_64__
    ask_otherwise(part);
#endif
    return 0;
}
