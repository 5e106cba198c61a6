//! Reading a unit's properties; a property that is missing or has another
//! type reads as empty, since another systemd may lack it.

use super::{Properties, SYSTEMD};
use dillinger_runner_core::lifecycle::{Active, UnitStatus, is_frozen};
use dillinger_runner_core::outcome::EndFacts;
use futures_util::future::{join_all, try_join};
use zbus::{Connection, OwnedObjectPath, OwnedVariant, Variant, fdo};

const UNIT: &str = "org.freedesktop.systemd1.Unit";
const SERVICE: &str = "org.freedesktop.systemd1.Service";
const SLICE: &str = "org.freedesktop.systemd1.Slice";
const JOB: &str = "org.freedesktop.systemd1.Job";

/// What systemd says of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceStatus {
    /// `ActiveState`.
    pub active_state: String,
    /// `FreezerState`.
    pub freezer_state: String,
    /// `JobType` of the `Job` that waits or runs; empty without one.
    pub job: String,
    /// `Result`.
    pub result: String,
    /// `ExecMainCode`: 1 exited, 2 killed, 3 dumped.
    pub main_code: i32,
    /// `ExecMainStatus`.
    pub main_status: i32,
    /// `ActiveEnterTimestamp`, realtime µs; 0 for never.
    pub active_enter_usec: u64,
    /// `ActiveExitTimestamp`, realtime µs; 0 for never.
    pub active_exit_usec: u64,
    /// `ExecMainExitTimestamp`, realtime µs; 0 for never.
    pub main_exit_usec: u64,
}

impl ServiceStatus {
    pub(crate) async fn ask(connection: &Connection, path: &str) -> zbus::Result<Self> {
        let unit = ["ActiveState", "FreezerState", "ActiveEnterTimestamp", "ActiveExitTimestamp", "Job"];
        let service = ["Result", "ExecMainCode", "ExecMainStatus", "ExecMainExitTimestamp"];
        let (unit, service) =
            try_join(get(connection, path, UNIT, &unit), get(connection, path, SERVICE, &service)).await?;
        Ok(Self {
            active_state: text(&unit, "ActiveState"),
            freezer_state: text(&unit, "FreezerState"),
            job: job(connection, &unit).await,
            result: text(&service, "Result"),
            main_code: signed(&service, "ExecMainCode"),
            main_status: signed(&service, "ExecMainStatus"),
            active_enter_usec: number(&unit, "ActiveEnterTimestamp"),
            active_exit_usec: number(&unit, "ActiveExitTimestamp"),
            main_exit_usec: number(&service, "ExecMainExitTimestamp"),
        })
    }

    /// The part that decides a session's state.
    pub fn unit(&self) -> UnitStatus {
        UnitStatus { active: Active::parse(&self.active_state), frozen: is_frozen(&self.freezer_state) }
    }

    /// The part that decides how a session ended, at `now_usec` if systemd has
    /// no time of its own.
    pub fn end_facts(&self, now_usec: u64) -> EndFacts {
        EndFacts {
            result: self.result.clone(),
            main_code: self.main_code,
            main_status: self.main_status,
            started_usec: self.active_enter_usec,
            ended_usec: if self.main_exit_usec == 0 { now_usec } else { self.main_exit_usec },
            left_usec: Some(self.active_exit_usec).filter(|usec| *usec != 0),
            ..EndFacts::default()
        }
    }
}

/// What systemd says of a slice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SliceStatus {
    /// `FreezerState`.
    pub freezer_state: String,
    /// `ControlGroup`, below the cgroup file system; empty while it has none.
    pub control_group: String,
}

impl SliceStatus {
    pub(crate) async fn ask(connection: &Connection, path: &str) -> zbus::Result<Self> {
        let (unit, slice) =
            try_join(get(connection, path, UNIT, &["FreezerState"]), get(connection, path, SLICE, &["ControlGroup"]))
                .await?;
        Ok(Self { freezer_state: text(&unit, "FreezerState"), control_group: text(&slice, "ControlGroup") })
    }
}

/// Whether systemd finds the unit's file.
pub(crate) async fn is_loaded(connection: &Connection, path: &str) -> zbus::Result<bool> {
    Ok(text(&get(connection, path, UNIT, &["LoadState"]).await?, "LoadState") == "loaded")
}

/// Some properties of one interface, all asked for before the first answer is
/// awaited. A property that this systemd lacks is absent. `GetAll` would make
/// systemd read many files.
async fn get(connection: &Connection, path: &str, interface: &str, names: &[&'static str]) -> zbus::Result<Properties> {
    let values = names.iter().map(|name| get_one(connection, path, interface, name));
    let mut found = Properties::new();
    for (name, value) in names.iter().zip(join_all(values).await) {
        match value {
            Ok(value) => {
                found.insert((*name).to_owned(), value);
            }
            Err(zbus::Error::FDO(error)) if matches!(*error, fdo::Error::UnknownProperty(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

async fn get_one(connection: &Connection, path: &str, interface: &str, name: &str) -> zbus::Result<OwnedVariant> {
    let properties = Some("org.freedesktop.DBus.Properties");
    let reply = connection.call_method(Some(SYSTEMD), path, properties, "Get", &(interface, name)).await?;
    reply.body().deserialize()
}

pub(crate) fn text(properties: &Properties, name: &str) -> String {
    match properties.get(name).map(|value| &**value) {
        Some(Variant::Str(text)) => text.to_string(),
        _ => String::new(),
    }
}

pub(crate) fn number(properties: &Properties, name: &str) -> u64 {
    match properties.get(name).map(|value| &**value) {
        Some(Variant::U64(number)) => *number,
        _ => 0,
    }
}

fn signed(properties: &Properties, name: &str) -> i32 {
    match properties.get(name).map(|value| &**value) {
        Some(Variant::I32(number)) => *number,
        _ => 0,
    }
}

/// A job that is gone meanwhile is none.
async fn job(connection: &Connection, unit: &Properties) -> String {
    let job = unit.get("Job").and_then(|value| <(u32, OwnedObjectPath)>::try_from(value.try_clone().ok()?).ok());
    // Without a job the number is 0.
    let Some((_, path)) = job.filter(|(number, _)| *number != 0) else { return String::new() };
    get(connection, &path, JOB, &["JobType"]).await.map(|job| text(&job, "JobType")).unwrap_or_default()
}
