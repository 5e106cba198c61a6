//! The part of systemd's D-Bus interface that the agent uses.

use serde::{Deserialize, Serialize};
use zbus::{OwnedObjectPath, Type, Variant};

/// One row of `ListUnitsByPatterns`, in systemd's order.
#[derive(Debug, Serialize, Deserialize, Type)]
pub(crate) struct ListedUnit {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) load_state: String,
    pub(crate) active_state: String,
    pub(crate) sub_state: String,
    pub(crate) following: String,
    pub(crate) path: OwnedObjectPath,
    pub(crate) job_id: u32,
    pub(crate) job_type: String,
    pub(crate) job_path: OwnedObjectPath,
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
pub(crate) trait Manager {
    fn subscribe(&self) -> zbus::Result<()>;
    fn load_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn ref_unit(&self, name: &str) -> zbus::Result<()>;
    fn unref_unit(&self, name: &str) -> zbus::Result<()>;
    fn freeze_unit(&self, name: &str) -> zbus::Result<()>;
    fn thaw_unit(&self, name: &str) -> zbus::Result<()>;
    fn reset_failed_unit(&self, name: &str) -> zbus::Result<()>;
    fn reload(&self) -> zbus::Result<()>;
    fn list_units_by_patterns(&self, states: &[&str], patterns: &[&str]) -> zbus::Result<Vec<ListedUnit>>;
    fn set_unit_properties(&self, name: &str, runtime: bool, properties: &[(&str, Variant<'_>)]) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> zbus::fdo::Result<String>;
    #[zbus(property(emits_changed_signal = "false"))]
    fn system_state(&self) -> zbus::fdo::Result<String>;
}
