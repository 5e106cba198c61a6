/* A game to test streaming with. It shows a block that each press of Space, or of the left mouse button, turns from black
 * to white and back, above bars that move; it prints every event; and other keys make it do what games do:
 *
 *   L  locks the pointer, or lets it go      N  opens a second window, which is green
 *   T  plays a tone, or stops it             V  takes the whole display with 800x600, or gives it back
 *   Y  flashes white and beeps, both for 200 ms   U  plays silence
 *   C  copies a text                         P  prints what the clipboard has
 *   Q  ends
 *
 * Options: --software draws without OpenGL, --still moves no bars and then draws only what changes.
 */
#include <SDL.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 48000, TONE = 440, BEEP_MS = 200, WIDTH = 1280, HEIGHT = 720 };

struct game {
    SDL_Window *window, *second;
    SDL_Renderer *renderer, *second_renderer;
    SDL_atomic_t sounding;
    SDL_AudioDeviceID audio;
    Uint32 flash_end;
    int lit, still, wants_drawing, over;
};

static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

static void need(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "%s: %s\n", what, SDL_GetError());
    exit(1);
}

static void sound(void *data, Uint8 *bytes, int length)
{
    static unsigned at;
    struct game *game = data;
    Sint16 *samples = (Sint16 *)bytes;
    for (int i = 0; i < length / 4; i++, at++) {
        Sint16 sample = SDL_AtomicGet(&game->sounding) ? (Sint16)(8000 * sin(2 * M_PI * TONE * at / RATE)) : 0;
        samples[2 * i] = samples[2 * i + 1] = sample;
    }
}

/* The device is opened with the first sound, as a silent game never does. */
static void play(struct game *game, int on)
{
    if (!game->audio) {
        SDL_AudioSpec wanted = {
            .freq = RATE, .format = AUDIO_S16SYS, .channels = 2, .samples = 256, .callback = sound, .userdata = game,
        };
        need(SDL_InitSubSystem(SDL_INIT_AUDIO) == 0, "sound server");
        game->audio = SDL_OpenAudioDevice(NULL, 0, &wanted, NULL, 0);
        need(game->audio != 0, "sound");
        SDL_PauseAudioDevice(game->audio, 0);
    }
    SDL_AtomicSet(&game->sounding, on);
    say("tone %s", on ? "on" : "off");
}

/* A device that is gone is opened again with the next sound, as many games do. */
static void lose(struct game *game, const SDL_AudioDeviceEvent *event)
{
    if (event->iscapture || event->which != game->audio)
        return;
    SDL_CloseAudioDevice(game->audio);
    SDL_QuitSubSystem(SDL_INIT_AUDIO);
    game->audio = 0;
    SDL_AtomicSet(&game->sounding, 0);
    say("sound lost");
}

static void open_second(struct game *game)
{
    game->second = SDL_CreateWindow("second", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, 400, 300, SDL_WINDOW_RESIZABLE);
    need(game->second != NULL, "second window");
    game->second_renderer = SDL_CreateRenderer(game->second, -1, SDL_RENDERER_SOFTWARE);
    need(game->second_renderer != NULL, "second renderer");
    say("second window");
}

static void change_mode(struct game *game)
{
    int full = SDL_GetWindowFlags(game->window) & SDL_WINDOW_FULLSCREEN;
    SDL_DisplayMode mode = { .w = 800, .h = 600 };
    if (!full)
        SDL_SetWindowDisplayMode(game->window, &mode);
    need(SDL_SetWindowFullscreen(game->window, full ? 0 : SDL_WINDOW_FULLSCREEN) == 0, "mode");
    say("mode %s", full ? "window" : "fullscreen");
}

static void print_clipboard(void)
{
    char *text = SDL_GetClipboardText();
    say("clipboard [%s]", text ? text : "");
    SDL_free(text);
}

static void toggle(struct game *game)
{
    game->lit = !game->lit;
    say("block %s", game->lit ? "white" : "black");
}

static void press(struct game *game, SDL_Scancode key)
{
    switch (key) {
    case SDL_SCANCODE_SPACE: toggle(game); break;
    case SDL_SCANCODE_T: play(game, !SDL_AtomicGet(&game->sounding)); break;
    case SDL_SCANCODE_U: play(game, 0); break;
    case SDL_SCANCODE_N: open_second(game); break;
    case SDL_SCANCODE_V: change_mode(game); break;
    case SDL_SCANCODE_C: need(SDL_SetClipboardText("copied in the game") == 0, "clipboard"); break;
    case SDL_SCANCODE_P: print_clipboard(); break;
    case SDL_SCANCODE_Q: game->over = 1; break;
    case SDL_SCANCODE_L:
        SDL_SetRelativeMouseMode(!SDL_GetRelativeMouseMode());
        say("pointer %s", SDL_GetRelativeMouseMode() ? "locked" : "free");
        break;
    case SDL_SCANCODE_Y:
        game->lit = 1;
        game->flash_end = SDL_GetTicks() + BEEP_MS;
        play(game, 1);
        break;
    default: break;
    }
}

