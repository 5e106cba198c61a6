// hello.exe: one line on each of the two outputs.
#include "say.h"

int main(void)
{
    say("hello from Windows");
    fputs("hello on the error output\n", stderr);
    return 0;
}
