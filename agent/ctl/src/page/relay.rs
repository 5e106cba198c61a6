//! What the page asks of the session, and what it answers: the one exchange, from JSON to D-Bus and back.

use crate::client::Client;
use crate::exit::Failure;
use dillinger_runner_api::proxy::Options;
use dillinger_runner_api::{Error, names};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use zbus::OwnedObjectPath;
use zbus::proxy::CacheProperties;

/// What viewers are called whose page says nothing.
const NAME: &str = "dillingerctl";

/// The page's side of the exchange.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Request {
    /// A new viewer.
    Connect(Offer),
    /// A viewer has gone.
    Disconnect {
        /// Its id.
        disconnect: String,
    },
}

/// An offer with what the viewer wishes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Offer {
    #[serde(rename = "offer")]
    sdp: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    keyboard_layout: String,
}

/// What every viewer of a page is, whatever the page says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Viewer {
    /// Input is ignored.
    pub(crate) spectator: bool,
    /// Keyboard layout that the page begins with; empty for the streamer's own.
    pub(crate) keyboard_layout: String,
}

/// The way to one session.
#[derive(Debug)]
pub(crate) struct Relay {
    stream: zbus::Proxy<'static>,
    viewer: Viewer,
    /// The viewers that came by this page and have not left.
    viewers: Mutex<BTreeSet<String>>,
}

impl Relay {
    /// To the session with this path.
    pub(crate) async fn new(client: &Client, path: &OwnedObjectPath, viewer: Viewer) -> Result<Self, Failure> {
        let stream: zbus::Proxy<'static> = zbus::proxy::Builder::new(&client.connection)
            .destination(names::BUS_NAME)
            .path(path.clone())
            .interface(names::STREAM_INTERFACE)
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        Ok(Self { stream, viewer, viewers: Mutex::default() })
    }

    /// What the page begins with.
    pub(crate) fn beginning(&self, title: &str) -> Value {
        let role = if self.viewer.spectator { "spectator" } else { "player" };
        json!({ "title": title, "role": role, "keyboardLayout": self.viewer.keyboard_layout })
    }

    /// Does what the page asks for.
    pub(crate) async fn exchange(&self, request: Request) -> Result<Value, Error> {
        match request {
            Request::Connect(offer) => self.connect(&offer).await,
            Request::Disconnect { disconnect } => self.disconnect(&disconnect).await,
        }
    }

    async fn connect(&self, offer: &Offer) -> Result<Value, Error> {
        let spectator = self.viewer.spectator || offer.role == "spectator";
        let name = if offer.name.is_empty() { NAME } else { &offer.name };
        let role = if spectator { "spectator" } else { "player" };
        let mut options = Options::from([("Role", role.into()), ("Name", name.into())]);
        if !offer.keyboard_layout.is_empty() {
            options.insert("KeyboardLayout", offer.keyboard_layout.as_str().into());
        }
        let (viewer, answer): (String, String) = self.stream.call("Connect", &(&offer.sdp, options)).await?;
        self.viewers().insert(viewer.clone());
        Ok(json!({ "viewer": viewer, "answer": answer }))
    }

    /// A page may send away its own viewers only.
    async fn disconnect(&self, viewer: &str) -> Result<Value, Error> {
        if self.viewers().remove(viewer) {
            let () = self.stream.call("Disconnect", &viewer).await?;
        }
        Ok(json!({}))
    }

    /// Sends all viewers of this page away. Those that have gone already are no failure.
    pub(crate) async fn disconnect_all(&self) {
        let viewers = std::mem::take(&mut *self.viewers());
        for viewer in viewers {
            let _: Result<(), zbus::Error> = self.stream.call("Disconnect", &viewer).await;
        }
    }

    fn viewers(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.viewers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The status of HTTP for an error of the agent, by its short name.
pub(crate) fn status(error: &Error) -> u16 {
    match error.short_name().as_str() {
        "NoSuchSession" => 410,
        "InvalidRequest" | "UnknownKey" => 400,
        "NotAuthorized" => 403,
        "Busy" | "LimitExceeded" => 503,
        "Unsupported" => 501,
        name => match name.strip_prefix("org.freedesktop.DBus.Error.") {
            // The object has gone with the session, or never had a display.
            Some("UnknownObject" | "UnknownInterface" | "UnknownMethod") => 410,
            _ => 502,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_apart() {
        let request = |text| serde_json::from_str::<Request>(text);
        assert!(matches!(request(r#"{"disconnect":"7"}"#).unwrap(), Request::Disconnect { .. }));
        let Request::Connect(offer) = request(r#"{"offer":"v=0","keyboardLayout":"de"}"#).unwrap() else {
            panic!("an offer is an offer");
        };
        assert_eq!((offer.sdp.as_str(), offer.keyboard_layout.as_str(), offer.role.as_str()), ("v=0", "de", ""));
        for wrong in ["", "{}", "[]", r#"{"offer":7}"#, r#"{"offer":"v=0","role":[]}"#] {
            assert!(request(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn errors_have_a_status() {
        let unknown = zbus::Error::from(zbus::fdo::Error::UnknownObject("gone".to_owned()));
        for (error, code) in [
            (Error::NoSuchSession(String::new()), 410),
            (Error::InvalidRequest(String::new()), 400),
            (Error::Busy(String::new()), 503),
            (Error::Unsupported(String::new()), 501),
            (Error::from(unknown), 410),
            (Error::SystemdFailed(String::new()), 502),
        ] {
            assert_eq!(status(&error), code, "{error:?}");
        }
    }
}
