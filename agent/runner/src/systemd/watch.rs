//! What systemd tells of one unit. The match rules name the unit, so that the
//! bus wakes the agent for its own units only.

use super::properties::{number, text};
use super::{Properties, SYSTEMD};
use futures_util::StreamExt;
use futures_util::future::try_join;
use zbus::message::Type;
use zbus::{Connection, MatchRule, Message, MessageStream, OwnedObjectPath};

/// The result of a job, in systemd's word: `done`, `failed`, `canceled`, …
pub type JobResult = String;

/// One thing that systemd told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitEvent {
    /// Properties changed; these are the new values that were sent.
    Changed {
        /// `ActiveState`, if it was sent.
        active_state: Option<String>,
        /// `FreezerState`, if it was sent.
        freezer_state: Option<String>,
        /// `ActiveEnterTimestamp` in µs, 0 if it was not sent.
        active_enter_usec: u64,
    },
    /// A job on the unit is over.
    JobRemoved(JobResult),
}

/// A watch on one unit; it ends with its value.
#[derive(Debug)]
pub struct UnitWatch {
    changes: MessageStream,
    jobs: MessageStream,
}

impl UnitWatch {
    pub(super) async fn new(connection: &Connection, unit: &str) -> zbus::Result<Self> {
        let changes = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(SYSTEMD)
            .path(unit_path(unit))
            .interface("org.freedesktop.DBus.Properties")
            .member("PropertiesChanged")
            .arg(0, "org.freedesktop.systemd1.Unit")
            .build()?;
        let jobs = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(SYSTEMD)
            .interface("org.freedesktop.systemd1.Manager")
            .member("JobRemoved")
            .arg(2, unit)
            .build()?;
        let stream = |rule| MessageStream::for_match_rule(rule, connection, None);
        let (changes, jobs) = try_join(stream(changes), stream(jobs)).await?;
        Ok(Self { changes, jobs })
    }

    /// The next event; `None` when the connection is gone. Cancelling loses
    /// nothing.
    pub async fn next(&mut self) -> Option<UnitEvent> {
        loop {
            // What changed before a job ended is told first, or a state would be skipped.
            let event = tokio::select! {
                biased;
                message = self.changes.next() => message?.ok().as_ref().and_then(changed),
                message = self.jobs.next() => message?.ok().as_ref().and_then(job_removed),
            };
            if event.is_some() {
                return event;
            }
        }
    }

    /// Returns when this job on the unit is over, or the connection gone. What was
    /// told of others before is passed over.
    pub async fn job_over(&mut self, job: &OwnedObjectPath) {
        while let Some(message) = self.jobs.next().await {
            if message.is_ok_and(|message| removed_job(&message).is_some_and(|(path, _)| path == *job)) {
                return;
            }
        }
    }
}

fn changed(message: &Message) -> Option<UnitEvent> {
    let body = message.body();
    let (_, changed, _): (String, Properties, Vec<String>) = body.deserialize().ok()?;
    let value = |name| Some(text(&changed, name)).filter(|text| !text.is_empty());
    let (active_state, freezer_state) = (value("ActiveState"), value("FreezerState"));
    if active_state.is_none() && freezer_state.is_none() {
        return None;
    }
    Some(UnitEvent::Changed {
        active_state,
        freezer_state,
        active_enter_usec: number(&changed, "ActiveEnterTimestamp"),
    })
}

fn job_removed(message: &Message) -> Option<UnitEvent> {
    removed_job(message).map(|(_, result)| UnitEvent::JobRemoved(result))
}

fn removed_job(message: &Message) -> Option<(OwnedObjectPath, JobResult)> {
    let body = message.body();
    let (_, job, _, result): (u32, OwnedObjectPath, String, String) = body.deserialize().ok()?;
    Some((job, result))
}

/// The object path of a unit: systemd writes every byte that is no letter or
/// digit as `_` and two hexadecimal digits.
pub(crate) fn unit_path(unit: &str) -> String {
    let label: String = unit
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("_{byte:02x}") })
        .collect();
    format!("/org/freedesktop/systemd1/unit/{label}")
}

#[cfg(test)]
mod tests {
    use super::unit_path;

    #[test]
    fn paths_are_escaped_as_systemd_does() {
        let path = "/org/freedesktop/systemd1/unit/dillinger_2dsession_2d2f_2eservice";
        assert_eq!(unit_path("dillinger-session-2f.service"), path);
    }
}
