//! One controller while it is played: states from the streamer, rumble to it.

use super::device::Device;
use super::pace::Pace;
use super::rumble::Effects;
use super::{Pad, memory};
use crate::clock::monotonic_msec;
use dillinger_ring::pad::State;
use dillinger_ring::socket::{ReceiveError, Socket};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// A game may change its mind often; the players' motors are slow.
const RUMBLE_PERIOD: Duration = Duration::from_millis(10);
/// The same while the streamer does not read.
const UNREAD_PERIOD: Duration = Duration::from_millis(100);

/// Which ends of a controller can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ready {
    /// The game asks for something.
    pub(super) device: bool,
    /// The streamer says something.
    pub(super) channel: bool,
}

/// A controller and who plays it.
#[derive(Debug)]
pub(super) struct Controller {
    node: String,
    device: Device,
    memory: Option<File>,
    channel: Option<Socket>,
    /// What the device has; none if an agent before this one wrote that.
    written: Option<State>,
    effects: Effects,
    states: Pace,
    requests: Pace,
    /// The game asked for something since the streamer was told.
    news: bool,
    /// The motors run, as far as the streamer was told.
    running: bool,
    /// Before this the streamer is not told again.
    quiet_until: Instant,
}

impl Controller {
    /// A controller that nobody plays yet, with the effects that are in its memory.
    ///
    /// # Errors
    /// The descriptor of the device does not do.
    pub(super) fn new(pad: Pad, now: Instant) -> io::Result<Self> {
        let node = pad.event_node();
        let memory = pad.memory.map(File::from);
        let effects = memory.as_ref().and_then(|memory| memory::read(memory).ok()).unwrap_or_default();
        Ok(Self {
            node,
            device: Device::new(pad.fd)?,
            memory,
            channel: None,
            written: None,
            effects,
            states: Pace::new(now),
            requests: Pace::new(now),
            news: false,
            running: false,
            quiet_until: now,
        })
    }

    /// What its game opens.
    pub(super) fn node(&self) -> &str {
        &self.node
    }

    /// Gives it another channel to a streamer, which is told at once what the motors do.
    pub(super) fn connect(&mut self, channel: Socket) {
        self.channel = Some(channel);
        (self.news, self.running) = (true, true);
    }

    /// Removes the device.
    pub(super) fn destroy(self) {
        self.device.destroy();
    }

    /// What is to be waited for.
    pub(super) fn sources(&mut self, now: Instant) -> (Option<BorrowedFd<'_>>, Option<BorrowedFd<'_>>) {
        let device = self.requests.permits(now).then(|| self.device.as_fd());
        let channel = if self.states.permits(now) { self.channel.as_ref().map(AsFd::as_fd) } else { None };
        (device, channel)
    }

    /// When it wants a turn though nothing came.
    pub(super) fn deadline(&mut self, now: Instant) -> Option<Instant> {
        let rumble = (self.news && self.channel.is_some()).then_some(self.quiet_until);
        let channel = self.channel.as_ref().and_then(|_| self.states.pause(now));
        [rumble, channel, self.requests.pause(now)].into_iter().flatten().min()
    }

    /// Does what there is to do.
    ///
    /// # Errors
    /// The device is gone.
    pub(super) fn turn(&mut self, ready: Ready, now: Instant) -> io::Result<()> {
        if ready.channel {
            self.listen(now)?;
        }
        if ready.device {
            self.answer()?;
        }
        if self.news && now >= self.quiet_until {
            self.tell(now);
        }
        Ok(())
    }

    /// Writes each state that the streamer sends, as fast as is permitted. What is too fast waits in the channel, which
    /// has room for a few.
    fn listen(&mut self, now: Instant) -> io::Result<()> {
        while self.states.permits(now) {
            let Some(channel) = &self.channel else { return Ok(()) };
            match channel.receive::<State>() {
                Ok(Some((state, _))) => {
                    self.states.count();
                    self.write(state)?;
                }
                Ok(None) => return Ok(()),
                Err(error) => return self.hang_up(&error),
            }
        }
        Ok(())
    }

    /// Listens to this streamer no longer, and lets go of everything.
    fn hang_up(&mut self, why: &ReceiveError) -> io::Result<()> {
        let node = &self.node;
        match why {
            ReceiveError::Closed => tracing::debug!(node, "the streamer has closed the channel of a controller"),
            error => tracing::warn!(node, %error, "the channel of a controller is closed"),
        }
        self.channel = None;
        self.write(State::default())
    }

    fn write(&mut self, state: State) -> io::Result<()> {
        self.device.write(&state, self.written.as_ref())?;
        self.written = Some(state);
        Ok(())
    }

    fn answer(&mut self) -> io::Result<()> {
        self.requests.count();
        if !self.device.serve(&mut self.effects, monotonic_msec())? {
            return Ok(());
        }
        self.news = true;
        if let Some(memory) = &self.memory
            && let Err(error) = memory::write(memory, &self.effects)
        {
            tracing::debug!(node = self.node, %error, "the effects of a controller are not kept");
        }
        Ok(())
    }

    /// Tells the streamer what the motors do.
    fn tell(&mut self, now: Instant) {
        let Some(channel) = &self.channel else { return };
        let rumble = self.effects.rumble(monotonic_msec());
        let runs = rumble.milliseconds > 0;
        // Not if an effect came or went that does not play.
        let sent = if runs || self.running { channel.send(rumble).is_ok() } else { true };
        if sent {
            (self.news, self.running) = (false, runs);
        }
        // An end that is closed is found when it is read.
        self.quiet_until = now + if sent { RUMBLE_PERIOD } else { UNREAD_PERIOD };
    }
}
