// fault.exe KIND: ends by an exception that nobody handles.
#include "say.h"
#include <string.h>

static volatile int *nowhere = (int *)16;
static volatile int one = 1, zero;

// What is done with `fill` after the call keeps the compiler from making a loop of it.
static int __attribute__((noinline)) overflow(int depth)
{
    volatile char fill[4096];
    fill[0] = (char)depth;
    return overflow(depth + 1) + fill[0];
}

int main(int count, char **arguments)
{
    const char *kind = count > 1 ? arguments[1] : "";
    say("fault %s", kind);
    if (!strcmp(kind, "access"))
        *nowhere = 1;
    else if (!strcmp(kind, "divide"))
        return one / zero;
    else if (!strcmp(kind, "stack"))
        return overflow(0);
    else if (!strcmp(kind, "instruction"))
        __builtin_trap();
    else if (!strcmp(kind, "abort"))
        abort();
    else if (!strcmp(kind, "cxx")) // As Visual C++ throws.
        RaiseException(0xE06D7363, EXCEPTION_NONCONTINUABLE, 0, NULL);
    say("failed: no such fault");
    return 1;
}
