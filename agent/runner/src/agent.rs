//! The agent's life: adopt what runs, serve, reload, go.

use crate::bus::{Diagnoser, Jobs, Manager, Publisher, serve_files};
use crate::display::Displays;
use crate::gamepad::{Kept, Pads};
use crate::host::Host;
use crate::notify;
use crate::paths::Paths;
use crate::podman::{Podman, PodmanCache};
use crate::prefix::{Locks, Maker, Store};
use crate::saves::SavesStore;
use crate::session::{Context, Registry, RegistryHandle, Reload, stop_paused};
use crate::settings::SharedSettings;
use crate::store::{Records, UnitFiles};
use crate::stream::Streams;
use crate::systemd::Systemd;
use anyhow::{Context as _, Result, bail, ensure};
use dillinger_runner_api::{Error, names};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use zbus::Connection;
use zbus::fdo::{DBusProxy, ObjectManager, RequestNameFlags, RequestNameReply};

/// systemd and Podman answer in far less; a call that takes longer is given up,
/// so that one session cannot hang for ever.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

const ANOTHER_AGENT: &str = "another agent of this user owns org.dillinger.Runner1";

/// Signals that steer the agent, caught from the start.
#[derive(Debug)]
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    reload: Signal,
}

impl Signals {
    fn catch() -> Result<Self> {
        let catch = |kind| signal(kind).context("catching signals");
        Ok(Self {
            terminate: catch(SignalKind::terminate())?,
            interrupt: catch(SignalKind::interrupt())?,
            reload: catch(SignalKind::hangup())?,
        })
    }
}

/// Connects to the user's bus.
///
/// # Errors
/// There is none.
pub async fn connect() -> Result<Connection> {
    let builder = zbus::connection::Builder::session().method_timeout(CALL_TIMEOUT);
    builder
        .build()
        .await
        .context("connecting to the user's D-Bus session bus, which the user manager runs (dbus.socket)")
}

/// Serves the bus name until a signal says to go. Sessions go on without it. `kept` is what systemd has kept for this
/// agent.
///
/// # Errors
/// There is no user manager, the files cannot be used, or another agent owns
/// the name.
pub async fn run(connection: Connection, paths: Paths, kept: Kept) -> Result<()> {
    let mut signals = Signals::catch()?;
    be_alone(&connection).await?;
    let settings = SharedSettings::load(paths.settings.clone());
    let pads = Pads::new(kept);
    let (context, podman) = context(&connection, &paths, settings.clone(), pads.clone()).await?;
    let systemd = context.systemd.clone();
    let (mut registry, handle) = Registry::new(context.clone());
    let server = connection.object_server();
    server.at(names::MANAGER_PATH, ObjectManager).await.context("serving the object manager")?;
    let maker = Maker::new(context.prefixes.clone(), Arc::clone(&podman));
    sweep(&maker, &context).await;
    Box::pin(registry.adopt()).await.context("taking over the sessions that are there")?;
    pads.remove_unclaimed();
    let jobs = Arc::new(Jobs::new(connection.clone(), Arc::clone(&podman), maker, settings.clone()));
    let diagnoser = Diagnoser::new(context.clone(), podman, connection.clone());
    serve_files(server, &context).await.context("serving prefixes and saves")?;
    let manager = Manager::new(handle.clone(), context, jobs, diagnoser);
    server.at(names::MANAGER_PATH, manager).await.context("serving the manager")?;
    tokio::spawn(registry.run());
    own_name(&connection).await?;
    notify::ready("serving");
    serve(&mut signals, &settings, &handle, &connection).await;
    notify::stopping();
    if systemd.is_stopping().await {
        stop_paused(&handle).await;
    }
    Ok(())
}

