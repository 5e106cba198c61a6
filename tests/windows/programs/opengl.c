// opengl.exe: thirty pictures of one colour through OpenGL (WGL), and what the last one has.
#include "say.h"
#include <GL/gl.h>

int WINAPI WinMain(HINSTANCE instance, HINSTANCE previous, LPSTR line, int show)
{
    (void)previous, (void)line;
    HWND window = CreateWindowA("STATIC", "OpenGL", WS_OVERLAPPEDWINDOW, 50, 50, 320, 240, NULL, NULL, instance, NULL);
    ShowWindow(window, show);
    HDC device = GetDC(window);
    PIXELFORMATDESCRIPTOR wanted = {
        .nSize = sizeof wanted, .nVersion = 1, .dwFlags = PFD_DRAW_TO_WINDOW | PFD_SUPPORT_OPENGL | PFD_DOUBLEBUFFER,
        .iPixelType = PFD_TYPE_RGBA, .cColorBits = 24,
    };
    if (!SetPixelFormat(device, ChoosePixelFormat(device, &wanted), &wanted))
        fail("SetPixelFormat", GetLastError());
    HGLRC context = wglCreateContext(device);
    if (!context || !wglMakeCurrent(device, context))
        fail("wglCreateContext", GetLastError());
    say("renderer %s", glGetString(GL_RENDERER));
    say("version %s", glGetString(GL_VERSION));
    unsigned char pixel[4] = {0};
    for (int frame = 0; frame < 30; frame++) {
        glClearColor(1, 128 / 255.0f, 64 / 255.0f, 1);
        glClear(GL_COLOR_BUFFER_BIT);
        glReadPixels(10, 10, 1, 1, GL_RGBA, GL_UNSIGNED_BYTE, pixel);
        SwapBuffers(device);
    }
    say("pixel %02x%02x%02x", pixel[0], pixel[1], pixel[2]);
    say("frames 30");
    return 0;
}
