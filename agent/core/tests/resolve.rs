//! Requests: their form, the settings' part in them, and every problem at once.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use dillinger_runner_core::limits::{INFINITY, Limit};
use dillinger_runner_core::policy::Policy;
use dillinger_runner_core::problem::{ProblemClass, Problems};
use dillinger_runner_core::request::{self, IdleAction, KEYS, Library, Network};
use dillinger_runner_core::spec::{SessionSpec, resolve};
use dillinger_runner_core::value::{RawRequest, RawValue};
use std::collections::BTreeSet;
use support::{id, list, mounts, request, text};

fn resolved(raw: &RawRequest, policy: &Policy) -> (SessionSpec, Vec<(String, String)>) {
    let (spec, decisions) = resolve(raw, policy, id()).unwrap();
    (spec, decisions.into_iter().map(|decision| (decision.key, decision.reason)).collect())
}

fn refused(raw: &RawRequest) -> Problems {
    resolve(raw, &Policy::default(), id()).unwrap_err()
}

fn reason<'a>(reasons: &'a [(String, String)], key: &str) -> &'a str {
    &reasons.iter().find(|(known, _)| known == key).unwrap().1
}

#[test]
fn a_bare_request_has_every_default() {
    let (spec, reasons) = resolved(&request(&[]), &Policy::default());
    assert_eq!(spec.image, "localhost/dillinger/base:latest");
    assert_eq!(spec.library, Library::Volume("dillinger_library".to_owned()));
    assert_eq!(
        (spec.network, spec.working_directory.as_deref(), spec.timeout_stop_usec),
        (Network::Private, None, 10_000_000)
    );
    assert_eq!(spec.limits.iter_set().count(), 0);
    assert_eq!(reason(&reasons, "Command"), "request");
    assert_eq!(reason(&reasons, "Image"), "default");
    let (windows, _) = resolved(&windows(&[]), &Policy::default());
    let keys = |spec: &SessionSpec| spec.properties().into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    let all: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys(&windows), all);
    // The last ones are those of Windows games.
    assert_eq!(keys(&spec), all.iter().copied().take_while(|key| *key != "Kind").collect::<Vec<_>>());
}

#[test]
fn properties_have_the_types_of_the_contract() {
    let (spec, _) = resolved(&windows(&[]), &Policy::default());
    for ((key, value), (_, signature)) in spec.properties().iter().zip(KEYS) {
        assert_eq!(value.signature(), *signature, "{key}");
    }
}

#[test]
fn the_request_goes_over_the_settings_and_these_over_the_defaults() {
    let mut policy = Policy::default();
    policy.defaults.insert("Network".to_owned(), text("none"));
    policy.defaults.insert("Image".to_owned(), text("localhost/other:1"));
    policy.defaults.insert("MemoryMax".to_owned(), RawValue::U64(1 << 30));
    let (spec, reasons) = resolved(&request(&[("Network", text("host")), ("Image", text(""))]), &policy);
    assert_eq!(
        (spec.network, spec.image.as_str(), spec.limits.get(Limit::MemoryMax)),
        (Network::Host, "localhost/other:1", 1 << 30)
    );
    assert_eq!(
        (reason(&reasons, "Network"), reason(&reasons, "Image"), reason(&reasons, "Saves")),
        ("request", "settings", "default")
    );
    let (spec, _) = resolved(&request(&[("Library", text(""))]), &policy);
    assert_eq!(spec.library, Library::None);
}

#[test]
fn ceilings_refuse_a_request_and_cap_a_default() {
    let mut policy = Policy { runtime_max_usec: 3_600_000_000, ..Policy::default() };
    policy.ceilings.set(Limit::MemoryMax, 1 << 30);
    let (spec, reasons) = resolved(&request(&[]), &policy);
    assert_eq!((spec.limits.get(Limit::MemoryMax), spec.runtime_max_usec), (1 << 30, 3_600_000_000));
    assert_eq!(reason(&reasons, "MemoryMax"), "ceiling of the settings");
    let raw = request(&[("MemoryMax", RawValue::U64(2 << 30)), ("RuntimeMaxUSec", RawValue::U64(INFINITY))]);
    let problems = resolve(&raw, &policy, id()).unwrap_err();
    assert_eq!(problems.class(), ProblemClass::LimitExceeded);
    assert_eq!(problems.iter().count(), 2, "{problems}");
}

#[test]
fn the_working_directory_follows_the_program() {
    for (program, library, directory) in [
        ("/usr/games/doom", "dillinger_library", Some("/usr/games")),
        ("/init", "dillinger_library", Some("/")),
        ("bin/game", "dillinger_library", Some("/library")),
        ("bin/game", "", None),
        ("sh", "dillinger_library", None),
    ] {
        let raw = request(&[("Command", list(&[program])), ("Library", text(library))]);
        assert_eq!(resolved(&raw, &Policy::default()).0.working_directory.as_deref(), directory, "{program} {library}");
    }
}

