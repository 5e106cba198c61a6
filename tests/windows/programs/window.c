// window.exe [ignore]: a window. When it is asked to close it writes a registry value and a file beside the program, and
// ends with 0; with `ignore` it only says that it was asked.
#include "say.h"

static BOOL ignore;

static void save(void)
{
    const wchar_t data[] = L"by WM_CLOSE";
    LSTATUS status = RegSetKeyValueW(HKEY_CURRENT_USER, L"Software\\Dillinger\\Tests", L"Closed", REG_SZ, data, sizeof data);
    if (status)
        fail("RegSetKeyValue", status);
    wchar_t path[MAX_PATH];
    beside(L"closed.txt", path);
    FILE *file = _wfopen(path, L"wb");
    if (!file)
        fail("closed.txt", GetLastError());
    fputs("closed\n", file);
    fclose(file);
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM wide, LPARAM lng)
{
    if (message == WM_CLOSE && ignore) {
        say("WM_CLOSE ignored");
        return 0;
    }
    if (message == WM_QUERYENDSESSION && ignore)
        return FALSE;
    if (message == WM_CLOSE) {
        save();
        say("WM_CLOSE");
        DestroyWindow(window);
        return 0;
    }
    if (message == WM_DESTROY)
        PostQuitMessage(0);
    if (message == WM_PAINT) {
        PAINTSTRUCT paint;
        RECT whole;
        HDC context = BeginPaint(window, &paint);
        GetClientRect(window, &whole);
        HBRUSH brush = CreateSolidBrush(RGB(32, 96, 160));
        FillRect(context, &whole, brush);
        DeleteObject(brush);
        TextOutA(context, 20, 20, "A window of the tests", 21);
        EndPaint(window, &paint);
        return 0;
    }
    return DefWindowProcA(window, message, wide, lng);
}

int WINAPI WinMain(HINSTANCE instance, HINSTANCE previous, LPSTR line, int show)
{
    (void)previous;
    ignore = !strcmp(line, "ignore");
    WNDCLASSA class = {.lpfnWndProc = on_message, .hInstance = instance, .lpszClassName = "DillingerTest"};
    RegisterClassA(&class);
    HWND window = CreateWindowA("DillingerTest", "Dillinger test", WS_OVERLAPPEDWINDOW, 50, 50, 320, 240, NULL, NULL, instance, NULL);
    if (!window)
        fail("CreateWindow", GetLastError());
    ShowWindow(window, show);
    UpdateWindow(window);
    say("window");
    MSG message;
    while (GetMessageA(&message, NULL, 0, 0) > 0) {
        TranslateMessage(&message);
        DispatchMessageA(&message);
    }
    return 0;
}
