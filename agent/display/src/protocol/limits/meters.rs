//! What programs take of the display itself, measured: descriptors that they send and no request takes, memory that no limit
//! knows of, and time.

use super::disconnect;
use crate::protocol::Client;
use crate::server::Server;
use anyhow::Context;
use rustix::fs::OFlags;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use smithay::reexports::wayland_server::Display;
use smithay::reexports::wayland_server::backend::ClientId;
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

/// Descriptors that the display can have open. Half of them are for programs.
const MOST_DESCRIPTORS: u64 = 65_536;
/// Memory of the display without pictures, MiB: an ordinary session takes 15, four planes of the largest display 200.
const MOST_MEMORY: u64 = 1024;
/// From here on it is noted whose it is.
const MUCH_MEMORY: u64 = 512;
/// Memory is looked at each time so many programs were served.
const LOOK_EVERY: u32 = 64;
/// How long one program is served while others wait: what it has sent is read until nothing is left.
const PATIENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// How much of that time the display must have worked, nanoseconds: a machine may have others to serve.
const WORK: u64 = 500_000_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Meters {
    descriptors: Meter,
    memory: Meter,
    statm: OwnedFd,
    served: u32,
    patience: Patience,
}

/// One resource.
#[derive(Debug)]
struct Meter {
    most: u64,
    last: u64,
    /// What each program has added.
    added: HashMap<ClientId, i64>,
}

impl Meter {
    fn new(most: u64) -> Self {
        Self { most, last: 0, added: HashMap::new() }
    }

    /// So much is taken now that this program was served. Returns who is to go.
    fn measure(&mut self, level: u64, client: &ClientId) -> Option<ClientId> {
        let added = i64::try_from(level).unwrap_or(i64::MAX) - i64::try_from(self.last).unwrap_or_default();
        self.last = level;
        let all = self.added.entry(client.clone()).or_default();
        *all = all.saturating_add(added).max(0);
        if level <= self.most {
            return None;
        }
        let (client, _) = self.added.iter().max_by_key(|(_, added)| **added)?;
        let client = client.clone();
        self.added.remove(&client);
        Some(client)
    }
}

impl Meters {
    pub(super) fn new() -> anyhow::Result<Self> {
        let most = raise_limit() / 2;
        let statm =
            rustix::fs::open("/proc/self/statm", OFlags::RDONLY | OFlags::CLOEXEC, 0.into()).context("/proc")?;
        let (descriptors, memory) = (Meter::new(most), Meter::new(MOST_MEMORY << 20));
        Ok(Self { descriptors, memory, statm, served: 0, patience: Patience::new()? })
    }

    /// This program was served. Returns who is to go, and why.
    fn measure(&mut self, client: &ClientId) -> Option<(ClientId, &'static str)> {
        if let Some(client) = self.descriptors.measure(open_descriptors(), client) {
            return Some((client, "too many descriptors"));
        }
        self.served = self.served.wrapping_add(1);
        if self.memory.last < MUCH_MEMORY << 20 {
            self.memory.added.clear();
            if !self.served.is_multiple_of(LOOK_EVERY) {
                return None;
            }
        }
        let level = memory(&self.statm).unwrap_or_default();
        let gone = self.memory.measure(level, client)?;
        // What the allocator keeps is used again.
        self.memory.most = self.memory.most.max(level + (MUCH_MEMORY << 20) / 4);
        Some((gone, "too much memory of the display"))
    }
}

impl Server {
    /// Does what programs ask for: each in turn, until it has sent nothing more.
    pub(crate) fn serve(&mut self, display: &mut Display<Self>) {
        let handle = self.display.backend_handle();
        let mut clients = Vec::new();
        handle.with_all_clients(|client| clients.push(client));
        self.limits.meters.forget(&clients);
        for client in clients {
            self.limits.meters.patience.begin(self.stream_of(&client));
            let served = display.backend().dispatch_single_client(self, client.clone());
            self.limits.meters.patience.end();
            if served.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
                continue;
            }
            if let Some((client, what)) = self.limits.meters.measure(&client) {
                disconnect(&handle, client.clone(), what);
                // It is known to be gone when it is served.
                let _ = display.backend().dispatch_single_client(self, client);
            }
        }
    }

    fn stream_of(&self, client: &ClientId) -> Option<Arc<UnixStream>> {
        let data = self.display.backend_handle().get_client_data(client.clone()).ok()?;
        data.downcast_ref::<Client>().map(|client| Arc::clone(&client.stream))
    }
}

