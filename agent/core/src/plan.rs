//! A session against the facts of the host: what will be mounted, where, and
//! what stands in the way.

mod display;
mod host_checks;
mod windows;

pub use crate::id::Role;
pub use display::{HOST_DIRECTORIES as DISPLAY_DIRECTORIES, STREAMER_DIRECTORY};
pub use host_checks::directory_name;
pub use windows::{HOST_DIRECTORY as WINE_DIRECTORY, Layer, SAVES_DIRECTORIES};

use crate::host::HostFacts;
use crate::id::SessionId;
use crate::limits::Limit;
use crate::problem::{ProblemClass, Problems, quoted};
use crate::request::{Library, MountRequest, Network, Variable};
use crate::spec::{Decision, SessionSpec};
use crate::wine::Launch;
use std::collections::BTreeMap;

/// Where the game finds the library.
pub const LIBRARY_TARGET: &str = "/library";
/// Where the game finds its saves: its home directory.
pub const HOME_TARGET: &str = "/saves";
/// In a session's private directory: the number of the first process of its
/// display's container, which Podman writes.
pub const DISPLAY_PID: &str = "display.pid";
/// In a session's private directory: the link to its display's IPC namespace.
pub const IPC_NAMESPACE: &str = "ipc";

/// One container of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerPlan {
    /// Which part of the session it is.
    pub role: Role,
    /// Name of its service unit.
    pub unit: String,
    /// Name of the container.
    pub container: String,
    /// Its image.
    pub image: String,
    /// What it runs.
    pub command: Vec<String>,
    /// Where that starts; `None` is the image's own.
    pub working_directory: Option<String>,
    /// Its variables, besides what Podman sets.
    pub environment: Vec<Variable>,
    /// The network it sees.
    pub network: Network,
    /// What is mounted from the host, the game's library first.
    pub mounts: Vec<PlannedMount>,
    /// Device nodes of the host.
    pub devices: Vec<String>,
    /// Time from SIGTERM to SIGKILL in µs.
    pub timeout_stop_usec: u64,
    /// The commands that its unit runs at its end.
    pub commands: EndCommands,
    /// Whom it shares System V shared memory with.
    pub ipc: Ipc,
    /// Host path of its seccomp profile.
    pub seccomp: String,
    /// Whether no part of its `/proc` is hidden: without that the kernel permits no
    /// other `/proc` to be mounted in a user namespace.
    pub whole_proc: bool,
}

/// The IPC namespace of a container (`ipc_namespaces(7)`). X clients hand their
/// pictures over in System V shared memory (MIT-SHM); without it they send them in
/// pieces of 256 KiB, and each may be shown by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Ipc {
    /// Its own, which it shares with nobody.
    #[default]
    Private,
    /// Its own, which the game gets too.
    Lent {
        /// Where Podman writes the number of the container's first process.
        pid_file: String,
    },
    /// The display's.
    Borrowed {
        /// Leads to the namespace.
        link: String,
        /// `ExecStartPre=`, which makes the link.
        command: Vec<String>,
    },
}

/// One mount of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedMount {
    /// A host path.
    Bind(MountRequest),
    /// A Podman volume, read-only.
    Volume {
        /// The volume's name.
        name: String,
        /// Path in the container.
        target: String,
    },
    /// A host directory with another one over it that takes the changes.
    Overlay {
        /// Host path of what stays as it is.
        source: String,
        /// Path in the container.
        target: String,
        /// What takes the changes; without it they end with the session.
        layer: Option<Layer>,
    },
    /// An empty file system in memory that ends with the session.
    Tmpfs {
        /// Path in the container.
        target: String,
    },
    /// The same for the container's user alone, as `$XDG_RUNTIME_DIR` has to be.
    Private {
        /// Path in the container.
        target: String,
    },
}

/// What a unit runs so that its end is recorded whether or not the
/// agent lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndCommands {
    /// `ExecStop=`
    pub stopping: Vec<String>,
    /// `ExecStopPost=`
    pub end: Vec<String>,
}

impl EndCommands {
    fn new(facts: &HostFacts, id: SessionId, role: Role) -> Self {
        let command = |name: &str| agent_command(facts, id, role, name);
        Self { stopping: command("session-stopping"), end: command("session-end") }
    }
}

/// A command of the agent's program that a unit of a session runs.
fn agent_command(facts: &HostFacts, id: SessionId, role: Role, name: &str) -> Vec<String> {
    let id = id.to_string();
    let game = [&facts.agent, name, "--runtime", &facts.runtime_dir, "--state", &facts.state_dir, &id];
    game.into_iter().chain(role.word()).map(str::to_owned).collect()
}

/// Everything that the unit files of a session say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPlan {
    /// The session with its final values.
    pub spec: SessionSpec,
    /// Name of its slice.
    pub slice: String,
    /// Its containers, the game's first.
    pub containers: Vec<ContainerPlan>,
    /// Host path of the library, and the directory below it that an installer may
    /// write, to make before the start.
    pub install_directory: Option<(String, String)>,
    /// Every decision, for `Explain`.
    pub decisions: Vec<Decision>,
    /// What the supervisor of a Windows game is told.
    pub launch: Option<Launch>,
    /// What the caller should know although the session can start.
    pub warnings: Vec<String>,
}

