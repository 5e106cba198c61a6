// launcher.exe: starts itself again and ends with 0; the second one, which is the game, ends later with 7.
#include "say.h"

static int play(DWORD launcher)
{
    HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, launcher);
    if (process)
        WaitForSingleObject(process, INFINITE);
    say("the launcher has ended");
    // Long enough that whoever takes the launcher's end for the game's has ended everything by then.
    Sleep(1500);
    say("the game ends");
    return 7;
}

int wmain(int count, wchar_t **arguments)
{
    if (count > 1)
        return play(wcstoul(arguments[1], NULL, 10));
    wchar_t path[MAX_PATH], line[MAX_PATH + 32];
    GetModuleFileNameW(NULL, path, MAX_PATH);
    swprintf(line, MAX_PATH + 32, L"\"%ls\" %lu", path, GetCurrentProcessId());
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION child;
    if (!CreateProcessW(path, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child))
        fail("CreateProcess", GetLastError());
    say("the launcher ends");
    return 0;
}
