// exit.exe [STATUS]: ends with this exit status of 32 bits, 0 without one.
#include "say.h"

int main(int count, char **arguments)
{
    DWORD status = count > 1 ? strtoul(arguments[1], NULL, 0) : 0;
    say("exit %lu", status);
    ExitProcess(status);
}
