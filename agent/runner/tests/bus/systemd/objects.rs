//! The objects of units.

use super::{Systemd, job_path, unit_path};
use std::collections::HashMap;
use zbus::{OwnedObjectPath, Variant, interface};

struct UnitObject(Systemd, String);
struct ServiceObject(Systemd, String);
struct SliceObject(Systemd, String);
struct JobObject(&'static str);

#[interface(name = "org.freedesktop.systemd1.Unit")]
impl UnitObject {
    #[zbus(property)]
    fn load_state(&self) -> &'static str {
        self.0.called("LoadState", &self.1);
        if self.0.unit(&self.1).loaded { "loaded" } else { "not-found" }
    }
    #[zbus(property)]
    fn active_state(&self) -> &'static str {
        self.0.unit(&self.1).active
    }
    #[zbus(property)]
    fn freezer_state(&self) -> &'static str {
        self.0.unit(&self.1).freezer
    }
    #[zbus(property)]
    fn job(&self) -> (u32, OwnedObjectPath) {
        let job = self.0.unit(&self.1).job;
        job.map_or_else(|| (0, OwnedObjectPath::try_from("/").unwrap()), |(number, _)| (number, job_path(number)))
    }
    #[zbus(property)]
    fn active_enter_timestamp(&self) -> u64 {
        self.0.unit(&self.1).started_usec
    }
    #[zbus(property)]
    fn active_exit_timestamp(&self) -> u64 {
        self.0.unit(&self.1).left_usec
    }
}

#[interface(name = "org.freedesktop.systemd1.Service")]
impl ServiceObject {
    #[zbus(property)]
    fn result(&self) -> &'static str {
        self.0.unit(&self.1).result
    }
    #[zbus(property)]
    fn exec_main_code(&self) -> i32 {
        self.0.unit(&self.1).code
    }
    #[zbus(property)]
    fn exec_main_status(&self) -> i32 {
        self.0.unit(&self.1).status
    }
    #[zbus(property)]
    fn exec_main_exit_timestamp(&self) -> u64 {
        self.0.unit(&self.1).exited_usec
    }
}

#[interface(name = "org.freedesktop.systemd1.Slice")]
impl SliceObject {
    #[zbus(property)]
    fn control_group(&self) -> String {
        self.0.unit(&self.1).control_group
    }
}

#[interface(name = "org.freedesktop.systemd1.Job")]
impl JobObject {
    #[zbus(property)]
    fn job_type(&self) -> &'static str {
        self.0
    }
}

impl Systemd {
    pub(super) async fn show_job(&self, number: u32, kind: &'static str) -> zbus::Result<()> {
        self.bus().object_server().at(job_path(number), JobObject(kind)).await.map(|_| ())
    }

    /// Puts a unit's object on the bus; one that is there stays.
    pub(super) async fn show(&self, name: &str) -> zbus::Result<()> {
        let server = self.bus().object_server();
        let path = unit_path(name);
        server.at(&path, UnitObject(self.clone(), name.to_owned())).await?;
        if name.ends_with(".slice") {
            server.at(&path, SliceObject(self.clone(), name.to_owned())).await?;
        } else {
            server.at(&path, ServiceObject(self.clone(), name.to_owned())).await?;
        }
        Ok(())
    }

    /// Tells changed properties of a unit.
    pub(super) async fn tell(&self, name: &str, changed: &[(&str, &str)]) {
        let values: HashMap<&str, Variant<'_>> = changed.iter().map(|(key, value)| (*key, (*value).into())).collect();
        let body = ("org.freedesktop.systemd1.Unit", values, Vec::<&str>::new());
        let sent = self.bus().emit_signal(
            None::<&str>,
            unit_path(name),
            "org.freedesktop.DBus.Properties",
            "PropertiesChanged",
            &body,
        );
        sent.await.unwrap();
    }
}
