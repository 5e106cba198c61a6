/*
 * dillinger-launch.exe: starts one Windows program in a job object and tells what becomes of it and of all
 * programs that it starts.
 *
 *     dillinger-launch.exe EVENTS
 *
 * Standard input has texts in UTF-8, each ended by a NUL. The first three are the working directory, the path of
 * the program (empty: the first word of the command line) and its command line. After them come commands, any
 * number of times:
 *
 *     close       asks all visible windows of the job to close (WM_CLOSE), those of its consoles too, which tell their
 *                 programs (CTRL_CLOSE_EVENT). Where there is none, it is `terminate`.
 *     terminate   ends all processes of the job
 *
 * The program has this program's standard output and error, and NUL for input.
 *
 * EVENTS is a file that is written anew, one line for each event, in the order in which they happen:
 *
 *     failed ERROR           the program was not started: the error's number of Windows
 *     started PID            it was
 *     asked NUMBER           so many windows were asked to close
 *     terminated             all processes are being ended
 *     ended PID CODE IMAGE   a process of the job has ended: its exit code as 8 hexadecimal digits, its path in UTF-8
 *
 * It ends with the last process of the job; Wine's own background programs do not count as such. Exit status: 0
 * if the program was started, 1 if not, 2 if it could not even be tried.
 */

#include "text.h"
#include <tlhelp32.h>

enum {
    MAX_IMAGE = 32768,  /* characters of a path: what Windows allows */
    LOOK_AGAIN = 20     /* ms until a process should have its name */
};

/* What is posted to the port beside the job's own messages, whose numbers are small. */
enum { COMMAND_CLOSE = 0x1000, COMMAND_TERMINATE };

struct process {
    struct process *next;
    DWORD pid;
    HANDLE handle;
};

static HANDLE port, job;
static BOOL terminated;
static struct process *processes; /* that live */
static struct process *ended;

static DWORD WINAPI read_commands(void *unused)
{
    char *text;
    (void)unused;
    while ((text = read_text())) {
        if (!lstrcmpA(text, "close"))
            PostQueuedCompletionStatus(port, COMMAND_CLOSE, 0, NULL);
        else if (!lstrcmpA(text, "terminate"))
            PostQueuedCompletionStatus(port, COMMAND_TERMINATE, 0, NULL);
        HeapFree(heap, 0, text);
    }
    return 0;
}

/* Whether a program is one that Wine starts for others and that outlives them or shows how they ended. */
static BOOL is_background(const WCHAR *image)
{
    static const WCHAR *const names[] = {
        L"conhost.exe", L"explorer.exe", L"plugplay.exe", L"rpcss.exe", L"services.exe", L"svchost.exe",
        L"tabtip.exe", L"winedbg.exe", L"winedevice.exe", L"winemenubuilder.exe", L"wineboot.exe",
    };
    WCHAR windows[MAX_PATH];
    UINT length = GetWindowsDirectoryW(windows, MAX_PATH), i;
    const WCHAR *name = image + lstrlenW(image);
    if (!length || length >= MAX_PATH ||
        CompareStringOrdinal(image, min((int)length, lstrlenW(image)), windows, length, TRUE) != CSTR_EQUAL)
        return FALSE;
    while (name > image && name[-1] != '\\')
        name--;
    for (i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (CompareStringOrdinal(name, -1, names[i], -1, TRUE) == CSTR_EQUAL)
            return TRUE;
    return FALSE;
}

/* The path of a process's program; empty if it cannot be told. To be freed by the caller; NULL without memory. */
static WCHAR *image_of(HANDLE process)
{
    DWORD length = MAX_IMAGE;
    WCHAR *image = HeapAlloc(heap, 0, MAX_IMAGE * sizeof(WCHAR));
    if (image && !QueryFullProcessImageNameW(process, 0, image, &length))
        image[0] = 0;
    return image;
}

static BOOL is_among(const struct process *process, DWORD pid)
{
    while (process && process->pid != pid)
        process = process->next;
    return process != NULL;
}

/* The job's message of a process may come when it has ended already; then nothing more is known of it. */
static void process_began(DWORD pid)
{
    struct process *process;
    HANDLE handle;
    if (is_among(processes, pid))
        return;
    handle = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE, pid);
    if (!handle)
        return;
    process = HeapAlloc(heap, 0, sizeof(*process));
    if (!process)
        ExitProcess(2);
    process->pid = pid;
    process->handle = handle;
    process->next = processes;
    processes = process;
}

