//! A Windows game's container: the prefix, the library with the player's layer
//! over it, and what Wine is told by variables.

use super::{HOME_TARGET, LIBRARY_TARGET, PlannedMount};
use crate::host::{BuildFact, HostFacts, LibraryFact, PrefixFact, ProgramFact, WindowsFacts};
use crate::limits::INFINITY;
use crate::problem::{ProblemClass, Problems, quoted};
use crate::request::{Kind, MountRequest, Switch, Synchronization, Variable};
use crate::spec::{Decision, SessionSpec, WindowsSpec};
use crate::wine::{
    BUILD_DIRECTORY, DIRECTORY, LAUNCH_FILE, Launch, PREFIX_DIRECTORY, PROTON_USER, PrefixSettings, Program,
    SUPERVISOR, Tool, WINDOWS_USER,
};

/// Name in the agent's state directory of what sessions share with their
/// supervisors, a directory each. Not in the runtime directory: a game may fill it.
pub const HOST_DIRECTORY: &str = "windows";
/// The player's directories in `Saves`: the game's home, his Windows profile, what
/// the game wrote into the library, and what the kernel needs beside that.
pub const SAVES_DIRECTORIES: [&str; 4] = ["home", "profile", "library", ".work"];
/// The node of the kernel's synchronization for Windows programs.
const NTSYNC: &str = "/dev/ntsync";
/// What is said by default: what goes wrong, not what Wine does not know yet, nor
/// what it always misses in a container.
const DEFAULT_DEBUG: &str = "fixme-all,err-environ,err-ntoskrnl";

/// Checks what the host must have for the game, and settles the prefix and the
/// build.
pub(super) fn check(
    spec: &mut SessionSpec,
    facts: &HostFacts,
    decisions: &mut [Decision],
    problems: &mut Problems,
    warnings: &mut Vec<String>,
) {
    let has_saves = spec.saves.is_some();
    let Some(windows) = &mut spec.windows else { return };
    let Some(found) = &facts.windows else { return };
    check_build(windows, &found.build, decisions, problems);
    check_prefix(windows, &spec.image, &found.prefix, decisions, problems);
    if let ProgramFact::Refused(reason) = &found.program {
        problems.invalid("Executable", reason.clone());
    }
    if windows.synchronization == Synchronization::Ntsync && !found.ntsync {
        let text = format!("ntsync needs {NTSYNC}, which this host lacks or this user cannot open (modprobe ntsync)");
        problems.push(ProblemClass::Unsupported, "Synchronization", text);
    }
    if !found.overlay {
        warnings
            .push("Library: this host mounts no overlays for users, the game cannot write beside its files".to_owned());
    } else if !has_saves {
        warnings.push("Saves: without GameId or Saves, what the game writes ends with the session".to_owned());
    }
    if found.foreign {
        let text = "Library: the program's directory belongs to another user, the game cannot change what is in it";
        warnings.push(text.to_owned());
    }
    let kept =
        matches!(found.prefix, PrefixFact::Layered { layer: Some(_), .. } | PrefixFact::Whole { managed: true, .. });
    if windows.snapshot && !kept {
        warnings.push("SnapshotPrefix: only a prefix that the agent keeps for a game has snapshots".to_owned());
    }
}

fn check_build(windows: &mut WindowsSpec, build: &BuildFact, decisions: &mut [Decision], problems: &mut Problems) {
    match build {
        BuildFact::Image => {}
        BuildFact::Host { name, .. } => {
            if windows.build.is_empty()
                && let Some(decision) = decisions.iter_mut().find(|one| one.key == "RunnerVersion")
            {
                "default: the newest build on this host".clone_into(&mut decision.reason);
            }
            windows.build.clone_from(name);
        }
        BuildFact::Unusable(reason) => problems.push(ProblemClass::Unsupported, "RunnerVersion", reason.clone()),
    }
}

