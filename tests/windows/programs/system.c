// system.exe [VARIABLE...]: what Windows says about itself, and these variables, one `name=value` a line.
#include "say.h"

static const char *variable(const wchar_t *name)
{
    wchar_t value[4096];
    return GetEnvironmentVariableW(name, value, 4096) ? utf8(value) : "";
}

int wmain(int count, wchar_t **arguments)
{
    OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};
    // GetVersionEx() answers 6.2 to programs without a manifest.
    NTSTATUS (WINAPI *get)(OSVERSIONINFOW *) = (void *)GetProcAddress(GetModuleHandleW(L"ntdll"), "RtlGetVersion");
    get(&version);
    say("version=%lu.%lu.%lu", version.dwMajorVersion, version.dwMinorVersion, version.dwBuildNumber);
    wchar_t text[MAX_PATH] = L"";
    GetUserDefaultLocaleName(text, MAX_PATH);
    say("locale=%s", utf8(text));
    say("codepage=%u", GetACP());
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    say("processors=%lu", system.dwNumberOfProcessors);
    DWORD size = MAX_PATH;
    GetUserNameW(text, &size);
    say("user=%s", utf8(text));
    GetCurrentDirectoryW(MAX_PATH, text);
    say("directory=%s", utf8(text));
    say("profile=%s", variable(L"USERPROFILE"));
    say("screen=%dx%d", GetSystemMetrics(SM_CXSCREEN), GetSystemMetrics(SM_CYSCREEN));
    BOOL wow64 = FALSE;
    IsWow64Process(GetCurrentProcess(), &wow64);
    say("bits=%d", (int)sizeof(void *) * 8);
    say("wow64=%d", wow64);
    for (int at = 1; at < count; at++)
        say("%s=%s", utf8(arguments[at]), variable(arguments[at]));
    return 0;
}
