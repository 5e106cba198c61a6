//! Sessions appear, change and go on the bus.

use super::stream::{StreamObject, announce};
use super::windows::{self, WindowsObject};
use super::{Manager, SessionObject};
use crate::display::Displays;
use crate::session::{Handle, Status, View};
use crate::stream::Streams;
use dillinger_runner_api::names;
use dillinger_runner_core::limits::Limit;
use std::collections::HashMap;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, OwnedObjectPath, Variant};

/// Puts sessions on the bus. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Publisher {
    connection: Connection,
    streams: Streams,
    displays: Displays,
}

impl Publisher {
    /// For this connection; logs and metrics of all sessions count as `streams`, and `displays` are those of streamed
    /// sessions.
    pub fn new(connection: Connection, streams: Streams, displays: Displays) -> Self {
        Self { connection, streams, displays }
    }

    /// A session appears.
    pub async fn add(&self, handle: &Handle) {
        let id = handle.view.id().to_string();
        let Some(path) = names::session_path(&id) else { return };
        let display = if handle.view.state().is_live() { self.displays.open(&handle.view) } else { None };
        let object = SessionObject::new(handle.clone(), self.streams.clone(), display.clone());
        let added = async {
            self.connection.object_server().at(&path, object).await?;
            if handle.view.record.spec.stream.is_some() {
                let object = StreamObject::new(handle.clone(), display.clone());
                self.connection.object_server().at(&path, object).await?;
            }
            if let Some(object) = WindowsObject::new(&handle.view) {
                self.connection.object_server().at(&path, object).await?;
            }
            if let Some(display) = display {
                tokio::spawn(announce(self.connection.clone(), path.clone(), handle.clone(), display));
            }
            Manager::session_added(&self.emitter()?, &id, path.clone()).await
        };
        report("adding", &id, added.await);
    }

    /// A session is forgotten.
    pub async fn remove(&self, view: &View) {
        let id = view.id().to_string();
        let Some(path) = names::session_path(&id) else { return };
        let removed = async {
            if view.record.spec.stream.is_some() {
                self.connection.object_server().remove::<StreamObject, _>(&path).await?;
            }
            if view.record.spec.windows.is_some() {
                self.connection.object_server().remove::<WindowsObject, _>(&path).await?;
            }
            self.connection.object_server().remove::<SessionObject, _>(&path).await?;
            Manager::session_removed(&self.emitter()?, &id, path.clone(), view.status().outcome()).await
        };
        report("removing", &id, removed.await);
    }

    /// A session changed from what it was: one signal with all that is
    /// different.
    pub async fn changed(&self, view: &View, before: &Status) {
        let id = view.id().to_string();
        let Some(path) = names::session_path(&id) else { return };
        if !view.state().is_live() {
            self.displays.close(view.id());
        }
        let now = view.status();
        // First, so that who waits for the end finds it there.
        if view.record.spec.windows.is_some() {
            let changed = differing(&windows::of_end(before), windows::of_end(&now));
            report("changing", &id, self.emit_changed(&path, names::WINDOWS_INTERFACE, changed).await);
        }
        let changed = differing(&properties(before), properties(&now));
        report("changing", &id, self.emit_changed(&path, names::SESSION_INTERFACE, changed).await);
    }

    async fn emit_changed(&self, path: &OwnedObjectPath, interface: &str, changed: Properties) -> zbus::Result<()> {
        if changed.is_empty() {
            return Ok(());
        }
        let (properties, body) = ("org.freedesktop.DBus.Properties", (interface, changed, Vec::<&str>::new()));
        self.connection.emit_signal(None::<&str>, path, properties, "PropertiesChanged", &body).await
    }

    fn emitter(&self) -> zbus::Result<SignalEmitter<'static>> {
        SignalEmitter::new(&self.connection, names::MANAGER_PATH)
    }
}

type Properties = HashMap<&'static str, Variant<'static>>;

/// What is now otherwise than before.
fn differing(before: &Properties, mut now: Properties) -> Properties {
    now.retain(|name, value| before.get(name) != Some(value));
    now
}

/// The properties that change in a session's life.
fn properties(status: &Status) -> Properties {
    let mut all = HashMap::from([
        ("State", Variant::from(status.state.as_str())),
        ("Outcome", Variant::from(status.outcome())),
        ("OutcomeReason", Variant::from(status.reason())),
        ("ExitStatus", Variant::from(status.exit_status())),
        ("StartedTimestamp", Variant::from(status.started_usec)),
        ("EndedTimestamp", Variant::from(status.ended_usec)),
        ("ControlGroup", Variant::from(status.control_group.clone())),
        ("AllowedCPUs", Variant::from(status.limits.allowed_cpus.to_string())),
    ]);
    all.extend(Limit::ALL.map(|limit| (limit.key(), Variant::from(status.limits.get(limit)))));
    all
}

/// The bus is gone when this fails, and with it whoever wanted to know.
fn report(what: &str, id: &str, result: zbus::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(session = id, %error, "{what} a session on the bus");
    }
}