/// Removes what an agent that was killed has left half done. What cannot be removed now is in nobody's way.
async fn sweep(maker: &Maker, context: &Context) {
    let saves = context.saves.clone();
    let of_saves = tokio::task::spawn_blocking(move || saves.sweep().map_err(Into::into)).await;
    let of_saves = of_saves.unwrap_or_else(|error| Err(Error::StorageFailed(error.to_string())));
    if let Err(error) = maker.sweep().await.and(of_saves) {
        tracing::warn!(%error, "something that was left half done stays behind");
    }
}

async fn context(
    connection: &Connection,
    paths: &Paths,
    settings: SharedSettings,
    pads: Pads,
) -> Result<(Context, Arc<Podman>)> {
    let systemd = Systemd::connect(connection).await.context("reaching the user's service manager (systemd --user)")?;
    let records = Records::open(&paths.state).with_context(|| format!("opening {}", paths.state.display()))?;
    let podman = Podman::new(&paths.runtime, Some(systemd.clone()));
    let displays = Displays::new(paths.clone(), settings.clone(), pads);
    let locks = Locks::default();
    let prefixes = Store::new(&paths.state, locks.clone());
    let saves = SavesStore::new(paths.saves(), locks);
    let host = Host::new(paths.clone(), PodmanCache::new(Arc::clone(&podman)), prefixes.clone());
    let context = Context {
        systemd,
        host: Arc::new(host),
        podman: Arc::clone(&podman),
        records,
        prefixes,
        saves,
        files: UnitFiles::new(paths.clone()),
        publisher: Publisher::new(connection.clone(), Streams::default(), displays.clone()),
        displays,
        settings,
        paths: paths.clone(),
        reload: Arc::new(Reload::default()),
    };
    Ok((context, podman))
}

/// Two agents would take each other's sessions for what a crash has left.
async fn be_alone(connection: &Connection) -> Result<()> {
    let bus = DBusProxy::new(connection).await.context("reaching the message bus")?;
    let taken = bus.name_has_owner(names::BUS_NAME.try_into()?).await.context("asking the message bus for a name")?;
    ensure!(!taken, ANOTHER_AGENT);
    Ok(())
}

/// Takes the name last, so that nobody sees a half-built tree.
async fn own_name(connection: &Connection) -> Result<()> {
    match connection.request_name_with_flags(names::BUS_NAME, RequestNameFlags::DO_NOT_QUEUE).await {
        Ok(RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner) => Ok(()),
        Ok(RequestNameReply::InQueue | RequestNameReply::Exists) | Err(zbus::Error::NameTaken) => bail!(ANOTHER_AGENT),
        Err(error) => Err(error).with_context(|| format!("requesting the name {}", names::BUS_NAME)),
    }
}

async fn serve(signals: &mut Signals, settings: &SharedSettings, registry: &RegistryHandle, connection: &Connection) {
    let watchdog = watchdog(registry.clone());
    tokio::pin!(watchdog);
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => return,
            _ = signals.interrupt.recv() => return,
            () = connection.closed() => return,
            () = &mut watchdog => {}
            _ = signals.reload.recv() => reload(settings, connection),
        }
    }
}

fn reload(settings: &SharedSettings, connection: &Connection) {
    notify::reloading();
    let status = if settings.reload() { "serving" } else { "serving with the last good settings, see Diagnose" };
    notify::ready(status);
    tokio::spawn(tell_capabilities(connection.clone()));
}

async fn tell_capabilities(connection: Connection) {
    let changed = async {
        let manager = connection.object_server().interface::<_, Manager>(names::MANAGER_PATH).await?;
        manager.get().await.capabilities_changed(manager.signal_emitter()).await
    };
    if let Err(error) = changed.await {
        tracing::warn!(%error, "telling that capabilities changed");
    }
}

/// Tells systemd that the agent works, as long as the sessions' owner answers.
async fn watchdog(registry: RegistryHandle) {
    let Some(interval) = notify::watchdog_interval() else { return std::future::pending().await };
    loop {
        tokio::time::sleep(interval).await;
        if registry.list().await.is_ok() {
            notify::watchdog();
        }
    }
}
