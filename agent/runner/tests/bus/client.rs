//! A client of the agent, and what it is told.

use crate::world::DEADLINE;
use dillinger_runner_api::proxy::{ManagerProxy, Options, SessionProxy};
use dillinger_runner_api::{Dict, Error, names};
use futures_util::StreamExt;
use std::collections::BTreeMap;
use tokio::time::timeout;
use zbus::message::Type;
use zbus::proxy::CacheProperties;
use zbus::{Connection, MatchRule, Message, MessageStream, OwnedObjectPath, Variant};

pub(crate) const ID: &str = "0123456789abcdef0123456789abcdef";

/// A client with a connection of its own.
pub(crate) struct Client {
    pub(crate) bus: Connection,
    pub(crate) manager: ManagerProxy<'static>,
}

/// The smallest request.
pub(crate) fn request() -> Options<'static> {
    Options::from([("Command", Variant::from(vec!["/bin/true"])), ("Library", Variant::from(""))])
}

/// The smallest request with an id of the caller's.
pub(crate) fn request_with_id() -> Options<'static> {
    let mut request = request();
    request.insert("Id", ID.into());
    request
}

impl Client {
    pub(crate) async fn new(address: &str) -> Self {
        let bus = zbus::connection::Builder::address(address).method_timeout(DEADLINE).build().await.unwrap();
        let manager = ManagerProxy::builder(&bus).cache_properties(CacheProperties::No).build().await.unwrap();
        Self { bus, manager }
    }

    /// Waits until an agent has its name, or nobody has.
    pub(crate) async fn agent_is_there(&self, there: bool) {
        let dbus = zbus::fdo::DBusProxy::new(&self.bus).await.unwrap();
        let mut changes = dbus.receive_name_owner_changed_with_args(&[(0, names::BUS_NAME)]).await.unwrap();
        let wait = async {
            while dbus.name_has_owner(names::BUS_NAME.try_into().unwrap()).await.unwrap() != there {
                changes.next().await;
            }
        };
        timeout(DEADLINE, wait).await.expect("the agent's name did not come or go");
    }

    /// Starts a session.
    pub(crate) async fn start(&self, request: &Options<'_>) -> Result<Session, Error> {
        let path = self.manager.start_session(request).await?;
        Ok(self.session(&path).await)
    }

    pub(crate) async fn session(&self, path: &OwnedObjectPath) -> Session {
        let proxy = SessionProxy::builder(&self.bus).path(path.clone());
        let proxy = proxy.cache_properties(CacheProperties::No).build().await.unwrap();
        let id = names::session_id(path.as_str()).unwrap().to_owned();
        Session { unit: format!("dillinger-session-{id}.service"), id, path: path.clone(), proxy }
    }

    /// Everything that the agent tells from now on.
    pub(crate) async fn events(&self) -> Events {
        let rule = MatchRule::builder().msg_type(Type::Signal).sender(names::BUS_NAME);
        let rule = rule.path_namespace(names::MANAGER_PATH).build().unwrap();
        Events { stream: MessageStream::for_match_rule(rule, &self.bus, Some(4096.try_into().unwrap())).await.unwrap() }
    }

    /// The record of an ended session.
    pub(crate) async fn ended(&self, id: &str) -> Option<Dict> {
        let options = Options::from([("Id", id.into())]);
        self.manager.list_ended(&options).await.unwrap().pop()
    }
}

/// A session and its unit.
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) unit: String,
    pub(crate) path: OwnedObjectPath,
    pub(crate) proxy: SessionProxy<'static>,
}

/// One signal of the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// Properties of a session changed; values in words.
    Changed(String, BTreeMap<String, String>),
    Added(String),
    Removed(String, String),
    InterfacesAdded(String, Vec<String>),
    InterfacesRemoved(String, Vec<String>),
    ViewerConnected(String),
    ViewerDisconnected(String, String),
}

/// The signals of the agent.
pub(crate) struct Events {
    stream: MessageStream,
}

impl Events {
    pub(crate) async fn next(&mut self) -> Event {
        loop {
            let message = timeout(DEADLINE, self.stream.next()).await.expect("the agent tells nothing more");
            if let Some(event) = event(&message.unwrap().unwrap()) {
                return event;
            }
        }
    }

    /// All events up to the first that `last` accepts.
    pub(crate) async fn until(&mut self, last: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            events.push(self.next().await);
            if events.last().is_some_and(&last) {
                return events;
            }
        }
    }

    /// All events up to the one that tells this state of a session.
    pub(crate) async fn until_state(&mut self, state: &str) -> Vec<Event> {
        self.until(|event| event.state() == Some(state)).await
    }
}

impl Event {
    /// The state that it tells.
    pub(crate) fn state(&self) -> Option<&str> {
        match self {
            Self::Changed(_, values) => values.get("State").map(String::as_str),
            _ => None,
        }
    }

    /// The viewer that comes or goes.
    pub(crate) fn viewer(&self) -> Option<&str> {
        match self {
            Self::ViewerConnected(viewer) | Self::ViewerDisconnected(viewer, _) => Some(viewer),
            _ => None,
        }
    }

    /// Names of the properties that it tells.
    pub(crate) fn keys(&self) -> Vec<&str> {
        match self {
            Self::Changed(_, values) => values.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

fn event(message: &Message) -> Option<Event> {
    let (header, body) = (message.header(), message.body());
    let path = header.path()?.to_string();
    let own = |names: Vec<String>| names.into_iter().filter(|name| name.starts_with(names::BUS_NAME)).collect();
    match header.member()?.as_str() {
        "PropertiesChanged" => {
            let (interface, changed, invalidated): (String, Dict, Vec<String>) = body.deserialize().unwrap();
            assert!(invalidated.is_empty() && interface.starts_with(names::BUS_NAME));
            Some(Event::Changed(path, changed.iter().map(|(key, value)| (key.clone(), words(value))).collect()))
        }
        "SessionAdded" => {
            let (id, path): (String, OwnedObjectPath) = body.deserialize().unwrap();
            assert_eq!(names::session_id(path.as_str()), Some(id.as_str()));
            Some(Event::Added(id))
        }
        "SessionRemoved" => {
            let (id, path, outcome): (String, OwnedObjectPath, String) = body.deserialize().unwrap();
            assert_eq!(names::session_id(path.as_str()), Some(id.as_str()));
            Some(Event::Removed(id, outcome))
        }
        "InterfacesAdded" => {
            let (path, interfaces): (OwnedObjectPath, BTreeMap<String, Dict>) = body.deserialize().unwrap();
            Some(Event::InterfacesAdded(path.to_string(), own(interfaces.into_keys().collect())))
        }
        "InterfacesRemoved" => {
            let (path, interfaces): (OwnedObjectPath, Vec<String>) = body.deserialize().unwrap();
            Some(Event::InterfacesRemoved(path.to_string(), own(interfaces)))
        }
        "ViewerConnected" => Some(Event::ViewerConnected(body.deserialize().unwrap())),
        "ViewerDisconnected" => {
            let (viewer, reason) = body.deserialize().unwrap();
            Some(Event::ViewerDisconnected(viewer, reason))
        }
        other => panic!("an unknown signal {other}"),
    }
}

/// A value in words.
pub(crate) fn words(value: &Variant<'_>) -> String {
    match value {
        Variant::Str(text) => text.to_string(),
        Variant::U64(number) => number.to_string(),
        Variant::I32(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}
