/* A program that looks around where it is run.
 *
 *     surroundings                  prints what is there, a line each: `process`, `socket`, `writable`, `device`, `interface`,
 *                                   `abstract` (sockets without a file), `segment` (shared memory that it can read), and
 *                                   `shared` (files in /dev/shm and /dev/mqueue)
 *     surroundings self             prints what the program itself is to the kernel
 *     surroundings share            makes a segment, a file in /dev/shm and a queue, for others to find
 *     surroundings reach TO...      prints those of these that can be reached: an absolute path or `@NAME` of a socket, or
 *                                   `ADDRESS:PORT` of one that takes TCP
 *     surroundings notify TEXT...   sends each to where a container tells that it is ready, with a descriptor
 *     surroundings litter IN TO     leaves in the directory IN what is hard to remove, and what leads to TO
 *     surroundings become           prints whom a program becomes that has the set-user-ID bit of another user
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <mqueue.h>
#include <net/if.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What `share` makes. */
#define KEY 0x0d111
#define SECRET "secret of the game"
/* Directories in each other that `litter` makes: more than a process may have descriptors. */
#define DEPTH 3000

static int look(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)place;
    if (strcmp(path, "/proc") == 0 || strcmp(path, "/sys") == 0)
        return FTW_SKIP_SUBTREE;
    if (type == FTW_NS)
        return FTW_CONTINUE;
    if (S_ISSOCK(status->st_mode))
        printf("socket %s\n", path);
    if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode))
        printf("device %s\n", path);
    else if (!S_ISLNK(status->st_mode) && access(path, W_OK) == 0)
        printf("writable %s\n", path);
    return FTW_CONTINUE;
}

static void look_at_processes(void)
{
    DIR *all = opendir("/proc");
    for (struct dirent *one; all && (one = readdir(all));)
        if (atoi(one->d_name) > 0 && atoi(one->d_name) != getpid())
            printf("process %s\n", one->d_name);
}

static void look_at_network(void)
{
    struct if_nameindex *all = if_nameindex();
    for (struct if_nameindex *one = all; one && one->if_index; one++)
        printf("interface %s\n", one->if_name);
    char line[512];
    FILE *sockets = fopen("/proc/net/unix", "r");
    while (sockets && fgets(line, sizeof line, sockets)) {
        char *name = strchr(line, '@');
        if (name)
            printf("abstract %s", name);
    }
}

static void look_at_memory(void)
{
    char line[512];
    int number;
    FILE *segments = fopen("/proc/sysvipc/shm", "r");
    while (segments && fgets(line, sizeof line, segments)) {
        if (sscanf(line, "%*d %d", &number) != 1)
            continue;
        const char *at = shmat(number, NULL, SHM_RDONLY);
        if (at != (void *)-1)
            printf("segment %s\n", strcmp(at, SECRET) == 0 ? SECRET : "of another kind");
    }
    static const char *const directories[] = {"/dev/shm", "/dev/mqueue"};
    for (size_t i = 0; i < 2; i++) {
        DIR *all = opendir(directories[i]);
        for (struct dirent *one; all && (one = readdir(all));)
            if (one->d_name[0] != '.')
                printf("shared %s/%s\n", directories[i], one->d_name);
    }
}

static void copy_line(const char *path, const char *beginning)
{
    char line[512];
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, beginning, strlen(beginning)) == 0)
            fputs(line, stdout);
}

static void tell_self(void)
{
    static const char *const fields[] = {"Uid", "Gid", "CapPrm", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp:"};
    static const char *const namespaces[] = {"ipc", "mnt", "net", "pid", "user", "uts", "cgroup"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        copy_line("/proc/self/status", fields[i]);
    for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++) {
        char path[64], target[64] = "";
        snprintf(path, sizeof path, "/proc/self/ns/%s", namespaces[i]);
        if (readlink(path, target, sizeof target - 1) > 0)
            puts(target);
    }
}

static int share(void)
{
    int segment = shmget(KEY, sizeof SECRET, IPC_CREAT | 0600), file = open("/dev/shm/" SECRET, O_CREAT | O_RDWR, 0600);
    char *at = segment < 0 ? (void *)-1 : shmat(segment, NULL, 0);
    if (at == (void *)-1 || file < 0 || mq_open("/queue", O_CREAT | O_RDWR, 0600, NULL) < 0)
        return 1;
    strcpy(at, SECRET);
    return 0;
}

/* Whether somebody listens there. */
static int connects(int family, const void *address, socklen_t length)
{
    static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    for (size_t i = 0; i < (family == AF_UNIX ? 3 : 1); i++) {
        int descriptor = socket(family, types[i], 0);
        if (descriptor >= 0 && connect(descriptor, address, length) == 0)
            return 1;
    }
    return 0;
}

static int reach(const char *to)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    if (*to == '/' || *to == '@') {
        snprintf(local.sun_path, sizeof local.sun_path, "%s", to);
        socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(local.sun_path));
        if (*to == '@')
            local.sun_path[0] = 0;
        return connects(AF_UNIX, &local, length);
    }
    char address[64];
    snprintf(address, sizeof address, "%s", to);
    char *port = strchr(address, ':');
    if (!port)
        return 0;
    *port++ = 0;
    struct sockaddr_in remote = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    return inet_pton(AF_INET, address, &remote.sin_addr) == 1 && connects(AF_INET, &remote, sizeof remote);
}