#[test]
fn every_bad_key_is_named_at_once() {
    let raw = request(&[
        ("Id", text("not an id")),
        ("Command", list(&[])),
        ("Environment", list(&["A=1", "A=2"])),
        ("Network", text("wifi")),
        ("MemoryMax", RawValue::Str("2G".to_owned())),
        ("CPUWeight", RawValue::U64(0)),
        ("AllowedCPUs", text("3-1")),
        ("Mounts", mounts(&[("relative", "/x", "ro")])),
        ("NoSuchKey", text("")),
    ]);
    let problems = refused(&raw);
    let named: BTreeSet<String> = problems.iter().map(|problem| problem.key.trim_matches('"').to_owned()).collect();
    assert_eq!(named, raw.keys().cloned().collect());
    assert_eq!(problems.class(), ProblemClass::Invalid);
    assert_eq!(refused(&request(&[("Nonsense", text(""))])).class(), ProblemClass::UnknownKey);
}

#[test]
fn a_value_of_another_type_is_refused_for_every_key() {
    for (key, signature) in KEYS {
        let raw = RawRequest::from([((*key).to_owned(), RawValue::Other("a{sv}".to_owned()))]);
        let problems = request::parse(&raw).unwrap_err();
        assert!(problems.to_string().contains(&format!("expected {signature}")), "{key}: {problems}");
    }
}

#[test]
fn bad_forms_say_what_is_right() {
    let long = "x".repeat(131_072);
    for (key, value, words) in [
        ("Title", text("a\0b"), "NUL"),
        ("Title", text(&long), "at most 131071"),
        ("Image", text("-v"), "image name"),
        ("Library", text("../x"), "volume name"),
        ("Library", text("/a/../b"), ".."),
        ("WorkingDirectory", text("x"), "absolute"),
        ("Environment", list(&["NOVALUE"]), "NAME=value"),
        ("Environment", list(&["A B=1"]), "not a name"),
        ("Mounts", mounts(&[("/a", "/proc/x", "")]), "taken"),
        ("Mounts", mounts(&[("/a", "/x", ""), ("/b", "/x", "")]), "twice"),
        ("Mounts", mounts(&[("/a", "/x", "exec")]), "ro, rw"),
        ("Gpus", list(&["nvidia"]), "CDI"),
        ("TimeoutStopUSec", RawValue::U64(1), "1000000"),
        ("RuntimeMaxUSec", RawValue::U64(5), "at least"),
        ("TasksMax", RawValue::U64(1), "expected 8"),
    ] {
        let problems = refused(&request(&[(key, value)]));
        assert!(problems.to_string().contains(words), "{key}: {problems}");
    }
}

#[test]
fn what_this_version_cannot_do_is_unsupported() {
    for (key, value) in [
        ("Display", text("wayland")),
        ("Audio", text("pulse")),
        ("Gpus", list(&["nvidia.com/gpu=0"])),
        ("Gamepads", RawValue::Bool(true)),
        ("RunnerVersion", text("10.0")),
    ] {
        let problems = refused(&request(&[(key, value)]));
        assert_eq!(problems.class(), ProblemClass::Unsupported, "{key}: {problems}");
    }
    let auto = request(&[
        ("Display", text("auto")),
        ("Audio", text("none")),
        ("Gpus", list(&["auto"])),
        ("Gamepads", RawValue::Bool(false)),
    ]);
    let (_, reasons) = resolved(&auto, &Policy::default());
    assert!(reason(&reasons, "Display").starts_with("auto"));
}

#[test]
fn a_display_of_its_own_has_its_defaults_and_those_of_the_settings() {
    let mut policy = Policy::default();
    policy.defaults.insert("IdleAction".to_owned(), text("stop"));
    policy.defaults.insert("Clipboard".to_owned(), RawValue::Bool(true));
    policy.defaults.insert("FillDisplay".to_owned(), RawValue::Bool(false));
    policy.stream.gamepads = 4;
    let (spec, reasons) = resolved(&request(&[("Display", text("stream")), ("Audio", text("auto"))]), &policy);
    let stream = spec.stream.as_ref().unwrap();
    assert_eq!((stream.width, stream.height, stream.refresh_rate, stream.gamepads), (1280, 720, 60, 4));
    assert_eq!((stream.audio, stream.clipboard, stream.idle_action), (true, true, IdleAction::Stop));
    assert_eq!((stream.frame_on_input, stream.fill_display), (true, false));
    assert_eq!((reason(&reasons, "IdleAction"), reason(&reasons, "Width")), ("settings", "default"));
    assert!(reason(&reasons, "Audio").starts_with("auto: the sound server"));
    let (spec, _) = resolved(&request(&[]), &policy);
    assert_eq!(spec.stream, None, "what the settings say of displays needs no display");
}

