//! From a plan to the text of its unit files.

use crate::limits::{INFINITY, Limit};
use crate::plan::{ContainerPlan, HOME_TARGET, Ipc, LIBRARY_TARGET, PlannedMount, Role, SessionPlan};
use crate::problem::Problems;
use crate::request::Network;
use crate::unitfile::{EscapeError, Mount, Setting, UnitFile, Value};
use crate::wine::{BUILD_DIRECTORY, PREFIX_DIRECTORY, WINDOWS_USER};

/// A unit file by name and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitText {
    /// Its file name.
    pub name: String,
    /// Its whole text.
    pub text: String,
}

impl UnitText {
    /// True for a Quadlet, which Podman's generator turns into a service; false
    /// for a unit file of systemd.
    pub fn is_quadlet(&self) -> bool {
        self.name.ends_with(".container")
    }
}

/// How long Podman may take to set the container up.
const TIMEOUT_START_USEC: u64 = 90_000_000;
/// How much longer systemd waits for Podman than Podman for the game.
const STOP_GRACE_USEC: u64 = 15_000_000;
/// `OOMScoreAdjust=` of a game that is streamed: above that of everything else
/// of the user (200, `DefaultOOMScoreAdjust=` in systemd-system.conf(5)).
const GAME_OOM_SCORE_ADJUST: u64 = 600;
/// Size of the container's `/dev/shm`: Podman's 64 MB is too small for Wine and
/// for the browsers inside launchers. It counts towards the session's memory.
const SHM_SIZE: &str = "1g";

/// Writes the unit files of a session: the slice, then a Quadlet for each
/// container.
///
/// # Errors
/// What no unit file can carry, by the key it came from.
pub fn render(plan: &SessionPlan) -> Result<Vec<UnitText>, Problems> {
    let mut problems = Problems::default();
    let mut texts = Vec::new();
    let slice = slice(plan).render().map_err(|error| ("Title", error));
    let containers = plan.containers.iter().map(|container| (quadlet_name(container), quadlet(plan, container)));
    for (name, text) in [(plan.slice.clone(), slice)].into_iter().chain(containers) {
        match text {
            Ok(text) => texts.push(UnitText { name, text }),
            Err((key, error)) => problems.invalid(key, error.to_string()),
        }
    }
    problems.or(texts)
}

/// Changed limits as lines of `[Slice]`, see systemd.resource-control(5).
fn slice(plan: &SessionPlan) -> UnitFile {
    let mut file = UnitFile::new();
    file.add("Unit", "Description", Value::description(&format!("Limits of {}", description(plan))));
    for (limit, value) in plan.spec.limits.iter_set() {
        match limit {
            Limit::CpuQuotaPerSecUsec => file.add("Slice", "CPUQuota", Value::cpu_quota(value)),
            Limit::CpuWeight | Limit::IoWeight => file.add("Slice", limit.key(), Value::number(value)),
            Limit::MemoryHigh | Limit::MemoryMax | Limit::MemorySwapMax | Limit::TasksMax => {
                file.add("Slice", limit.key(), Value::limit(value))
            }
        };
    }
    if let Ok(cpus) = Value::word(&plan.spec.limits.allowed_cpus.to_string()) {
        file.add("Slice", "AllowedCPUs", cpus);
    }
    file
}

fn quadlet_name(container: &ContainerPlan) -> String {
    format!("{}.container", container.container)
}

fn description(plan: &SessionPlan) -> String {
    let spec = &plan.spec;
    match [&spec.title, &spec.game_id].into_iter().find(|name| !name.is_empty()) {
        Some(name) => format!("Dillinger session {}: {name}", spec.id),
        None => format!("Dillinger session {}", spec.id),
    }
}

