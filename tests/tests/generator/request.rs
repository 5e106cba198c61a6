//! Nasty requests through the whole way of a request: request, specification,
//! plan, unit files, generator, arguments.

#[path = "streamed.rs"]
mod streamed;

use crate::batch::{self, Expected};
use crate::container::path;
use crate::text::{self, can_be_carried, has_crlf};
use anyhow::{Context as _, ensure};
use dillinger_runner_core::host::{GamepadFact, HostFacts, LibraryFact, PathFact};
use dillinger_runner_core::id::SessionId;
use dillinger_runner_core::plan::{SessionPlan, plan};
use dillinger_runner_core::policy::{DISPLAY_INTERFACE, Policy};
use dillinger_runner_core::problem::Problems;
use dillinger_runner_core::render::{UnitText, render};
use dillinger_runner_core::request::{Library, parse};
use dillinger_runner_core::spec::resolve;
use dillinger_runner_core::value::{RawRequest, RawValue};
use dillinger_runner_tests::generator::{Generator, Mounted, Run, ServiceFile};
use proptest::prelude::*;
use std::collections::BTreeMap;

const AGENT: &str = "/usr/libexec/dillinger-runner/dillinger-runner";

/// Any request, with a few keys that carry difficult text.
pub(crate) fn any() -> impl Strategy<Value = RawRequest> {
    let keys = prop_oneof![
        5 => command(),
        5 => environment(),
        3 => texts("Title"),
        2 => texts("GameId"),
        3 => paths("WorkingDirectory"),
        2 => paths("Saves"),
        2 => library(),
        4 => mounts(),
        1 => image(),
        1 => words("Network", &["private", "none", "host"]),
        3 => words("Display", &["stream", "stream", "auto", "none"]),
        1 => words("Audio", &["auto", "pulse", "pipewire", "none"]),
        1 => numbers(),
        1 => words("AllowedCPUs", &["0", "0-3,8", "3-0", "0,%n"]),
        1 => words("Id", &["2f1c8a52-7d3b-4a43-9f50-0b9d6c1e4a77", "00000000000000000000000000000001", "../x"]),
        1 => prop::sample::select(vec!["RunnerVersion", "IdleAction", "Runner"]).prop_flat_map(texts),
        1 => prop::sample::select(vec!["Executable", "Prefix"]).prop_flat_map(texts),
        1 => prop::sample::select(vec!["Gpus", "Arguments"]).prop_flat_map(lists),
    ];
    prop::collection::vec(keys, 1..3).prop_map(|keys| {
        let command = RawValue::StrList(vec!["/library/game".to_owned()]);
        let base = [("Command".to_owned(), command)];
        base.into_iter().chain(keys.into_iter().map(|(key, value)| (key.to_owned(), value))).collect()
    })
}

