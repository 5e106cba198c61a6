//! The end of a session: what happened, told once, and everything cleared up.

use super::Context;
use super::handle::View;
use super::task::Session;
use crate::clock::now_usec;
use crate::journal;
use crate::store::{EndRecord, read_stopping};
use crate::stream::log::{Journal, Tail};
use crate::systemd::UnitWatch;
use crate::windows::{self, Prepared};
use dillinger_runner_core::id::{Role, SessionId};
use dillinger_runner_core::lifecycle::{Active, State};
use dillinger_runner_core::outcome::{EndFacts, Ending, Outcome};
use dillinger_runner_core::problem::quoted;
use dillinger_runner_core::sandbox::is_refusal;
use dillinger_runner_core::spec::SessionSpec;
use futures_util::future::join;
use std::time::Duration;

/// How many of Podman's last lines explain a failed start.
const REASON_LINES: usize = 3;
/// How many of a game's last lines may tell why it failed: a program that ends by
/// itself shows its stack after that, and what it has started complains.
const LAST_WORDS: usize = 500;
/// What catatonit(1), the init of Podman's `--init`, returns if it cannot
/// execute the game, and what it says then.
const INIT_FAILED: i32 = 1;
const INIT_SAYS: &str = "failed to exec pid1: ";
/// What ends of a display within this time belongs to the game's end.
const DISPLAY_DEADLINE: Duration = Duration::from_secs(15);
/// systemd stops an empty slice at once; one that does not end is left behind.
const SLICE_DEADLINE: Duration = Duration::from_secs(30);

impl Session {
    /// Tells the end, then removes what the session left.
    pub(super) async fn finish(mut self) {
        await_display(&self.context, &self.view, self.watches.streamer.as_mut()).await;
        let ends = self.ends().await;
        let ending = explain(&self.view, &ends).await;
        settle(&self.context, &self.view).await;
        // Who hears of the end may start the game again.
        self.held = Prepared::default();
        conclude(&self.context, &self.view, ends.game, ending).await;
        clear_up(&self.context, &self.view, Some(&mut self.watches.slice)).await;
    }

    /// What the units recorded, or, if their commands could not, what systemd still
    /// knows.
    async fn ends(&self) -> Ends {
        let id = self.view.id();
        if let Some(ends) = Ends::recorded(&self.context, id) {
            return ends;
        }
        tracing::warn!(session = %id, "the unit recorded no end, asking systemd");
        let mut game = self.service_status().await.unwrap_or_default().end_facts(now_usec());
        game.set_stopping(read_stopping(&self.context.paths.session(id), Role::Game));
        game.windows = windows::report(&self.context.paths.windows(id));
        Ends { game, display: Vec::new() }
    }
}

/// What is known of the end of each part of a session.
#[derive(Debug)]
pub(super) struct Ends {
    game: EndFacts,
    /// Of the parts of its display that it cannot live without.
    display: Vec<(Role, EndFacts)>,
}

/// The parts of a display that a game cannot live without.
const NEEDED: [Role; 2] = [Role::Display, Role::Streamer];

impl Ends {
    /// What the units recorded. A game whose display did not come up has no record:
    /// systemd never touched its unit.
    pub(super) fn recorded(context: &Context, id: SessionId) -> Option<Self> {
        let ends = NEEDED.into_iter().filter_map(|role| Some((role, context.records.end(id, role)?)));
        let display: Vec<_> = ends.collect();
        if let Some(game) = context.records.end(id, Role::Game) {
            return Some(Self { game, display });
        }
        let mut game = display.iter().find(|(_, part)| part.started_usec == 0).map(|(_, part)| part.clone())?;
        game.set_stopping(read_stopping(&context.paths.session(id), Role::Game).or_else(|| game.stopping()));
        Some(Self { game, display })
    }
}

/// Waits until it is known whether a part of the display of a game that has ended
/// died by itself. systemd stops a display as soon as its game has ended; one that
/// dies may take its time.
pub(super) async fn await_display(context: &Context, view: &View, streamer: Option<&mut UnitWatch>) {
    if view.audience.is_none() {
        return;
    }
    let [display, stream] = NEEDED;
    let known = join(await_part(context, view, display, None), await_part(context, view, stream, streamer));
    if tokio::time::timeout(DISPLAY_DEADLINE, known).await.is_err() {
        tracing::warn!(session = %view.id(), "the display of an ended session does not end");
    }
}

async fn await_part(context: &Context, view: &View, role: Role, watch: Option<&mut UnitWatch>) {
    let (unit, session) = (view.id().unit(role), context.paths.session(view.id()));
    let mut own = match &watch {
        Some(_) => None,
        None => context.systemd.watch(&unit).await.ok(),
    };
    let Some(watch) = watch.or(own.as_mut()) else { return };
    while read_stopping(&session, role).is_none() {
        let status = context.systemd.service(&unit).await.ok().flatten().unwrap_or_default();
        let lives = matches!(status.unit().active, Active::Active | Active::Deactivating);
        if !lives || watch.next().await.is_none() {
            return;
        }
    }
}

/// Ends a session that systemd does not run, with this word for it.
pub(super) async fn end_as(context: &Context, view: &View, outcome: Outcome, reason: &str) {
    let facts = EndFacts { ended_usec: now_usec(), ..EndFacts::default() };
    let ending = Ending { outcome, exit_status: 0, reason: reason.to_owned() };
    conclude(context, view, facts, ending).await;
    clear_up(context, view, None).await;
}

