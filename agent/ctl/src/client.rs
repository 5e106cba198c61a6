//! The agent as commands see it.

use crate::exit::Failure;
use crate::properties::text_of;
use dillinger_runner_api::{Dict, names, proxy};
use zbus::fdo::PropertiesProxy;
use zbus::names::InterfaceName;
use zbus::proxy::CacheProperties;
use zbus::{Connection, OwnedObjectPath};

/// The shortest beginning of an id that names a session.
const PREFIX_MIN: usize = 4;

/// How to come by a [`Client`]. A command connects only when its arguments are right.
#[derive(Debug)]
pub enum Connector {
    /// The session bus of the process.
    SessionBus,
    /// A connection that is there.
    Ready(Connection),
}

impl Connector {
    /// The agent.
    pub async fn client(&self) -> Result<Client, Failure> {
        let connection = match self {
            Self::SessionBus => Connection::session().await?,
            Self::Ready(connection) => connection.clone(),
        };
        let manager = proxy::ManagerProxy::builder(&connection).cache_properties(CacheProperties::No).build().await?;
        Ok(Client { connection, manager })
    }
}

/// A connection to the agent.
#[derive(Debug, Clone)]
pub struct Client {
    /// The connection.
    pub connection: Connection,
    /// Its manager.
    pub manager: proxy::ManagerProxy<'static>,
}

/// A session by both of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRef {
    /// Canonical id.
    pub id: String,
    /// Object path.
    pub path: OwnedObjectPath,
}

impl Client {
    /// The session with this object path.
    pub async fn session(&self, path: &OwnedObjectPath) -> Result<proxy::SessionProxy<'static>, Failure> {
        let builder = proxy::SessionProxy::builder(&self.connection).path(path.clone());
        Ok(builder.cache_properties(CacheProperties::No).build().await?)
    }

    /// The display of the streamed session with this object path.
    pub async fn stream(&self, path: &OwnedObjectPath) -> Result<proxy::StreamProxy<'static>, Failure> {
        let builder = proxy::StreamProxy::builder(&self.connection).path(path.clone());
        Ok(builder.cache_properties(CacheProperties::No).build().await?)
    }

    /// The prefixes of Windows games.
    pub async fn prefixes(&self) -> Result<proxy::PrefixesProxy<'static>, Failure> {
        Ok(proxy::PrefixesProxy::builder(&self.connection).cache_properties(CacheProperties::No).build().await?)
    }

    /// The saves.
    pub async fn saves(&self) -> Result<proxy::SavesProxy<'static>, Failure> {
        Ok(proxy::SavesProxy::builder(&self.connection).cache_properties(CacheProperties::No).build().await?)
    }

    /// All properties of the display of a streamed session.
    pub async fn stream_properties(&self, path: &OwnedObjectPath) -> Result<Dict, Failure> {
        let interface = InterfaceName::from_static_str_unchecked(names::STREAM_INTERFACE);
        Ok(self.properties_of(path).await?.get_all(interface).await?)
    }

    /// The properties interface of an object.
    pub async fn properties_of(&self, path: &OwnedObjectPath) -> Result<PropertiesProxy<'static>, Failure> {
        let builder = PropertiesProxy::builder(&self.connection).destination(names::BUS_NAME).path(path.clone());
        Ok(builder.cache_properties(CacheProperties::No).build().await?)
    }

    /// All properties of a session, with those of a Windows game.
    pub async fn session_properties(&self, path: &OwnedObjectPath) -> Result<Dict, Failure> {
        let object = self.properties_of(path).await?;
        let all = async |name| object.get_all(InterfaceName::from_static_str_unchecked(name)).await;
        let mut properties: Dict = all(names::SESSION_INTERFACE).await?;
        if matches!(text_of(&properties, "Runner").as_str(), "wine" | "proton") {
            properties.extend(all(names::WINDOWS_INTERFACE).await?);
        }
        Ok(properties)
    }

    /// The session that a user means: by its id in any form, or by a unique beginning of it.
    pub async fn resolve(&self, text: &str) -> Result<SessionRef, Failure> {
        if let Some(id) = names::canonical_id(text) {
            let path = self.manager.get_session(&id).await?;
            return Ok(SessionRef { id, path });
        }
        let prefix = id_prefix(text)?;
        let sessions = self.manager.list_sessions().await?;
        let found = sessions.into_iter().filter(|(id, _, _)| id.starts_with(&prefix));
        unique(text, found.map(|(id, path, _)| SessionRef { id, path }).collect())
    }

    /// Resolves each of several ids before anything is done to one of them.
    pub async fn resolve_all(&self, texts: &[String]) -> Result<Vec<SessionRef>, Failure> {
        let mut sessions = Vec::new();
        for text in texts {
            let session = self.resolve(text).await?;
            if !sessions.contains(&session) {
                sessions.push(session);
            }
        }
        Ok(sessions)
    }
}

fn id_prefix(text: &str) -> Result<String, Failure> {
    let prefix = text.replace('-', "").to_ascii_lowercase();
    let hex = prefix.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex && (PREFIX_MIN..32).contains(&prefix.len()) {
        return Ok(prefix);
    }
    Err(Failure::Usage(format!(
        "{text:?} is no session id, expected 32 hexadecimal digits, a UUID, or at least the first {PREFIX_MIN} digits"
    )))
}

fn unique(text: &str, found: Vec<SessionRef>) -> Result<SessionRef, Failure> {
    let mut sessions = found.into_iter();
    match (sessions.next(), sessions.next()) {
        (Some(session), None) => Ok(session),
        (None, _) => Err(Failure::NoSuchSession(format!(
            "no session has an id that begins with {text:?}; `dillingerctl ended` lists those that are over"
        ))),
        (Some(first), Some(second)) => {
            let ids: Vec<String> = [first, second].into_iter().chain(sessions).map(|session| session.id).collect();
            Err(Failure::Usage(format!("{text:?} is the beginning of several ids: {}", ids.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(id: &str) -> SessionRef {
        SessionRef { id: id.to_owned(), path: OwnedObjectPath::try_from(format!("/s{id}")).unwrap() }
    }

    #[test]
    fn prefixes() {
        assert_eq!(id_prefix("ABCD").unwrap(), "abcd");
        assert_eq!(id_prefix("01234567-89").unwrap(), "0123456789");
        for text in ["", "abc", "wxyz", "doom", "0123456789abcdef0123456789abcdef0"] {
            assert_eq!(id_prefix(text).unwrap_err().exit_code(), 2, "{text}");
        }
    }

    #[test]
    fn ambiguous_prefixes_list_the_sessions() {
        assert_eq!(unique("abcd", vec![session("abcd1")]).unwrap(), session("abcd1"));
        assert_eq!(unique("abcd", vec![]).unwrap_err().exit_code(), 4);
        let error = unique("abcd", vec![session("abcd1"), session("abcd2"), session("abcd3")]).unwrap_err();
        assert!(error.message().unwrap().ends_with("abcd1, abcd2, abcd3"));
        assert_eq!(error.exit_code(), 2);
    }
}