#[test]
fn a_session_that_was_recorded_without_the_newest_keys_is_what_it_was() {
    let (spec, _) = resolved(&request(&[("Display", text("stream"))]), &Policy::default());
    let mut record = serde_json::to_value(&spec).unwrap();
    record.as_object_mut().unwrap().remove("user_namespaces").unwrap();
    let stream = record["stream"].as_object_mut().unwrap();
    for key in ["frame_on_input", "fill_display"] {
        stream.remove(key).unwrap();
    }
    assert_eq!(serde_json::from_value::<SessionSpec>(record).unwrap(), spec);
}

#[test]
fn user_namespaces_are_for_who_asks_for_them_or_whose_settings_do() {
    let mut policy = Policy::default();
    let asks = request(&[("UserNamespaces", RawValue::Bool(true))]);
    let refuses = request(&[("UserNamespaces", RawValue::Bool(false))]);
    let decided = |raw: &RawRequest, policy: &Policy| {
        let (spec, reasons) = resolved(raw, policy);
        (spec.user_namespaces, reason(&reasons, "UserNamespaces").to_owned())
    };
    assert_eq!(decided(&request(&[]), &policy), (false, "default".to_owned()));
    assert_eq!(decided(&asks, &policy), (true, "request".to_owned()));
    policy.defaults.insert("UserNamespaces".to_owned(), RawValue::Bool(true));
    assert_eq!(decided(&request(&[]), &policy), (true, "settings".to_owned()));
    assert_eq!(decided(&refuses, &policy), (false, "request".to_owned()));
}

#[test]
fn what_belongs_to_a_display_of_its_own_needs_one() {
    for (key, value) in [
        ("Width", RawValue::U32(1280)),
        ("RefreshRate", RawValue::U32(60)),
        ("Clipboard", RawValue::Bool(false)),
        ("FrameOnInput", RawValue::Bool(true)),
        ("FillDisplay", RawValue::Bool(true)),
        ("IdleAction", text("keep")),
        ("IdleTimeoutUSec", RawValue::U64(0)),
    ] {
        let problems = refused(&request(&[(key, value)]));
        assert_eq!(problems.class(), ProblemClass::Invalid, "{key}: {problems}");
    }
    let mounted = request(&[("Display", text("stream")), ("Mounts", mounts(&[("/a", "/tmp/.X11-unix/X1", "")]))]);
    assert!(refused(&mounted).to_string().contains("display"));
    let mut policy = Policy::default();
    policy.stream.gamepads = 0;
    let asked = request(&[("Display", text("stream")), ("Gamepads", RawValue::Bool(true))]);
    assert_eq!(resolve(&asked, &policy, id()).unwrap_err().class(), ProblemClass::LimitExceeded);
}

/// A request that runs `doom.exe`, with more keys or other values.
fn windows(more: &[(&str, RawValue)]) -> RawRequest {
    let base = [("Runner", text("wine")), ("Executable", text("doom.exe"))];
    let all = base.into_iter().chain(more.iter().cloned());
    all.map(|(key, value)| (key.to_owned(), value)).collect()
}

#[test]
fn a_windows_game_has_a_program_and_no_command() {
    let mut policy = Policy::default();
    policy.defaults.insert("Image".to_owned(), text("localhost/native:1"));
    policy.defaults.insert("Dxvk".to_owned(), text("on"));
    let (spec, reasons) = resolved(&windows(&[("Arguments", list(&["-x"]))]), &policy);
    // The settings' image of sessions is one for native games.
    assert_eq!((spec.image.as_str(), spec.command.len()), ("localhost/dillinger/wine:latest", 0));
    let made = spec.windows.unwrap();
    assert_eq!((made.executable.as_str(), made.arguments), ("doom.exe", vec!["-x".to_owned()]));
    assert_eq!((made.dxvk.as_str(), reason(&reasons, "Dxvk")), ("on", "settings"));
    let (native, _) = resolved(&request(&[]), &policy);
    assert_eq!((native.image.as_str(), native.windows), ("localhost/native:1", None));
    for (key, raw) in [
        ("Executable", RawRequest::from([("Runner".to_owned(), text("proton"))])),
        ("Command", windows(&[("Command", list(&["sh"]))])),
        ("InstallDirectory", windows(&[("InstallDirectory", text("a"))])),
        ("Mounts", windows(&[("Mounts", mounts(&[("/a", "/prefix/x", "")]))])),
        ("Executable", request(&[("Executable", text("a.exe"))])),
        ("Winetricks", request(&[("Winetricks", list(&["corefonts"]))])),
    ] {
        let problems = refused(&raw);
        assert_eq!(problems.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), [key], "{problems}");
    }
}
