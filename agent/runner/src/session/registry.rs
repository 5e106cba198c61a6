//! The set of all sessions, owned by one task.

use super::finish::end_as;
use super::handle::{Handle, View};
use super::prepare::Start;
use super::task::{Session, Watches};
use super::{Context, Result, Status, problems};
use crate::journal;
use crate::store::EndRecord;
use dillinger_runner_api::Error;
use dillinger_runner_core::id::SessionId;
use dillinger_runner_core::lifecycle::State;
use dillinger_runner_core::outcome::Outcome;
use dillinger_runner_core::request;
use dillinger_runner_core::spec::{Decision, SessionSpec, resolve};
use dillinger_runner_core::value::{RawRequest, RawValue};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

type Answer = oneshot::Sender<Result<SessionId>>;

#[derive(Debug)]
enum Message {
    Start(RawRequest, Answer),
    Get(SessionId, oneshot::Sender<Option<Handle>>),
    List(oneshot::Sender<Vec<Arc<View>>>),
    /// A session task has its units in place and appears.
    Admitted(Handle),
    /// A session task has its start job, or failed to get it.
    Started(SessionId, Result<()>),
    /// A session task is done.
    Over(SessionId),
}

/// The address of the set of sessions.
#[derive(Debug, Clone)]
pub struct RegistryHandle {
    messages: mpsc::Sender<Message>,
}

