//! From a raw request to typed values: every key of the contract, its type and
//! its form. What the host or the settings say about them comes later, in
//! [`crate::spec`] and [`crate::plan`].

mod check;
mod windows;

pub(crate) use windows::KEYS as WINDOWS_KEYS;
pub use windows::{Kind, Switch, Synchronization, WindowsRequest};

use crate::id::SessionId;
use crate::limits::{CpuSet, Limit, Limits};
use crate::problem::{ProblemClass, Problems, quoted};
use crate::value::{RawRequest, RawValue};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Every request key with the D-Bus signature of its value.
pub const KEYS: &[(&str, &str)] = &[
    ("Id", "s"),
    ("GameId", "s"),
    ("Title", "s"),
    ("Runner", "s"),
    ("RunnerVersion", "s"),
    ("Image", "s"),
    ("Command", "as"),
    ("Executable", "s"),
    ("Arguments", "as"),
    ("WorkingDirectory", "s"),
    ("Environment", "as"),
    ("Library", "s"),
    ("Prefix", "s"),
    ("Saves", "s"),
    ("Mounts", "a(sss)"),
    ("CPUQuotaPerSecUSec", "t"),
    ("CPUWeight", "t"),
    ("MemoryHigh", "t"),
    ("MemoryMax", "t"),
    ("MemorySwapMax", "t"),
    ("TasksMax", "t"),
    ("IOWeight", "t"),
    ("AllowedCPUs", "s"),
    ("Gpus", "as"),
    ("Display", "s"),
    ("Width", "u"),
    ("Height", "u"),
    ("RefreshRate", "u"),
    ("Audio", "s"),
    ("Gamepads", "b"),
    ("Clipboard", "b"),
    ("FrameOnInput", "b"),
    ("FillDisplay", "b"),
    ("IdleAction", "s"),
    ("IdleTimeoutUSec", "t"),
    ("Network", "s"),
    ("UserNamespaces", "b"),
    ("RuntimeMaxUSec", "t"),
    ("TimeoutStopUSec", "t"),
    ("Kind", "s"),
    ("InstallDirectory", "s"),
    ("WindowsVersion", "s"),
    ("VirtualDesktop", "s"),
    ("DllOverrides", "as"),
    ("Registry", "a(sss)"),
    ("Dxvk", "s"),
    ("Vkd3d", "s"),
    ("Hud", "s"),
    ("WineDebug", "s"),
    ("Winetricks", "as"),
    ("Locale", "s"),
    ("Synchronization", "s"),
    ("SnapshotPrefix", "b"),
];

/// The kind of program a session runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Runner {
    /// A Linux program of the image, the library or a mount.
    Native,
    /// A Windows program through Wine.
    Wine,
    /// A Windows program through a Proton build.
    Proton,
}

impl Runner {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Wine => "wine",
            Self::Proton => "proton",
        }
    }
}

/// What of the network a session sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Network {
    /// A network of its own with the way out through pasta(1).
    Private,
    /// Loopback only.
    None,
    /// The host's.
    Host,
}

impl Network {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::None => "none",
            Self::Host => "host",
        }
    }
}

/// What happens to a streamed session that nobody watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdleAction {
    /// It runs on.
    Keep,
    /// It is frozen until somebody connects.
    Pause,
    /// It is stopped.
    Stop,
}

impl IdleAction {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Pause => "pause",
            Self::Stop => "stop",
        }
    }
}

/// One `NAME=value` of the game's environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Name: not empty, no `=`, no space or control character.
    pub name: String,
    /// Value: anything.
    pub value: String,
}

/// One entry of `Mounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountRequest {
    /// Absolute host path.
    pub source: String,
    /// Absolute path in the container.
    pub target: String,
    /// True for `ro`, the default.
    pub read_only: bool,
}

/// Where the library comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Library {
    /// No library is mounted.
    None,
    /// A Podman volume, by name.
    Volume(String),
    /// An absolute host path.
    Directory(String),
}

