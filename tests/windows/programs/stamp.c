// stamp.exe: the time of its first output, in microseconds since 1970 UTC.
#include "say.h"

int main(void)
{
    FILETIME now;
    GetSystemTimePreciseAsFileTime(&now);
    ULONGLONG ticks = (ULONGLONG)now.dwHighDateTime << 32 | now.dwLowDateTime;
    // In 100 ns since 1601.
    say("stamp %llu", ticks / 10 - 11644473600000000ULL);
    return 0;
}
