//! What a streamed session has besides the game itself.

use super::{commands, description};
use crate::batch::Expected;
use anyhow::Context as _;
use dillinger_runner_core::id::SessionId;
use dillinger_runner_core::plan::SessionPlan;
use dillinger_runner_core::render::UnitText;
use dillinger_runner_core::value::{RawRequest, RawValue};
use dillinger_runner_tests::generator::{Mounted, Run};
use std::collections::BTreeMap;

/// The variables by which the game finds its display.
pub(super) fn environment(audio: &str) -> BTreeMap<String, String> {
    let sound = (audio != "none").then_some(("PULSE_SERVER", "unix:/run/dillinger/pulse/native"));
    let always = [
        ("XDG_RUNTIME_DIR", "/run/dillinger"),
        ("WAYLAND_DISPLAY", "wayland-0"),
        ("DISPLAY", ":0"),
        ("SDL_VIDEO_WAYLAND_ALLOW_LIBDECOR", "0"),
        ("SDL_JOYSTICK_DISABLE_UDEV", "1"),
    ];
    always.into_iter().chain(sound).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The sockets that the game sees, and where they lie.
pub(super) fn sockets(id: SessionId, audio: &str) -> Vec<Mounted> {
    let all = [
        ("wayland-0", "/run/dillinger/wayland-0"),
        ("X11-unix/X0", "/tmp/.X11-unix/X0"),
        ("pulse/native", "/run/dillinger/pulse/native"),
    ];
    let shown = all.iter().filter(|(source, _)| audio != "none" || !source.starts_with("pulse"));
    let own = Mounted {
        kind: "tmpfs".to_owned(),
        target: "/run/dillinger".to_owned(),
        others: vec!["tmpfs-mode=700".to_owned(), "chown=true".to_owned()],
        ..Mounted::default()
    };
    shown.map(|(source, target)| bind(id, source, target, true)).chain([own]).collect()
}

/// The option by which the game has its display's shared memory.
pub(super) fn ipc(id: SessionId) -> (String, Option<String>) {
    ("--ipc".to_owned(), Some(format!("ns:/run/user/1000/dillinger/sessions/{id}/ipc")))
}

fn bind(id: SessionId, source: &str, target: &str, read_only: bool) -> Mounted {
    let source = format!("/run/user/1000/dillinger/sessions/{id}/display/{source}");
    Mounted {
        kind: "bind".to_owned(),
        source: Some(source.trim_end_matches('/').to_owned()),
        target: target.to_owned(),
        read_only,
        others: Vec::new(),
    }
}

/// The Quadlet of the display.
pub(super) fn quadlet(units: &[UnitText]) -> anyhow::Result<&UnitText> {
    units.iter().find(|unit| unit.name.ends_with("-display.container")).context("no Quadlet of a display")
}

/// The container of the display; nothing in it comes from a caller's text.
pub(super) fn display(
    request: &RawRequest,
    plan: &SessionPlan,
    units: &[UnitText],
) -> anyhow::Result<Option<Expected>> {
    if request.get("Display") != Some(&RawValue::Str("stream".to_owned())) {
        return Ok(None);
    }
    let number = |key: &str, default: u32| match request.get(key) {
        Some(RawValue::U32(number)) => number.to_string(),
        _ => default.to_string(),
    };
    let mut arguments: Vec<String> =
        ["/usr/libexec/dillinger-runner/dillinger-stream", "--directory", "/run/display"].map(str::to_owned).to_vec();
    let sizes = [
        ("--width", number("Width", 1280)),
        ("--height", number("Height", 720)),
        ("--refresh-rate", number("RefreshRate", 60)),
        ("--encoder", "auto".to_owned()),
    ];
    arguments.extend(sizes.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
    if request.get("Audio") == Some(&RawValue::Str("none".to_owned())) {
        arguments.push("--no-audio".to_owned());
    }
    let id = plan.id();
    let run = Run {
        environment: BTreeMap::from([("HOME".to_owned(), "/tmp".to_owned())]),
        mounts: vec![bind(id, "", "/run/display", false), bind(id, "X11-unix", "/tmp/.X11-unix", false)],
        working_directory: None,
        options: vec![
            ("--name".to_owned(), Some(format!("dillinger-session-{id}-display"))),
            ("--network".to_owned(), Some("none".to_owned())),
            ("--sdnotify".to_owned(), Some("container".to_owned())),
            ("--pidfile".to_owned(), Some(format!("/run/user/1000/dillinger/sessions/{id}/display.pid"))),
        ],
        image: "localhost/dillinger/display:latest".to_owned(),
        arguments,
    };
    Ok(Some(Expected {
        text: quadlet(units)?.text.clone(),
        run,
        commands: commands(id, &["display"]),
        description: format!("Display of {}", description(request, plan)),
        bound_to: None,
    }))
}
