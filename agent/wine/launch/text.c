/* See text.h. */

#include "text.h"

enum { MAX_TEXT = 1 << 20 /* bytes of one text */ };

HANDLE heap;
static HANDLE input, events;

BOOL open_texts(const WCHAR *path)
{
    heap = GetProcessHeap();
    input = GetStdHandle(STD_INPUT_HANDLE);
    /* Not for the program: it would read the commands. */
    SetHandleInformation(input, HANDLE_FLAG_INHERIT, 0);
    events = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    return events != INVALID_HANDLE_VALUE;
}

void write_text(const char *text)
{
    DWORD written;
    WriteFile(events, text, lstrlenA(text), &written, NULL);
}

void write_number(DWORD number, unsigned int base)
{
    char digits[11], *digit = digits + sizeof(digits) - 1;
    unsigned int least = base == 16 ? 8 : 1;
    *digit = 0;
    do {
        *--digit = "0123456789abcdef"[number % base];
        number /= base;
        if (least)
            least--;
    } while (number || least);
    write_text(digit);
}

void write_wide(const WCHAR *text)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *bytes = size > 0 ? HeapAlloc(heap, 0, size) : NULL;
    if (bytes && WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, size, NULL, NULL))
        write_text(bytes);
    if (bytes)
        HeapFree(heap, 0, bytes);
}

char *read_text(void)
{
    DWORD size = 256, length = 0, got;
    char *text = HeapAlloc(heap, 0, size);
    while (text && length < MAX_TEXT) {
        if (length == size) {
            char *larger = HeapReAlloc(heap, 0, text, size * 2);
            if (!larger)
                break;
            text = larger;
            size *= 2;
        }
        if (!ReadFile(input, text + length, 1, &got, NULL) || !got)
            break;
        if (!text[length++])
            return text;
    }
    if (text)
        HeapFree(heap, 0, text);
    return NULL;
}

WCHAR *read_wide(void)
{
    char *text = read_text();
    int size = text ? MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0) : 0;
    WCHAR *wide = size > 0 ? HeapAlloc(heap, 0, size * sizeof(WCHAR)) : NULL;
    if (wide && !MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, size)) {
        HeapFree(heap, 0, wide);
        wide = NULL;
    }
    if (text)
        HeapFree(heap, 0, text);
    return wide;
}