/// Ends a session that ended while no agent lived, as its units recorded it.
pub(super) async fn end_recorded(context: &Context, view: &View, ends: Ends) {
    let ending = explain(view, &ends).await;
    settle(context, view).await;
    conclude(context, view, ends.game, ending).await;
    clear_up(context, view, None).await;
}

/// A failed start is explained by what Podman printed, a display that died by its
/// last words, and a game that failed by those of its sandbox.
async fn explain(view: &View, ends: &Ends) -> Ending {
    let record = &view.record;
    let (mut ending, role) = ends.game.ending_with(&ends.display);
    let (journal, units) = (Journal::default(), [view.id().unit(role)]);
    let tail = async || Tail::new(&journal, &units, record.created_usec).await;
    match ending.outcome {
        Outcome::DisplayFailed => {
            if let Some(line) = tail().await.of_starters(1).await.pop() {
                ending.reason = format!("{}: {line}", ending.reason);
            }
        }
        Outcome::StartFailed => {
            let lines = tail().await.of_starters(REASON_LINES).await;
            if !lines.is_empty() {
                ending.reason = format!("{}: {}", ending.reason, lines.join("; "));
            }
        }
        _ if ending.may_be_of_a_sandbox() => explain_failure(&mut ending, &record.spec, &tail().await).await,
        _ => {}
    }
    ending
}

async fn explain_failure(ending: &mut Ending, spec: &SessionSpec, tail: &Tail<'_>) {
    // The unit was up, with Podman's init; only its own word tells this from a game that returned the same.
    if ending.outcome == Outcome::Failed && ending.exit_status == INIT_FAILED {
        let said = tail.of_starters(1).await.pop().unwrap_or_default();
        if let Some((_, cause)) = said.split_once(INIT_SAYS) {
            let program = spec.command.first().map(String::as_str).unwrap_or_default();
            ending.outcome = Outcome::StartFailed;
            ending.reason = format!("the program {} cannot be executed: {cause}", quoted(program));
            return;
        }
    }
    if tail.has(LAST_WORDS, is_refusal).await {
        ending.explain_sandbox(spec.user_namespaces);
    }
}

/// Tells the end on the bus and in the journal, and writes it down.
async fn conclude(context: &Context, view: &View, mut facts: EndFacts, ending: Ending) {
    let before = view.status();
    // The agent saw the start; the record may only know that there was one.
    if before.started_usec != 0 {
        facts.started_usec = before.started_usec;
    }
    view.status.send_modify(|status| {
        status.state = State::Ended;
        status.started_usec = facts.started_usec;
        status.ended_usec = facts.ended_usec;
        status.ending = Some(ending.clone());
        status.facts = Some(facts.clone());
    });
    context.publisher.changed(view, &before).await;
    journal::state(&view.record.spec, State::Ended, Some(&ending));
    let mut session = view.record.clone();
    session.spec.limits = view.status().limits;
    let record = EndRecord { session, facts, ending };
    let keep = context.settings.current().retention.ended_records;
    if let Err(error) = context.records.finish(&record, keep) {
        tracing::error!(session = %view.id(), %error, "the end of a session could not be recorded");
    }
}

/// Removes what a session left. Goes on after each failure: what stays behind
/// is found by the next start of the agent.
async fn clear_up(context: &Context, view: &View, slice: Option<&mut UnitWatch>) {
    let id = view.id();
    match slice {
        Some(watch) => stop_slice(context, id, Some(watch)).await,
        // While its unit ends, it still needs the files, and records the end.
        None => stop_slice(context, id, context.systemd.watch(&id.slice()).await.ok().as_mut()).await,
    }
    for unit in &view.record.units {
        // Fails for a unit that did not fail, or that systemd forgot: fine.
        let _ = context.systemd.reset_failed(unit).await;
        let _ = context.systemd.unreference(unit).await;
    }
    remove_containers(context, id).await;
    // A display ends after its game, and then records that.
    if let Err(error) = context.records.drop_stray_ends().and(context.files.remove(id)) {
        tracing::warn!(session = %id, %error, "files of an ended session stay behind");
    }
}

/// Writes down what a Windows game has made of its prefix.
async fn settle(context: &Context, view: &View) {
    if view.record.spec.windows.is_none() {
        return;
    }
    let (spec, store) = (view.record.spec.clone(), context.prefixes.clone());
    let directory = context.paths.windows(view.id());
    if let Err(error) = tokio::task::spawn_blocking(move || windows::settle(&spec, &store, &directory)).await {
        tracing::warn!(session = %view.id(), %error, "the use of a prefix is not recorded");
    }
}

/// Removes the containers that the units could not remove, as when systemd ended
/// their clean-up on a host that is too busy.
pub(super) async fn remove_containers(context: &Context, id: SessionId) {
    for role in Role::ALL {
        if !context.files.container_id_file(id, role).exists() {
            continue;
        }
        let container = id.container(role);
        tracing::info!(session = %id, container, "removing the container that an ended session left");
        if let Err(error) = context.podman.remove_container(&container).await {
            tracing::warn!(session = %id, %error, "the container of an ended session stays behind");
        }
    }
}

/// Stops the slice; with a watch on it, waits until it has ended. There may be
/// none.
pub(super) async fn stop_slice(context: &Context, id: SessionId, watch: Option<&mut UnitWatch>) {
    let stopped = context.systemd.stop(&id.slice()).await;
    if let (Ok(job), Some(watch)) = (stopped, watch)
        && tokio::time::timeout(SLICE_DEADLINE, watch.job_over(&job)).await.is_err()
    {
        tracing::warn!(session = %id, "the slice of an ended session does not end");
    }
}
