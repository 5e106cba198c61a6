// d3d11.exe: thirty pictures of one colour through Direct3D 11, and what the last one has.
#define COBJMACROS
#include "say.h"
#include <d3d11.h>

static ID3D11Device *device;
static ID3D11DeviceContext *context;
static IDXGISwapChain *chain;

static void create(HWND window)
{
    DXGI_SWAP_CHAIN_DESC wanted = {
        .BufferDesc = {.Width = 320, .Height = 240, .Format = DXGI_FORMAT_R8G8B8A8_UNORM}, .SampleDesc = {.Count = 1},
        .BufferUsage = DXGI_USAGE_RENDER_TARGET_OUTPUT, .BufferCount = 1, .OutputWindow = window, .Windowed = TRUE,
    };
    D3D_FEATURE_LEVEL level;
    HRESULT result = D3D11CreateDeviceAndSwapChain(NULL, D3D_DRIVER_TYPE_HARDWARE, NULL, 0, NULL, 0, D3D11_SDK_VERSION,
                                                   &wanted, &chain, &device, &level, &context);
    if (FAILED(result))
        fail("D3D11CreateDeviceAndSwapChain", result);
    IDXGIDevice *dxgi;
    IDXGIAdapter *adapter;
    DXGI_ADAPTER_DESC about;
    ID3D11Device_QueryInterface(device, &IID_IDXGIDevice, (void **)&dxgi);
    IDXGIDevice_GetAdapter(dxgi, &adapter);
    IDXGIAdapter_GetDesc(adapter, &about);
    say("adapter %s", utf8(about.Description));
    say("level %x", level);
}

// The first pixel of a picture, by way of a copy that the processor may read.
static DWORD first_pixel(ID3D11Texture2D *picture)
{
    D3D11_TEXTURE2D_DESC about;
    ID3D11Texture2D_GetDesc(picture, &about);
    about.Usage = D3D11_USAGE_STAGING;
    about.BindFlags = 0;
    about.CPUAccessFlags = D3D11_CPU_ACCESS_READ;
    ID3D11Texture2D *copy;
    D3D11_MAPPED_SUBRESOURCE mapped;
    HRESULT result = ID3D11Device_CreateTexture2D(device, &about, NULL, &copy);
    if (FAILED(result))
        fail("CreateTexture2D", result);
    ID3D11DeviceContext_CopyResource(context, (ID3D11Resource *)copy, (ID3D11Resource *)picture);
    result = ID3D11DeviceContext_Map(context, (ID3D11Resource *)copy, 0, D3D11_MAP_READ, 0, &mapped);
    if (FAILED(result))
        fail("Map", result);
    return *(DWORD *)mapped.pData;
}

int WINAPI WinMain(HINSTANCE instance, HINSTANCE previous, LPSTR line, int show)
{
    (void)previous, (void)line;
    HWND window = CreateWindowA("STATIC", "Direct3D 11", WS_OVERLAPPEDWINDOW, 50, 50, 320, 240, NULL, NULL, instance, NULL);
    ShowWindow(window, show);
    create(window);
    ID3D11Texture2D *picture;
    ID3D11RenderTargetView *view;
    IDXGISwapChain_GetBuffer(chain, 0, &IID_ID3D11Texture2D, (void **)&picture);
    ID3D11Device_CreateRenderTargetView(device, (ID3D11Resource *)picture, NULL, &view);
    const float colour[] = {1, 128 / 255.0f, 64 / 255.0f, 1};
    for (int frame = 0; frame < 30; frame++) {
        ID3D11DeviceContext_ClearRenderTargetView(context, view, colour);
        HRESULT result = IDXGISwapChain_Present(chain, 0, 0);
        if (FAILED(result))
            fail("Present", result);
    }
    // Red, green, blue, alpha in the order of the memory.
    ID3D11DeviceContext_ClearRenderTargetView(context, view, colour);
    say("pixel %06lx", first_pixel(picture) & 0xffffff);
    say("frames 30");
    return 0;
}
