// block.exe: a window without a frame that is black, and white after every other press of the space bar. GDI draws it.
#include "say.h"

static BOOL white;

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM wide, LPARAM lng)
{
    if (message == WM_KEYDOWN && wide == VK_SPACE) {
        white = !white;
        InvalidateRect(window, NULL, FALSE);
        UpdateWindow(window);
        return 0;
    }
    if (message == WM_PAINT) {
        PAINTSTRUCT paint;
        HDC context = BeginPaint(window, &paint);
        FillRect(context, &paint.rcPaint, (HBRUSH)GetStockObject(white ? WHITE_BRUSH : BLACK_BRUSH));
        EndPaint(window, &paint);
        return 0;
    }
    if (message == WM_DESTROY)
        PostQuitMessage(0);
    return DefWindowProcA(window, message, wide, lng);
}

int WINAPI WinMain(HINSTANCE instance, HINSTANCE previous, LPSTR line, int show)
{
    (void)previous, (void)line;
    WNDCLASSA class = {.lpfnWndProc = on_message, .hInstance = instance, .lpszClassName = "DillingerBlock"};
    RegisterClassA(&class);
    int width = GetSystemMetrics(SM_CXSCREEN), height = GetSystemMetrics(SM_CYSCREEN);
    HWND window = CreateWindowA("DillingerBlock", "Dillinger block", WS_POPUP, 0, 0, width, height, NULL, NULL, instance, NULL);
    if (!window)
        fail("CreateWindow", GetLastError());
    ShowWindow(window, show);
    SetForegroundWindow(window);
    say("block");
    MSG message;
    while (GetMessageA(&message, NULL, 0, 0) > 0)
        DispatchMessageA(&message);
    return 0;
}