/// A request whose every key has the right type and form. `None` is "not
/// said".
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SessionRequest {
    pub(crate) id: Option<SessionId>,
    pub(crate) game_id: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) runner: Option<Runner>,
    pub(crate) runner_version: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) command: Option<Vec<String>>,
    pub(crate) executable: Option<String>,
    pub(crate) arguments: Option<Vec<String>>,
    pub(crate) working_directory: Option<String>,
    pub(crate) environment: Option<Vec<Variable>>,
    pub(crate) library: Option<Library>,
    pub(crate) prefix: Option<String>,
    pub(crate) saves: Option<String>,
    pub(crate) mounts: Option<Vec<MountRequest>>,
    pub(crate) limits: BTreeMap<Limit, u64>,
    pub(crate) allowed_cpus: Option<CpuSet>,
    pub(crate) gpus: Option<Vec<String>>,
    pub(crate) display: Option<String>,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) refresh_rate: Option<u32>,
    pub(crate) audio: Option<String>,
    pub(crate) gamepads: Option<bool>,
    pub(crate) clipboard: Option<bool>,
    pub(crate) frame_on_input: Option<bool>,
    pub(crate) fill_display: Option<bool>,
    pub(crate) idle_action: Option<IdleAction>,
    pub(crate) idle_timeout_usec: Option<u64>,
    pub(crate) network: Option<Network>,
    pub(crate) user_namespaces: Option<bool>,
    pub(crate) runtime_max_usec: Option<u64>,
    pub(crate) timeout_stop_usec: Option<u64>,
    pub(crate) windows: WindowsRequest,
}

impl SessionRequest {
    /// The id that the caller chose, if he did.
    pub fn id(&self) -> Option<SessionId> {
        self.id
    }
}

/// Checks every key of a request for its name, type and form.
///
/// # Errors
/// Every problem at once.
pub fn parse(raw: &RawRequest) -> Result<SessionRequest, Problems> {
    let mut request = SessionRequest::default();
    let mut problems = Problems::default();
    for (key, value) in raw {
        if let Err(problem) = set(&mut request, key, value) {
            problems.push(problem.0, &problem_key(key), problem.1);
        }
    }
    problems.or(request)
}

/// The limits of a `SetLimits` call: limit keys only.
///
/// # Errors
/// Every problem at once.
pub fn parse_limits(raw: &RawRequest) -> Result<(BTreeMap<Limit, u64>, Option<CpuSet>), Problems> {
    let (limits, others): (RawRequest, RawRequest) =
        raw.clone().into_iter().partition(|(key, _)| key == "AllowedCPUs" || Limit::from_key(key).is_some());
    let mut problems = Problems::default();
    for key in others.keys() {
        problems.push(
            ProblemClass::UnknownKey,
            &problem_key(key),
            "not a limit, expected one of the limit keys or AllowedCPUs",
        );
    }
    match parse(&limits) {
        Ok(request) => problems.or((request.limits, request.allowed_cpus)),
        Err(more) => {
            problems.extend(more);
            Err(problems)
        }
    }
}

/// Limits with the changes of a request laid over them.
pub fn overlay(base: &Limits, changes: &BTreeMap<Limit, u64>, cpus: Option<&CpuSet>) -> Limits {
    let mut limits = base.clone();
    for (limit, value) in changes {
        limits.set(*limit, *value);
    }
    if let Some(cpus) = cpus {
        limits.allowed_cpus = cpus.clone();
    }
    limits
}

/// A key as shown in a message: a caller's own key may be anything.
fn problem_key(key: &str) -> String {
    if KEYS.iter().any(|(known, _)| *known == key) { key.to_owned() } else { quoted(key) }
}

type KeyProblem = (ProblemClass, String);

fn set(request: &mut SessionRequest, key: &str, value: &RawValue) -> Result<(), KeyProblem> {
    let Some((_, signature)) = KEYS.iter().find(|(known, _)| *known == key) else {
        return Err((ProblemClass::UnknownKey, "no such key".to_owned()));
    };
    let wrong_type = || {
        let message = format!("has type {}, expected {signature}", quoted(value.signature()));
        Err((ProblemClass::Invalid, message))
    };
    let result = match value {
        _ if value.signature() != *signature => return wrong_type(),
        RawValue::Str(text) => set_text(request, key, text),
        RawValue::StrList(list) => set_list(request, key, list),
        RawValue::Triples(list) if key == "Registry" => request.windows.set_registry(list),
        RawValue::Triples(list) => check::mounts(list).map(|mounts| request.mounts = Some(mounts)),
        RawValue::Bool(on) => set_bool(request, key, *on),
        RawValue::U32(number) => set_u32(request, key, *number),
        RawValue::U64(number) => set_u64(request, key, *number),
        RawValue::Other(_) => return wrong_type(),
    };
    result.map_err(|message| (ProblemClass::Invalid, message))
}

