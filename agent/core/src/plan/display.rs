//! The display of a streamed session: the containers of its three parts, and
//! what the game sees of them.
//!
//! Each part has a directory of its own. Nothing passes between two of them but
//! a socket.
//!
//! ```text
//! <runtime>/dillinger/sessions/<id>/  in its own container     in others
//!     display/                        /run/display
//!         wayland-0                                            the game's: /run/dillinger/wayland-0
//!         X11-unix/X0                 /tmp/.X11-unix/X0        the game's: the same
//!     sound/                          /run/sound               the game's: /run/dillinger/pulse
//!         native
//!     streamer/                       /run/streamer
//!         control                                              the agent's
//!     rendezvous/
//!         display/socket              /run/streamer/display    the display server's: /run/streamer/socket
//!         sound/socket                /run/streamer/sound      the sound server's: /run/streamer/socket
//! ```
//!
//! What is mounted once a part has been running is in no directory that a part
//! can write to: with a link in its place the part would choose what of the
//! host's the other one is shown. The sound server's container is made again
//! and again; the game's mounts are made before anybody's bytes are read.

use super::{ContainerPlan, DISPLAY_PID, EndCommands, IPC_NAMESPACE, Ipc, PlannedMount, Role, agent_command, seccomp};
use crate::host::{GamepadFact, HostFacts};
use crate::id::SessionId;
use crate::policy::DISPLAY_INTERFACE;
use crate::problem::{ProblemClass, Problems, quoted};
use crate::request::{MountRequest, Network, Variable};
use crate::spec::{Decision, SessionSpec, StreamSpec};

/// Directories to make in a session's private directory before its display
/// starts, outer ones first.
pub const HOST_DIRECTORIES: [&str; 7] =
    ["display", "display/X11-unix", "sound", "streamer", "rendezvous", RENDEZVOUS_DISPLAY, RENDEZVOUS_SOUND];
/// In a session's private directory: where display server and sound server meet
/// the streamer.
const RENDEZVOUS_DISPLAY: &str = "rendezvous/display";
const RENDEZVOUS_SOUND: &str = "rendezvous/sound";
/// In a session's private directory: the streamer's.
pub const STREAMER_DIRECTORY: &str = "streamer";

/// The programs in the display's image.
const PROGRAMS: &str = "/usr/libexec/dillinger-runner";
/// Where the display server, the sound server and the streamer have their
/// directories.
const DISPLAY: &str = "/run/display";
const SOUND: &str = "/run/sound";
const STREAMER: &str = "/run/streamer";
/// The game's `$XDG_RUNTIME_DIR`.
const GAME_RUNTIME: &str = "/run/dillinger";
/// What a game may take to end is its own matter; a display needs no time.
const TIMEOUT_STOP_USEC: u64 = 5_000_000;

/// Checks what the host must have for the display, and settles what it may
/// have.
pub(super) fn check(
    spec: &mut SessionSpec,
    facts: &HostFacts,
    decisions: &mut [Decision],
    problems: &mut Problems,
    warnings: &mut Vec<String>,
) {
    let Some(stream) = &mut spec.stream else { return };
    if let Some((class, what)) = wrong_image(facts.display_image.as_deref()) {
        problems.push(class, "Display", format!("the display's image {} {what}", quoted(&stream.image)));
    }
    gamepads(stream, &facts.gamepads, decisions, warnings);
}

/// Why the display cannot be run from an image with this label, or from none.
fn wrong_image(label: Option<&str>) -> Option<(ProblemClass, String)> {
    let wrong = |has: String| {
        let what =
            format!("{has}, expected {DISPLAY_INTERFACE:?}: it was built for another version and has to be built anew");
        (ProblemClass::Unsupported, what)
    };
    match label {
        Some(DISPLAY_INTERFACE) => None,
        Some("") => Some(wrong("has no label org.dillinger.display".to_owned())),
        Some(label) => Some(wrong(format!("has the label org.dillinger.display={}", quoted(label)))),
        None => {
            let what = "is not in the storage of this user, PrepareImage can pull it";
            Some((ProblemClass::ImageMissing, what.to_owned()))
        }
    }
}

fn gamepads(stream: &mut StreamSpec, fact: &GamepadFact, decisions: &mut [Decision], warnings: &mut Vec<String>) {
    if stream.gamepads == 0 {
        return;
    }
    let decision = decisions.iter_mut().find(|one| one.key == "Gamepads");
    match fact {
        GamepadFact::NotAsked | GamepadFact::Possible => {
            stream.gamepad_status = format!("{} virtual", stream.gamepads);
        }
        GamepadFact::Made(nodes) => {
            stream.gamepads = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
            stream.gamepad_status = nodes.join(" ");
        }
        GamepadFact::Missing(reason) => {
            stream.gamepads = 0;
            stream.gamepad_status = format!("missing: {reason}");
            let Some(decision) = decision else { return };
            if decision.reason != "default" {
                warnings.push(format!("Gamepads: {reason}"));
            }
            decision.reason = format!("dropped: {reason}");
        }
    }
}

/// What the game's container has of the display.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) environment: Vec<Variable>,
    pub(super) mounts: Vec<PlannedMount>,
    pub(super) devices: Vec<String>,
    pub(super) ipc: Ipc,
}