impl RegistryHandle {
    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Result<T> {
        let gone = || Error::Busy("the agent is going down".to_owned());
        let (reply, answer) = oneshot::channel();
        self.messages.send(message(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
    }

    async fn tell(&self, message: Message) {
        // Fails only while the agent goes down, when nobody listens any more.
        let _ = self.messages.send(message).await;
    }

    /// Starts a session, or finds the one that was started by the same request.
    ///
    /// # Errors
    /// Everything that stands in the way; then there is no session.
    pub async fn start(&self, raw: RawRequest) -> Result<SessionId> {
        self.ask(|reply| Message::Start(raw, reply)).await?
    }

    /// The session with this id, living or still listed.
    ///
    /// # Errors
    /// There is none.
    pub async fn get(&self, id: SessionId) -> Result<Handle> {
        let found = self.ask(|reply| Message::Get(id, reply)).await?;
        found.ok_or_else(|| Error::NoSuchSession(format!("there is no session {id}")))
    }

    /// All sessions, living and still listed.
    ///
    /// # Errors
    /// The agent goes down.
    pub async fn list(&self) -> Result<Vec<Arc<View>>> {
        self.ask(Message::List).await
    }
}

/// One session in the set.
#[derive(Debug)]
enum Entry {
    /// Not on the bus yet; all who asked for it wait here.
    Preparing {
        request: RawRequest,
        handle: Option<Handle>,
        waiters: Vec<Answer>,
    },
    Live(Handle),
    Ended {
        handle: Handle,
        until: Instant,
    },
}

impl Entry {
    fn request(&self) -> &RawRequest {
        match self {
            Self::Preparing { request, .. } => request,
            Self::Live(handle) | Self::Ended { handle, .. } => &handle.view.record.request,
        }
    }

    /// From the moment when its end was told it does not, although it is still
    /// being cleared up.
    fn lives(&self) -> bool {
        self.handle().is_none_or(|handle| handle.view.state().is_live())
    }

    fn handle(&self) -> Option<&Handle> {
        match self {
            Self::Preparing { handle, .. } => handle.as_ref(),
            Self::Live(handle) | Self::Ended { handle, .. } => Some(handle),
        }
    }
}

/// The task that owns the set.
#[derive(Debug)]
pub struct Registry {
    context: Context,
    own: RegistryHandle,
    messages: mpsc::Receiver<Message>,
    entries: BTreeMap<SessionId, Entry>,
}

impl Registry {
    /// An empty set and its address.
    pub fn new(context: Context) -> (Self, RegistryHandle) {
        let (sender, messages) = mpsc::channel(64);
        let own = RegistryHandle { messages: sender };
        (Self { context, own: own.clone(), messages, entries: BTreeMap::new() }, own)
    }

    /// Serves until the future is dropped.
    pub async fn run(mut self) {
        loop {
            let next = self.entries.values().filter_map(|entry| match entry {
                Entry::Ended { until, .. } => Some(*until),
                Entry::Preparing { .. } | Entry::Live(_) => None,
            });
            let next = next.min();
            tokio::select! {
                Some(message) = self.messages.recv() => self.handle(message).await,
                () = sleep_until(next) => self.expire().await,
            }
        }
    }

    async fn handle(&mut self, message: Message) {
        match message {
            Message::Start(raw, answer) => self.start(raw, answer),
            Message::Get(id, reply) => {
                // A caller who left wants no answer.
                let _ = reply.send(self.entries.get(&id).and_then(Entry::handle).cloned());
            }
            Message::List(reply) => {
                let views = self.entries.values().filter_map(Entry::handle).map(|handle| Arc::clone(&handle.view));
                let mut views: Vec<Arc<View>> = views.collect();
                views.sort_by_key(|view| view.record.created_usec);
                let _ = reply.send(views);
            }
            Message::Admitted(admitted) => {
                if let Some(Entry::Preparing { handle, .. }) = self.entries.get_mut(&admitted.view.id()) {
                    *handle = Some(admitted);
                }
            }
            Message::Started(id, result) => self.started(id, &result),
            Message::Over(id) => self.over(id).await,
        }
    }

    fn start(&mut self, raw: RawRequest, answer: Answer) {
        let raw = with_canonical_id(raw);
        match self.admit(&raw) {
            Err(error) => {
                let _ = answer.send(Err(error));
            }
            Ok(Admission::Known(id)) => self.join(id, answer),
            Ok(Admission::New(spec, decisions)) => {
                let id = spec.id;
                let entry = Entry::Preparing { request: raw.clone(), handle: None, waiters: vec![answer] };
                self.entries.insert(id, entry);
                tokio::spawn(begin(self.context.clone(), self.own.clone(), raw, *spec, decisions));
            }
        }
    }

    /// Answers with the session when it has its start job.
    fn join(&mut self, id: SessionId, answer: Answer) {
        match self.entries.get_mut(&id) {
            Some(Entry::Preparing { waiters, .. }) => waiters.push(answer),
            _ => {
                let _ = answer.send(Ok(id));
            }
        }
    }

    fn admit(&self, raw: &RawRequest) -> Result<Admission> {
        let settings = self.context.settings.current();
        let chosen = request::parse(raw).map_err(|found| problems(&found))?.id();
        if let Some(id) = chosen {
            match self.entries.get(&id) {
                Some(entry) if entry.request() == raw => return Ok(Admission::Known(id)),
                Some(_) => {
                    return Err(Error::AlreadyExists(format!("session {id} was started by a different request")));
                }
                None if self.was_used(id) => {
                    return Err(Error::AlreadyExists(format!("session {id} has ended already")));
                }
                None => {}
            }
        }
        let id = chosen.map_or_else(random_id, Ok)?;
        let (spec, decisions) = resolve(raw, &settings.policy, id).map_err(|found| problems(&found))?;
        let living = self.entries.values().filter(|entry| entry.lives()).count();
        let most = settings.policy.max_sessions;
        if u32::try_from(living).unwrap_or(u32::MAX) >= most {
            return Err(Error::LimitExceeded(format!("{living} sessions live, the settings permit {most}")));
        }
        Ok(Admission::New(Box::new(spec), decisions))
    }

    pub(super) fn was_used(&self, id: SessionId) -> bool {
        self.context.records.ended(|other, _| other == id).is_ok_and(|mut ended| ended.next().is_some())
    }

    fn started(&mut self, id: SessionId, result: &Result<()>) {
        let Some(Entry::Preparing { handle, waiters, .. }) = self.entries.remove(&id) else { return };
        for waiter in waiters {
            let _ = waiter.send(result.clone().map(|()| id));
        }
        if let Some(handle) = handle {
            self.entries.insert(id, Entry::Live(handle));
        }
    }

    async fn over(&mut self, id: SessionId) {
        if let Some(handle) = self.entries.get(&id).and_then(Entry::handle).cloned() {
            self.keep_ended(handle);
        }
        self.expire().await;
    }

    async fn expire(&mut self) {
        let now = Instant::now();
        let over: Vec<SessionId> = self
            .entries
            .iter()
            .filter(|(_, entry)| matches!(entry, Entry::Ended { until, .. } if *until <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            if let Some(Entry::Ended { handle, .. }) = self.entries.remove(&id) {
                self.context.publisher.remove(&handle.view).await;
            }
        }
    }

    /// Follows a session that an agent before this one started.
    pub(super) fn adopt_live(&mut self, session: Session, handle: Handle) {
        let (id, own) = (handle.view.id(), self.own.clone());
        self.entries.insert(id, Entry::Live(handle));
        tokio::spawn(async move {
            Box::pin(session.run()).await;
            own.tell(Message::Over(id)).await;
        });
    }

    /// Lists a session that has just been found to have ended.
    pub(super) fn keep_ended(&mut self, handle: Handle) {
        let until = Instant::now() + self.context.settings.current().retention.ended_objects;
        self.entries.insert(handle.view.id(), Entry::Ended { handle, until });
    }

    /// Lists a session that ended before this agent started.
    pub(super) async fn adopt_ended(&mut self, record: EndRecord, left: Duration) {
        let status = Status {
            state: State::Ended,
            ending: Some(record.ending),
            started_usec: record.facts.started_usec,
            ended_usec: record.facts.ended_usec,
            facts: Some(record.facts),
            ..Status::new(record.session.spec.limits.clone())
        };
        let (handle, _) = Handle::new(Arc::new(View::new(record.session, status)));
        self.context.publisher.add(&handle).await;
        self.entries.insert(handle.view.id(), Entry::Ended { handle, until: Instant::now() + left });
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }
}

/// Another spelling of the same id makes no other request.
fn with_canonical_id(mut raw: RawRequest) -> RawRequest {
    if let Some(RawValue::Str(text)) = raw.get_mut("Id")
        && let Ok(id) = text.parse::<SessionId>()
    {
        *text = id.to_string();
    }
    raw
}

enum Admission {
    Known(SessionId),
    New(Box<SessionSpec>, Vec<Decision>),
}

/// Prepares and runs one session; the registry hears of each step.
async fn begin(
    context: Context,
    registry: RegistryHandle,
    raw: RawRequest,
    spec: SessionSpec,
    decisions: Vec<Decision>,
) {
    let id = spec.id;
    let prepared = async {
        let Start { planned, pads, held } = context.plan_start(spec, decisions).await?;
        let watches = Watches::open(&context, &planned.plan.spec).await?;
        Ok((context.install(&planned, raw).await?, watches, pads, held))
    };
    let (record, watches, pads, held) = match prepared.await {
        Ok(prepared) => prepared,
        Err(error) => return registry.tell(Message::Started(id, Err(error))).await,
    };
    let status = Status::new(record.spec.limits.clone());
    let (handle, commands) = Handle::new(Arc::new(View::new(record, status)));
    let view = Arc::clone(&handle.view);
    context.publisher.add(&handle).await;
    if let Some(display) = context.displays.get(id) {
        display.add_pads(pads);
    }
    journal::state(&view.record.spec, State::Preparing, None);
    registry.tell(Message::Admitted(handle)).await;
    match Session::launch(context.clone(), Arc::clone(&view), commands, watches).await {
        Ok(mut session) => {
            session.held = held;
            registry.tell(Message::Started(id, Ok(()))).await;
            Box::pin(session.run()).await;
        }
        Err(error) => {
            // Who hears of it may try again.
            drop(held);
            end_as(&context, &view, Outcome::StartFailed, &error.to_string()).await;
            registry.tell(Message::Started(id, Err(error))).await;
        }
    }
    registry.tell(Message::Over(id)).await;
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// An id from the kernel's random numbers (random(4)).
fn random_id() -> Result<SessionId> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap_or_default();
    text.trim().parse().map_err(|_| Error::SystemdFailed("the kernel gives no random id".to_owned()))
}
