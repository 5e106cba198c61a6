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
        ("display/wayland-0", "/run/dillinger/wayland-0"),
        ("display/X11-unix/X0", "/tmp/.X11-unix/X0"),
        ("sound", "/run/dillinger/pulse"),
    ];
    let shown = all.iter().filter(|(source, _)| audio != "none" || *source != "sound");
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
    Mounted {
        kind: "bind".to_owned(),
        source: Some(format!("/run/user/1000/dillinger/sessions/{id}/{source}")),
        target: target.to_owned(),
        read_only,
        others: Vec::new(),
    }
}

/// The Quadlet of a part of the display.
pub(super) fn quadlet<'a>(units: &'a [UnitText], part: &str) -> anyhow::Result<&'a UnitText> {
    let name = format!("-{part}.container");
    units.iter().find(|unit| unit.name.ends_with(&name)).with_context(|| format!("no Quadlet of the {part}"))
}

/// The units of the display's parts, of which the game can do without the sound
/// server.
pub(super) fn units(id: SessionId, audio: &str) -> Vec<(&'static str, String)> {
    let parts = [("BindsTo", "display"), ("Wants", "sound"), ("BindsTo", "streamer")];
    let parts = parts.into_iter().filter(|(_, part)| audio != "none" || *part != "sound");
    parts.map(|(key, part)| (key, format!("dillinger-session-{id}-{part}.service"))).collect()
}

/// The containers of the display; nothing in them comes from a caller's text.
pub(super) fn display(request: &RawRequest, plan: &SessionPlan, units: &[UnitText]) -> anyhow::Result<Vec<Expected>> {
    if request.get("Display") != Some(&RawValue::Str("stream".to_owned())) {
        return Ok(Vec::new());
    }
    let silent = request.get("Audio") == Some(&RawValue::Str("none".to_owned()));
    let all = ["display", "sound", "streamer"].into_iter().filter(|part| !(silent && *part == "sound"));
    all.map(|part| container(part, request, plan, units)).collect()
}

fn container(part: &str, request: &RawRequest, plan: &SessionPlan, units: &[UnitText]) -> anyhow::Result<Expected> {
    let id = plan.id();
    let mut options = vec![
        ("--name".to_owned(), Some(format!("dillinger-session-{id}-{part}"))),
        ("--network".to_owned(), Some("none".to_owned())),
        ("--sdnotify".to_owned(), Some("container".to_owned())),
    ];
    let (mounts, title) = match part {
        "display" => {
            let pid_file = format!("/run/user/1000/dillinger/sessions/{id}/display.pid");
            options.push(("--pidfile".to_owned(), Some(pid_file)));
            let x11 = bind(id, "display/X11-unix", "/tmp/.X11-unix", false);
            let link = bind(id, "rendezvous/display", "/run/streamer", true);
            (vec![bind(id, "display", "/run/display", false), x11, link], "Display server")
        }
        "sound" => {
            let link = bind(id, "rendezvous/sound", "/run/streamer", true);
            (vec![bind(id, "sound", "/run/sound", false), link], "Sound server")
        }
        _ => {
            let links =
                ["display", "sound"].map(|part| (format!("rendezvous/{part}"), format!("/run/streamer/{part}")));
            let links = links.iter().map(|(source, target)| bind(id, source, target, false));
            ([bind(id, "streamer", "/run/streamer", false)].into_iter().chain(links).collect(), "Streamer")
        }
    };
    let run = Run {
        environment: BTreeMap::from([("HOME".to_owned(), "/tmp".to_owned())]),
        mounts,
        working_directory: None,
        options,
        image: "localhost/dillinger/display:latest".to_owned(),
        arguments: arguments(part, request),
    };
    Ok(Expected {
        text: quadlet(units, part)?.text.clone(),
        run,
        commands: commands(id, &[part]),
        description: format!("{title} of {}", description(request, plan)),
        needs: Vec::new(),
    })
}

fn arguments(part: &str, request: &RawRequest) -> Vec<String> {
    let number = |key: &str, default: u32| match request.get(key) {
        Some(RawValue::U32(number)) => number.to_string(),
        _ => default.to_string(),
    };
    let program = if part == "streamer" { "stream" } else { part };
    let mut arguments = vec![
        format!("/usr/libexec/dillinger-runner/dillinger-{program}"),
        "--directory".to_owned(),
        format!("/run/{part}"),
    ];
    let mut option = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
    if part != "streamer" {
        option("--streamer", "/run/streamer/socket".to_owned());
    }
    if part != "sound" {
        option("--width", number("Width", 1280));
        option("--height", number("Height", 720));
        option("--refresh-rate", number("RefreshRate", 60));
    }
    if part == "streamer" {
        option("--encoder", "auto".to_owned());
        if request.get("Audio") == Some(&RawValue::Str("none".to_owned())) {
            arguments.push("--no-audio".to_owned());
        }
    }
    arguments
}