type KeyError = (&'static str, EscapeError);

fn quadlet(plan: &SessionPlan, container: &ContainerPlan) -> Result<String, KeyError> {
    let at = |key: &'static str| move |error| (key, error);
    let mut file = UnitFile::new();
    unit(&mut file, plan, container)?;
    image(&mut file, container)?;
    isolation(&mut file, container);
    let profile = Value::word(&container.seccomp).map_err(at("Id"))?;
    file.add("Container", "SeccompProfile", profile);
    if container.whole_proc {
        // `ALL` would let it write to its cgroup too.
        file.add("Container", "Unmask", Value::constant("/proc/*"));
    }
    ipc(&mut file, container)?;
    if plan.spec.windows.is_some() {
        windows_user(&mut file, container)?;
    }
    for mount in &container.mounts {
        file.add_setting(mount_setting(mount).map_err(at(mount_key(mount)))?);
    }
    devices(&mut file, container)?;
    for variable in &container.environment {
        let value = Value::environment(&variable.name, &variable.value).map_err(at("Environment"))?;
        file.add("Container", "Environment", value);
    }
    if let Some(directory) = &container.working_directory {
        file.add_setting(Setting::working_dir(directory).map_err(at(directory_key(plan)))?);
    }
    file.add("Container", "Exec", Value::exec(&container.command).map_err(at("Command"))?);
    service(&mut file, plan, container)?;
    // Else the first session after a boot waits for the network to come up.
    file.add("Quadlet", "DefaultDependencies", Value::bool(false));
    file.render().map_err(at("Command"))
}

/// The game lives no longer than its display server and its streamer, and they
/// and the sound server no longer than the game.
fn unit(file: &mut UnitFile, plan: &SessionPlan, container: &ContainerPlan) -> Result<(), KeyError> {
    let text = description(plan);
    let text = match container.role {
        Role::Game => text,
        Role::Display => format!("Display server of {text}"),
        Role::Sound => format!("Sound server of {text}"),
        Role::Streamer => format!("Streamer of {text}"),
    };
    file.add("Unit", "Description", Value::description(&text));
    // A unit that failed must not stay when no agent holds it any more.
    file.add("Unit", "CollectMode", Value::constant("inactive-or-failed"));
    // The command that records the end asks systemd over the bus, also at a logout.
    file.add("Unit", "After", Value::constant("dbus.socket dbus.service dbus-broker.service"));
    if container.role != Role::Game {
        file.add("Unit", "StopWhenUnneeded", Value::bool(true));
    }
    if container.role == Role::Sound {
        // It is started again however often it dies.
        file.add("Unit", "StartLimitIntervalSec", Value::number(0));
    }
    if container.role != Role::Game {
        return Ok(());
    }
    for other in plan.containers.iter().filter(|other| other.role != Role::Game) {
        let needs = if other.role == Role::Sound { "Wants" } else { "BindsTo" };
        for key in [needs, "After"] {
            file.add("Unit", key, Value::word(&other.unit).map_err(|error| ("Id", error))?);
        }
    }
    Ok(())
}

fn image(file: &mut UnitFile, container: &ContainerPlan) -> Result<(), KeyError> {
    let key = if container.role == Role::Game { "Image" } else { "Display" };
    file.add("Container", "ContainerName", Value::word(&container.container).map_err(|error| ("Id", error))?);
    file.add("Container", "Image", Value::image(&container.image).map_err(|error| (key, error))?);
    // A pull inside the start job would count against its time-out, unseen.
    file.add("Container", "Pull", Value::constant("never"));
    Ok(())
}

/// Nodes that belong to a group of the user's need that group inside.
fn devices(file: &mut UnitFile, container: &ContainerPlan) -> Result<(), KeyError> {
    for device in &container.devices {
        file.add("Container", "AddDevice", Value::word(device).map_err(|error| ("Gamepads", error))?);
    }
    if !container.devices.is_empty() {
        file.add("Container", "GroupAdd", Value::constant("keep-groups"));
    }
    Ok(())
}

/// What keeps a container apart from the host and from other sessions.
fn isolation(file: &mut UnitFile, container: &ContainerPlan) {
    let mut set = |key, value| {
        file.add("Container", key, value);
    };
    set("UserNS", Value::constant("keep-id"));
    set("ReadOnly", Value::bool(true));
    set("NoNewPrivileges", Value::bool(true));
    set("DropCapability", Value::constant("all"));
    // The slice counts tasks; a second bound in the container would only hide it.
    set("PidsLimit", Value::constant("-1"));
    set("ShmSize", Value::constant(SHM_SIZE));
    set("LogDriver", Value::constant("passthrough"));
    // The host's proxy settings are none of a game's business.
    set("PodmanArgs", Value::constant("--http-proxy=false"));
    if container.role == Role::Game {
        // Passes signals on to the game, which as process 1 would ignore them, and
        // reaps what it leaves behind.
        set("RunInit", Value::bool(true));
    } else {
        // Each part of the display says when a game can use it.
        set("Notify", Value::bool(true));
    }
    let network = match container.network {
        Network::Private => "pasta",
        Network::None => "none",
        Network::Host => "host",
    };
    set("Network", Value::constant(network));
    set("StopSignal", Value::constant("SIGTERM"));
    set("StopTimeout", Value::number(container.timeout_stop_usec.div_ceil(1_000_000)));
}

fn ipc(file: &mut UnitFile, container: &ContainerPlan) -> Result<(), KeyError> {
    let option = match &container.ipc {
        Ipc::Private => return Ok(()),
        Ipc::Lent { pid_file } => format!("--pidfile={pid_file}"),
        Ipc::Borrowed { link, .. } => format!("--ipc=ns:{link}"),
    };
    file.add("Container", "PodmanArgs", Value::podman_args(&[option]).map_err(|error| ("Display", error))?);
    Ok(())
}

/// The Windows user has the same name whoever the user of the host is. Podman fills
/// in the numbers.
fn windows_user(file: &mut UnitFile, container: &ContainerPlan) -> Result<(), KeyError> {
    let entry = format!("--passwd-entry={WINDOWS_USER}:*:$UID:$GID::{HOME_TARGET}:/bin/sh");
    let arguments = Value::podman_args(&[entry]).map_err(|error| ("Image", error))?;
    if container.role == Role::Game {
        file.add("Container", "PodmanArgs", arguments);
    }
    Ok(())
}

fn mount_setting(mount: &PlannedMount) -> Result<Setting, EscapeError> {
    Setting::mount(&match mount {
        PlannedMount::Bind(bind) => {
            Mount::Bind { source: bind.source.clone(), target: bind.target.clone(), read_only: bind.read_only }
        }
        PlannedMount::Volume { name, target } => {
            Mount::Volume { name: name.clone(), target: target.clone(), read_only: true }
        }
        PlannedMount::Overlay { source, target, layer } => Mount::Overlay {
            source: source.clone(),
            target: target.clone(),
            layer: layer.as_ref().map(|layer| (layer.upper.clone(), layer.work.clone())),
        },
        PlannedMount::Tmpfs { target } => {
            Mount::Tmpfs { target: target.clone(), size: None, mode: Some(0o1777), owned: false }
        }
        PlannedMount::Private { target } => {
            Mount::Tmpfs { target: target.clone(), size: None, mode: Some(0o700), owned: true }
        }
    })
}

/// The request key that a mount comes from.
fn mount_key(mount: &PlannedMount) -> &'static str {
    let target = match mount {
        PlannedMount::Bind(bind) => &bind.target,
        PlannedMount::Volume { target, .. }
        | PlannedMount::Overlay { target, .. }
        | PlannedMount::Tmpfs { target }
        | PlannedMount::Private { target } => target,
    };
    match target.as_str() {
        LIBRARY_TARGET => "Library",
        HOME_TARGET => "Saves",
        PREFIX_DIRECTORY => "Prefix",
        BUILD_DIRECTORY => "RunnerVersion",
        _ => "Mounts",
    }
}

