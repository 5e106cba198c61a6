//! `org.dillinger.Runner1.Manager`

use super::capabilities::capabilities;
use super::convert::{Dict, Options, raw_request};
use super::explain::Explainer;
use super::findings::Diagnoser;
use super::job::Jobs;
use crate::config::PullPolicy;
use crate::podman::Task;
use crate::prefix::HostBuild;
use crate::session::{Context, RegistryHandle};
use crate::store::EndRecord;
use dillinger_runner_api::{Error, names};
use dillinger_runner_core::id::SessionId;
use dillinger_runner_core::problem::quoted;
use std::collections::HashMap;
use std::sync::Arc;
use zbus::object_server::SignalEmitter;
use zbus::{OwnedObjectPath, Variant, interface};

/// The root object.
#[derive(Debug)]
pub struct Manager {
    registry: RegistryHandle,
    context: Context,
    explainer: Explainer,
    jobs: Arc<Jobs>,
    diagnoser: Diagnoser,
}

/// A record of strings to values.
type Record = HashMap<&'static str, Variant<'static>>;

/// `ListEnded` without `Limit`: as many as a person may want to see.
const LIST_ENDED_DEFAULT: u32 = 100;

impl Manager {
    /// The object for these sessions.
    pub fn new(registry: RegistryHandle, context: Context, jobs: Arc<Jobs>, diagnoser: Diagnoser) -> Self {
        let explainer = Explainer::new(context.clone());
        Self { registry, context, explainer, jobs, diagnoser }
    }
}

#[interface(name = "org.dillinger.Runner1.Manager")]
impl Manager {
    #[zbus(out_args("session"))]
    async fn start_session(&self, request: Dict) -> Result<OwnedObjectPath, Error> {
        let id = self.registry.start(raw_request(request)).await?;
        session_path(id)
    }

    #[zbus(out_args("explanation"))]
    async fn explain(&self, request: Dict) -> Result<HashMap<String, Variant<'static>>, Error> {
        self.explainer.explain(raw_request(request)).await
    }

    #[zbus(out_args("session"))]
    async fn get_session(&self, id: &str) -> Result<OwnedObjectPath, Error> {
        let wanted: SessionId =
            id.parse().map_err(|error| Error::InvalidRequest(format!("id: {} is {error}", quoted(id))))?;
        session_path(self.registry.get(wanted).await?.view.id())
    }

    #[zbus(out_args("sessions"))]
    async fn list_sessions(&self) -> Result<Vec<(String, OwnedObjectPath, &'static str)>, Error> {
        let views = self.registry.list().await?;
        views.iter().map(|view| Ok((view.id().to_string(), session_path(view.id())?, view.state().as_str()))).collect()
    }

    #[zbus(out_args("sessions"))]
    async fn list_ended(&self, options: Dict) -> Result<Vec<Record>, Error> {
        let mut options = Options::new(options);
        let limit = options.take::<u32>("Limit", "u")?.unwrap_or(LIST_ENDED_DEFAULT);
        let id = options.take::<String>("Id", "s")?.filter(|id| !id.is_empty());
        let game = options.take::<String>("GameId", "s")?;
        let since = options.take::<u64>("SinceUSec", "t")?.unwrap_or(0);
        options.finish()?;
        let id: Option<SessionId> = match id {
            Some(text) => {
                Some(text.parse().map_err(|error| Error::InvalidRequest(format!("Id: {} is {error}", quoted(&text))))?)
            }
            None => None,
        };
        let records = self.context.records.clone();
        // There may be very many, each a file.
        let read = tokio::task::spawn_blocking(move || {
            let ended = records.ended(|one, usec| id.is_none_or(|id| id == one) && usec >= since)?;
            let wanted = ended.filter(|record| game.as_ref().is_none_or(|game| *game == record.session.spec.game_id));
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            Ok(wanted.take(limit).map(|record| ended_record(&record)).collect())
        });
        let read = read.await.map_err(std::io::Error::from).flatten();
        read.map_err(|error| Error::SystemdFailed(format!("reading the records of ended sessions: {error}")))
    }

    #[zbus(out_args("job"))]
    async fn prepare_image(&self, image: &str, options: Dict) -> Result<OwnedObjectPath, Error> {
        let mut options = Options::new(options);
        let pull = options.take::<String>("Pull", "s")?;
        let version = options.take::<String>("RunnerVersion", "s")?.filter(|version| !version.is_empty());
        options.finish()?;
        let pull = match pull {
            Some(word) => {
                word.parse::<PullPolicy>().map_err(|error| Error::InvalidRequest(format!("Pull: {error}")))?
            }
            None => self.context.settings.current().pull,
        };
        let build = match version {
            Some(version) => Some(host_build(&self.context, &version).await?),
            None => None,
        };
        self.jobs.prepare_image(Task { image: image.to_owned(), policy: pull, build }).await
    }

    #[zbus(out_args("findings"))]
    async fn diagnose(&self) -> Vec<Record> {
        self.diagnoser.findings().await
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> &str {
        env!("CARGO_PKG_VERSION")
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn api_version(&self) -> u32 {
        names::API_VERSION
    }

    #[zbus(property)]
    async fn capabilities(&self) -> HashMap<String, Variant<'static>> {
        capabilities(&self.context).await
    }

    /// A session appeared on the bus.
    #[zbus(signal)]
    pub(super) async fn session_added(
        emitter: &SignalEmitter<'_>,
        id: &str,
        session: OwnedObjectPath,
    ) -> zbus::Result<()>;

    /// A session is forgotten; only `ListEnded` knows it now.
    #[zbus(signal)]
    pub(super) async fn session_removed(
        emitter: &SignalEmitter<'_>,
        id: &str,
        session: OwnedObjectPath,
        outcome: &str,
    ) -> zbus::Result<()>;
}

