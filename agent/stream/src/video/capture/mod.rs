//! Takes the pictures that the display shows, when they change.
//!
//! One thread with a Wayland connection of its own. A request for the next picture that differs waits in the
//! compositor, so a still picture costs nothing; there is no timer.

mod compositor;
mod gpu;
mod memory;
mod output;
mod source;

pub(super) use gpu::Probe;
#[cfg(test)]
pub(crate) use memory::Pixels;
pub(crate) use memory::{Content, Frame};

use super::Mode;
use super::dmabuf::DrmFormat;
use super::pace::Pace;
use super::shared::Shared;
use anyhow::Context;
use compositor::{Compositor, Progress};
use gpu::Gpu;
use memory::{Buffer, Buffers, Shape};
use output::Output;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use source::Source;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::oneshot;
use wayland_client::globals::registry_queue_init;
use wayland_client::protocol::wl_output::WlOutput;
use wayland_client::protocol::wl_shm::WlShm;
use wayland_client::{Connection, EventQueue};

/// Until the next try after the compositor had no picture, as its display was just changing.
const RETRY: Duration = Duration::from_millis(5);

/// What the thread is asked for.
#[derive(Debug)]
pub(super) enum Command {
    /// Whether pictures are wanted at all.
    Run(bool),
    /// The picture as it is now, even if nothing changed.
    Refresh,
    /// Pictures a second; 0 means all.
    FrameRate(u32),
    /// Another mode.
    Mode(Mode, oneshot::Sender<Result<(), String>>),
    /// One picture as it is now.
    Snapshot(oneshot::Sender<Frame>),
    /// Pictures on this graphics card, of such pixels; the first one is the answer.
    OpenGpu(PathBuf, Vec<DrmFormat>, Probe),
    /// Whether pictures stay on the graphics card, if they can.
    Gpu(bool),
}

/// How the others reach the thread.
#[derive(Debug, Clone)]
pub(super) struct Capture {
    commands: mpsc::Sender<Command>,
    wake: Arc<OwnedFd>,
}

impl Capture {
    /// Connects and starts the thread. `failed` is told when it ends, which it does only when the compositor is gone.
    pub(super) fn start(
        socket: &Path,
        mode: Mode,
        shared: Arc<Shared>,
        failed: oneshot::Sender<anyhow::Error>,
    ) -> anyhow::Result<Self> {
        let (commands, requests) = mpsc::channel();
        let wake = Arc::new(rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let mut worker = Worker::new(socket, mode, shared, requests, Arc::clone(&wake))?;
        tracing::info!(protocol = worker.source.name(), "pictures are taken");
        std::thread::Builder::new().name("capture".to_owned()).spawn(move || {
            if let Err(error) = worker.run() {
                let _ = failed.send(error.context("no pictures any more"));
            }
        })?;
        Ok(Self { commands, wake })
    }

    /// Without an answer when the thread has ended; the program ends then too.
    pub(super) fn send(&self, command: Command) {
        if self.commands.send(command).is_ok() {
            let _ = rustix::io::write(&*self.wake, &1u64.to_ne_bytes());
        }
    }
}

/// The request that the compositor has.
#[derive(Debug)]
enum Request {
    None,
    /// It is to say what the buffer has to be like.
    Asked,
    /// It has the buffer.
    Copying(Arc<Buffer>),
}

struct Worker {
    connection: Connection,
    queue: EventQueue<Compositor>,
    compositor: Compositor,
    source: Source,
    output: Output,
    wayland_output: WlOutput,
    shm: WlShm,
    buffers: Buffers,
    gpu: Gpu,
    request: Request,
    /// The next picture is wanted even if nothing changed.
    whole: bool,
    /// Nothing is asked for before.
    not_before: Option<Duration>,
    running: bool,
    mode: Mode,
    frame_rate: u32,
    pace: Pace,
    snapshots: Vec<oneshot::Sender<Frame>>,
    shared: Arc<Shared>,
    requests: mpsc::Receiver<Command>,
    wake: Arc<OwnedFd>,
}

impl Worker {
    fn new(
        socket: &Path,
        mode: Mode,
        shared: Arc<Shared>,
        requests: mpsc::Receiver<Command>,
        wake: Arc<OwnedFd>,
    ) -> anyhow::Result<Self> {
        let stream = std::os::unix::net::UnixStream::connect(socket)
            .with_context(|| format!("no compositor at {}", socket.display()))?;
        let connection = Connection::from_socket(stream).context("no connection to the compositor")?;
        let (globals, mut queue) = registry_queue_init::<Compositor>(&connection).context("no compositor")?;
        let handle = queue.handle();
        let source = Source::new(&globals, &handle)?;
        let manager = globals.bind(&handle, 3..=4, ()).context("the compositor has no wlr-output-management")?;
        let wayland_output = globals.bind(&handle, 1..=4, ()).context("the compositor has no output")?;
        let shm = globals.bind(&handle, 1..=1, ()).context("the compositor has no wl_shm")?;
        let gpu = Gpu::new(globals.bind(&handle, 3..=3, ()).ok());
        let mut compositor = Compositor::default();
        queue.roundtrip(&mut compositor).context("the compositor does not answer")?;
        Ok(Self {
            connection,
            queue,
            compositor,
            source,
            output: Output::new(manager),
            wayland_output,
            shm,
            buffers: Buffers::default(),
            gpu,
            request: Request::None,
            whole: true,
            not_before: None,
            running: false,
            mode,
            frame_rate: 0,
            pace: Pace::new(mode.refresh_rate, 0),
            snapshots: Vec::new(),
            shared,
            requests,
            wake,
        })
    }

