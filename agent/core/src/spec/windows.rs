//! What the request and the settings make of a Windows game.

use crate::problem::{ProblemClass, Problems, quoted};
use crate::request::{Kind, Runner, SessionRequest, Switch, Synchronization, WINDOWS_KEYS};
use crate::value::{RawRequest, RawValue};
use crate::wine::{BUILD_DIRECTORY, PREFIX_DIRECTORY, RegistryValue, Tool};
use serde::{Deserialize, Serialize};

/// What a Windows game has that a native one has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowsSpec {
    /// What runs it.
    pub tool: Tool,
    /// Name of the build of the host; empty is the image's own Wine, or the
    /// default build of Proton.
    pub build: String,
    /// The program as it was asked for.
    pub executable: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Host path of the prefix, once it is settled; `None` is one that ends with
    /// the session.
    pub prefix: Option<String>,
    /// Key of the template that the prefix is up to, once it is settled; empty for a
    /// prefix that is used as it is.
    #[serde(default)]
    pub template: String,
    /// What the session is for.
    pub kind: Kind,
    /// Directory below the library that an installer may write.
    pub install_directory: Option<String>,
    /// Version that Windows claims to be, as in winecfg; empty is Wine's own.
    pub version: String,
    /// `WIDTHxHEIGHT` of the virtual desktop; empty is none.
    pub desktop: String,
    /// Load orders of DLLs, `NAME=ORDER`.
    pub overrides: Vec<String>,
    /// Values of the registry.
    pub registry: Vec<RegistryValue>,
    /// Direct3D 8 to 11 through DXVK.
    pub dxvk: Switch,
    /// Direct3D 12 through VKD3D.
    pub vkd3d: Switch,
    /// `DXVK_HUD`
    pub hud: String,
    /// `WINEDEBUG`
    pub debug: String,
    /// Verbs of winetricks.
    pub verbs: Vec<String>,
    /// `LC_ALL`
    pub locale: String,
    /// How threads are synchronized.
    pub synchronization: Synchronization,
    /// Whether the prefix is copied before the session.
    pub snapshot: bool,
}

/// Where a Windows game's container has its own mounts.
const TAKEN: [&str; 2] = [PREFIX_DIRECTORY, BUILD_DIRECTORY];

/// The Windows game that a request asks for, if it does.
pub(super) fn resolve(request: &mut SessionRequest, raw: &RawRequest, problems: &mut Problems) -> Option<WindowsSpec> {
    let tool = match request.runner {
        Some(Runner::Wine) => Tool::Wine,
        Some(Runner::Proton) => Tool::Proton,
        None | Some(Runner::Native) => {
            refuse_keys(raw, problems);
            return None;
        }
    };
    check(request, raw, problems);
    let build = request.runner_version.take().unwrap_or_default();
    let executable = request.executable.take().unwrap_or_default();
    let arguments = request.arguments.take().unwrap_or_default();
    let prefix = request.prefix.take();
    let asked = std::mem::take(&mut request.windows);
    Some(WindowsSpec {
        tool,
        build,
        executable,
        arguments,
        prefix,
        template: String::new(),
        kind: asked.kind.unwrap_or_default(),
        install_directory: asked.install_directory,
        version: asked.version.unwrap_or_default(),
        desktop: asked.desktop.unwrap_or_default(),
        overrides: asked.overrides.unwrap_or_default(),
        registry: asked.registry.unwrap_or_default(),
        dxvk: asked.dxvk.unwrap_or_default(),
        vkd3d: asked.vkd3d.unwrap_or_default(),
        hud: asked.hud.unwrap_or_default(),
        debug: asked.debug.unwrap_or_default(),
        verbs: asked.verbs.unwrap_or_default(),
        locale: asked.locale.unwrap_or_default(),
        synchronization: asked.synchronization.unwrap_or_default(),
        snapshot: asked.snapshot.unwrap_or(false),
    })
}

/// What only a Windows game has is refused where the request says it; the settings
/// may say it for those that are.
fn refuse_keys(raw: &RawRequest, problems: &mut Problems) {
    let empty = |value: &RawValue| *value == RawValue::Str(String::new());
    let said = |key: &str| raw.get(key).is_some_and(|value| !empty(value));
    for key in WINDOWS_KEYS.into_iter().filter(|key| said(key)) {
        problems.invalid(key, "belongs to the runners wine and proton, a native game has Command");
    }
    if said("RunnerVersion") {
        let text = "a native game has no runner version, expected it empty";
        problems.push(ProblemClass::Unsupported, "RunnerVersion", text);
    }
}

fn check(request: &SessionRequest, raw: &RawRequest, problems: &mut Problems) {
    if request.executable.is_none() {
        problems.invalid("Executable", "is missing, expected the Windows program");
    }
    if raw.contains_key("Command") {
        problems.invalid("Command", "belongs to the runner native, a Windows game has Executable and Arguments");
    }
    if request.windows.install_directory.is_some() && request.windows.kind != Some(Kind::Install) {
        problems.invalid("InstallDirectory", "belongs to Kind install, a game writes to its saves");
    }
    for mount in request.mounts.iter().flatten() {
        let taken = TAKEN
            .iter()
            .any(|place| mount.target.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
        if taken {
            problems.invalid("Mounts", format!("target {} is taken by the Windows game", quoted(&mount.target)));
        }
    }
}