fn check_prefix(
    windows: &mut WindowsSpec,
    image: &str,
    prefix: &PrefixFact,
    decisions: &mut [Decision],
    problems: &mut Problems,
) {
    match prefix {
        PrefixFact::Layered { key, directory, .. } => {
            if let Some(decision) = decisions.iter_mut().find(|one| one.key == "Prefix" && windows.prefix.is_none()) {
                let kept = "default: per GameId in the user's state directory, a layer over the image's template";
                let passing = "default: without GameId it ends with the session";
                if directory.is_some() { kept } else { passing }.clone_into(&mut decision.reason);
            }
            windows.prefix.clone_from(directory);
            windows.template.clone_from(key);
        }
        PrefixFact::Whole { key, directory, .. } => {
            windows.prefix = Some(directory.clone());
            windows.template.clone_from(key);
        }
        PrefixFact::NoTemplate => problems.push(
            ProblemClass::ImageMissing,
            "Image",
            format!("{} has no template for prefixes yet, PrepareImage makes it", quoted(image)),
        ),
        PrefixFact::Unusable(reason) => problems.invalid("Prefix", reason.clone()),
    }
}

/// What the game's container has of it.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) environment: Vec<Variable>,
    /// Over what the library and the home of a native game are.
    pub(super) mounts: Vec<PlannedMount>,
    pub(super) devices: Vec<String>,
}

/// The container's parts of a Windows game.
pub(super) fn parts(spec: &SessionSpec, facts: &HostFacts) -> Option<Parts> {
    let (windows, found) = (spec.windows.as_ref()?, facts.windows.as_ref()?);
    let mut mounts = vec![library(spec, windows, found, &facts.library)];
    if let Some((library, directory)) = install_directory(spec, facts) {
        mounts.push(bind(format!("{library}/{directory}"), format!("{LIBRARY_TARGET}/{directory}"), false));
    }
    mounts.push(match &spec.saves {
        Some(saves) => bind(format!("{saves}/home"), HOME_TARGET.to_owned(), false),
        None => PlannedMount::Tmpfs { target: HOME_TARGET.to_owned() },
    });
    mounts.extend(prefix(spec, windows, &found.prefix));
    if let BuildFact::Host { path, .. } = &found.build {
        mounts.push(bind(path.clone(), BUILD_DIRECTORY.to_owned(), true));
    }
    let own = format!("{}/{HOST_DIRECTORY}/{}", facts.state_dir, spec.id);
    mounts.push(bind(own, DIRECTORY.to_owned(), false));
    let ntsync = found.ntsync && matches!(windows.synchronization, Synchronization::Auto | Synchronization::Ntsync);
    Some(Parts {
        environment: environment(spec, windows, found),
        mounts,
        devices: ntsync.then(|| NTSYNC.to_owned()).into_iter().collect(),
    })
}

/// The library on the host, and the directory below it that an installer may write.
pub(super) fn install_directory(spec: &SessionSpec, facts: &HostFacts) -> Option<(String, String)> {
    let directory = spec.windows.as_ref()?.install_directory.as_ref()?;
    match &facts.library {
        LibraryFact::At(library) => Some((library.clone(), directory.clone())),
        LibraryFact::NotAsked | LibraryFact::Unavailable { .. } => None,
    }
}

/// The library, with the player's own layer over it: what the game writes there is
/// his, and the library stays as it is.
fn library(spec: &SessionSpec, windows: &WindowsSpec, found: &WindowsFacts, library: &LibraryFact) -> PlannedMount {
    let LibraryFact::At(path) = library else {
        // Without a library there is nothing to protect, and D: is empty.
        return PlannedMount::Tmpfs { target: LIBRARY_TARGET.to_owned() };
    };
    if !found.overlay {
        return bind(path.clone(), LIBRARY_TARGET.to_owned(), true);
    }
    let kept = spec.saves.as_ref().filter(|_| windows.kind == Kind::Game);
    let layer = kept.map(|saves| Layer { upper: format!("{saves}/library"), work: format!("{saves}/.work") });
    PlannedMount::Overlay { source: path.clone(), target: LIBRARY_TARGET.to_owned(), layer }
}

/// A directory over another, and the one beside it that overlayfs works in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Host path of what was changed.
    pub upper: String,
    /// Host path on the same file system.
    pub work: String,
}

