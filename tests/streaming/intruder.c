/* A library that leaves a trace wherever it is loaded: the file `loaded` in the runtime directory, with the name of the
 * program. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void leave_trace(void)
{
    const char *directory = getenv("XDG_RUNTIME_DIR");
    char path[4096];
    snprintf(path, sizeof path, "%s/loaded", directory ? directory : "/tmp");
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (file < 0)
        return;
    dprintf(file, "%s\n", program_invocation_short_name);
    close(file);
}