    fn run(&mut self) -> anyhow::Result<()> {
        loop {
            self.queue.dispatch_pending(&mut self.compositor).context("the compositor ended the connection")?;
            for progress in std::mem::take(&mut self.compositor.progress) {
                self.progress(progress)?;
            }
            if !self.commands() {
                return Ok(());
            }
            // After the commands: a mode that one of them wants is asked for before anything is waited for.
            if let Some(mode) = self.output.advance(&mut self.compositor, &self.queue.handle()) {
                self.mode = mode;
                self.pace = Pace::new(mode.refresh_rate, self.frame_rate);
                self.restart();
            }
            let wait = self.ask();
            // Some may have arrived while the compositor was waited for.
            let wait = if self.compositor.progress.is_empty() { wait } else { Some(Duration::ZERO) };
            self.wait(wait)?;
        }
    }

    /// What the others want; false when there are none any more.
    fn commands(&mut self) -> bool {
        loop {
            match self.requests.try_recv() {
                Ok(Command::Run(running)) => {
                    if running && !self.running {
                        self.restart();
                    }
                    self.running = running;
                }
                Ok(Command::Refresh) => self.restart(),
                Ok(Command::FrameRate(rate)) if rate != self.frame_rate => {
                    self.frame_rate = rate;
                    self.pace = Pace::new(self.mode.refresh_rate, rate);
                }
                Ok(Command::FrameRate(_)) => {}
                Ok(Command::Mode(mode, done)) => self.output.set(mode, done),
                Ok(Command::Snapshot(done)) => {
                    self.snapshots.push(done);
                    self.restart();
                }
                Ok(Command::OpenGpu(node, taken, probe)) => {
                    self.gpu.start(&node, taken, probe);
                    self.restart();
                }
                Ok(Command::Gpu(on)) => {
                    self.gpu.set(on);
                    self.restart();
                }
                Err(mpsc::TryRecvError::Empty) => return true,
                Err(mpsc::TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Takes back a request that waits for a change; the next one does not wait.
    fn restart(&mut self) {
        self.source.end();
        self.request = Request::None;
        self.whole = true;
        self.not_before = None;
    }

    /// Asks for the next picture if one is wanted. Returns for how long nothing is to be asked for.
    fn ask(&mut self) -> Option<Duration> {
        let wanted = self.running || !self.snapshots.is_empty() || self.gpu.is_asked();
        if !wanted || !matches!(self.request, Request::None) {
            return None;
        }
        let now = crate::clock::now();
        if let Some(wait) = self.not_before.and_then(|time| time.checked_sub(now)).filter(|wait| !wait.is_zero()) {
            return Some(wait);
        }
        self.not_before = None;
        self.request = Request::Asked;
        let shape = self.source.begin(self.whole, &self.wayland_output, &self.queue.handle());
        // Known already: as if the compositor had said it now.
        self.compositor.progress.extend(shape.map(Progress::Shape));
        None
    }

    fn progress(&mut self, progress: Progress) -> anyhow::Result<()> {
        match progress {
            Progress::Shape(shape) => {
                self.source.set_shape(shape);
                if matches!(self.request, Request::Asked) {
                    self.copy(shape)?;
                }
            }
            Progress::Ready(shown) => {
                self.source.end();
                if let Request::Copying(buffer) = std::mem::replace(&mut self.request, Request::None) {
                    let on_gpu = buffer.is_on_gpu();
                    self.deliver(&Frame::new(buffer, shown), on_gpu);
                    self.not_before = self.pace.next(shown);
                }
            }
            Progress::Failed => {
                if matches!(&self.request, Request::Copying(buffer) if buffer.is_on_gpu()) {
                    self.gpu.failed(crate::clock::now(), &self.shared);
                }
                self.restart();
                self.not_before = Some(crate::clock::now() + RETRY);
            }
        }
        Ok(())
    }

    fn copy(&mut self, shape: Shape) -> anyhow::Result<()> {
        let handle = self.queue.handle();
        if let Some(buffer) = self.free(shape)? {
            self.source.copy(&buffer, shape, &handle);
            self.request = Request::Copying(buffer);
        } else {
            self.source.end();
            self.request = Request::None;
            self.not_before = Some(crate::clock::now() + RETRY);
        }
        Ok(())
    }

    fn free(&mut self, shape: Shape) -> anyhow::Result<Option<Arc<Buffer>>> {
        // Screenshots are read by the processor.
        if self.gpu.is_on() && self.snapshots.is_empty() {
            let make = || self.gpu.buffer(shape, &mut self.queue, &mut self.compositor);
            match self.buffers.free(shape, true, make) {
                Ok(buffer) => return Ok(buffer),
                Err(error) => self.gpu.lose(format!("{error:#}"), &self.shared),
            }
        }
        let handle = self.queue.handle();
        self.buffers.free(shape, false, || Buffer::in_memory(&self.shm, shape, &handle))
    }

    fn deliver(&mut self, frame: &Frame, on_gpu: bool) {
        // The encoder is not to change for the picture of a screenshot: it gets one of its own, even if nothing changes.
        let for_snapshots = self.gpu.is_on() && !on_gpu;
        self.whole = for_snapshots;
        if on_gpu {
            self.gpu.succeeded(frame);
        } else {
            for snapshot in self.snapshots.drain(..) {
                let _ = snapshot.send(frame.clone());
            }
        }
        if self.running && !for_snapshots {
            self.shared.put(frame.clone());
        }
    }

    /// Sleeps until the compositor or one of the others says something.
    fn wait(&self, most: Option<Duration>) -> anyhow::Result<()> {
        self.connection.flush().context("the compositor ended the connection")?;
        let Some(guard) = self.queue.prepare_read() else { return Ok(()) };
        let timeout = most.map(Timespec::try_from).transpose().context("a wait without end")?;
        let compositor = guard.connection_fd();
        let mut fds = [PollFd::new(&compositor, PollFlags::IN), PollFd::new(&self.wake, PollFlags::IN)];
        match rustix::event::poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("no events"),
        }
        let [compositor_said, woken] = fds.map(|fd| !fd.revents().is_empty());
        if woken {
            let _ = rustix::io::read(self.wake.as_fd(), &mut [0u8; 8]);
        }
        if compositor_said {
            match guard.read() {
                Ok(_) => {}
                Err(wayland_client::backend::WaylandError::Io(error))
                    if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error).context("the compositor ended the connection"),
            }
        }
        Ok(())
    }
}