static void process_ended(DWORD pid)
{
    struct process **link = &processes, *process;
    DWORD code = 0;
    WCHAR *image;
    while (*link && (*link)->pid != pid)
        link = &(*link)->next;
    if (!(process = *link))
        return;
    *link = process->next;
    image = image_of(process->handle);
    if (image && GetExitCodeProcess(process->handle, &code)) {
        write_text("ended ");
        write_number(pid, 10);
        write_text(" ");
        write_number(code, 16);
        write_text(" ");
        write_wide(image);
        write_text("\n");
    }
    if (image)
        HeapFree(heap, 0, image);
    CloseHandle(process->handle);
    process->handle = NULL;
    process->next = ended;
    ended = process;
}

/*
 * Takes those processes into the job that were started outside of it (CREATE_BREAKAWAY_FROM_JOB) by processes of the
 * job. Outside of any job, where programs are used to be, the same call makes no difference.
 */
static void adopt_escaped(void)
{
    PROCESSENTRY32W entry = {.dwSize = sizeof(entry)};
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0), handle;
    BOOL more;
    if (snapshot == INVALID_HANDLE_VALUE)
        return;
    for (more = Process32FirstW(snapshot, &entry); more; more = Process32NextW(snapshot, &entry)) {
        DWORD pid = entry.th32ProcessID, parent = entry.th32ParentProcessID;
        if (is_among(processes, pid) || is_among(ended, pid) || !(is_among(processes, parent) || is_among(ended, parent)))
            continue;
        handle = OpenProcess(PROCESS_SET_QUOTA | PROCESS_TERMINATE, FALSE, pid);
        if (handle && AssignProcessToJobObject(job, handle))
            process_began(pid);
        if (handle)
            CloseHandle(handle);
    }
    CloseHandle(snapshot);
}

enum { LIVES, UNCERTAIN, OVER };

/* As long as a program lives that is none of Wine's own in the background, the session goes on. */
static int job_state(void)
{
    int state = OVER;
    struct process *process;
    for (process = processes; process; process = process->next) {
        WCHAR *image = image_of(process->handle);
        BOOL known = image && *image, background = known && is_background(image);
        if (image)
            HeapFree(heap, 0, image);
        if (known && !background)
            return LIVES;
        /* One that is only just being started may have no name yet. */
        if (!known)
            state = UNCERTAIN;
    }
    return state;
}

static int session_state(void)
{
    int state = job_state();
    if (state != OVER)
        return state;
    adopt_escaped();
    return job_state();
}

/* What `close` needs of user32: loading it would cost every start some time. */
struct windows {
    BOOL(WINAPI *enumerate)(WNDENUMPROC, LPARAM);
    DWORD(WINAPI *process)(HWND, DWORD *);
    BOOL(WINAPI *post)(HWND, UINT, WPARAM, LPARAM);
    BOOL(WINAPI *visible)(HWND);
    DWORD asked;
};

static BOOL CALLBACK close_window(HWND window, LPARAM context)
{
    struct windows *windows = (struct windows *)context;
    struct process *process;
    DWORD pid = 0;
    windows->process(window, &pid);
    for (process = processes; process; process = process->next)
        if (process->pid == pid && windows->visible(window) &&
            windows->post(window, 0x0010 /* WM_CLOSE */, 0, 0))
            windows->asked++;
    return TRUE;
}

