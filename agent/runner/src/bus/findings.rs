//! Answers `Diagnose`.

use crate::diagnose::{Diagnosis, Finding, User};
use crate::podman::Podman;
use crate::session::Context;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;
use zbus::{Connection, Variant};

/// Runs the diagnosis, one at a time: it starts processes.
#[derive(Debug)]
pub struct Diagnoser {
    context: Context,
    podman: Arc<Podman>,
    bus: Connection,
    turn: Mutex<()>,
}

impl Diagnoser {
    /// For this agent.
    pub fn new(context: Context, podman: Arc<Podman>, bus: Connection) -> Self {
        Self { context, podman, bus, turn: Mutex::new(()) }
    }

    pub(super) async fn findings(&self) -> Vec<HashMap<&'static str, Variant<'static>>> {
        let _turn = self.turn.lock().await;
        let diagnosis = Diagnosis {
            root: self.context.paths.root.clone(),
            user: User::current(),
            runtime_dir: Some(self.context.paths.runtime.clone()),
            generator: self.context.host.generator_probe(),
            podman: Arc::clone(&self.podman),
            systemd: self.context.systemd.clone(),
            bus: self.bus.clone(),
            settings: self.context.settings.current(),
            problems: self.context.settings.problems().to_vec(),
        };
        diagnosis.run().await.into_iter().map(finding).collect()
    }
}

fn finding(finding: Finding) -> HashMap<&'static str, Variant<'static>> {
    HashMap::from([
        ("Id", Variant::from(finding.subject.id)),
        ("Status", Variant::from(finding.status.as_str())),
        ("Summary", Variant::from(finding.summary)),
        ("Why", Variant::from(finding.subject.why)),
        ("Remedy", Variant::from(finding.remedy)),
    ])
}
