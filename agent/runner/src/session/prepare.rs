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
use dillinger_runner_core::plan::{DISPLAY_DIRECTORIES, SessionPlan, WINE_DIRECTORY, plan};
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
    pub async fn plan_start(&self, spec: SessionSpec, decisions: Vec<Decision>) -> Result<(Planned, Vec<Pad>)> {
        let mut facts = self.host.facts(&spec).await?;
        if facts.gamepads != GamepadFact::Possible {
            return Ok((planned(spec, decisions, &facts)?, Vec::new()));
        }
        planned(spec.clone(), decisions.clone(), &facts)?;
        let (fact, pads) = gamepad::make(&self.paths.root, &spec).await;
        facts.gamepads = fact;
        Ok((planned(spec, decisions, &facts)?, pads))
    }

    /// Takes what the session uses, its prefix and its saves, and makes what is not
    /// there yet.
    ///
    /// # Errors
    /// Somebody else uses it, or the file system refuses.
    pub async fn hold(&self, planned: &Planned) -> Result<Prepared> {
        let (spec, store, saves) = (planned.plan.spec.clone(), self.prefixes.clone(), self.saves.clone());
        let library = planned.plan.install_directory.clone();
        let held = tokio::task::spawn_blocking(move || {
            let prepared = windows::prepare(&spec, &store, &saves)?;
            library.map_or(Ok(()), |path| {
                std::fs::create_dir_all(&path).map_err(PrefixError::storage("making", Path::new(&path)))
            })?;
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
        let directory = self.paths.session(id).join(WINE_DIRECTORY);
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