impl SessionPlan {
    /// The session's id.
    pub fn id(&self) -> SessionId {
        self.spec.id
    }

    /// Names of the session's service units, the game's first.
    pub fn units(&self) -> Vec<String> {
        self.containers.iter().map(|container| container.unit.clone()).collect()
    }
}

/// Plans a session on this host.
///
/// # Errors
/// Everything that stands in the way, at once.
pub fn plan(mut spec: SessionSpec, mut decisions: Vec<Decision>, facts: &HostFacts) -> Result<SessionPlan, Problems> {
    let mut problems = Problems::default();
    let mut warnings = Vec::new();
    if !facts.image_present {
        problems.push(
            ProblemClass::ImageMissing,
            "Image",
            format!("{} is not in the storage of this user, PrepareImage can pull it", quoted(&spec.image)),
        );
    }
    display::check(&mut spec, facts, &mut decisions, &mut problems, &mut warnings);
    host_checks::library(&facts.library, &mut problems);
    host_checks::controllers(&mut spec.limits, facts, &decisions, &mut problems, &mut warnings);
    let mounts = host_checks::mounts(&spec, facts, &mut problems);
    host_checks::saves(&mut spec, facts, &mut decisions, &mut problems);
    windows::check(&mut spec, facts, &mut decisions, &mut problems, &mut warnings);
    correct(&mut decisions, &spec);
    let containers = [game(&spec, facts, mounts)].into_iter().chain(display::containers(&spec, facts)).collect();
    let slice = spec.id.slice();
    let launch = windows::launch(&spec, facts);
    let install_directory = windows::install_directory(&spec, facts);
    problems.or(SessionPlan { spec, slice, containers, install_directory, decisions, launch, warnings })
}

/// `HOME` is the saves directory, and the display is where it is, unless the
/// request says otherwise.
fn game(spec: &SessionSpec, facts: &HostFacts, mounts_asked: Vec<MountRequest>) -> ContainerPlan {
    let mut environment = vec![Variable { name: "HOME".to_owned(), value: HOME_TARGET.to_owned() }];
    let windows = windows::parts(spec, facts);
    let command = if windows.is_some() { windows::command() } else { spec.command.clone() };
    let windows = windows.unwrap_or_default();
    let mut mounts = if spec.windows.is_some() { windows.mounts } else { own_mounts(spec) };
    mounts.extend(mounts_asked.into_iter().map(PlannedMount::Bind));
    let shown = display::of_game(spec, facts);
    environment.extend(windows.environment.into_iter().chain(shown.environment));
    mounts.extend(shown.mounts);
    environment.retain(|own| spec.environment.iter().all(|asked| asked.name != own.name));
    environment.extend(spec.environment.iter().cloned());
    ContainerPlan {
        role: Role::Game,
        unit: spec.id.unit(Role::Game),
        container: spec.id.container(Role::Game),
        image: spec.image.clone(),
        command,
        // A Windows game's is the supervisor's to enter.
        working_directory: spec.working_directory.clone().filter(|_| spec.windows.is_none()),
        environment,
        network: spec.network,
        mounts,
        devices: windows.devices.into_iter().chain(shown.devices).collect(),
        timeout_stop_usec: spec.timeout_stop_usec,
        commands: EndCommands::new(facts, spec.id, Role::Game),
        ipc: shown.ipc,
        seccomp: seccomp(facts, if spec.user_namespaces { "game-userns" } else { "game" }),
        whole_proc: spec.user_namespaces,
    }
}

fn seccomp(facts: &HostFacts, profile: &str) -> String {
    format!("{}/{profile}.json", facts.seccomp)
}

/// Makes the decisions say what the host has made of them.
fn correct(decisions: &mut [Decision], spec: &SessionSpec) {
    let effective: BTreeMap<&str, String> =
        spec.properties().into_iter().map(|(key, value)| (key, value.display())).collect();
    for decision in decisions {
        let Some(value) = effective.get(decision.key.as_str()).filter(|value| **value != decision.value) else {
            continue;
        };
        decision.value.clone_from(value);
        let dropped = decision.key == "AllowedCPUs" || Limit::from_key(&decision.key).is_some();
        if dropped {
            "dropped: its cgroup controller is not delegated".clone_into(&mut decision.reason);
        }
    }
}

/// The library and the home of a native game.
fn own_mounts(spec: &SessionSpec) -> Vec<PlannedMount> {
    let bind = |source: &str, target: &str, read_only| {
        PlannedMount::Bind(MountRequest { source: source.to_owned(), target: target.to_owned(), read_only })
    };
    let mut mounts = Vec::new();
    match &spec.library {
        Library::None => {}
        Library::Volume(name) => {
            mounts.push(PlannedMount::Volume { name: name.clone(), target: LIBRARY_TARGET.to_owned() });
        }
        Library::Directory(path) => mounts.push(bind(path, LIBRARY_TARGET, true)),
    }
    mounts.push(match &spec.saves {
        Some(path) => bind(path, HOME_TARGET, false),
        None => PlannedMount::Tmpfs { target: HOME_TARGET.to_owned() },
    });
    mounts
}
