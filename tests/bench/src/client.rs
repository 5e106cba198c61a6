//! One client on one connection that starts sessions and hears of them.

use crate::unit::subscribe;
use anyhow::{Context, Result, bail};
use dillinger_runner_api::Dict;
use dillinger_runner_api::names;
use dillinger_runner_api::proxy::{ManagerProxy, Options, SessionProxy};
use dillinger_runner_api::value::Value;
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use zbus::message::Type;
use zbus::proxy::CacheProperties;
use zbus::{Connection, MatchRule, MessageStream, OwnedObjectPath, Variant};

/// The image of all games measured.
pub(crate) const IMAGE: &str = "localhost/dillinger/base:latest";
/// Signals that may wait while the client does something else.
const QUEUE: usize = 4096;
/// Longer than anything here takes; beyond it something is wrong.
const DEADLINE: Duration = Duration::from_secs(180);

/// A moment, by the clock that intervals are measured with and by that of time stamps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) instant: Instant,
    pub(crate) realtime: Duration,
}

impl Moment {
    pub(crate) fn now() -> Self {
        let realtime = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { instant: Instant::now(), realtime }
    }
}

/// The client.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) connection: Connection,
    pub(crate) manager: ManagerProxy<'static>,
    changes: MessageStream,
    /// First time at which a session was heard of in a state.
    seen: BTreeMap<(String, String), Moment>,
}

impl Client {
    pub(crate) async fn connect() -> Result<Self> {
        let connection = Connection::session().await?;
        subscribe(&connection).await?;
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(names::BUS_NAME)
            .interface("org.freedesktop.DBus.Properties")
            .member("PropertiesChanged")
            .build()?;
        let changes = MessageStream::for_match_rule(rule, &connection, NonZero::new(QUEUE)).await?;
        let manager = ManagerProxy::new(&connection).await?;
        Ok(Self { connection, manager, changes, seen: BTreeMap::new() })
    }

    /// Starts a session of this command; the moment is that before the call.
    pub(crate) async fn start(
        &self,
        command: &[&str],
        mounts: &[(PathBuf, &str)],
    ) -> Result<(Moment, OwnedObjectPath)> {
        let text = |text: &str| Variant::from(Value::Text(text.to_owned()));
        let command = command.iter().map(|&word| word.to_owned()).collect();
        let mounts = mounts.iter().map(|(from, to)| (path(from), (*to).to_owned(), "rw".to_owned())).collect();
        let request = Options::from([
            ("Title", text("Benchmark")),
            ("Image", text(IMAGE)),
            ("Command", Value::List(command).into()),
            ("Mounts", Value::Triples(mounts).into()),
        ]);
        let before = Moment::now();
        let session = self.manager.start_session(&request).await?;
        Ok((before, session))
    }

    /// The moment at which this client heard that the session is in this state.
    pub(crate) async fn heard(&mut self, session: &OwnedObjectPath, state: &str) -> Result<Moment> {
        let key = (session.to_string(), state.to_owned());
        loop {
            if let Some(moment) = self.seen.get(&key) {
                return Ok(*moment);
            }
            let next = tokio::time::timeout(DEADLINE, self.changes.next()).await;
            let message = next.with_context(|| format!("{session} is not {state}"))?.context("the bus is gone")??;
            let moment = Moment::now();
            let Some(path) = message.header().path().map(ToString::to_string) else { continue };
            let body = message.body();
            let Ok((_, changed, _)) = body.deserialize::<(String, Dict, Vec<String>)>() else { continue };
            let Some(now) = changed.get("State").and_then(|value| String::try_from(value.try_clone().ok()?).ok())
            else {
                continue;
            };
            if now == "ended" && state == "running" && path == session.as_str() {
                bail!("{session} ended before it ran");
            }
            self.seen.entry((path, now)).or_insert(moment);
        }
    }

    pub(crate) async fn session(&self, path: &OwnedObjectPath) -> Result<SessionProxy<'static>> {
        Ok(SessionProxy::builder(&self.connection)
            .path(path.clone())
            .cache_properties(CacheProperties::No)
            .build()
            .await?)
    }

    /// Stops sessions and returns when nothing of them is left.
    pub(crate) async fn stop_all(&mut self, sessions: &[OwnedObjectPath]) -> Result<()> {
        for session in sessions {
            self.session(session).await?.stop(&Options::new()).await?;
        }
        for session in sessions {
            self.heard(session, "ended").await?;
        }
        settled().await
    }
}

/// Returns when no session has files any more: their removal is the last step of a session's end.
pub(crate) async fn settled() -> Result<()> {
    let sessions = runtime_dir()?.join("dillinger/sessions");
    let deadline = Instant::now() + DEADLINE;
    while std::fs::read_dir(&sessions).is_ok_and(|mut entries| entries.next().is_some()) {
        if Instant::now() > deadline {
            bail!("sessions are not cleared up: {}", sessions.display());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

pub(crate) fn runtime_dir() -> Result<PathBuf> {
    std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).context("XDG_RUNTIME_DIR is not set")
}

/// The id in a session's path.
pub(crate) fn id(session: &OwnedObjectPath) -> Result<&str> {
    names::session_id(session.as_str()).with_context(|| format!("{session} is no path of a session"))
}

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
