//! `org.freedesktop.systemd1.Manager`

use super::{ROOT, Sees, Start, Systemd, slice_of, unit_path};
use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::{DBusError, OwnedObjectPath, OwnedVariant, interface};

pub(super) struct Manager {
    systemd: Systemd,
}

impl Manager {
    pub(super) fn new(systemd: Systemd) -> Self {
        Self { systemd }
    }
}

fn client(header: &Header<'_>) -> String {
    header.sender().unwrap().to_string()
}

/// systemd's own errors.
#[derive(Debug, DBusError)]
#[zbus(prefix = "org.freedesktop.systemd1")]
pub(super) enum Refusal {
    #[zbus(error)]
    ZBus(zbus::Error),
    NoSuchUnit(String),
    UnitBusy(String),
    Refused(String),
}

/// One row of `ListUnitsByPatterns`.
type Row = (String, String, String, String, String, String, OwnedObjectPath, u32, String, OwnedObjectPath);

#[interface(name = "org.freedesktop.systemd1.Manager")]
impl Manager {
    fn subscribe(&self) {
        self.systemd.called("Subscribe", "");
    }

    async fn get_unit(&self, name: String) -> Result<OwnedObjectPath, Refusal> {
        // A slice is loaded with the unit that is in it.
        let there = self.systemd.unit(&name).loaded || (name.ends_with(".slice") && self.systemd.look(&name));
        if !there {
            return Err(Refusal::NoSuchUnit(format!("Unit {name} not loaded.")));
        }
        self.systemd.show(&name).await?;
        Ok(unit_path(&name))
    }

    async fn load_unit(&self, name: String) -> Result<OwnedObjectPath, Refusal> {
        self.systemd.called("LoadUnit", &name);
        self.systemd.look(&name);
        self.systemd.show(&name).await?;
        Ok(unit_path(&name))
    }

    async fn start_unit(&self, name: String, mode: String) -> Result<OwnedObjectPath, Refusal> {
        self.systemd.called("StartUnit", &name);
        assert_eq!(mode, "replace");
        if !self.systemd.look(&name) {
            return Err(Refusal::NoSuchUnit(format!("Unit {name} not found.")));
        }
        let start = self.systemd.behaviour().start;
        if start == Start::Refused {
            return Err(Refusal::Refused("Transaction is destructive.".to_owned()));
        }
        self.systemd.look(&slice_of(&name));
        self.systemd.show(&slice_of(&name)).await?;
        let (number, job) = self.systemd.add_job(&name, "start").await?;
        let (systemd, path) = (self.systemd.clone(), job.clone());
        tokio::spawn(async move { systemd.run_start(&name, start, number, path).await });
        Ok(job)
    }

    async fn stop_unit(&self, name: String, mode: String) -> Result<OwnedObjectPath, Refusal> {
        self.systemd.called("StopUnit", &name);
        assert_eq!(mode, "replace");
        if !self.systemd.look(&name) {
            return Err(Refusal::NoSuchUnit(format!("Unit {name} not loaded.")));
        }
        if self.systemd.unit(&slice_of(&name)).freezer == "frozen" {
            return Err(Refusal::UnitBusy(format!("Cannot perform operation on frozen unit {name}.")));
        }
        // The units in a slice are stopped with it.
        let (number, job) = self.systemd.add_job(&name, "stop").await?;
        if name.ends_with(".slice") {
            self.systemd.add_job(&name.replace(".slice", ".service"), "stop").await?;
        }
        let (systemd, path) = (self.systemd.clone(), job.clone());
        tokio::spawn(async move { systemd.run_stop(&name, number, path).await });
        Ok(job)
    }

    fn ref_unit(&self, name: String, #[zbus(header)] header: Header<'_>) -> Result<(), Refusal> {
        self.systemd.called("RefUnit", &name);
        if !self.systemd.look(&name) {
            return Err(Refusal::NoSuchUnit(format!("Unit {name} not loaded.")));
        }
        self.systemd.change(&name, |unit| unit.references.push(client(&header)));
        Ok(())
    }

