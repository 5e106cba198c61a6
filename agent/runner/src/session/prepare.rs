//! From a session's specification to unit files that systemd can start.

use super::{Context, Result, problems};
use crate::clock::{boot_id, now_usec};
use crate::gamepad::{self, Pad};
use crate::prefix::Error as PrefixError;
use crate::store::{make_private, write_whole};
use crate::windows::{self, Prepared};
use dillinger_runner_api::Error;
use dillinger_runner_core::host::{GamepadFact, HostFacts};
use dillinger_runner_core::id::SessionId;
use dillinger_runner_core::plan::{DISPLAY_DIRECTORIES, SessionPlan, plan};
use dillinger_runner_core::record::SessionRecord;
use dillinger_runner_core::render::{UnitText, render};
use dillinger_runner_core::spec::{Decision, SessionSpec};
use dillinger_runner_core::value::RawRequest;
use dillinger_runner_core::wine::{LAUNCH_FILE, Launch};
use std::path::Path;

/// A plan with its unit files, nothing written yet.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: SessionPlan,
    /// Its files.
    pub files: Vec<UnitText>,
}

/// A session that can start.
#[derive(Debug)]
pub(super) struct Start {
    /// Its plan.
    pub(super) planned: Planned,
    /// Its controllers.
    pub(super) pads: Vec<Pad>,
    /// Its prefix and its saves.
    pub(super) held: Prepared,
}

fn planned(spec: SessionSpec, decisions: Vec<Decision>, facts: &HostFacts) -> Result<Planned> {
    let plan = plan(spec, decisions, facts).map_err(|found| problems(&found))?;
    let files = render(&plan).map_err(|found| problems(&found))?;
    Ok(Planned { plan, files })
}

impl Context {
    /// Plans a session against this host. Reads, writes nothing.
    ///
    /// # Errors
    /// Everything that stands in the way, at once.
    pub async fn plan(&self, spec: SessionSpec, decisions: Vec<Decision>) -> Result<Planned> {
        let facts = self.host.facts(&spec).await?;
        planned(spec, decisions, &facts)
    }

    /// The same for a session that is about to start, with the controllers that
    /// its units name.
    ///
    /// # Errors
    /// As above; then no controller was made.
    pub(super) async fn plan_start(&self, spec: SessionSpec, decisions: Vec<Decision>) -> Result<Start> {
        let mut facts = self.host.facts(&spec).await?;
        let first = planned(spec.clone(), decisions.clone(), &facts)?;
        let mut pads = Vec::new();
        if facts.gamepads == GamepadFact::Possible {
            (facts.gamepads, pads) = gamepad::make(&self.paths.root, &spec).await;
        }
        let held = self.hold(&first).await?;
        if spec.windows.is_some() {
            // Until it was held, somebody else may have changed the prefix.
            facts = HostFacts { gamepads: facts.gamepads, ..self.host.facts(&spec).await? };
        }
        let planned = planned(spec, decisions, &facts)?;
        let place = |planned: &Planned| {
            planned.plan.spec.windows.as_ref().map(|windows| (windows.prefix.clone(), windows.template.clone()))
        };
        if place(&planned) != place(&first) {
            return Err(Error::Busy("the prefix was changed while the session was being prepared".to_owned()));
        }
        Ok(Start { planned, pads, held })
    }

    /// Takes what the session uses, its prefix and its saves, and makes what is not
    /// there yet.
    async fn hold(&self, planned: &Planned) -> Result<Prepared> {
        let (spec, store, saves) = (planned.plan.spec.clone(), self.prefixes.clone(), self.saves.clone());
        let library = planned.plan.install_directory.clone();
        let held = tokio::task::spawn_blocking(move || {
            let prepared = windows::prepare(&spec, &store, &saves)?;
            if let Some((library, directory)) = library {
                windows::make_below(Path::new(&library), Path::new(&directory))?;
            }
            Ok(prepared)
        });
        held.await.map_err(|error| Error::SystemdFailed(error.to_string()))?.map_err(PrefixError::into)
    }

    /// Writes the session's record and puts its unit files in place.
    ///
    /// # Errors
    /// Nothing stays behind.
    pub async fn install(&self, planned: &Planned, request: RawRequest) -> Result<SessionRecord> {
        let record = SessionRecord {
            request,
            spec: planned.plan.spec.clone(),
            units: planned.plan.units(),
            warnings: planned.plan.warnings.clone(),
            created_usec: now_usec(),
            boot_id: boot_id(),
        };
        match self.try_install(planned, &record).await {
            Ok(()) => Ok(record),
            Err(error) => {
                self.discard(record.spec.id);
                Err(error)
            }
        }
    }

    async fn try_install(&self, planned: &Planned, record: &SessionRecord) -> Result<()> {
        let io = |what: &str, error: std::io::Error| Error::SystemdFailed(format!("{what}: {error}"));
        self.records.write_session(record).map_err(|error| io("writing the session's record", error))?;
        if record.spec.stream.is_some() {
            let session = self.paths.session(record.spec.id);
            let made = DISPLAY_DIRECTORIES.iter().try_for_each(|name| make_private(&session.join(name)));
            made.map_err(|error| io("making the display's directory", error))?;
        }
        if let Some(launch) = &planned.plan.launch {
            self.write_launch(record.spec.id, launch)
                .map_err(|error| io("writing what the supervisor is told", error))?;
        }
        let generator = self.host.generator().await?;
        self.files.install(record.spec.id, &planned.files, &record.units, &generator).await.map_err(
            |error| match error {
                crate::store::InstallError::Io(error) => io("writing the session's files", error),
                crate::store::InstallError::Generator(error) => Error::PodmanFailed(error.to_string()),
            },
        )?;
        for unit in &record.units {
            self.load(unit).await?;
        }
        Ok(())
    }

    fn write_launch(&self, id: SessionId, launch: &Launch) -> std::io::Result<()> {
        let directory = self.paths.windows(id);
        make_private(&directory)?;
        write_whole(&directory.join(LAUNCH_FILE), &serde_json::to_vec_pretty(launch)?)
    }

    /// Removes what was written for a session that will not start.
    fn discard(&self, id: SessionId) {
        if let Err(error) = self.files.remove(id).and(self.records.forget(id)) {
            tracing::warn!(session = %id, %error, "files of a session that was not started stay behind");
        }
    }
}