static int notify(const char *text)
{
    struct sockaddr_un to = {AF_UNIX, "/run/notify/notify.sock"};
    struct iovec part = {(void *)text, strlen(text)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    struct msghdr message = {&to, sizeof to, &part, 1, &control, sizeof control, 0};
    memcpy(CMSG_DATA(&control.header), &(int){0}, sizeof(int));
    return sendmsg(socket(AF_UNIX, SOCK_DGRAM, 0), &message, 0) < 0;
}

/* Each is an error if it cannot be made. */
static int litter(const char *directory, const char *elsewhere)
{
    char name[256] = "", link[512];
    memset(name, 'n', 255);
    if (chdir(directory) < 0 || mkdir("litter", 0700) < 0 || chdir("litter") < 0)
        return 1;
    snprintf(link, sizeof link, "%s/file", elsewhere);
    if (symlink(elsewhere, "directory") < 0 || symlink(link, "file") < 0 || symlink("loop", "loop") < 0)
        return 2;
    if (mkfifo("fifo", 0600) < 0 || mkdir(name, 0700) < 0 || mkdir("\n\x1b[2J\xff", 0700) < 0)
        return 3;
    if (mkdir("closed", 0700) < 0 || mkdir("closed/one", 0) < 0 || chmod("closed", 0) < 0)
        return 4;
    if (mkdir("deep", 0700) < 0 || chdir("deep") < 0)
        return 5;
    for (int i = 0; i < DEPTH; i++)
        if (mkdir("deep", 0700) < 0 || chdir("deep") < 0)
            return 6;
    return 0;
}

/* su(1) waits for a password: time to see whom it has become. */
static int become(void)
{
    int pipes[2];
    if (pipe(pipes) < 0)
        return 1;
    pid_t child = fork();
    if (child == 0) {
        dup2(pipes[0], 0);
        dup2(open("/dev/null", O_WRONLY), 2);
        close(pipes[1]);
        execl("/usr/bin/su", "su", NULL);
        _exit(127);
    }
    char path[64], program[64];
    snprintf(path, sizeof path, "/proc/%d/exe", child);
    for (int i = 0; i < 500; i++) {
        nanosleep(&(struct timespec){0, 2000000}, NULL);
        /* It cannot be looked at any more once it is another user's. */
        ssize_t length = readlink(path, program, sizeof program);
        if (length < 0 || (length >= 3 && memcmp(program + length - 3, "/su", 3) == 0))
            break;
    }
    snprintf(path, sizeof path, "/proc/%d/status", child);
    copy_line(path, "Uid");
    fflush(stdout);
    kill(child, SIGKILL);
    close(pipes[1]);
    waitpid(child, NULL, 0);
    return 0;
}

int main(int count, char **arguments)
{
    const char *mode = count > 1 ? arguments[1] : "";
    if (count == 1) {
        look_at_processes();
        nftw("/", look, 64, FTW_PHYS | FTW_ACTIONRETVAL);
        look_at_network();
        look_at_memory();
        return 0;
    }
    if (strcmp(mode, "self") == 0) {
        tell_self();
        return 0;
    }
    if (strcmp(mode, "share") == 0)
        return share();
    if (strcmp(mode, "become") == 0)
        return become();
    if (strcmp(mode, "litter") == 0 && count == 4)
        return litter(arguments[2], arguments[3]);
    for (int i = 2; i < count; i++) {
        if (strcmp(mode, "reach") == 0 && reach(arguments[i]))
            puts(arguments[i]);
        if (strcmp(mode, "notify") == 0 && notify(arguments[i]))
            return 1;
    }
    return 0;
}