static void handle(struct game *game, const SDL_Event *event)
{
    game->wants_drawing = 1;
    switch (event->type) {
    case SDL_QUIT: game->over = 1; break;
    case SDL_KEYDOWN:
    case SDL_KEYUP:
        if (event->key.repeat)
            break;
        say("key %s %s", SDL_GetScancodeName(event->key.keysym.scancode), event->type == SDL_KEYDOWN ? "down" : "up");
        if (event->type == SDL_KEYDOWN)
            press(game, event->key.keysym.scancode);
        break;
    case SDL_TEXTINPUT: say("text %s", event->text.text); break;
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP:
        say("button %d %s", event->button.button, event->type == SDL_MOUSEBUTTONDOWN ? "down" : "up");
        if (event->type == SDL_MOUSEBUTTONDOWN && event->button.button == SDL_BUTTON_LEFT)
            toggle(game);
        break;
    case SDL_MOUSEMOTION:
        if (SDL_GetRelativeMouseMode())
            say("motion %d %d", event->motion.xrel, event->motion.yrel);
        else
            say("pointer %d %d", event->motion.x, event->motion.y);
        break;
    case SDL_MOUSEWHEEL: say("wheel %d %d", event->wheel.x, event->wheel.y); break;
    case SDL_AUDIODEVICEREMOVED: lose(game, &event->adevice); break;
    case SDL_WINDOWEVENT:
        if (event->window.event == SDL_WINDOWEVENT_SIZE_CHANGED)
            say("size %d %d %d", event->window.windowID, event->window.data1, event->window.data2);
        else if (event->window.event == SDL_WINDOWEVENT_FOCUS_GAINED)
            say("focus %d", event->window.windowID);
        break;
    default: break;
    }
}

static void draw(struct game *game, unsigned frame)
{
    int width, height, grey = game->lit ? 255 : 0;
    SDL_GetRendererOutputSize(game->renderer, &width, &height);
    SDL_Rect block = { width / 20, height / 20, width * 2 / 5, height * 2 / 5 };
    SDL_SetRenderDrawColor(game->renderer, 40, 60, 110, 255);
    SDL_RenderClear(game->renderer);
    SDL_SetRenderDrawColor(game->renderer, grey, grey, grey, 255);
    SDL_RenderFillRect(game->renderer, &block);
    for (int i = 0; i < 16 && !game->still; i++) {
        int x = (int)((frame * 4 + i * width / 16) % width);
        SDL_Rect bar = { x, height * (8 + i % 3) / 16, width / 40, height / 4 };
        SDL_SetRenderDrawColor(game->renderer, 16 * i, 255 - 16 * i, 128 + 64 * (i % 2), 255);
        SDL_RenderFillRect(game->renderer, &bar);
    }
    SDL_RenderPresent(game->renderer);
    if (game->second) {
        SDL_SetRenderDrawColor(game->second_renderer, 0, 200, 0, 255);
        SDL_RenderClear(game->second_renderer);
        SDL_RenderPresent(game->second_renderer);
    }
}

static void run(struct game *game)
{
    SDL_Event event;
    unsigned frame = 0;
    game->wants_drawing = 1;
    while (!game->over) {
        if (game->still && !game->wants_drawing && SDL_WaitEvent(&event))
            handle(game, &event);
        while (SDL_PollEvent(&event))
            handle(game, &event);
        if (game->flash_end && SDL_TICKS_PASSED(SDL_GetTicks(), game->flash_end)) {
            game->flash_end = 0;
            game->lit = 0;
            play(game, 0);
        }
        draw(game, frame++);
        game->wants_drawing = game->flash_end != 0;
    }
}

int main(int count, char **arguments)
{
    struct game game = { 0 };
    Uint32 drawing = SDL_RENDERER_ACCELERATED | SDL_RENDERER_PRESENTVSYNC;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--still") == 0)
            game.still = 1;
        else if (strcmp(arguments[i], "--software") == 0)
            drawing = SDL_RENDERER_SOFTWARE | SDL_RENDERER_PRESENTVSYNC;
        else
            return fprintf(stderr, "unknown option %s\n", arguments[i]), 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    need(SDL_Init(SDL_INIT_VIDEO) == 0, "SDL");
    game.window = SDL_CreateWindow("game", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, WIDTH, HEIGHT, SDL_WINDOW_RESIZABLE);
    need(game.window != NULL, "window");
    game.renderer = SDL_CreateRenderer(game.window, -1, drawing);
    need(game.renderer != NULL, "renderer");
    SDL_RendererInfo info;
    SDL_GetRendererInfo(game.renderer, &info);
    say("video %s renderer %s", SDL_GetCurrentVideoDriver(), info.name);
    run(&game);
    SDL_Quit();
    return 0;
}
