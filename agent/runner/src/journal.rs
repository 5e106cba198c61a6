//! The agent's journal entries about sessions, with the fields that a reader
//! can match (systemd.journal-fields(7)).
//!
//! They go to journald's socket directly, since they carry fields of their own
//! per entry. State is never read back from them.

use dillinger_runner_core::lifecycle::State;
use dillinger_runner_core::message_id;
use dillinger_runner_core::outcome::Ending;
use dillinger_runner_core::spec::SessionSpec;
use libsystemd::logging::{Priority, journal_send};

/// Writes that a session reached a state.
pub fn state(spec: &SessionSpec, state: State, ending: Option<&Ending>) {
    let outcome = ending.map(|ending| ending.outcome);
    let unit = spec.id.game_unit();
    let title = if spec.title.is_empty() { spec.game_id.as_str() } else { spec.title.as_str() };
    let message = match ending {
        Some(ending) => format!("session {} {}: {}", spec.id, ending.outcome.as_str(), ending.reason),
        None => format!("session {} is {}", spec.id, state.as_str()),
    };
    let priority = match outcome {
        None => Priority::Info,
        Some(outcome) => priority(outcome),
    };
    let mut fields = vec![
        ("MESSAGE_ID", message_id::of_state(state, outcome).to_owned()),
        ("DILLINGER_STATE", state.as_str().to_owned()),
        ("DILLINGER_TITLE", title.to_owned()),
    ];
    if let Some(ending) = ending {
        fields.push(("DILLINGER_OUTCOME", ending.outcome.as_str().to_owned()));
        fields.push(("DILLINGER_EXIT_STATUS", ending.exit_status.to_string()));
        fields.push(("DILLINGER_REASON", ending.reason.clone()));
    }
    fields.extend(of_session(spec, unit));
    send(priority, &message, fields);
}

/// Writes that limits of a session changed.
pub fn limits_changed(spec: &SessionSpec, changes: &str) {
    let mut fields = vec![("MESSAGE_ID", message_id::SESSION_LIMITS_CHANGED.to_owned())];
    fields.extend(of_session(spec, spec.id.game_unit()));
    send(Priority::Notice, &format!("session {} has new limits: {changes}", spec.id), fields);
}

/// Writes that the settings files have problems.
pub fn settings_rejected(problems: &str) {
    let fields =
        vec![("MESSAGE_ID", message_id::SETTINGS_REJECTED.to_owned()), ("DILLINGER_PROBLEMS", problems.to_owned())];
    send(Priority::Error, &format!("settings rejected, the last good ones stay in force: {problems}"), fields);
}

/// Writes that an image is ready.
pub fn image_prepared(image: &str) {
    let fields = vec![("MESSAGE_ID", message_id::IMAGE_PREPARED.to_owned()), ("DILLINGER_IMAGE", image.to_owned())];
    send(Priority::Info, &format!("image {image} is ready"), fields);
}

fn of_session(spec: &SessionSpec, unit: String) -> Vec<(&'static str, String)> {
    vec![
        ("DILLINGER_SESSION_ID", spec.id.to_string()),
        ("DILLINGER_GAME_ID", spec.game_id.clone()),
        ("USER_UNIT", unit),
    ]
}

fn priority(outcome: dillinger_runner_core::outcome::Outcome) -> Priority {
    use dillinger_runner_core::outcome::Outcome;
    match outcome {
        Outcome::Exited | Outcome::Stopped => Priority::Info,
        Outcome::Timeout | Outcome::Killed => Priority::Notice,
        Outcome::Failed | Outcome::OomKill | Outcome::DisplayFailed | Outcome::Lost => Priority::Warning,
        Outcome::StartFailed => Priority::Error,
    }
}

fn send(priority: Priority, message: &str, fields: Vec<(&'static str, String)>) {
    let fields = fields.into_iter().chain([("SYSLOG_IDENTIFIER", "dillinger-runner".to_owned())]);
    if let Err(error) = journal_send(priority, message, fields) {
        tracing::warn!(%error, "an entry could not be written to the journal");
    }
}
