//! Takes the pictures that the display server hands over, see [`dillinger_ring`].

use super::frame::{Frame, Pixels};
use super::{Command, Requests};
use crate::media::Feedback;
use crate::video::Mode;
use crate::video::shared::Shared;
use anyhow::Context;
use dillinger_ring::memory::Reader;
use dillinger_ring::message::{FromDisplay, ToDisplay};
use dillinger_ring::planes::Planes;
use dillinger_ring::socket::Socket;
use dillinger_ring::text;
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::sync::{broadcast, oneshot};

/// The socket to the display server. What it has no room for waits.
#[derive(Debug)]
struct Link {
    socket: Socket,
    waiting: Mutex<Vec<ToDisplay>>,
    wake: Arc<OwnedFd>,
}

impl Link {
    fn send(&self, message: ToDisplay) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() && !matches!(self.socket.send(message), Err(Errno::AGAIN)) {
            // Another error is the display server's end, which who receives is told as well.
            return;
        }
        waiting.push(message);
        let _ = rustix::io::write(&*self.wake, &1u64.to_ne_bytes());
    }

    /// Sends what waits. True: there is no room for it yet.
    fn flush(&self) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let sent =
            waiting.iter().take_while(|message| !matches!(self.socket.send(**message), Err(Errno::AGAIN))).count();
        waiting.drain(..sent);
        !waiting.is_empty()
    }
}

/// A picture in the ring. When nobody has it any more its slot goes back.
#[derive(Debug)]
struct Slot {
    ring: Arc<Reader>,
    generation: u32,
    number: u32,
    link: Arc<Link>,
}

impl AsRef<[u8]> for Slot {
    fn as_ref(&self) -> &[u8] {
        self.ring.slot(self.number).unwrap_or_default()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.link.send(ToDisplay::Release { generation: self.generation, slot: self.number });
    }
}

impl Pixels for Slot {
    fn planes(&self) -> Planes {
        self.ring.planes()
    }
}

/// What the thread works with.
pub(super) struct Worker {
    link: Arc<Link>,
    ring: Option<(u32, Arc<Reader>)>,
    /// Modes that were asked for, by their serials.
    modes: Vec<(u32, oneshot::Sender<Result<(), String>>)>,
    serial: u32,
    running: bool,
    frame_rate: u32,
    snapshots: Vec<oneshot::Sender<Frame>>,
    shared: Arc<Shared>,
    feedback: broadcast::Sender<Feedback>,
    requests: Requests,
}

impl Worker {
    pub(super) fn new(
        socket: Socket,
        shared: Arc<Shared>,
        feedback: broadcast::Sender<Feedback>,
        requests: Requests,
    ) -> Self {
        let link = Link { socket, waiting: Mutex::default(), wake: Arc::clone(&requests.wake) };
        Self {
            link: Arc::new(link),
            ring: None,
            modes: Vec::new(),
            serial: 0,
            running: false,
            frame_rate: 0,
            snapshots: Vec::new(),
            shared,
            feedback,
            requests,
        }
    }

    /// Until nobody commands any more, or until the display server is gone or says what it may not.
    pub(super) fn run(&mut self) -> anyhow::Result<()> {
        loop {
            while let Some((message, descriptor)) = self.link.socket.receive().context("the display server")? {
                self.said(message, descriptor).context("the display server")?;
            }
            if !self.commands() {
                return Ok(());
            }
            let waiting = self.link.flush();
            self.wait(waiting)?;
        }
    }