/// The build of the host with this name.
async fn host_build(context: &Context, name: &str) -> Result<HostBuild, Error> {
    let known = context.host.builds().clone();
    let builds = tokio::task::spawn_blocking(move || known.list()).await.unwrap_or_default();
    let Some(build) = builds.iter().find(|build| build.name == name) else {
        let names: Vec<&str> = builds.iter().map(|build| build.name.as_str()).collect();
        let known = match names.as_slice() {
            [] => "which has none".to_owned(),
            names => format!("expected one of {}", names.join(", ")),
        };
        let text = format!("RunnerVersion: there is no build {} on this host, {known}", quoted(name));
        return Err(Error::Unsupported(text));
    };
    match &build.unsupported {
        Some(reason) => Err(Error::Unsupported(format!("RunnerVersion: {} cannot be used: {reason}", quoted(name)))),
        None => Ok(HostBuild { name: build.name.clone(), tool: build.tool, path: build.path.clone() }),
    }
}

fn session_path(id: SessionId) -> Result<OwnedObjectPath, Error> {
    names::session_path(&id.to_string())
        .ok_or_else(|| Error::NoSuchSession(format!("there is no path for session {id}")))
}

fn ended_record(record: &EndRecord) -> Record {
    let spec = &record.session.spec;
    let mut all = HashMap::from([
        ("Id", Variant::from(spec.id.to_string())),
        ("GameId", Variant::from(spec.game_id.clone())),
        ("Title", Variant::from(spec.title.clone())),
        ("Runner", Variant::from(spec.runner.as_str())),
        ("Image", Variant::from(spec.image.clone())),
        ("Outcome", Variant::from(record.ending.outcome.as_str())),
        ("OutcomeReason", Variant::from(record.ending.reason.clone())),
        ("ExitStatus", Variant::from(record.ending.exit_status)),
        ("CreatedTimestamp", Variant::from(record.session.created_usec)),
        ("StartedTimestamp", Variant::from(record.facts.started_usec)),
        ("EndedTimestamp", Variant::from(record.facts.ended_usec)),
    ]);
    all.extend(record.facts.cpu_usage_usec.map(|usec| ("CPUUsageUSec", Variant::from(usec))));
    all.extend(record.facts.memory_peak.map(|bytes| ("MemoryPeak", Variant::from(bytes))));
    all
}
