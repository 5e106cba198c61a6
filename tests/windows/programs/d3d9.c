// d3d9.exe: thirty pictures of one colour through Direct3D 9, and what the last one has.
#define COBJMACROS
#include "say.h"
#include <d3d9.h>

int WINAPI WinMain(HINSTANCE instance, HINSTANCE previous, LPSTR line, int show)
{
    (void)previous, (void)line;
    HWND window = CreateWindowA("STATIC", "Direct3D 9", WS_OVERLAPPEDWINDOW, 50, 50, 320, 240, NULL, NULL, instance, NULL);
    ShowWindow(window, show);
    IDirect3D9 *d3d = Direct3DCreate9(D3D_SDK_VERSION);
    if (!d3d)
        fail("Direct3DCreate9", GetLastError());
    D3DADAPTER_IDENTIFIER9 adapter;
    IDirect3D9_GetAdapterIdentifier(d3d, 0, 0, &adapter);
    say("adapter %s", adapter.Description);
    D3DPRESENT_PARAMETERS parameters = {
        .Windowed = TRUE, .SwapEffect = D3DSWAPEFFECT_COPY, .hDeviceWindow = window, .BackBufferWidth = 320,
        .BackBufferHeight = 240, .BackBufferFormat = D3DFMT_X8R8G8B8, .Flags = D3DPRESENTFLAG_LOCKABLE_BACKBUFFER,
    };
    IDirect3DDevice9 *device;
    HRESULT result = IDirect3D9_CreateDevice(d3d, 0, D3DDEVTYPE_HAL, window, D3DCREATE_SOFTWARE_VERTEXPROCESSING, &parameters, &device);
    if (FAILED(result))
        fail("CreateDevice", result);
    for (int frame = 0; frame < 30; frame++) {
        IDirect3DDevice9_Clear(device, 0, NULL, D3DCLEAR_TARGET, D3DCOLOR_XRGB(255, 128, 64), 1, 0);
        result = IDirect3DDevice9_Present(device, NULL, NULL, NULL, NULL);
        if (FAILED(result))
            fail("Present", result);
    }
    IDirect3DSurface9 *surface;
    D3DLOCKED_RECT locked;
    IDirect3DDevice9_GetBackBuffer(device, 0, 0, D3DBACKBUFFER_TYPE_MONO, &surface);
    result = IDirect3DSurface9_LockRect(surface, &locked, NULL, D3DLOCK_READONLY);
    if (FAILED(result))
        fail("LockRect", result);
    say("pixel %06lx", *(DWORD *)locked.pBits & 0xffffff);
    say("frames 30");
    return 0;
}
