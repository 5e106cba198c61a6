// loop.exe: a console program that never ends by itself and does not answer to Ctrl+C.
#include "say.h"

static BOOL WINAPI on_control(DWORD kind)
{
    say("control %lu", kind);
    return TRUE;
}

int main(void)
{
    SetConsoleCtrlHandler(on_control, TRUE);
    say("looping");
    for (;;)
        Sleep(1000);
}
