// arguments.exe [ARGUMENT...]: prints its path and its arguments as it got them.
#include "say.h"

int wmain(int count, wchar_t **arguments)
{
    wchar_t path[MAX_PATH];
    GetModuleFileNameW(NULL, path, MAX_PATH);
    say("program %s", utf8(path));
    for (int at = 1; at < count; at++)
        say("argument %d [%s]", at, utf8(arguments[at]));
    return 0;
}
