//! A session against a host: what is refused, what is dropped, what is mounted.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use dillinger_runner_core::host::{GamepadFact, HostFacts, LibraryFact, PathFact};
use dillinger_runner_core::limits::{INFINITY, Limit};
use dillinger_runner_core::plan::{ContainerPlan, PlannedMount, Role, SessionPlan, plan};
use dillinger_runner_core::policy::{DISPLAY_INTERFACE, Policy};
use dillinger_runner_core::problem::{ProblemClass, Problems};
use dillinger_runner_core::request::Network;
use dillinger_runner_core::spec::resolve;
use dillinger_runner_core::value::{RawRequest, RawValue};
use std::collections::BTreeMap;
use support::{id, mounts, request, text};

/// A host that has everything.
fn host() -> HostFacts {
    HostFacts {
        uid: 1000,
        controllers: ["cpu", "cpuset", "io", "memory", "pids"].map(str::to_owned).to_vec(),
        image_present: true,
        display_image: Some(DISPLAY_INTERFACE.to_owned()),
        gamepads: GamepadFact::Possible,
        library: LibraryFact::At("/srv/library".to_owned()),
        paths: BTreeMap::new(),
        saves_root: "/home/player/.local/state/dillinger-runner/saves".to_owned(),
        runtime_dir: "/run/user/1000".to_owned(),
        state_dir: "/home/player/.local/state/dillinger-runner".to_owned(),
        windows: None,
        agent: "/usr/libexec/dillinger-runner/dillinger-runner".to_owned(),
        seccomp: "/usr/share/dillinger/seccomp".to_owned(),
    }
}

/// A directory of this owner.
fn directory(path: &str, owner: u32) -> (String, PathFact) {
    (path.to_owned(), PathFact::Found { canonical: path.to_owned(), owner, directory: true })
}

fn planned(raw: &RawRequest, policy: &Policy, host: &HostFacts) -> Result<SessionPlan, Problems> {
    let (spec, decisions) = resolve(raw, policy, id()).unwrap();
    plan(spec, decisions, host)
}

fn on(host: &HostFacts, raw: &RawRequest) -> Result<SessionPlan, Problems> {
    planned(raw, &Policy::default(), host)
}

#[test]
fn everything_in_the_way_is_named_at_once() {
    let library = LibraryFact::Unavailable { place: "/mnt/games".to_owned(), reason: "No such file".to_owned() };
    let host = HostFacts { image_present: false, library, controllers: Vec::new(), ..host() };
    let problems =
        on(&host, &request(&[("MemoryMax", RawValue::U64(1 << 30)), ("Mounts", mounts(&[("/x", "/y", "")]))]))
            .unwrap_err();
    let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["Image", "Library", "MemoryMax", "Mounts"]);
    let text = problems.to_string();
    assert!(text.contains("/mnt/games") && text.contains("No such file"), "{text}");
}

#[test]
fn classes_of_what_is_missing() {
    let unavailable = LibraryFact::Unavailable { place: "x".to_owned(), reason: "y".to_owned() };
    let class = |host: &HostFacts| on(host, &request(&[])).unwrap_err().class();
    assert_eq!(class(&HostFacts { image_present: false, ..host() }), ProblemClass::ImageMissing);
    assert_eq!(class(&HostFacts { library: unavailable, ..host() }), ProblemClass::LibraryUnavailable);
}

#[test]
fn a_limit_without_its_controller_is_refused_if_asked_for_and_dropped_if_not() {
    let bare = HostFacts { controllers: vec!["memory".to_owned()], ..host() };
    for (key, value) in [("IOWeight", RawValue::U64(50)), ("AllowedCPUs", text("0")), ("CPUWeight", RawValue::U64(50))]
    {
        let problems = on(&bare, &request(&[(key, value.clone())])).unwrap_err();
        assert_eq!(problems.class(), ProblemClass::Unsupported, "{key}");
        let mut policy = Policy::default();
        policy.defaults.insert(key.to_owned(), value);
        let plan = planned(&request(&[]), &policy, &bare).unwrap();
        assert_eq!(plan.warnings.len(), 1, "{key}");
        assert_eq!(plan.spec.limits.get(Limit::IoWeight), INFINITY);
        assert!(plan.spec.limits.allowed_cpus.is_empty());
    }
}