type Key = (&'static str, RawValue);

fn texts(key: &'static str) -> BoxedStrategy<Key> {
    text::any().prop_map(move |text| (key, RawValue::Str(text))).boxed()
}

fn lists(key: &'static str) -> BoxedStrategy<Key> {
    prop::collection::vec(text::any(), 0..3).prop_map(move |list| (key, RawValue::StrList(list))).boxed()
}

fn paths(key: &'static str) -> BoxedStrategy<Key> {
    path().prop_map(move |path| (key, RawValue::Str(path))).boxed()
}

fn words(key: &'static str, words: &'static [&'static str]) -> BoxedStrategy<Key> {
    let word = prop::sample::select(words).prop_map(str::to_owned);
    prop_oneof![3 => word, 1 => text::any()].prop_map(move |text| (key, RawValue::Str(text))).boxed()
}

fn numbers() -> BoxedStrategy<Key> {
    let key = prop::sample::select(vec!["Width", "Height", "RefreshRate"]);
    (key, 0..300_u32).prop_map(|(key, number)| (key, RawValue::U32(number))).boxed()
}

fn command() -> BoxedStrategy<Key> {
    prop::collection::vec(text::any(), 1..5).prop_map(|list| ("Command", RawValue::StrList(list))).boxed()
}

fn environment() -> BoxedStrategy<Key> {
    let variable = prop_oneof![
        6 => ("[A-Z]{1,6}", text::any()).prop_map(|(name, value)| format!("{name}={value}")),
        1 => (text::any(), text::any()).prop_map(|(name, value)| format!("X{name}={value}")),
        1 => text::any(),
    ];
    prop::collection::vec(variable, 1..4).prop_map(|list| ("Environment", RawValue::StrList(list))).boxed()
}

fn library() -> BoxedStrategy<Key> {
    let name = "[a-zA-Z0-9_.-]{0,8}(\\.volume|\\.image)?";
    prop_oneof![3 => path(), 1 => name, 1 => text::any()].prop_map(|text| ("Library", RawValue::Str(text))).boxed()
}

fn mounts() -> BoxedStrategy<Key> {
    let options =
        prop_oneof![8 => prop::sample::select(vec!["ro", "rw", ""]).prop_map(str::to_owned), 1 => text::any()];
    prop::collection::vec((path(), path(), options), 1..3).prop_map(|list| ("Mounts", RawValue::Triples(list))).boxed()
}

fn image() -> BoxedStrategy<Key> {
    let name = "localhost/[a-z0-9]{1,6}(/[a-z]{1,4})?(:[a-zA-Z0-9._-]{1,6}|\\.image|\\.build)?";
    prop_oneof![3 => name, 1 => text::any()].prop_map(|text| ("Image", RawValue::Str(text))).boxed()
}

/// A request that has `text` in every key that may have any.
pub(crate) fn everywhere(text: &str) -> RawRequest {
    let path = |before: &str| format!("/{before}{text}x");
    let keys = [
        ("Title", RawValue::Str(text.to_owned())),
        ("GameId", RawValue::Str(text.to_owned())),
        ("Command", RawValue::StrList(vec!["game".to_owned(), text.to_owned(), "-".to_owned(), text.to_owned()])),
        ("Environment", RawValue::StrList(vec![format!("NAME={text}")])),
        ("WorkingDirectory", RawValue::Str(path("start"))),
        ("Library", RawValue::Str(path("games"))),
        ("Mounts", RawValue::Triples(vec![(path("from"), path("to"), "rw".to_owned())])),
    ];
    keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Checks what comes of each request.
pub(crate) fn check(requests: &[RawRequest], generators: &[Generator]) -> anyhow::Result<()> {
    let (mut accepted, mut streamed, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    for request in requests {
        match units(request) {
            Ok((plan, units)) => {
                let expected = expected(request, &plan, &units).with_context(|| format!("{request:?}"))?;
                let display = streamed::display(request, &plan, &units)?;
                if display.is_empty() {
                    accepted.push(expected);
                } else {
                    shown.push(display);
                    streamed.push(expected);
                }
            }
            Err(problems) => refused(request, &problems)?,
        }
    }
    let count = accepted.len() + streamed.len();
    ensure!(requests.len() == 1 || count * 3 > requests.len(), "only {count} were accepted");
    let mut base = BTreeMap::from([("Command".to_owned(), RawValue::StrList(vec!["game".to_owned()]))]);
    let (_, harmless) = units(&base).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    batch::check(&quadlet(&harmless)?.text, &accepted, generators)?;
    base.insert("Display".to_owned(), RawValue::Str("stream".to_owned()));
    let (_, harmless) = units(&base).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    batch::check(&quadlet(&harmless)?.text, &streamed, generators)?;
    for part in ["display", "sound", "streamer"] {
        let own = |case: &&Expected| {
            case.run.options.iter().any(|(name, value)| {
                name == "--name" && value.as_deref().is_some_and(|name| name.ends_with(&format!("-{part}")))
            })
        };
        let cases: Vec<Expected> = shown.iter().flatten().filter(own).cloned().collect();
        batch::check(&streamed::quadlet(&harmless, part)?.text, &cases, generators)?;
    }
    Ok(())
}

fn units(request: &RawRequest) -> Result<(SessionPlan, Vec<UnitText>), Problems> {
    let id = parse(request)?.id().unwrap_or(SessionId::from_random(7));
    let (spec, decisions) = resolve(request, &Policy::default(), id)?;
    let paths = spec.mounts.iter().map(|mount| &mount.source).chain(&spec.saves);
    let found = |path: &String| PathFact::Found { canonical: path.clone(), owner: 1000, directory: true };
    let facts = HostFacts {
        uid: 1000,
        controllers: ["cpu", "cpuset", "io", "memory", "pids"].map(str::to_owned).to_vec(),
        image_present: true,
        display_image: Some(DISPLAY_INTERFACE.to_owned()),
        gamepads: GamepadFact::Made(vec!["/dev/input/event3".to_owned()]),
        library: match &spec.library {
            Library::None => LibraryFact::NotAsked,
            Library::Volume(name) => LibraryFact::At(format!("/volumes/{name}")),
            Library::Directory(path) => LibraryFact::At(path.clone()),
        },
        paths: paths.map(|path| (path.clone(), found(path))).collect(),
        saves_root: "/home/player/saves".to_owned(),
        runtime_dir: "/run/user/1000".to_owned(),
        state_dir: "/home/player/.local/state/dillinger".to_owned(),
        windows: None,
        agent: AGENT.to_owned(),
        seccomp: "/usr/share/dillinger/seccomp".to_owned(),
    };
    let plan = plan(spec, decisions, &facts)?;
    let units = render(&plan)?;
    Ok((plan, units))
}

fn quadlet(units: &[UnitText]) -> anyhow::Result<&UnitText> {
    units.iter().find(|unit| unit.is_quadlet()).context("no Quadlet")
}

/// A refusal names keys of the request, in words that a terminal can show.
fn refused(request: &RawRequest, problems: &Problems) -> anyhow::Result<()> {
    for problem in problems.iter() {
        ensure!(request.contains_key(&problem.key), "{problem:?} of {request:?}");
        ensure!(!problem.message.contains(|c: char| c.is_control()), "{problem:?}");
    }
    ensure!(!problems.is_empty() && !is_possible(request), "{problems:?} of {request:?}");
    Ok(())
}

/// True for requests that every rule permits: texts that can be carried, in keys
/// that may have any.
fn is_possible(request: &RawRequest) -> bool {
    request.iter().all(|(key, value)| match (key.as_str(), value) {
        ("Title", RawValue::Str(text)) => !text.contains('\0'),
        ("GameId", RawValue::Str(text)) => !text.contains('\0') && text.len() < 80,
        ("Command", RawValue::StrList(list)) => {
            list.first().is_some_and(|program| !program.is_empty()) && list.iter().all(|text| can_be_carried(text))
        }
        ("Environment", RawValue::StrList(list)) => {
            let named = |text: &String| text.starts_with(|c: char| c.is_ascii_uppercase());
            let plain = |name: &str| name.chars().all(|c| c.is_ascii_uppercase());
            let named = |text: &String| named(text) && text.split('=').next().is_some_and(plain);
            let mut distinct: Vec<_> = list.iter().map(|text| text.split('=').next()).collect();
            distinct.sort_unstable();
            distinct.dedup();
            distinct.len() == list.len()
                && list.iter().all(|text| text.contains('=') && named(text) && can_be_carried(text) && !has_crlf(text))
        }
        _ => false,
    })
}

/// What the caller asked for, read from the request alone where it says so.
fn expected(request: &RawRequest, plan: &SessionPlan, units: &[UnitText]) -> anyhow::Result<Expected> {
    slice(units)?;
    let text = |key: &str| match request.get(key) {
        Some(RawValue::Str(text)) => text.clone(),
        _ => String::new(),
    };
    let list = |key: &str| match request.get(key) {
        Some(RawValue::StrList(list)) => list.clone(),
        _ => Vec::new(),
    };
    let is_streamed = text("Display") == "stream";
    let own = if is_streamed { streamed::environment(&text("Audio")) } else { BTreeMap::new() };
    let network = match text("Network").as_str() {
        "none" => "none",
        "host" => "host",
        _ => "pasta",
    };
    let name = format!("dillinger-session-{}", plan.id());
    let image = Some(text("Image")).filter(|image| !image.is_empty());
    let directory = Some(text("WorkingDirectory")).filter(|path| !path.is_empty()).map(|path| normal(&path));
    let mut mounts = mounted(request, plan);
    if is_streamed {
        mounts.extend(streamed::sockets(plan.id(), &text("Audio")));
    }
    let mut options = vec![("--name".to_owned(), Some(name)), ("--network".to_owned(), Some(network.to_owned()))];
    options.extend(is_streamed.then(|| streamed::ipc(plan.id())));
    let run = Run {
        environment: variables(own, &list("Environment"))?,
        mounts,
        working_directory: directory.or_else(|| plan.spec.working_directory.clone()),
        options,
        image: image.unwrap_or_else(|| "localhost/dillinger/base:latest".to_owned()),
        arguments: list("Command"),
    };
    Ok(Expected {
        text: quadlet(units)?.text.clone(),
        run,
        commands: commands(plan.id(), &[]).into_iter().chain(is_streamed.then(|| starting(plan.id()))).collect(),
        description: description(request, plan),
        needs: if is_streamed { streamed::units(plan.id(), &text("Audio")) } else { Vec::new() },
    })
}

/// The home and the product's own variables, under what the caller asked for.
fn variables(mut own: BTreeMap<String, String>, asked: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    own.insert("HOME".to_owned(), "/saves".to_owned());
    for variable in asked {
        let (name, value) = variable.split_once('=').context("a variable without =")?;
        own.insert(name.to_owned(), value.to_owned());
    }
    Ok(own)
}

/// What the units of a session run at their ends.
fn commands(id: SessionId, more: &[&str]) -> Vec<(&'static str, Vec<String>)> {
    vec![
        ("ExecStop", unit_command("session-stopping", id, more)),
        ("ExecStopPost", unit_command("session-end", id, more)),
    ]
}

/// What the unit of a streamed game runs before it.
fn starting(id: SessionId) -> (&'static str, Vec<String>) {
    ("ExecStartPre", unit_command("session-starting", id, &[]))
}

fn unit_command(word: &str, id: SessionId, more: &[&str]) -> Vec<String> {
    let id = id.to_string();
    let all = [AGENT, word, "--runtime", "/run/user/1000", "--state", "/home/player/.local/state/dillinger", &id];
    all.iter().chain(more).map(|word| (*word).to_owned()).collect()
}

fn description(request: &RawRequest, plan: &SessionPlan) -> String {
    let text = |key: &str| match request.get(key) {
        Some(RawValue::Str(text)) => Some(text).filter(|text| !text.is_empty()),
        _ => None,
    };
    let name = text("Title").or(text("GameId"));
    format!("Dillinger session {}{}", plan.id(), name.map_or_else(String::new, |name| format!(": {name}")))
}

fn mounted(request: &RawRequest, plan: &SessionPlan) -> Vec<Mounted> {
    let bind = |source: &str, target: &str, read_only| Mounted {
        kind: "bind".to_owned(),
        source: Some(normal(source)),
        target: normal(target),
        read_only,
        others: Vec::new(),
    };
    let mut mounts = Vec::new();
    match request.get("Library") {
        Some(RawValue::Str(text)) if text.is_empty() => {}
        Some(RawValue::Str(text)) if text.starts_with('/') => mounts.push(bind(text, "/library", true)),
        named => {
            let name = if let Some(RawValue::Str(name)) = named { name } else { "dillinger_library" };
            let volume = bind("/", "/library", true);
            mounts.push(Mounted { kind: "volume".to_owned(), source: Some(name.to_owned()), ..volume });
        }
    }
    match (request.get("Saves"), &plan.spec.saves) {
        (Some(RawValue::Str(path)), _) if !path.is_empty() => mounts.push(bind(path, "/saves", false)),
        (_, Some(created)) => mounts.push(bind(created, "/saves", false)),
        _ => mounts.push(Mounted {
            kind: "tmpfs".to_owned(),
            source: None,
            others: vec!["tmpfs-mode=1777".to_owned()],
            ..bind("/", "/saves", false)
        }),
    }
    if let Some(RawValue::Triples(list)) = request.get("Mounts") {
        mounts.extend(list.iter().map(|(source, target, options)| bind(source, target, options != "rw")));
    }
    mounts
}

/// A path with each row of slashes made one: what it names stays the same.
fn normal(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    format!("/{}", parts.join("/"))
}

/// The slice has a description and CPUs, and nothing besides.
fn slice(units: &[UnitText]) -> anyhow::Result<()> {
    let unit = units.iter().find(|unit| !unit.is_quadlet()).context("no slice")?;
    for entry in ServiceFile::parse(&unit.text)?.entries {
        match (entry.section.as_str(), entry.key.as_str()) {
            ("Unit", "Description") => ensure!(entry.value.starts_with("Limits of Dillinger session "), "{entry:?}"),
            ("Slice", "AllowedCPUs") => {
                ensure!(entry.value.bytes().all(|byte| byte.is_ascii_digit() || b",-".contains(&byte)), "{entry:?}");
            }
            _ => anyhow::bail!("{entry:?} was not asked for"),
        }
    }
    Ok(())
}
