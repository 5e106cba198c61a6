// registry.exe KEY NAME [VALUE]: sets a string below HKEY_CURRENT_USER, or prints the type and the data of the value.
#include "say.h"

static void print(DWORD type, const BYTE *data, DWORD size)
{
    if (type == REG_DWORD)
        say("dword %lu", *(const DWORD *)data);
    else if (type == REG_QWORD)
        say("qword %llu", *(const ULONGLONG *)data);
    else if (type == REG_SZ || type == REG_EXPAND_SZ)
        say("%s %s", type == REG_SZ ? "string" : "expand", utf8((const wchar_t *)data));
    else {
        printf("type %lu", type);
        for (DWORD at = 0; at < size; at++)
            printf(" %02x", data[at]);
        say("%s", "");
    }
}

int wmain(int count, wchar_t **arguments)
{
    if (count == 4) {
        DWORD size = (wcslen(arguments[3]) + 1) * sizeof(wchar_t);
        LSTATUS status = RegSetKeyValueW(HKEY_CURRENT_USER, arguments[1], arguments[2], REG_SZ, arguments[3], size);
        if (status)
            fail("RegSetKeyValue", status);
        say("set");
        return 0;
    }
    if (count != 3)
        fail("needs KEY NAME [VALUE]", count);
    BYTE data[4096] = {0};
    DWORD type, size = sizeof data - sizeof(wchar_t);
    LSTATUS status = RegGetValueW(HKEY_CURRENT_USER, arguments[1], arguments[2], RRF_RT_ANY | RRF_NOEXPAND, &type, data, &size);
    if (status)
        fail("RegGetValue", status);
    print(type, data, size);
    return 0;
}