#[test]
fn mounts_must_be_there_be_the_users_and_leave_the_runtime_directory_alone() {
    let found = |path: &str, canonical: &str, owner| {
        (path.to_owned(), PathFact::Found { canonical: canonical.to_owned(), owner, directory: true })
    };
    let paths = [
        found("/home/player/mods", "/home/player/mods", 1000),
        found("/etc", "/etc", 0),
        found("/home/player/link", "/run/user/1000/bus", 1000),
        found("/run/user", "/run/user", 1000),
        ("/gone".to_owned(), PathFact::Missing("No such file".to_owned())),
    ];
    let host = HostFacts { paths: paths.into(), ..host() };
    let with = |source: &str| on(&host, &request(&[("Mounts", mounts(&[(source, "/mods", "rw")]))]));
    assert!(with("/home/player/mods").is_ok());
    for (source, words) in [
        ("/etc", "belongs to uid 0"),
        ("/home/player/link", "runtime directory"),
        ("/run/user", "runtime directory"),
        ("/gone", "No such file"),
    ] {
        let problems = with(source).unwrap_err();
        assert!(problems.to_string().contains(words), "{source}: {problems}");
    }
}

#[test]
fn a_link_is_mounted_as_what_it_was_when_it_was_checked() {
    let fact = PathFact::Found { canonical: "/data/mods".to_owned(), owner: 1000, directory: true };
    let host = HostFacts { paths: [("/home/player/mods".to_owned(), fact)].into(), ..host() };
    let plan = on(&host, &request(&[("Mounts", mounts(&[("/home/player/mods", "/mods", "ro")]))])).unwrap();
    let last = plan.containers[0].mounts.last().unwrap();
    assert!(matches!(last, PlannedMount::Bind(bind) if bind.source == "/data/mods" && bind.read_only), "{last:?}");
}

#[test]
fn saves_are_asked_for_or_per_game_or_gone_with_the_session() {
    let host = HostFacts { paths: [directory("/home/player/saves", 1000)].into(), ..host() };
    let asked = on(&host, &request(&[("Saves", text("/home/player/saves"))])).unwrap();
    assert_eq!(asked.spec.saves.as_deref(), Some("/home/player/saves"));
    let of_game = on(&host, &request(&[("GameId", text("../doom"))])).unwrap();
    let path = "/home/player/.local/state/dillinger-runner/saves/%2E.%2Fdoom";
    assert_eq!(of_game.spec.saves.as_deref(), Some(path));
    let none = on(&host, &request(&[])).unwrap();
    assert!(none.containers[0].mounts.contains(&PlannedMount::Tmpfs { target: "/saves".to_owned() }));
    assert!(on(&host, &request(&[("Saves", text("/elsewhere"))])).is_err());
    assert!(on(&host, &request(&[("GameId", text(&"ä".repeat(60)))])).is_err());
}

#[test]
fn a_streamed_game_sees_three_sockets_and_the_parts_of_its_display_one_each() {
    let host = HostFacts { gamepads: GamepadFact::Made(vec!["/dev/input/event7".to_owned()]), ..host() };
    let plan = on(&host, &request(&[("Display", text("stream"))])).unwrap();
    let [game, display, sound, streamer] = plan.containers.as_slice() else { panic!("four containers") };
    assert_eq!([game.role, display.role, sound.role, streamer.role], Role::ALL);
    let own = format!("/run/user/1000/dillinger/sessions/{}/", id());
    let sources = |container: &ContainerPlan| {
        let of_display = |mount: &PlannedMount| match mount {
            PlannedMount::Bind(bind) => Some((bind.source.strip_prefix(&own)?.to_owned(), bind.read_only)),
            _ => None,
        };
        container.mounts.iter().filter_map(of_display).collect::<Vec<_>>()
    };
    let expected =
        |names: &[(&str, bool)]| names.iter().map(|(name, only)| ((*name).to_owned(), *only)).collect::<Vec<_>>();
    assert_eq!(sources(game), expected(&[("display/wayland-0", true), ("display/X11-unix/X0", true), ("sound", true)]));
    let of_display = [("display", false), ("display/X11-unix", false), ("rendezvous/display", true)];
    assert_eq!(sources(display), expected(&of_display));
    assert_eq!(sources(sound), expected(&[("sound", false), ("rendezvous/sound", true)]));
    let of_streamer = [("streamer", false), ("rendezvous/display", false), ("rendezvous/sound", false)];
    assert_eq!(sources(streamer), expected(&of_streamer));
    assert_eq!(game.devices, ["/dev/input/event7"]);
    for part in [display, sound, streamer] {
        assert_eq!((part.network, part.devices.len()), (Network::None, 0), "{:?}", part.role);
    }
}