    fn unref_unit(&self, name: String, #[zbus(header)] header: Header<'_>) -> Result<(), Refusal> {
        self.systemd.called("UnrefUnit", &name);
        let client = client(&header);
        let held = self.systemd.unit(&name).references.iter().position(|one| *one == client);
        let held = held.ok_or_else(|| Refusal::Refused("Unit has not been referenced yet.".to_owned()))?;
        self.systemd.change(&name, |unit| {
            unit.references.remove(held);
        });
        Ok(())
    }

    async fn freeze_unit(&self, name: String) -> Result<(), Refusal> {
        self.systemd.called("FreezeUnit", &name);
        if self.systemd.behaviour().refuses_freeze {
            return Err(Refusal::UnitBusy("Unit has a pending job.".to_owned()));
        }
        self.systemd.set_freezer(&name, "frozen").await;
        Ok(())
    }

    async fn thaw_unit(&self, name: String) {
        self.systemd.called("ThawUnit", &name);
        self.systemd.set_freezer(&name, "running").await;
    }

    fn reset_failed_unit(&self, name: String) -> Result<(), Refusal> {
        self.systemd.called("ResetFailedUnit", &name);
        if !self.systemd.unit(&name).loaded {
            return Err(Refusal::NoSuchUnit(format!("Unit {name} not loaded.")));
        }
        self.systemd.change(&name, |unit| {
            if unit.active == "failed" {
                unit.active = "inactive";
            }
        });
        Ok(())
    }

    async fn reload(&self) -> Result<(), Refusal> {
        self.systemd.called("Reload", "");
        let behaviour = self.systemd.behaviour();
        if let Some(gate) = &behaviour.reload_gate {
            gate.acquire().await.unwrap().forget();
        }
        if behaviour.refuses_reload {
            return Err(Refusal::Refused("Reload() request rejected due to rate limiting.".to_owned()));
        }
        if behaviour.sees != Sees::Never {
            self.systemd.read_all_files();
        }
        Ok(())
    }

    fn list_units_by_patterns(&self, states: Vec<String>, patterns: Vec<String>) -> Vec<Row> {
        self.systemd.called("ListUnitsByPatterns", "");
        assert!(states.is_empty());
        let prefix = patterns.first().and_then(|pattern| pattern.strip_suffix('*')).unwrap().to_owned();
        let state = self.systemd.shared.state.lock().unwrap();
        let listed = state.units.iter().filter(|(name, unit)| unit.loaded && name.starts_with(&prefix));
        let job = || OwnedObjectPath::try_from("/").unwrap();
        let row = |(name, unit): (&String, &super::Unit)| -> Row {
            let (active, text) = (unit.active.to_owned(), String::new);
            (name.clone(), text(), "loaded".to_owned(), active, text(), text(), unit_path(name), 0, text(), job())
        };
        listed.map(row).collect()
    }

    fn set_unit_properties(&self, name: String, runtime: bool, properties: Vec<(String, OwnedVariant)>) {
        assert!(runtime);
        let values: Vec<String> = properties.iter().map(|(key, value)| format!("{key}={value:?}")).collect();
        self.systemd.called("SetUnitProperties", &format!("{name} {}", values.join(" ")));
        let directory = self.systemd.shared.runtime.join(format!("systemd/user.control/{name}.d"));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("50-limit.conf"), "[Slice]\n").unwrap();
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> String {
        "257.13".to_owned()
    }

    #[zbus(property(emits_changed_signal = "false"))]
    fn system_state(&self) -> String {
        "running".to_owned()
    }

    #[zbus(signal)]
    pub(super) async fn job_removed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        job: OwnedObjectPath,
        unit: String,
        result: &str,
    ) -> zbus::Result<()>;
}

impl Systemd {
    pub(super) async fn job_removed(&self, number: u32, job: OwnedObjectPath, unit: &str, result: &str) {
        self.change(unit, |unit| unit.job = unit.job.filter(|(current, _)| *current != number));
        let emitter = SignalEmitter::new(self.bus(), ROOT).unwrap();
        Manager::job_removed(&emitter, number, job, unit.to_owned(), result).await.unwrap();
    }
}