    fn said(&mut self, message: FromDisplay, descriptor: Option<OwnedFd>) -> anyhow::Result<()> {
        match message {
            FromDisplay::Ring { generation, planes } => {
                let memory = descriptor.context("a ring without memory")?;
                self.ring = Some((generation, Arc::new(Reader::new(&memory, planes)?)));
            }
            FromDisplay::Frame { generation, slot, time } => {
                let ring = self.ring.as_ref().filter(|(number, _)| *number == generation);
                let (_, ring) =
                    ring.with_context(|| format!("a picture of the ring {generation}, which there is not"))?;
                let slot = Slot { ring: Arc::clone(ring), generation, number: slot, link: Arc::clone(&self.link) };
                self.deliver(&Frame { pixels: Arc::new(slot), taken: Duration::from_nanos(time) });
            }
            FromDisplay::ModeSet { serial } => {
                for (_, done) in self.modes.extract_if(.., |(asked, _)| *asked == serial) {
                    let _ = done.send(Ok(()));
                }
            }
            FromDisplay::Clipboard { bytes } => {
                let text = text::read(descriptor.context("a text without memory")?, bytes)?;
                // Nobody may be there to take it.
                let _ = self.feedback.send(Feedback::Clipboard(text));
            }
        }
        Ok(())
    }