fn prefix(spec: &SessionSpec, windows: &WindowsSpec, fact: &PrefixFact) -> Vec<PlannedMount> {
    let target = PREFIX_DIRECTORY.to_owned();
    let managed = match fact {
        PrefixFact::Layered { template, layer, .. } => {
            PlannedMount::Overlay { source: template.clone(), target, layer: layer.clone() }
        }
        PrefixFact::Whole { files, managed, .. } => {
            let whole = bind(files.clone(), target, false);
            if !managed {
                return vec![whole];
            }
            whole
        }
        PrefixFact::NoTemplate | PrefixFact::Unusable(_) => return Vec::new(),
    };
    // A prefix that is rolled back does not take the saved games with it.
    let profile = spec.saves.as_ref().map(|saves| bind(format!("{saves}/profile"), profile(windows.tool), false));
    [managed].into_iter().chain(profile).collect()
}

/// The Windows user's directory in the container.
fn profile(tool: Tool) -> String {
    match tool {
        Tool::Wine => format!("{PREFIX_DIRECTORY}/drive_c/users/{WINDOWS_USER}"),
        Tool::Proton => format!("{PREFIX_DIRECTORY}/pfx/drive_c/users/{PROTON_USER}"),
    }
}

fn environment(spec: &SessionSpec, windows: &WindowsSpec, found: &WindowsFacts) -> Vec<Variable> {
    let mut list = Vec::new();
    let mut set = |name: &str, value: &str| list.push(Variable { name: name.to_owned(), value: value.to_owned() });
    match windows.tool {
        Tool::Wine => set("WINEPREFIX", PREFIX_DIRECTORY),
        Tool::Proton => {
            set("STEAM_COMPAT_DATA_PATH", PREFIX_DIRECTORY);
            set("STEAM_COMPAT_CLIENT_INSTALL_PATH", HOME_TARGET);
            set("STEAM_COMPAT_INSTALL_PATH", LIBRARY_TARGET);
            set("STEAM_COMPAT_TOOL_PATHS", BUILD_DIRECTORY);
            // Proton takes both from Steam, which is not here.
            set("SteamAppId", "0");
            set("SteamGameId", "0");
        }
    }
    set("WINEDEBUG", if windows.debug.is_empty() { DEFAULT_DEBUG } else { &windows.debug });
    let overrides = overrides(windows);
    if !overrides.is_empty() {
        set("WINEDLLOVERRIDES", &overrides);
    }
    if windows.dxvk == Switch::On {
        // It would write its log beside the game.
        set("DXVK_LOG_PATH", "none");
    }
    if !windows.hud.is_empty() {
        set("DXVK_HUD", &windows.hud);
    }
    if windows.locale.is_empty() {
        // Without one Wine takes the names of files for ASCII.
        set("LANG", "C.UTF-8");
    } else {
        set("LC_ALL", &windows.locale);
    }
    if let Some(topology) = topology(spec, found.processors) {
        set("WINE_CPU_TOPOLOGY", &topology);
    }
    for (name, value) in synchronization(windows.synchronization, found.ntsync) {
        set(name, value);
    }
    list
}

/// `WINEDLLOVERRIDES`. The supervisor adds what the session needs besides.
fn overrides(windows: &WindowsSpec) -> String {
    let vkd3d = (windows.vkd3d == Switch::Off).then_some("d3d12,d3d12core=");
    vkd3d.into_iter().chain(windows.overrides.iter().map(String::as_str)).collect::<Vec<_>>().join(";")
}

/// What a build that knows the way is told; others pay no heed. Wine takes ntsync by
/// itself when its node is there.
fn synchronization(way: Synchronization, ntsync: bool) -> Vec<(&'static str, &'static str)> {
    const NO_NTSYNC: (&str, &str) = ("PROTON_USE_NTSYNC", "0");
    match way {
        Synchronization::Auto if ntsync => vec![("PROTON_USE_NTSYNC", "1")],
        Synchronization::Ntsync => vec![("PROTON_USE_NTSYNC", "1")],
        Synchronization::Auto | Synchronization::Fsync => vec![NO_NTSYNC, ("WINEFSYNC", "1"), ("WINEESYNC", "1")],
        Synchronization::Esync => {
            vec![NO_NTSYNC, ("WINEFSYNC", "0"), ("PROTON_NO_FSYNC", "1"), ("WINEESYNC", "1")]
        }
        Synchronization::None => {
            let proton = [("PROTON_NO_FSYNC", "1"), ("PROTON_NO_ESYNC", "1")];
            [NO_NTSYNC, ("WINEFSYNC", "0"), ("WINEESYNC", "0")].into_iter().chain(proton).collect()
        }
    }
}

