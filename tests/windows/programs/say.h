// What every program of the tests does: it prints lines of UTF-8.
#pragma once
#include <windows.h>
#include <fcntl.h>
#include <io.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

// Lines end in \n alone, as the log of a session has them.
__attribute__((constructor)) static void no_carriage_returns(void)
{
    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
}

__attribute__((format(printf, 1, 2), unused)) static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

// Says what failed, with a number that tells why, and ends with the status 1.
__attribute__((noreturn, unused)) static void fail(const char *what, unsigned long why)
{
    say("failed: %s: %#lx", what, why);
    ExitProcess(1);
}

// The text in UTF-8; it is never freed.
__attribute__((unused)) static char *utf8(const wchar_t *text)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *copy = malloc(size);
    WideCharToMultiByte(CP_UTF8, 0, text, -1, copy, size, NULL, NULL);
    return copy;
}

// The path of a file beside this program.
__attribute__((unused)) static void beside(const wchar_t *name, wchar_t *path)
{
    DWORD length = GetModuleFileNameW(NULL, path, MAX_PATH);
    while (length > 0 && path[length - 1] != L'\\')
        length--;
    swprintf(path + length, MAX_PATH - length, L"%ls", name);
}
