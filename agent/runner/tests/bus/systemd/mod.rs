//! A user manager that speaks systemd's D-Bus interface, reads unit files where systemd does, and runs the commands of
//! `ExecStop=` and `ExecStopPost=` as systemd does; only the game itself is a matter of the test.

mod bound;
mod commands;
mod life;
mod manager;
mod objects;

pub(crate) use life::End;

use dillinger_runner::clock::now_usec;
use futures_util::StreamExt;
use manager::Manager;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::SystemTime;
use tokio::sync::Semaphore;
use zbus::{Connection, OwnedObjectPath};

pub(crate) const NAME: &str = "org.freedesktop.systemd1";
pub(crate) const ROOT: &str = "/org/freedesktop/systemd1";

/// How a unit starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// It runs.
    Runs,
    /// It is activating until the test says what comes.
    Holds,
    /// It has ended with this status before anybody could look; only the job's end is told.
    EndsAtOnce(i32),
    /// systemd refuses the job.
    Refused,
}

/// When systemd sees a new unit file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sees {
    /// At once.
    AtOnce,
    /// When the directory was touched after the first look.
    Touched,
    /// After a reload.
    Reloaded,
    /// Never.
    Never,
}

/// What the manager does.
#[derive(Debug, Clone)]
pub(crate) struct Behaviour {
    pub(crate) start: Start,
    /// How a display starts that a game is bound to.
    pub(crate) display: Start,
    pub(crate) sees: Sees,
    pub(crate) refuses_reload: bool,
    pub(crate) refuses_freeze: bool,
    /// Commands at the end are not run, as when the agent's program is gone.
    pub(crate) forgets_commands: bool,
    reload_gate: Option<Arc<Semaphore>>,
}

/// A unit in memory.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) loaded: bool,
    pub(crate) active: &'static str,
    pub(crate) freezer: &'static str,
    pub(crate) result: &'static str,
    pub(crate) code: i32,
    pub(crate) status: i32,
    pub(crate) started_usec: u64,
    pub(crate) left_usec: u64,
    pub(crate) exited_usec: u64,
    pub(crate) control_group: String,
    /// Number and type of the job that waits or runs.
    pub(crate) job: Option<(u32, &'static str)>,
    /// Bus names of the clients that want it kept.
    pub(crate) references: Vec<String>,
}

impl Default for Unit {
    fn default() -> Self {
        Self {
            loaded: false,
            active: "inactive",
            freezer: "running",
            result: "success",
            code: 0,
            status: 0,
            started_usec: 0,
            left_usec: 0,
            exited_usec: 0,
            control_group: String::new(),
            job: None,
            references: Vec::new(),
        }
    }
}

#[derive(Debug)]
struct State {
    behaviour: Behaviour,
    units: BTreeMap<String, Unit>,
    calls: Vec<String>,
    jobs: u32,
    /// Unit files known since the last reload.
    known: BTreeSet<String>,
    /// Time of the directory at the first look for a unit.
    looked: BTreeMap<String, SystemTime>,
}

#[derive(Debug)]
struct Shared {
    runtime: PathBuf,
    agent: PathBuf,
    address: String,
    bus: OnceLock<Connection>,
    state: Mutex<State>,
}

/// The manager. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Systemd {
    shared: Arc<Shared>,
}

impl Systemd {
    /// A manager with this runtime directory on the bus at `address`.
    pub(crate) async fn start(address: &str, runtime: &Path, agent: &Path) -> Self {
        let behaviour = Behaviour {
            start: Start::Runs,
            display: Start::Runs,
            sees: Sees::AtOnce,
            refuses_reload: false,
            refuses_freeze: false,
            forgets_commands: false,
            reload_gate: None,
        };
        let state = State {
            behaviour,
            units: BTreeMap::new(),
            calls: Vec::new(),
            jobs: 0,
            known: BTreeSet::new(),
            looked: BTreeMap::new(),
        };
        let shared = Shared {
            runtime: runtime.to_owned(),
            agent: agent.to_owned(),
            address: address.to_owned(),
            bus: OnceLock::new(),
            state: Mutex::new(state),
        };
        let systemd = Self { shared: Arc::new(shared) };
        let manager = Manager::new(systemd.clone());
        let bus = zbus::connection::Builder::address(address).serve_at(ROOT, manager).name(NAME).build().await.unwrap();
        systemd.shared.bus.set(bus).unwrap();
        systemd.watch_clients().await;
        systemd
    }