/// `WINE_CPU_TOPOLOGY`, which Proton's Wine knows: a quota alone does not hide
/// processors from a game, and some start a thread for each. `COUNT:LIST` of the
/// processors that the session may use.
fn topology(spec: &SessionSpec, processors: u32) -> Option<String> {
    let limits = &spec.limits;
    let allowed: Vec<u32> = if limits.allowed_cpus.is_empty() {
        (0..processors).collect()
    } else {
        limits.allowed_cpus.iter().map(u32::from).collect()
    };
    let quota = limits.get(crate::limits::Limit::CpuQuotaPerSecUsec);
    let most = if quota == INFINITY { usize::MAX } else { usize::try_from(quota.div_ceil(1_000_000)).ok()? };
    let used: Vec<String> = allowed.iter().take(most.max(1)).map(u32::to_string).collect();
    let all = used.len() >= usize::try_from(processors).ok()?;
    (!used.is_empty() && !all).then(|| format!("{}:{}", used.len(), used.join(",")))
}

/// The container's command: the supervisor of the image.
pub(super) fn command() -> Vec<String> {
    vec![SUPERVISOR.to_owned(), "run".to_owned(), format!("{DIRECTORY}/{LAUNCH_FILE}")]
}

/// What the supervisor is told.
pub(super) fn launch(spec: &SessionSpec, facts: &HostFacts) -> Option<Launch> {
    let (windows, found) = (spec.windows.as_ref()?, facts.windows.as_ref()?);
    let ProgramFact::Found(program) = &found.program else { return None };
    let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let directory = spec.working_directory.as_deref().map(windows_path);
    Some(Launch {
        tool: windows.tool,
        host_build: matches!(found.build, BuildFact::Host { .. }),
        program: Some(Program { arguments: windows.arguments.clone(), directory, ..program.clone() }),
        settings: PrefixSettings {
            windows_version: text(&windows.version),
            virtual_desktop: text(&windows.desktop),
            registry: windows.registry.clone(),
            // Without a graphics card, which no session has in this version, Wine's own Direct3D runs more programs.
            dxvk: windows.dxvk == Switch::On,
            verbs: windows.verbs.clone(),
        },
        migrate: found.prefix.migrates(),
        install: windows.kind == Kind::Install,
        install_directory: windows.install_directory.as_ref().map(|path| format!("{LIBRARY_TARGET}/{path}")),
        // The other half is for ending what does not close.
        close_usec: spec.timeout_stop_usec / 2,
    })
}

/// A path in the container as Windows sees it.
fn windows_path(path: &str) -> String {
    let drive = |root: &str, drive: &str| {
        let rest = path.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        let rest = rest.replace('/', "\\");
        Some(format!("{drive}{}", if rest.is_empty() { "\\" } else { &rest }))
    };
    let drive_c = format!("{PREFIX_DIRECTORY}/drive_c");
    let found = drive(LIBRARY_TARGET, "D:").or_else(|| drive(&drive_c, "C:"));
    found.unwrap_or_else(|| format!("Z:{}", path.replace('/', "\\")))
}

fn bind(source: String, target: String, read_only: bool) -> PlannedMount {
    PlannedMount::Bind(MountRequest { source, target, read_only })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_container_as_windows_sees_them() {
        for (path, windows) in [
            ("/library", "D:\\"),
            ("/library/Games/My Game", "D:\\Games\\My Game"),
            ("/libraryx", "Z:\\libraryx"),
            ("/prefix/drive_c/Game", "C:\\Game"),
            ("/saves", "Z:\\saves"),
        ] {
            assert_eq!(windows_path(path), windows);
        }
    }
}
