//! What an agent does before it serves anybody: it finds every session that an
//! agent before it started, and how those ended that ended meanwhile.

use super::finish::{Ends, await_display, end_as, end_recorded, remove_containers, stop_slice};
use super::handle::{Command, Handle, View};
use super::registry::Registry;
use super::task::{Session, Watches};
use super::{Context, Result, Status, systemd_failed};
use crate::clock::{boot_id, now_usec};
use crate::systemd::ServiceStatus;
use crate::windows::{self, Prepared};
use dillinger_runner_core::id::{Role, SessionId};
use dillinger_runner_core::lifecycle::Active;
use dillinger_runner_core::outcome::Outcome;
use dillinger_runner_core::record::SessionRecord;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

impl Registry {
    /// Takes over what is there.
    ///
    /// # Errors
    /// The records cannot be read at all.
    pub async fn adopt(&mut self) -> std::io::Result<()> {
        self.list_ended().await?;
        let mut records = Vec::new();
        for record in self.context().records.sessions()? {
            let id = record.spec.id;
            if self.was_used(id) || is_unstarted(self.context(), &record).await {
                self.context().records.forget(id)?;
            } else {
                records.push(record);
            }
        }
        let known: BTreeSet<SessionId> = records.iter().map(|record| record.spec.id).collect();
        remove_orphans(self.context(), &known).await;
        self.context().records.drop_stray_ends()?;
        for record in records {
            Box::pin(self.adopt_one(record)).await.map_err(std::io::Error::other)?;
        }
        Ok(())
    }

    /// Sessions that ended so shortly ago that they are still listed.
    async fn list_ended(&mut self) -> std::io::Result<()> {
        let keep = self.context().settings.current().retention.ended_objects;
        let now = now_usec();
        let left = |ended_usec: u64| keep.checked_sub(Duration::from_micros(now.saturating_sub(ended_usec)));
        let recent: Vec<_> = self.context().records.ended(|_, usec| left(usec).is_some())?.collect();
        for record in recent {
            let left = left(record.facts.ended_usec).unwrap_or_default();
            self.adopt_ended(record, left).await;
        }
        Ok(())
    }

    async fn adopt_one(&mut self, record: SessionRecord) -> Result<()> {
        let context = self.context().clone();
        let same_boot = record.boot_id == boot_id();
        let status = Status::new(record.spec.limits.clone());
        let (handle, commands) = Handle::new(Arc::new(View::new(record, status)));
        context.publisher.add(&handle).await;
        let view = Arc::clone(&handle.view);
        if same_boot && let Some(session) = live(&context, &view, commands).await? {
            self.adopt_live(session, handle);
            return Ok(());
        }
        if same_boot {
            await_display(&context, &view, None).await;
        }
        match Ends::recorded(&context, view.id()) {
            Some(ends) => end_recorded(&context, &view, ends).await,
            None => end_as(&context, &view, Outcome::Lost, "the host or its user manager went down").await,
        }
        self.keep_ended(handle);
        Ok(())
    }
}

/// An agent was killed before systemd took the start job, and so before
/// anybody heard of the session: the same request may come again.
async fn is_unstarted(context: &Context, record: &SessionRecord) -> bool {
    let id = record.spec.id;
    if record.boot_id != boot_id() || !context.files.has_directory(id) || context.files.was_started(id) {
        return false;
    }
    let Ok(status) = context.systemd.service(&id.game_unit()).await else { return false };
    let status = status.unwrap_or_default();
    let inactive = status.unit().active == Active::Inactive && status.job.is_empty();
    // Looked at last: the unit writes it before it is inactive.
    inactive && Ends::recorded(context, id).is_none()
}

/// The session if systemd runs it.
///
/// # Errors
/// systemd does not say: nothing may be concluded from that, the next agent
/// asks again.
async fn live(context: &Context, view: &Arc<View>, commands: mpsc::Receiver<Command>) -> Result<Option<Session>> {
    let known = context.systemd.service(&view.id().game_unit()).await.map_err(systemd_failed)?;
    let lives = |status: &ServiceStatus| status.unit().active != Active::Inactive || !status.job.is_empty();
    if !known.as_ref().is_some_and(lives) {
        return Ok(None);
    }
    let watches = Watches::open(context, &view.record.spec).await?;
    let mut session = Session::attach(context.clone(), Arc::clone(view), commands, watches).await?;
    session.held = relock(context, view).await;
    Ok(session.take_over().await.then_some(session))
}

async fn relock(context: &Context, view: &View) -> Prepared {
    let (spec, store, saves) = (view.record.spec.clone(), context.prefixes.clone(), context.saves.clone());
    tokio::task::spawn_blocking(move || windows::relock(&spec, &store, &saves)).await.unwrap_or_default()
}

/// Units and files of ours without a record: an agent was killed while it made
/// or removed them.
async fn remove_orphans(context: &Context, known: &BTreeSet<SessionId>) {
    let loaded = context.systemd.list("dillinger-session-*").await.unwrap_or_default();
    let loaded = loaded.into_iter().filter_map(|(unit, _)| SessionId::of_unit(&unit));
    let orphans: BTreeSet<SessionId> = loaded.chain(context.files.present()).filter(|id| !known.contains(id)).collect();
    for id in orphans {
        tracing::info!(session = %id, "removing units of a session without a record");
        // While it ends, its unit still needs the files, and records the end.
        let mut watch = context.systemd.watch(&id.slice()).await.ok();
        stop_slice(context, id, watch.as_mut()).await;
        // Fails for a unit that did not fail, or that systemd forgot: fine.
        for role in Role::ALL {
            let _ = context.systemd.reset_failed(&id.unit(role)).await;
        }
        remove_containers(context, id).await;
        if let Err(error) = context.records.forget(id).and(context.files.remove(id)) {
            tracing::warn!(session = %id, %error, "files without a session stay behind");
        }
    }
}