    /// References end with the client that took them.
    async fn watch_clients(&self) {
        let dbus = zbus::fdo::DBusProxy::new(self.bus()).await.unwrap();
        let mut changes = dbus.receive_name_owner_changed().await.unwrap();
        let systemd = self.clone();
        tokio::spawn(async move {
            while let Some(change) = changes.next().await {
                let gone = change.args().unwrap();
                if gone.new_owner().is_none() {
                    let mut state = systemd.shared.state.lock().unwrap();
                    let units = state.units.values_mut();
                    units.for_each(|unit| unit.references.retain(|client| client != gone.name().as_str()));
                }
            }
        });
    }

    /// Changes what the manager does.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.shared.state.lock().unwrap().behaviour);
    }

    /// From now on each reload waits for a permit of this semaphore.
    pub(crate) fn hold_reloads(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.set(|behaviour| behaviour.reload_gate = Some(Arc::clone(&gate)));
        gate
    }

    /// The calls so far, `METHOD UNIT`; `LoadState UNIT` where that property was read.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.shared.state.lock().unwrap().calls.clone()
    }

    /// How often a method was called.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.calls().iter().filter(|call| call.split(' ').next() == Some(method)).count()
    }

    /// Units that anybody has asked to keep loaded.
    pub(crate) fn referenced(&self) -> Vec<String> {
        let state = self.shared.state.lock().unwrap();
        state.units.iter().filter(|(_, unit)| !unit.references.is_empty()).map(|(name, _)| name.clone()).collect()
    }

    /// The names of units that are up.
    pub(crate) fn active(&self) -> Vec<String> {
        let state = self.shared.state.lock().unwrap();
        let up = state.units.iter().filter(|(_, unit)| !matches!(unit.active, "inactive" | "failed"));
        up.map(|(name, _)| name.clone()).collect()
    }

    fn behaviour(&self) -> Behaviour {
        self.shared.state.lock().unwrap().behaviour.clone()
    }

    fn bus(&self) -> &Connection {
        self.shared.bus.get().unwrap()
    }

    fn unit(&self, name: &str) -> Unit {
        self.shared.state.lock().unwrap().units.get(name).cloned().unwrap_or_default()
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Unit)) {
        let mut state = self.shared.state.lock().unwrap();
        let unit = state.units.entry(name.to_owned()).or_default();
        let was_active = unit.active == "active";
        change(unit);
        if was_active && unit.active != "active" {
            unit.left_usec = now_usec();
        }
    }

    fn called(&self, method: &str, unit: &str) {
        self.shared.state.lock().unwrap().calls.push(format!("{method} {unit}").trim_end().to_owned());
    }

    fn unit_file(&self, name: &str) -> PathBuf {
        self.shared.runtime.join("systemd/user").join(name)
    }

    /// A new job on a unit, in the place of the one before.
    async fn add_job(&self, unit: &str, kind: &'static str) -> zbus::Result<(u32, OwnedObjectPath)> {
        let number = {
            let mut state = self.shared.state.lock().unwrap();
            state.jobs += 1;
            let number = state.jobs;
            state.units.entry(unit.to_owned()).or_default().job = Some((number, kind));
            number
        };
        self.show_job(number, kind).await?;
        Ok((number, job_path(number)))
    }

    /// Looks for a unit's file, as far as this manager sees it.
    fn look(&self, name: &str) -> bool {
        if self.unit(name).loaded {
            return true;
        }
        let file = self.unit_file(name);
        let changed = file.parent().and_then(|directory| std::fs::metadata(directory).ok()?.modified().ok());
        let mut state = self.shared.state.lock().unwrap();
        let first = *state.looked.entry(name.to_owned()).or_insert(changed.unwrap_or(SystemTime::UNIX_EPOCH));
        let seen = match state.behaviour.sees {
            Sees::AtOnce => true,
            Sees::Touched => changed.is_some_and(|changed| changed > first),
            Sees::Reloaded => state.known.contains(name),
            Sees::Never => false,
        };
        let found = seen && file.is_file();
        state.units.entry(name.to_owned()).or_default().loaded = found;
        found
    }

    fn read_all_files(&self) {
        let entries = std::fs::read_dir(self.shared.runtime.join("systemd/user")).into_iter().flatten().flatten();
        let names: BTreeSet<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        self.shared.state.lock().unwrap().known = names;
    }
}

fn job_path(number: u32) -> OwnedObjectPath {
    OwnedObjectPath::try_from(format!("{ROOT}/job/{number}")).unwrap()
}

/// The slice of a unit of a session.
pub(crate) fn slice_of(unit: &str) -> String {
    let game = ["-display", "-sound", "-streamer"].iter().fold(unit.to_owned(), |unit, part| unit.replace(part, ""));
    game.replace(".service", ".slice")
}

/// The object path of a unit, as systemd writes it.
pub(crate) fn unit_path(name: &str) -> OwnedObjectPath {
    let label: String = name
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("_{byte:02x}") })
        .collect();
    OwnedObjectPath::try_from(format!("{ROOT}/unit/{label}")).unwrap()
}
