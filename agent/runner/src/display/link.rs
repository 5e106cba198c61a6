//! One connection to a streamer.
//!
//! Each message has a bound ([`super::framing`]), and so has the number of those that wait: the signals below, and one
//! answer to each call that waits for one. That is what a streamer that was taken over can make the agent hold.

use super::handshake::shake_hands;
use super::socket::Bounded;
use super::told::clipped;
use dillinger_runner_api::streamer::{self, StreamerProxy};
use dillinger_runner_api::{Dict, Error};
use dillinger_runner_core::id::SessionId;
use std::future::Future;
use std::num::NonZero;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::timeout;
use zbus::message::Type;
use zbus::names::InterfaceName;
use zbus::proxy::CacheProperties;
use zbus::{Connection, MatchRule, MessageStream};

/// A call that takes longer has failed. Encoding a large picture as PNG on a slow processor takes seconds.
const CALL: Duration = Duration::from_secs(10);
/// Signals that wait; with more, reading from the streamer waits, answers to calls included.
const SIGNALS: NonZero<usize> = NonZero::new(8).unwrap();

/// A connection to the streamer of one session. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Link {
    id: SessionId,
    pub(super) streamer: StreamerProxy<'static>,
    properties: zbus::fdo::PropertiesProxy<'static>,
}

impl Link {
    /// Shakes hands; gives the link and what the streamer tells from now on.
    pub(super) async fn open(id: SessionId, stream: UnixStream) -> Result<(Self, MessageStream), Error> {
        let late = |_| Error::DisplayUnavailable("it does not shake hands in time".to_owned());
        let connection = timeout(CALL, connect(stream)).await.map_err(late)??;
        let (link, signals) = Self::on(id, &connection).await.map_err(failed)?;
        let version = link.call(link.streamer.hello()).await?;
        if version == streamer::VERSION {
            return Ok((link, signals));
        }
        let expected = streamer::VERSION;
        Err(Error::DisplayUnavailable(format!("its streamer speaks version {version}, expected {expected}")))
    }

    async fn on(id: SessionId, connection: &Connection) -> zbus::Result<(Self, MessageStream)> {
        let rule = MatchRule::builder().msg_type(Type::Signal).path(streamer::PATH).build()?;
        let signals = MessageStream::for_match_rule(rule, connection, Some(SIGNALS)).await?;
        let streamer = StreamerProxy::builder(connection).cache_properties(CacheProperties::No).build().await?;
        let properties = zbus::fdo::PropertiesProxy::builder(connection)
            .destination(streamer::INTERFACE)
            .path(streamer::PATH)
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        Ok((Self { id, streamer, properties }, signals))
    }

    /// Awaits a call, within bounds.
    pub(super) async fn call<T>(&self, call: impl Future<Output = Result<T, streamer::Error>>) -> Result<T, Error> {
        let late = || format!("the display of session {} has not answered for {} s", self.id, CALL.as_secs());
        match timeout(CALL, call).await {
            Ok(result) => result.map_err(|error| self.failed(error)),
            Err(_) => Err(Error::DisplayUnavailable(late())),
        }
    }

    /// All properties.
    pub(super) async fn properties(&self, within: Duration) -> Option<Dict> {
        let interface = InterfaceName::from_static_str(streamer::INTERFACE).ok()?;
        timeout(within, self.properties.get_all(interface)).await.ok()?.ok()
    }

    fn failed(&self, error: streamer::Error) -> Error {
        match error {
            streamer::Error::InvalidOffer(text) => Error::InvalidRequest(format!("offer: {}", clipped(&text))),
            streamer::Error::NoSuchViewer(text) => Error::InvalidRequest(format!("viewer: {}", clipped(&text))),
            streamer::Error::InvalidRequest(text) => Error::InvalidRequest(clipped(&text)),
            streamer::Error::Busy(text) => Error::Busy(clipped(&text)),
            streamer::Error::Failed(text) => {
                Error::DisplayUnavailable(format!("the display of session {}: {}", self.id, clipped(&text)))
            }
            streamer::Error::ZBus(error) => {
                let text = clipped(&error.to_string());
                Error::DisplayUnavailable(format!("the display of session {} does not answer: {text}", self.id))
            }
        }
    }
}

async fn connect(mut stream: UnixStream) -> Result<Connection, Error> {
    let guid = zbus::Guid::generate();
    let shaken = shake_hands(&mut stream, guid.as_str()).await;
    shaken.map_err(|error| Error::DisplayUnavailable(error.to_string()))?;
    let connection = zbus::connection::Builder::authenticated_socket(Bounded::new(stream), guid).p2p();
    connection.build().await.map_err(failed)
}

#[allow(clippy::needless_pass_by_value, reason = "the form of a map_err function")]
fn failed(error: zbus::Error) -> Error {
    Error::DisplayUnavailable(clipped(&error.to_string()))
}