fn set_text(request: &mut SessionRequest, key: &str, text: &str) -> Result<(), String> {
    check::bounded(text, check::TEXT_MAX)?;
    let own = || Some(text.to_owned());
    match key {
        "Id" if text.is_empty() => request.id = None,
        "Id" => request.id = Some(text.parse().map_err(|error| format!("{} is {error}", quoted(text)))?),
        "GameId" => request.game_id = own(),
        "Title" => request.title = own(),
        "Runner" => request.runner = Some(check::runner(text)?),
        "RunnerVersion" => request.runner_version = check::build(text)?,
        "Image" => request.image = check::image(text)?,
        "Executable" => request.executable = Some(check::not_empty(text)?),
        "WorkingDirectory" => request.working_directory = check::directory(text)?,
        "Library" => request.library = Some(check::library(text)?),
        "Prefix" => request.prefix = check::directory(text)?,
        "Saves" => request.saves = check::directory(text)?,
        "AllowedCPUs" => {
            request.allowed_cpus = Some(text.parse().map_err(|error| format!("{} is {error}", quoted(text)))?);
        }
        "Display" => request.display = Some(check::word(text, &["auto", "wayland", "x11", "stream", "none"])?),
        "Audio" => request.audio = Some(check::word(text, &["auto", "pipewire", "pulse", "none"])?),
        "IdleAction" => request.idle_action = Some(check::idle_action(text)?),
        "Network" => request.network = Some(check::network(text)?),
        _ => return request.windows.set_text(key, text).unwrap_or_else(|| Err("is not a text key".to_owned())),
    }
    Ok(())
}

fn set_list(request: &mut SessionRequest, key: &str, list: &[String]) -> Result<(), String> {
    check::bounded_list(list)?;
    match key {
        "Command" => request.command = Some(check::command(list)?),
        "Arguments" => request.arguments = Some(list.to_vec()),
        "Environment" => request.environment = Some(check::environment(list)?),
        "Gpus" => request.gpus = Some(check::gpus(list)?),
        _ => return request.windows.set_list(key, list).unwrap_or_else(|| Err("is not a list key".to_owned())),
    }
    Ok(())
}

fn set_bool(request: &mut SessionRequest, key: &str, on: bool) -> Result<(), String> {
    match key {
        "Gamepads" => request.gamepads = Some(on),
        "Clipboard" => request.clipboard = Some(on),
        "FrameOnInput" => request.frame_on_input = Some(on),
        "FillDisplay" => request.fill_display = Some(on),
        "UserNamespaces" => request.user_namespaces = Some(on),
        "SnapshotPrefix" => request.windows.snapshot = Some(on),
        _ => return Err("is not a key of this type".to_owned()),
    }
    Ok(())
}

fn set_u32(request: &mut SessionRequest, key: &str, number: u32) -> Result<(), String> {
    match key {
        "Width" => request.width = Some(check::even_within(number, 16..=7680)?),
        "Height" => request.height = Some(check::even_within(number, 16..=4320)?),
        "RefreshRate" => request.refresh_rate = Some(check::within(number, 1..=240)?),
        _ => return Err("is not a number key".to_owned()),
    }
    Ok(())
}

fn set_u64(request: &mut SessionRequest, key: &str, number: u64) -> Result<(), String> {
    match key {
        "RuntimeMaxUSec" => request.runtime_max_usec = Some(check::span(number, 1_000_000)?),
        "IdleTimeoutUSec" => request.idle_timeout_usec = Some(check::span(number, 1_000_000)?),
        "TimeoutStopUSec" => request.timeout_stop_usec = Some(check::stop_timeout(number)?),
        _ => {
            let limit = Limit::from_key(key).ok_or("is not a number key")?;
            request.limits.insert(limit, limit.check(number)?);
        }
    }
    Ok(())
}