#[test]
fn without_sound_there_is_no_sound_server() {
    let plan = on(&host(), &request(&[("Display", text("stream")), ("Audio", text("none"))])).unwrap();
    let roles: Vec<_> = plan.containers.iter().map(|container| container.role).collect();
    assert_eq!(roles, [Role::Game, Role::Display, Role::Streamer]);
    assert!(plan.containers[2].command.contains(&"--no-audio".to_owned()));
}

#[test]
fn what_a_display_does_is_said_to_its_display_server_alone() {
    let flags = ["--no-frame-on-input", "--no-fill-display"];
    for yes in [true, false] {
        let keys = [("FrameOnInput", RawValue::Bool(yes)), ("FillDisplay", RawValue::Bool(yes))];
        let keys: Vec<_> = keys.into_iter().chain([("Display", text("stream"))]).collect();
        for container in on(&host(), &request(&keys)).unwrap().containers {
            let told = flags.map(|flag| container.command.contains(&flag.to_owned()));
            assert_eq!(told, [!yes && container.role == Role::Display; 2], "{:?}", container.role);
        }
    }
}

#[test]
fn only_a_game_that_may_make_user_namespaces_has_the_profile_for_it_and_sees_all_of_proc() {
    let plain = on(&host(), &request(&[])).unwrap();
    let game = &plain.containers[0];
    assert_eq!((game.seccomp.as_str(), game.whole_proc), ("/usr/share/dillinger/seccomp/game.json", false));
    let keys = [("UserNamespaces", RawValue::Bool(true)), ("Display", text("stream"))];
    let streamed = on(&host(), &request(&keys)).unwrap();
    let of =
        |container: &ContainerPlan| (container.seccomp.rsplit('/').next().unwrap().to_owned(), container.whole_proc);
    let all: Vec<_> = streamed.containers.iter().map(of).collect();
    let expected =
        [("game-userns.json", true), ("display.json", false), ("sound.json", false), ("streamer.json", false)];
    assert_eq!(all, expected.map(|(profile, whole)| (profile.to_owned(), whole)));
}

#[test]
fn gamepads_that_cannot_be_are_told_where_they_were_asked_for() {
    let host = HostFacts { gamepads: GamepadFact::Missing("no /dev/uinput".to_owned()), ..host() };
    let on = |more: &[(&str, RawValue)]| {
        let keys: Vec<_> = more.iter().cloned().chain([("Display", text("stream"))]).collect();
        on(&host, &request(&keys)).unwrap()
    };
    let (asked, unsaid) = (on(&[("Gamepads", RawValue::Bool(true))]), on(&[]));
    assert_eq!((asked.warnings.len(), unsaid.warnings.len()), (1, 0));
    for plan in [asked, unsaid] {
        let stream = plan.spec.stream.unwrap();
        assert_eq!((stream.gamepads, stream.gamepad_status.as_str()), (0, "missing: no /dev/uinput"));
        let decision = plan.decisions.iter().find(|one| one.key == "Gamepads").unwrap();
        assert_eq!((decision.value.as_str(), decision.reason.as_str()), ("false", "dropped: no /dev/uinput"));
    }
}