/// The key that the working directory comes from: by default it is the program's.
fn directory_key(plan: &SessionPlan) -> &'static str {
    let asked = |key: &str| plan.decisions.iter().any(|one| one.key == key && one.reason != "default");
    if asked("WorkingDirectory") { "WorkingDirectory" } else { "Command" }
}

fn service(file: &mut UnitFile, plan: &SessionPlan, container: &ContainerPlan) -> Result<(), KeyError> {
    file.add("Service", "Slice", Value::word(&plan.slice).map_err(|error| ("Id", error))?);
    // Delegation, which Quadlet asks for, would make it `continue`.
    file.add("Service", "OOMPolicy", Value::constant("stop"));
    if container.role == Role::Game && plan.containers.len() > 1 {
        // What uses the memory dies, not what shows it.
        file.add("Service", "OOMScoreAdjust", Value::number(GAME_OOM_SCORE_ADJUST));
    }
    restart(file, container);
    file.add("Service", "TimeoutStartSec", Value::usec(TIMEOUT_START_USEC));
    file.add("Service", "TimeoutStopSec", Value::usec(container.timeout_stop_usec.saturating_add(STOP_GRACE_USEC)));
    if container.role == Role::Game && plan.spec.runtime_max_usec != INFINITY {
        file.add("Service", "RuntimeMaxSec", Value::usec(plan.spec.runtime_max_usec));
    }
    if let Ipc::Borrowed { command, .. } = &container.ipc {
        file.add("Service", "ExecStartPre", Value::service_exec(command).map_err(|error| ("Id", error))?);
    }
    for (key, command) in [("ExecStop", &container.commands.stopping), ("ExecStopPost", &container.commands.end)] {
        file.add("Service", key, Value::service_exec(command).map_err(|error| ("Id", error))?);
    }
    Ok(())
}

/// A game can do without sound for a moment; all else ends the session.
fn restart(file: &mut UnitFile, container: &ContainerPlan) {
    let sound: &[(&str, &'static str)] =
        &[("Restart", "always"), ("RestartSec", "100ms"), ("RestartSteps", "6"), ("RestartMaxDelaySec", "10s")];
    let other: &[_] = &[("Restart", "no")];
    for (key, value) in if container.role == Role::Sound { sound } else { other } {
        file.add("Service", key, Value::constant(value));
    }
}
