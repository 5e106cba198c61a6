//! Following the properties of an object until something is true.

use crate::client::{Client, SessionRef};
use crate::exit::{End, Failure};
use crate::properties::text_of;
use dillinger_runner_api::proxy::Options;
use dillinger_runner_api::{Dict, names};
use futures_util::StreamExt;
use zbus::fdo::{self, PropertiesChangedStream, PropertiesProxy};
use zbus::names::InterfaceName;
use zbus::proxy::OwnerChangedStream;

/// The properties of one interface of an object, kept up to date.
pub(crate) struct Watch {
    properties: PropertiesProxy<'static>,
    interface: &'static str,
    changes: PropertiesChangedStream,
    /// Changes of the agent's process: signals may have been lost. There are none without a bus.
    owners: Option<OwnerChangedStream<'static>>,
    /// The properties as they are; `None` when the object is gone.
    pub(crate) current: Option<Dict>,
    /// How often the agent has answered again after it had gone.
    pub(crate) restarts: u32,
    /// The agent has gone or come, and has not answered since.
    interrupted: bool,
    /// Something has changed that `current` does not have yet.
    stale: bool,
}

impl Watch {
    /// Subscribes first and reads then, so that no change is missed.
    pub(crate) async fn new(
        client: &Client,
        path: &zbus::OwnedObjectPath,
        interface: &'static str,
    ) -> Result<Self, Failure> {
        let properties = client.properties_of(path).await?;
        let changes = properties.receive_properties_changed().await?;
        let on_bus = client.connection.is_bus();
        let owners = if on_bus { Some(client.manager.inner().receive_owner_changed().await?) } else { None };
        let mut watch = Self {
            properties,
            interface,
            changes,
            owners,
            current: None,
            restarts: 0,
            interrupted: false,
            stale: false,
        };
        watch.read().await?;
        Ok(watch)
    }

    async fn read(&mut self) -> Result<(), Failure> {
        let interface = InterfaceName::from_static_str_unchecked(self.interface);
        self.current = match self.properties.get_all(interface).await {
            Ok(all) => Some(all),
            Err(fdo::Error::UnknownObject(_) | fdo::Error::UnknownInterface(_) | fdo::Error::UnknownMethod(_)) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(())
    }

    /// Waits until something has changed, and takes it over. When it is dropped in between, the
    /// next call goes on from there.
    pub(crate) async fn changed(&mut self) -> Result<(), Failure> {
        loop {
            while !self.stale {
                self.stale = self.notice().await?;
            }
            match self.read().await {
                // The game goes on without the agent; its return will be noticed.
                Err(Failure::Unreachable(_)) if self.owners.is_some() => self.stale = self.notice().await?,
                Err(failure) => return Err(failure),
                Ok(()) => break,
            }
        }
        self.restarts = self.restarts.saturating_add(u32::from(self.interrupted));
        (self.interrupted, self.stale) = (false, false);
        Ok(())
    }

    /// Waits for a message; true if it is about the properties.
    async fn notice(&mut self) -> Result<bool, Failure> {
        let owner = async {
            match &mut self.owners {
                Some(owners) => owners.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            change = self.changes.next() => match change {
                Some(change) => Ok(change.args().is_ok_and(|args| args.interface_name() == self.interface)),
                None => Err(Failure::Unreachable("the connection to the agent has broken".to_owned())),
            },
            // An agent that has gone is started again by the next call, if the bus can, and knows
            // what happened.
            _ = owner => {
                self.interrupted = true;
                Ok(true)
            }
        }
    }

    /// True if the property `State` has this value, or the object is gone.
    pub(crate) fn has_state(&self, state: &str) -> bool {
        self.current.as_ref().is_none_or(|dict| text_of(dict, "State") == state)
    }
}

/// How a session ended, from its last properties or, when its object is gone, from its record.
pub(crate) async fn end_of(client: &Client, session: &SessionRef, watch: &Watch) -> Result<End, Failure> {
    if let Some(properties) = &watch.current {
        return Ok(End::from_dict(properties));
    }
    let options = Options::from([("Id", session.id.as_str().into())]);
    let records = client.manager.list_ended(&options).await?;
    let record = records.first().map(End::from_dict);
    record.ok_or_else(|| Failure::NoSuchSession(format!("nothing is known of the end of session {}", session.id)))
}

/// Waits for the end of a session.
pub(crate) async fn wait_for_end(client: &Client, session: &SessionRef) -> Result<End, Failure> {
    let mut watch = Watch::new(client, &session.path, names::SESSION_INTERFACE).await?;
    while !watch.has_state("ended") {
        watch.changed().await?;
    }
    end_of(client, session, &watch).await
}
