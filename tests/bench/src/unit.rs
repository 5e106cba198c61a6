//! A unit of the user manager, started and watched as `systemctl` does it.

use crate::client::runtime_dir;
use anyhow::{Context, Result, bail};
use dillinger_runner_api::Dict;
use futures_util::StreamExt;
use std::path::PathBuf;
use std::time::Duration;
use zbus::message::Type;
use zbus::{Connection, MatchRule, MessageStream, OwnedObjectPath, OwnedVariant};

const SYSTEMD: &str = "org.freedesktop.systemd1";
const ROOT: &str = "/org/freedesktop/systemd1";
const DEADLINE: Duration = Duration::from_secs(60);

/// A unit file in the runtime directory.
#[derive(Debug)]
pub(crate) struct Unit {
    connection: Connection,
    name: String,
    file: PathBuf,
    path: OwnedObjectPath,
    changes: MessageStream,
}

impl Unit {
    /// Writes the file and keeps the unit loaded.
    pub(crate) async fn load(connection: &Connection, name: &str, text: &str) -> Result<Self> {
        let file = runtime_dir()?.join("systemd/user").join(name);
        std::fs::write(&file, text)?;
        let manager = |method, body| manager(connection, method, body);
        let path: OwnedObjectPath = manager("LoadUnit", name.to_owned()).await?.body().deserialize()?;
        manager("RefUnit", name.to_owned()).await?;
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(SYSTEMD)
            .path(path.clone())
            .interface("org.freedesktop.DBus.Properties")
            .build()?;
        let changes = MessageStream::for_match_rule(rule, connection, None).await?;
        Ok(Self { connection: connection.clone(), name: name.to_owned(), file, path, changes })
    }

    /// Queues a start job.
    pub(crate) async fn start(&self) -> Result<()> {
        let body = (self.name.as_str(), "replace");
        self.connection.call_method(Some(SYSTEMD), ROOT, Some(MANAGER), "StartUnit", &body).await?;
        Ok(())
    }

    /// Waits until systemd says that the unit is in this `ActiveState`.
    pub(crate) async fn reaches(&mut self, state: &str) -> Result<()> {
        loop {
            let next = tokio::time::timeout(DEADLINE, self.changes.next()).await;
            let message =
                next.with_context(|| format!("{} is not {state}", self.name))?.context("the bus is gone")??;
            let body = message.body();
            let Ok((_, changed, _)) = body.deserialize::<(String, Dict, Vec<String>)>() else { continue };
            match changed.get("ActiveState").and_then(|value| String::try_from(value.try_clone().ok()?).ok()) {
                Some(now) if now == state => return Ok(()),
                Some(now) if now == "failed" => bail!("{} failed", self.name),
                _ => {}
            }
        }
    }

    /// When it became inactive, realtime.
    pub(crate) async fn inactive_since(&self) -> Result<Duration> {
        let properties = Some("org.freedesktop.DBus.Properties");
        let body = ("org.freedesktop.systemd1.Unit", "InactiveEnterTimestamp");
        let reply = self.connection.call_method(Some(SYSTEMD), &self.path, properties, "Get", &body).await?;
        let value: OwnedVariant = reply.body().deserialize()?;
        Ok(Duration::from_micros(u64::try_from(value)?))
    }

    /// Removes the file and lets systemd forget the unit.
    pub(crate) async fn unload(self) -> Result<()> {
        std::fs::remove_file(&self.file)?;
        manager(&self.connection, "UnrefUnit", self.name).await?;
        Ok(())
    }
}

const MANAGER: &str = "org.freedesktop.systemd1.Manager";

/// Asks systemd to send signals, once per connection.
pub(crate) async fn subscribe(connection: &Connection) -> Result<()> {
    connection.call_method(Some(SYSTEMD), ROOT, Some(MANAGER), "Subscribe", &()).await?;
    Ok(())
}

/// Calls a method that takes one name.
async fn manager(connection: &Connection, method: &str, name: String) -> Result<zbus::Message> {
    Ok(connection.call_method(Some(SYSTEMD), ROOT, Some(MANAGER), method, &name).await?)
}

/// Stops a unit without waiting for it.
pub(crate) async fn stop(connection: &Connection, name: &str) -> Result<()> {
    connection.call_method(Some(SYSTEMD), ROOT, Some(MANAGER), "StopUnit", &(name, "replace")).await?;
    Ok(())
}

/// The agent's process.
pub(crate) async fn agent_pid(connection: &Connection) -> Result<u32> {
    let name = "dillinger-runner.service".to_owned();
    let path: OwnedObjectPath = manager(connection, "GetUnit", name).await?.body().deserialize()?;
    let body = ("org.freedesktop.systemd1.Service", "MainPID");
    let properties = Some("org.freedesktop.DBus.Properties");
    let reply = connection.call_method(Some(SYSTEMD), &path, properties, "Get", &body).await?;
    let value: OwnedVariant = reply.body().deserialize()?;
    Ok(u32::try_from(value)?)
}
