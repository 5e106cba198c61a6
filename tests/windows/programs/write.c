// write.exe NAME TEXT: appends the text to a file of this name beside the program, and one in the user's documents.
#include "say.h"
#include <shlobj.h>

static void append(const wchar_t *path, const wchar_t *text)
{
    FILE *file = _wfopen(path, L"ab");
    if (!file)
        fail(utf8(path), GetLastError());
    fputs(utf8(text), file);
    if (fclose(file))
        fail(utf8(path), GetLastError());
    say("wrote %s", utf8(path));
}

int wmain(int count, wchar_t **arguments)
{
    if (count != 3)
        fail("needs NAME TEXT", count);
    wchar_t path[MAX_PATH], documents[MAX_PATH];
    beside(arguments[1], path);
    append(path, arguments[2]);
    if (SHGetFolderPathW(NULL, CSIDL_PERSONAL, NULL, 0, documents))
        fail("SHGetFolderPath", GetLastError());
    swprintf(path, MAX_PATH, L"%ls\\%ls", documents, arguments[1]);
    append(path, arguments[2]);
    return 0;
}
