// vulkan.exe: the devices that Vulkan offers. What of its interface is used is declared here, after the specification of
// Vulkan 1.0, so that no headers are needed.
#include "say.h"

typedef struct {
    unsigned type;
    const void *next;
    unsigned flags;
    const void *application;
    unsigned layers;
    const char *const *layer_names;
    unsigned extensions;
    const char *const *extension_names;
} InstanceCreateInfo;

// VkPhysicalDeviceProperties up to the name; the rest is limits, at most 1000 bytes.
typedef struct {
    unsigned api, driver, vendor, device, type;
    char name[256];
    char rest[1024];
} DeviceProperties;

typedef void *(WINAPI *GetInstanceProcAddr)(void *, const char *);

int main(void)
{
    HMODULE library = LoadLibraryA("vulkan-1.dll");
    if (!library)
        fail("vulkan-1.dll", GetLastError());
    GetInstanceProcAddr get = (GetInstanceProcAddr)(void *)GetProcAddress(library, "vkGetInstanceProcAddr");
    if (!get)
        fail("vkGetInstanceProcAddr", GetLastError());
    int (WINAPI *create)(const InstanceCreateInfo *, const void *, void **) = get(NULL, "vkCreateInstance");
    InstanceCreateInfo info = {.type = 1};
    void *instance, *devices[8];
    int result = create(&info, NULL, &instance);
    if (result)
        fail("vkCreateInstance", result);
    int (WINAPI *enumerate)(void *, unsigned *, void **) = get(instance, "vkEnumeratePhysicalDevices");
    void (WINAPI *about)(void *, DeviceProperties *) = get(instance, "vkGetPhysicalDeviceProperties");
    unsigned count = 8;
    result = enumerate(instance, &count, devices);
    if (result)
        fail("vkEnumeratePhysicalDevices", result);
    say("devices %u", count);
    for (unsigned at = 0; at < count; at++) {
        DeviceProperties properties;
        about(devices[at], &properties);
        say("device %s", properties.name);
    }
    return count ? 0 : 1;
}