    /// What the others want; false when there are none any more.
    fn commands(&mut self) -> bool {
        loop {
            match self.requests.commands.try_recv() {
                Ok(Command::Run(running)) => {
                    self.running = running;
                    self.tell();
                }
                Ok(Command::Refresh) => self.link.send(ToDisplay::Refresh),
                Ok(Command::FrameRate(frame_rate)) => {
                    self.frame_rate = frame_rate;
                    self.tell();
                }
                Ok(Command::Mode(mode, done)) => self.set_mode(mode, done),
                Ok(Command::Snapshot(done)) => {
                    self.snapshots.push(done);
                    self.link.send(ToDisplay::Refresh);
                }
                Err(mpsc::TryRecvError::Empty) => return true,
                Err(mpsc::TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn set_mode(&mut self, mode: Mode, done: oneshot::Sender<Result<(), String>>) {
        match Planes::new(mode.width, mode.height) {
            Ok(planes) => {
                self.serial = self.serial.wrapping_add(1);
                self.modes.push((self.serial, done));
                let (serial, refresh_rate) = (self.serial, mode.refresh_rate);
                self.link.send(ToDisplay::Mode { serial, planes, refresh_rate });
            }
            Err(error) => drop(done.send(Err(error.to_string()))),
        }
    }

    fn tell(&self) {
        self.link.send(ToDisplay::Run { wanted: self.running, frame_rate: self.frame_rate });
    }

    fn deliver(&mut self, frame: &Frame) {
        for snapshot in self.snapshots.drain(..) {
            let _ = snapshot.send(frame.clone());
        }
        if self.running {
            self.shared.put(frame.clone());
        }
    }

    /// Sleeps until the display server or one of the others says something; `room`: or until there is room for what waits.
    fn wait(&self, room: bool) -> anyhow::Result<()> {
        let events = if room { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        let mut polled = [PollFd::new(&self.link.socket, events), PollFd::new(&self.requests.wake, PollFlags::IN)];
        match rustix::event::poll(&mut polled, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("no events"),
        }
        if !polled[1].revents().is_empty() {
            let _ = rustix::io::read(self.requests.wake.as_fd(), &mut [0u8; 8]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dillinger_ring::memory::Writer;
    use rustix::event::EventfdFlags;

    /// A thread without its thread, what it is asked by, and the display server's end.
    fn worker() -> (Worker, mpsc::Sender<Command>, Socket) {
        let (socket, other) = dillinger_ring::socket::pair().unwrap();
        let (commands, requests) = mpsc::channel();
        let wake = Arc::new(rustix::event::eventfd(0, EventfdFlags::NONBLOCK).unwrap());
        let requests = Requests { commands: requests, wake };
        let worker = Worker::new(socket, Arc::default(), broadcast::channel(4).0, requests);
        (worker, commands, Socket::new(other))
    }

    /// Takes what the display server said, and does what was asked.
    fn turn(worker: &mut Worker) -> anyhow::Result<()> {
        while let Some((message, descriptor)) = worker.link.socket.receive()? {
            worker.said(message, descriptor)?;
        }
        worker.commands();
        Ok(())
    }

    fn said(display: &Socket) -> Option<ToDisplay> {
        display.receive().unwrap().map(|(message, _)| message)
    }

    fn ring(display: &Socket, generation: u32) -> Writer {
        let planes = Planes::new(64, 32).unwrap();
        let ring = Writer::new(planes).unwrap();
        display.send_with(FromDisplay::Ring { generation, planes }, ring.as_fd()).unwrap();
        ring
    }

    #[test]
    fn a_slot_goes_back_when_nobody_has_its_picture_any_more() {
        let (mut worker, commands, display) = worker();
        let mut writer = ring(&display, 7);
        let (done, mut snapshot) = oneshot::channel();
        commands.send(Command::Snapshot(done)).unwrap();
        turn(&mut worker).unwrap();
        assert_eq!(said(&display), Some(ToDisplay::Refresh));
        writer.slot(2).unwrap().fill(9);
        display.send(FromDisplay::Frame { generation: 7, slot: 2, time: 5_000_000 }).unwrap();
        turn(&mut worker).unwrap();
        let frame = snapshot.try_recv().unwrap();
        assert_eq!(frame.taken, Duration::from_millis(5));
        let picture = &frame.pixels;
        assert!((**picture).as_ref().iter().all(|byte| *byte == 9) && picture.planes().width() == 64);
        assert_eq!(said(&display), None, "somebody has it");
        let second = ring(&display, 8);
        turn(&mut worker).unwrap();
        drop((frame, second));
        assert_eq!(said(&display), Some(ToDisplay::Release { generation: 7, slot: 2 }));
    }

    #[test]
    fn a_mode_is_set_when_the_display_server_says_so() {
        let (mut worker, commands, display) = worker();
        let ask = |width| {
            let (done, answer) = oneshot::channel();
            commands.send(Command::Mode(Mode { width, height: 480, refresh_rate: 75 }, done)).unwrap();
            answer
        };
        let (mut first, mut second, mut odd) = (ask(640), ask(854), ask(641));
        turn(&mut worker).unwrap();
        assert!(odd.try_recv().unwrap().unwrap_err().contains("641x480"));
        let serials = [said(&display), said(&display)].map(|message| match message {
            Some(ToDisplay::Mode { serial, refresh_rate: 75, .. }) => serial,
            other => panic!("{other:?}"),
        });
        display.send(FromDisplay::ModeSet { serial: serials[1] }).unwrap();
        turn(&mut worker).unwrap();
        assert!(second.try_recv().unwrap().is_ok() && first.try_recv().is_err());
    }

    #[test]
    fn what_has_no_room_is_sent_later() {
        let (mut worker, commands, display) = worker();
        let asked = 3000;
        (0..asked).for_each(|_| commands.send(Command::Refresh).unwrap());
        turn(&mut worker).unwrap();
        let mut read = 0;
        loop {
            while said(&display) == Some(ToDisplay::Refresh) {
                read += 1;
            }
            if !worker.link.flush() {
                break;
            }
        }
        while said(&display).is_some() {
            read += 1;
        }
        assert_eq!(read, asked);
    }

    #[test]
    fn what_a_display_server_may_not_say_is_the_end() {
        let (mut worker, _commands, display) = worker();
        display.send(FromDisplay::Frame { generation: 0, slot: 0, time: 0 }).unwrap();
        assert!(turn(&mut worker).unwrap_err().to_string().contains("ring 0, which there is not"));
        let planes = Planes::new(64, 32).unwrap();
        let pipe = std::io::pipe().unwrap().0;
        display.send_with(FromDisplay::Ring { generation: 0, planes }, pipe.as_fd()).unwrap();
        assert!(turn(&mut worker).unwrap_err().to_string().contains("not sealed"));
        let (pipe, _writer) = std::io::pipe().unwrap();
        display.send_with(FromDisplay::Clipboard { bytes: 1 }, pipe.as_fd()).unwrap();
        assert!(turn(&mut worker).unwrap_err().to_string().contains("not sealed"), "reading it would wait");
        drop(display);
        assert!(turn(&mut worker).unwrap_err().to_string().contains("closed the connection"));
    }
}
