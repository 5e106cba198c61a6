// sound.exe: a fifth of a second of a tone through waveOut, and another through DirectSound.
#include "say.h"
#include <dsound.h>
#include <math.h>

#define RATE 44100
static short tone[RATE / 5];
static WAVEFORMATEX format = {WAVE_FORMAT_PCM, 1, RATE, RATE * 2, 2, 16, 0};

static void play_wave(void)
{
    HANDLE done = CreateEventA(NULL, FALSE, FALSE, NULL);
    HWAVEOUT out;
    MMRESULT result = waveOutOpen(&out, WAVE_MAPPER, &format, (DWORD_PTR)done, 0, CALLBACK_EVENT);
    if (result)
        fail("waveOutOpen", result);
    WAVEHDR header = {.lpData = (char *)tone, .dwBufferLength = sizeof tone};
    waveOutPrepareHeader(out, &header, sizeof header);
    waveOutWrite(out, &header, sizeof header);
    while (!(header.dwFlags & WHDR_DONE))
        if (WaitForSingleObject(done, 10000))
            fail("waveOut is not done", 0);
    waveOutUnprepareHeader(out, &header, sizeof header);
    waveOutClose(out);
    say("waveOut played");
}

static void play_direct(void)
{
    IDirectSound8 *sound;
    IDirectSoundBuffer *buffer;
    HRESULT result = DirectSoundCreate8(NULL, &sound, NULL);
    if (FAILED(result))
        fail("DirectSoundCreate8", result);
    IDirectSound8_SetCooperativeLevel(sound, GetDesktopWindow(), DSSCL_NORMAL);
    DSBUFFERDESC wanted = {.dwSize = sizeof wanted, .dwFlags = DSBCAPS_GLOBALFOCUS, .dwBufferBytes = sizeof tone, .lpwfxFormat = &format};
    result = IDirectSound8_CreateSoundBuffer(sound, &wanted, &buffer, NULL);
    if (FAILED(result))
        fail("CreateSoundBuffer", result);
    void *first;
    DWORD size, status = DSBSTATUS_PLAYING;
    IDirectSoundBuffer_Lock(buffer, 0, 0, &first, &size, NULL, NULL, DSBLOCK_ENTIREBUFFER);
    memcpy(first, tone, size);
    IDirectSoundBuffer_Unlock(buffer, first, size, NULL, 0);
    IDirectSoundBuffer_Play(buffer, 0, 0, 0);
    for (int at = 0; at < 1000 && status & DSBSTATUS_PLAYING; at++) {
        Sleep(10);
        IDirectSoundBuffer_GetStatus(buffer, &status);
    }
    if (status & DSBSTATUS_PLAYING)
        fail("DirectSound is not done", status);
    say("DirectSound played");
}

int main(void)
{
    say("devices %u", waveOutGetNumDevs());
    for (int at = 0; at < RATE / 5; at++)
        tone[at] = (short)(8000 * sin(at * 2 * 3.14159265 * 440 / RATE));
    play_wave();
    play_direct();
    return 0;
}
