//! The display of a streamed session: its container, and what the game sees of
//! it.
//!
//! ```text
//! <runtime>/dillinger/sessions/<id>/display/   /run/display in the display's container
//!     wayland-0                                /run/dillinger/wayland-0 in the game's
//!     X11-unix/X0                              /tmp/.X11-unix/X0
//!     pulse/native                             /run/dillinger/pulse/native
//!     control                                  the agent's
//! ```

use super::{ContainerPlan, DISPLAY_PID, EndCommands, IPC_NAMESPACE, Ipc, PlannedMount, Role, agent_command};
use crate::host::{GamepadFact, HostFacts};
use crate::id::SessionId;
use crate::problem::{ProblemClass, Problems, quoted};
use crate::request::{MountRequest, Network, Variable};
use crate::spec::{Decision, SessionSpec, StreamSpec};

/// Directories to make in a session's private directory before its display
/// starts, outer ones first.
pub const HOST_DIRECTORIES: [&str; 2] = ["display", "display/X11-unix"];

/// The streamer in the display's image.
const STREAMER: &str = "/usr/libexec/dillinger-runner/dillinger-stream";
/// Where the display's container has its directory.
const DIRECTORY: &str = "/run/display";
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
    if !facts.display_image_present {
        problems.push(
            ProblemClass::ImageMissing,
            "Display",
            format!(
                "the display's image {} is not in the storage of this user, PrepareImage can pull it",
                quoted(&stream.image)
            ),
        );
    }
    gamepads(stream, &facts.gamepads, decisions, warnings);
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
    let host = host_directory(facts, spec.id);
    let link = format!("{}/{IPC_NAMESPACE}", session_directory(facts, spec.id));
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
    shown.mounts.push(bind(format!("{host}/wayland-0"), format!("{GAME_RUNTIME}/wayland-0"), true));
    shown.mounts.push(bind(format!("{host}/X11-unix/X0"), "/tmp/.X11-unix/X0".to_owned(), true));
    if stream.audio {
        let native = format!("{GAME_RUNTIME}/pulse/native");
        set("PULSE_SERVER", &format!("unix:{native}"));
        shown.mounts.push(bind(format!("{host}/pulse/native"), native, true));
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

/// The container of the display, if the session has one.
pub(super) fn container(spec: &SessionSpec, facts: &HostFacts) -> Option<ContainerPlan> {
    let stream = spec.stream.as_ref()?;
    let host = host_directory(facts, spec.id);
    Some(ContainerPlan {
        role: Role::Display,
        unit: spec.id.unit(Role::Display),
        container: spec.id.container(Role::Display),
        image: stream.image.clone(),
        command: command(stream),
        working_directory: None,
        environment: vec![Variable { name: "HOME".to_owned(), value: "/tmp".to_owned() }],
        network: Network::None,
        mounts: vec![
            bind(host.clone(), DIRECTORY.to_owned(), false),
            bind(format!("{host}/X11-unix"), "/tmp/.X11-unix".to_owned(), false),
        ],
        devices: Vec::new(),
        timeout_stop_usec: TIMEOUT_STOP_USEC,
        commands: EndCommands::new(facts, spec.id, Role::Display),
        ipc: Ipc::Lent { pid_file: format!("{}/{DISPLAY_PID}", session_directory(facts, spec.id)) },
    })
}

fn command(stream: &StreamSpec) -> Vec<String> {
    let mut command = vec![STREAMER.to_owned()];
    let mut option = |name: &str, value: String| command.extend([name.to_owned(), value]);
    option("--directory", DIRECTORY.to_owned());
    option("--width", stream.width.to_string());
    option("--height", stream.height.to_string());
    option("--refresh-rate", stream.refresh_rate.to_string());
    option("--encoder", stream.encoder.clone());
    if let Some(bitrate) = stream.max_bitrate {
        option("--max-bitrate", bitrate.to_string());
    }
    let switches = [("--no-audio", !stream.audio), ("--clipboard", stream.clipboard)];
    command.extend(switches.into_iter().filter(|(_, on)| *on).map(|(name, _)| name.to_owned()));
    command
}

fn session_directory(facts: &HostFacts, id: SessionId) -> String {
    format!("{}/dillinger/sessions/{id}", facts.runtime_dir)
}

fn host_directory(facts: &HostFacts, id: SessionId) -> String {
    format!("{}/display", session_directory(facts, id))
}

fn bind(source: String, target: String, read_only: bool) -> PlannedMount {
    PlannedMount::Bind(MountRequest { source, target, read_only })
}