static DWORD close_windows(void)
{
    struct windows windows = {0};
    HMODULE user32 = LoadLibraryW(L"user32.dll");
    if (!user32)
        return 0;
    windows.enumerate = (void *)GetProcAddress(user32, "EnumWindows");
    windows.process = (void *)GetProcAddress(user32, "GetWindowThreadProcessId");
    windows.post = (void *)GetProcAddress(user32, "PostMessageW");
    windows.visible = (void *)GetProcAddress(user32, "IsWindowVisible");
    if (windows.enumerate && windows.process && windows.post && windows.visible)
        windows.enumerate(close_window, (LPARAM)&windows);
    return windows.asked;
}

static void terminate(void)
{
    adopt_escaped();
    write_text("terminated\n");
    terminated = TerminateJobObject(job, 1);
}

static void ask_to_close(void)
{
    DWORD asked;
    adopt_escaped();
    asked = close_windows();
    write_text("asked ");
    write_number(asked, 10);
    write_text("\n");
    if (!asked)
        terminate();
}

/* Starts the program, in the job from its first instruction on. Gives the error's number. */
static DWORD start(const WCHAR *directory, const WCHAR *program, WCHAR *command)
{
    SECURITY_ATTRIBUTES inherit = {.nLength = sizeof(inherit), .bInheritHandle = TRUE};
    STARTUPINFOW how = {.cb = sizeof(how), .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    how.hStdInput = CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit, OPEN_EXISTING, 0, NULL);
    how.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    how.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessW(*program ? program : NULL, command, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL,
                        *directory ? directory : NULL, &how, &process))
        return GetLastError();
    if (!AssignProcessToJobObject(job, process.hProcess)) {
        DWORD error = GetLastError();
        TerminateProcess(process.hProcess, 1);
        return error;
    }
    write_text("started ");
    write_number(process.dwProcessId, 10);
    write_text("\n");
    /* Before it can end: the job's message of its start may be read later. */
    process_began(process.dwProcessId);
    ResumeThread(process.hThread);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return ERROR_SUCCESS;
}

static void supervise(DWORD first)
{
    DWORD message;
    ULONG_PTR key;
    OVERLAPPED *value;
    int state;
    while ((state = session_state()) != OVER) {
        DWORD pid, wait = state == UNCERTAIN ? LOOK_AGAIN : INFINITE;
        if (!GetQueuedCompletionStatus(port, &message, &key, &value, wait))
            continue;
        pid = (DWORD)(ULONG_PTR)value;
        switch (message) {
        case JOB_OBJECT_MSG_NEW_PROCESS:
            if (pid != first)
                process_began(pid);
            first = 0;
            break;
        case JOB_OBJECT_MSG_EXIT_PROCESS:
        case JOB_OBJECT_MSG_ABNORMAL_EXIT_PROCESS:
            process_ended(pid);
            break;
        case JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO:
            /* Wine tells nothing else of processes that TerminateJobObject has ended. */
            if (terminated)
                return;
            break;
        case COMMAND_CLOSE:
            ask_to_close();
            break;
        case COMMAND_TERMINATE:
            terminate();
            break;
        }
    }
}

static BOOL prepare(const WCHAR *path)
{
    JOBOBJECT_ASSOCIATE_COMPLETION_PORT association = {0};
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_BREAKAWAY_OK};
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    job = CreateJobObjectW(NULL, NULL);
    association.CompletionPort = port;
    return open_texts(path) && port && job &&
           SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits)) &&
           SetInformationJobObject(job, JobObjectAssociateCompletionPortInformation, &association, sizeof(association));
}

int wmain(int argc, WCHAR **argv)
{
    WCHAR *directory, *program, *command;
    DWORD pid, error;
    HANDLE reader;
    if (argc != 2 || !prepare(argv[1]))
        return 2;
    directory = read_wide();
    program = read_wide();
    command = read_wide();
    if (!directory || !program || !command)
        return 2;
    error = start(directory, program, command);
    if (error != ERROR_SUCCESS) {
        write_text("failed ");
        write_number(error, 10);
        write_text("\n");
        return 1;
    }
    pid = processes->pid;
    reader = CreateThread(NULL, 0, read_commands, NULL, 0, NULL);
    if (!reader)
        return 2;
    supervise(pid);
    return 0;
}