/// The sockets, the gamepads and the shared memory, and the variables that say where they are.
pub(super) fn of_game(spec: &SessionSpec, facts: &HostFacts) -> Shown {
    let Some(stream) = &spec.stream else { return Shown::default() };
    let host = session_directory(facts, spec.id);
    let link = format!("{host}/{IPC_NAMESPACE}");
    let command = agent_command(facts, spec.id, Role::Game, "session-starting");
    let mut shown = Shown { ipc: Ipc::Borrowed { link, command }, ..Shown::default() };
    let mut set = |name: &str, value: &str| {
        shown.environment.push(Variable { name: name.to_owned(), value: value.to_owned() });
    };
    set("XDG_RUNTIME_DIR", GAME_RUNTIME);
    set("WAYLAND_DISPLAY", "wayland-0");
    set("DISPLAY", ":0");
    // Windows have no frames here, and SDL's library for them waits for ever in an image without its plugins.
    set("SDL_VIDEO_WAYLAND_ALLOW_LIBDECOR", "0");
    shown.mounts.push(PlannedMount::Private { target: GAME_RUNTIME.to_owned() });
    shown.mounts.push(bind(format!("{host}/display/wayland-0"), format!("{GAME_RUNTIME}/wayland-0"), true));
    shown.mounts.push(bind(format!("{host}/display/X11-unix/X0"), "/tmp/.X11-unix/X0".to_owned(), true));
    if stream.audio {
        let pulse = format!("{GAME_RUNTIME}/pulse");
        set("PULSE_SERVER", &format!("unix:{pulse}/native"));
        // The directory: a sound server that is started again makes another socket in it.
        shown.mounts.push(bind(format!("{host}/sound"), pulse, true));
    }
    if let GamepadFact::Made(nodes) = &facts.gamepads
        && stream.gamepads > 0
    {
        // SDL then looks at /dev/input itself: udev's messages do not reach a user namespace.
        set("SDL_JOYSTICK_DISABLE_UDEV", "1");
        shown.devices.clone_from(nodes);
    }
    shown
}

/// The containers of the display, if the session has one.
pub(super) fn containers(spec: &SessionSpec, facts: &HostFacts) -> Vec<ContainerPlan> {
    let Some(stream) = &spec.stream else { return Vec::new() };
    let host = session_directory(facts, spec.id);
    let mut display = part(Role::Display, spec, stream, facts);
    display.mounts.push(bind(format!("{host}/display"), DISPLAY.to_owned(), false));
    display.mounts.push(bind(format!("{host}/display/X11-unix"), "/tmp/.X11-unix".to_owned(), false));
    display.mounts.push(bind(format!("{host}/{RENDEZVOUS_DISPLAY}"), STREAMER.to_owned(), true));
    display.ipc = Ipc::Lent { pid_file: format!("{host}/{DISPLAY_PID}") };
    let mut sound = part(Role::Sound, spec, stream, facts);
    sound.mounts.push(bind(format!("{host}/sound"), SOUND.to_owned(), false));
    sound.mounts.push(bind(format!("{host}/{RENDEZVOUS_SOUND}"), STREAMER.to_owned(), true));
    let mut streamer = part(Role::Streamer, spec, stream, facts);
    streamer.mounts.push(bind(format!("{host}/{STREAMER_DIRECTORY}"), STREAMER.to_owned(), false));
    streamer.mounts.push(bind(format!("{host}/{RENDEZVOUS_DISPLAY}"), format!("{STREAMER}/display"), false));
    streamer.mounts.push(bind(format!("{host}/{RENDEZVOUS_SOUND}"), format!("{STREAMER}/sound"), false));
    let sound = stream.audio.then_some(sound);
    [display].into_iter().chain(sound).chain([streamer]).collect()
}

/// A part of the display, without its mounts.
fn part(role: Role, spec: &SessionSpec, stream: &StreamSpec, facts: &HostFacts) -> ContainerPlan {
    ContainerPlan {
        role,
        unit: spec.id.unit(role),
        container: spec.id.container(role),
        image: stream.image.clone(),
        command: command(role, stream),
        working_directory: None,
        environment: vec![Variable { name: "HOME".to_owned(), value: "/tmp".to_owned() }],
        network: Network::None,
        mounts: Vec::new(),
        devices: Vec::new(),
        timeout_stop_usec: TIMEOUT_STOP_USEC,
        commands: EndCommands::new(facts, spec.id, role),
        ipc: Ipc::Private,
        seccomp: seccomp(facts, role.word().unwrap_or("game")),
        whole_proc: false,
    }
}

fn command(role: Role, stream: &StreamSpec) -> Vec<String> {
    let (program, directory) = match role {
        Role::Sound => ("dillinger-sound", SOUND),
        Role::Streamer => ("dillinger-stream", STREAMER),
        Role::Display | Role::Game => ("dillinger-display", DISPLAY),
    };
    let mut command = vec![format!("{PROGRAMS}/{program}")];
    let mut option = |name: &str, value: String| command.extend([name.to_owned(), value]);
    option("--directory", directory.to_owned());
    if role != Role::Streamer {
        option("--streamer", format!("{STREAMER}/socket"));
    }
    if role == Role::Sound {
        return command;
    }
    option("--width", stream.width.to_string());
    option("--height", stream.height.to_string());
    option("--refresh-rate", stream.refresh_rate.to_string());
    let mut switches = vec![("--clipboard", stream.clipboard)];
    if role == Role::Display {
        switches.push(("--no-frame-on-input", !stream.frame_on_input));
        switches.push(("--no-fill-display", !stream.fill_display));
    }
    if role == Role::Streamer {
        option("--encoder", stream.encoder.clone());
        if let Some(bitrate) = stream.max_bitrate {
            option("--max-bitrate", bitrate.to_string());
        }
        switches.push(("--no-audio", !stream.audio));
    }
    command.extend(switches.into_iter().filter(|(_, on)| *on).map(|(name, _)| name.to_owned()));
    command
}

fn session_directory(facts: &HostFacts, id: SessionId) -> String {
    format!("{}/dillinger/sessions/{id}", facts.runtime_dir)
}

fn bind(source: String, target: String, read_only: bool) -> PlannedMount {
    PlannedMount::Bind(MountRequest { source, target, read_only })
}