impl Meters {
    /// Those that are not here any more.
    fn forget(&mut self, clients: &[ClientId]) {
        for meter in [&mut self.descriptors, &mut self.memory] {
            if meter.added.len() > clients.len() {
                meter.added.retain(|client, _| clients.contains(client));
            }
        }
    }
}

/// As many descriptors as are allowed. Returns how many.
fn raise_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let most = maximum.unwrap_or(MOST_DESCRIPTORS).min(MOST_DESCRIPTORS);
    let current = current.unwrap_or(most);
    let raised = current < most && setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum }).is_ok();
    if raised { most } else { current.min(MOST_DESCRIPTORS) }
}

/// About how many are open: the number of the next one. All of them, if there is none.
fn open_descriptors() -> u64 {
    let next = rustix::io::fcntl_dupfd_cloexec(std::io::stdin(), 0);
    next.map_or(u64::MAX, |next| u64::try_from(next.as_raw_fd()).unwrap_or_default())
}

/// Memory of the process that it shares with nobody, bytes.
fn memory(statm: &OwnedFd) -> Option<u64> {
    let mut text = [0; 128];
    let length = rustix::io::pread(statm, &mut text, 0).ok()?;
    let mut pages = std::str::from_utf8(text.get(..length)?).ok()?.split(' ').skip(1).map(str::parse::<u64>);
    let (resident, shared) = (pages.next()?.ok()?, pages.next()?.ok()?);
    Some(resident.saturating_sub(shared) * rustix::param::page_size() as u64)
}

/// Whose connection it is, and how long the display had worked before.
type Served = Option<(Arc<UnixStream>, u64)>;

/// Ends the connection of a program that sends faster than it can be served, and would be served forever.
#[derive(Debug)]
struct Patience {
    timer: Arc<OwnedFd>,
    served: Arc<Mutex<Served>>,
}

impl Patience {
    fn new() -> anyhow::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC).context("no timer")?;
        let this = Self { timer: Arc::new(timer), served: Arc::default() };
        let (timer, served) = (Arc::clone(&this.timer), Arc::clone(&this.served));
        let wait = move || {
            let mut expirations = [0; 8];
            // Only a thread of its own can: this one is not asked while programs are served.
            while rustix::io::read(&timer, &mut expirations).is_ok() {
                let Ok(served) = served.lock() else { return };
                if let Some((stream, began)) = served.as_ref()
                    && worked() > began + WORK
                {
                    tracing::warn!("a program is disconnected: it never stops sending");
                    let _ = rustix::net::shutdown(stream, rustix::net::Shutdown::Both);
                }
            }
        };
        std::thread::Builder::new().name("patience".to_owned()).spawn(wait).context("no thread")?;
        Ok(this)
    }

    fn begin(&self, stream: Option<Arc<UnixStream>>) {
        self.set(stream, PATIENCE);
    }

    fn end(&self) {
        self.set(None, Timespec::default());
    }

    fn set(&self, stream: Option<Arc<UnixStream>>, after: Timespec) {
        if let Ok(mut served) = self.served.lock() {
            *served = stream.map(|stream| (stream, worked()));
        }
        let each = Itimerspec { it_interval: after, it_value: after };
        let _ = timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &each);
    }
}

/// How long this process has worked, nanoseconds.
fn worked() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_and_taken_is_known() {
        let before = open_descriptors();
        let files: Vec<_> = (0..64).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
        assert!(open_descriptors() >= before + 64, "{before}");
        drop(files);
        let statm = rustix::fs::open("/proc/self/statm", OFlags::RDONLY, 0.into()).unwrap();
        let before = memory(&statm).unwrap();
        let taken = vec![1_u8; 64 << 20];
        assert!(memory(&statm).unwrap() >= before + (taken.len() as u64) / 2);
    }
}
