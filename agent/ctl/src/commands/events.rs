//! `events`

use crate::client::Connector;
use crate::exit::Failure;
use crate::output::{Output, Style, printable};
use dillinger_runner_api::wire::json;
use dillinger_runner_api::{Dict, names, text};
use futures_util::StreamExt;
use serde_json::{Map, Value};
use std::time::{SystemTime, UNIX_EPOCH};
use zbus::message::Type;
use zbus::{MatchRule, Message, MessageStream, OwnedObjectPath};

pub(super) async fn events(agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let client = agent.client().await?;
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(names::BUS_NAME)
        .path_namespace(names::MANAGER_PATH)
        .build()?;
    let mut messages = MessageStream::for_match_rule(rule, &client.connection, None).await?;
    // Starts the agent if it does not run, and fails here if it cannot.
    client.manager.list_sessions().await?;
    while let Some(message) = messages.next().await {
        if let Some(event) = Event::read(&message?) {
            event.show(output)?;
        }
    }
    Err(Failure::Unreachable("the connection to the agent has broken".to_owned()))
}

/// Something that happened to a session or to a job.
#[derive(Debug, PartialEq)]
struct Event {
    what: &'static str,
    id: String,
    facts: Map<String, Value>,
}

impl Event {
    fn read(message: &Message) -> Option<Self> {
        let header = message.header();
        let (interface, member) = (header.interface()?.as_str(), header.member()?.as_str());
        let body = message.body();
        let facts = |outcome: Option<String>| outcome.into_iter().map(|text| ("Outcome".to_owned(), text.into()));
        match (interface, member) {
            (names::MANAGER_INTERFACE, "SessionAdded") => {
                let (id, _): (String, OwnedObjectPath) = body.deserialize().ok()?;
                Some(Self { what: "added", id, facts: facts(None).collect() })
            }
            (names::MANAGER_INTERFACE, "SessionRemoved") => {
                let (id, _, outcome): (String, OwnedObjectPath, String) = body.deserialize().ok()?;
                Some(Self { what: "removed", id, facts: facts(Some(outcome)).collect() })
            }
            ("org.freedesktop.DBus.Properties", "PropertiesChanged") => {
                let (_, changed, _): (String, Dict, Vec<String>) = body.deserialize().ok()?;
                Self::changed(header.path()?.as_str(), &changed)
            }
            _ => None,
        }
    }

    fn changed(path: &str, changed: &Dict) -> Option<Self> {
        let (what, id) = match (names::session_id(path), names::job_number(path)) {
            (Some(id), _) => ("session", id.to_owned()),
            (None, Some(number)) => ("job", number.to_string()),
            (None, None) => return None,
        };
        // Bytes of a pull would drown the rest.
        let told = |name: &String| !matches!(name.as_str(), "Progress" | "BytesDone" | "BytesTotal");
        let facts: Map<String, Value> =
            changed.iter().filter(|(name, _)| told(name)).map(|(name, value)| (name.clone(), json(value))).collect();
        (!facts.is_empty()).then_some(Self { what, id, facts })
    }

    fn show(self, output: &mut Output) -> Result<(), Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        if output.json {
            let mut object = self.facts;
            object.insert("Event".to_owned(), self.what.into());
            object.insert("Id".to_owned(), self.id.into());
            object.insert("Timestamp".to_owned(), now.into());
            return output.line(&Value::from(object).to_string());
        }
        let facts: Vec<String> = self.facts.iter().map(|(name, value)| fact(name, value, output)).collect();
        output.line(&format!("{} {} {} {}", text::clock_time(now), self.what, self.id, facts.join(" ")))
    }
}

fn fact(name: &str, value: &Value, output: &Output) -> String {
    let text = match value {
        Value::String(text) => text::quote_word(&printable(text)),
        other => other.to_string(),
    };
    let style = if matches!(name, "State" | "Outcome") { Style::of(&text) } else { Style::Plain };
    format!("{name}={}", output.styled(style, &text))
}
