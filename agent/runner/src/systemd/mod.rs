//! The user's service manager, over its D-Bus interface
//! (org.freedesktop.systemd1(5)).

mod properties;
mod proxy;
mod watch;

pub use properties::{ServiceStatus, SliceStatus};
pub use watch::{JobResult, UnitEvent, UnitWatch};

use crate::systemd::proxy::ManagerProxy;
use dillinger_runner_core::limits::{Limit, Limits};
use std::collections::HashMap;
use zbus::{Connection, OwnedObjectPath, OwnedVariant, Variant};

/// systemd's name on the bus.
const SYSTEMD: &str = "org.freedesktop.systemd1";

/// Why a call to systemd failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// systemd has no such unit.
    #[error("systemd does not know the unit: {0}")]
    NoSuchUnit(String),
    /// Anything else, in systemd's words.
    #[error("systemd refused {call}: {message}")]
    Refused {
        /// The method.
        call: &'static str,
        /// systemd's words.
        message: String,
    },
}

type Result<T> = std::result::Result<T, Error>;

/// A client of the user manager. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Systemd {
    connection: Connection,
    manager: ManagerProxy<'static>,
}

impl Systemd {
    /// Connects and asks systemd to send signals (`Subscribe`).
    ///
    /// # Errors
    /// There is no user manager on this bus.
    pub async fn connect(connection: &Connection) -> Result<Self> {
        let manager = ManagerProxy::new(connection).await.map_err(refused("connecting"))?;
        manager.subscribe().await.map_err(refused("Subscribe"))?;
        Ok(Self { connection: connection.clone(), manager })
    }

    /// systemd's version.
    pub async fn version(&self) -> Result<String> {
        self.manager.version().await.map_err(|error| refused("Version")(error.into()))
    }

    /// True while the user manager is going down.
    pub async fn is_stopping(&self) -> bool {
        self.manager.system_state().await.is_ok_and(|state| state == "stopping")
    }

    /// Watches a unit and the jobs on it, from before the first call on it.
    pub async fn watch(&self, unit: &str) -> Result<UnitWatch> {
        UnitWatch::new(&self.connection, unit).await.map_err(refused("AddMatch"))
    }

    /// Whether systemd finds the unit's file now. Loading also notices files
    /// that are newer than systemd's own cache of the unit directories.
    pub async fn is_loadable(&self, unit: &str) -> Result<bool> {
        let path = self.manager.load_unit(unit).await.map_err(refused("LoadUnit"))?;
        properties::is_loaded(&self.connection, &path).await.map_err(refused("Get"))
    }

    /// Keeps the unit loaded while this connection lives.
    pub async fn reference(&self, unit: &str) -> Result<()> {
        self.manager.ref_unit(unit).await.map_err(refused("RefUnit"))
    }

    /// Lets systemd forget the unit.
    pub async fn unreference(&self, unit: &str) -> Result<()> {
        self.manager.unref_unit(unit).await.map_err(refused("UnrefUnit"))
    }

    /// Queues a start job.
    pub async fn start(&self, unit: &str) -> Result<()> {
        self.manager.start_unit(unit, "replace").await.map(|_job| ()).map_err(refused("StartUnit"))
    }

    /// Queues a stop job, and returns it.
    pub async fn stop(&self, unit: &str) -> Result<OwnedObjectPath> {
        self.manager.stop_unit(unit, "replace").await.map_err(refused("StopUnit"))
    }

    /// Freezes a unit and everything below it; returns when it is frozen.
    pub async fn freeze(&self, unit: &str) -> Result<()> {
        self.manager.freeze_unit(unit).await.map_err(refused("FreezeUnit"))
    }

    /// Thaws a unit; returns when it runs again.
    pub async fn thaw(&self, unit: &str) -> Result<()> {
        self.manager.thaw_unit(unit).await.map_err(refused("ThawUnit"))
    }

    /// Forgets that a unit failed.
    pub async fn reset_failed(&self, unit: &str) -> Result<()> {
        self.manager.reset_failed_unit(unit).await.map_err(refused("ResetFailedUnit"))
    }

    /// Reloads all unit files.
    pub async fn reload(&self) -> Result<()> {
        self.manager.reload().await.map_err(refused("Reload"))
    }

    /// Names and active states of all loaded units that match a glob pattern.
    pub async fn list(&self, pattern: &str) -> Result<Vec<(String, String)>> {
        let units =
            self.manager.list_units_by_patterns(&[], &[pattern]).await.map_err(refused("ListUnitsByPatterns"))?;
        Ok(units.into_iter().map(|unit| (unit.name, unit.active_state)).collect())
    }

    /// Changes limits of a slice until it ends.
    pub async fn set_limits(&self, slice: &str, limits: &Limits, changed: &[Limit], cpus: bool) -> Result<()> {
        let mut properties: Vec<(&str, Variant<'_>)> =
            changed.iter().map(|limit| (limit.key(), Variant::from(limits.get(*limit)))).collect();
        if cpus {
            properties.push(("AllowedCPUs", Variant::from(limits.allowed_cpus.mask())));
        }
        self.manager.set_unit_properties(slice, true, &properties).await.map_err(refused("SetUnitProperties"))
    }

    /// What systemd says of a service; `None` if it does not know the unit.
    pub async fn service(&self, unit: &str) -> Result<Option<ServiceStatus>> {
        known(ServiceStatus::ask(&self.connection, &watch::unit_path(unit)).await)
    }

    /// What systemd says of a slice; `None` if it does not know the unit.
    pub async fn slice(&self, unit: &str) -> Result<Option<SliceStatus>> {
        known(SliceStatus::ask(&self.connection, &watch::unit_path(unit)).await)
    }
}

/// systemd has no object for a unit that it cannot load.
fn known<T>(asked: zbus::Result<T>) -> Result<Option<T>> {
    match asked {
        Ok(status) => Ok(Some(status)),
        Err(zbus::Error::FDO(error)) if matches!(*error, zbus::fdo::Error::UnknownObject(_)) => Ok(None),
        Err(error) => Err(refused("Get")(error)),
    }
}

/// What systemd says of a service, asked once over a connection of its own.
///
/// # Errors
/// The bus or the user manager is gone.
pub async fn service_status(unit: &str) -> zbus::Result<ServiceStatus> {
    let connection = zbus::Connection::session().await?;
    ServiceStatus::ask(&connection, &watch::unit_path(unit)).await
}

/// Properties of one interface of a unit.
pub(crate) type Properties = HashMap<String, OwnedVariant>;

fn refused(call: &'static str) -> impl Fn(zbus::Error) -> Error {
    move |error| match &error {
        zbus::Error::MethodError(name, message, _) => {
            let message = message.clone().unwrap_or_else(|| name.to_string());
            if name.as_str() == "org.freedesktop.systemd1.NoSuchUnit" {
                Error::NoSuchUnit(message)
            } else {
                Error::Refused { call, message }
            }
        }
        other => Error::Refused { call, message: other.to_string() },
    }
}
