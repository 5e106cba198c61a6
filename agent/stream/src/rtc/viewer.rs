//! One viewer: its connection, what it gets, and what comes from it.

#[cfg(test)]
mod tests;

use super::clock;
use super::flow::Flow;
use super::gate::Gate;
use super::leisure::Leisure;
use super::limits::Share;
use super::message::ToPage;
use super::offer::{Accepted, Pictures};
use super::sockets::Sockets;
use super::{Reason, Request, Role};
use crate::media::{AccessUnit, EncodedPicture, ViewerId};
use dillinger_runner_api::wire;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use str0m::bwe::{Bitrate, BweKind};
use str0m::channel::ChannelId;
use str0m::media::{Frequency, MediaTime, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::StreamTxQueueInfo;
use str0m::stats::PeerStats;
use str0m::{Event, IceConnectionState, Input, Output, Rtc, RtcError};

/// How long an accepted offer waits for its viewer.
const CONNECT_TIME: Duration = Duration::from_secs(dillinger_runner_api::streamer::OFFER_SECONDS);
/// After this silence of a viewer nothing is held down in its name.
const QUIET: Duration = Duration::from_secs(3);
/// After this silence it is gone.
const SILENT: Duration = Duration::from_secs(10);
/// Most outputs of the connection in one go, so that one viewer does not hold up
/// the others; several times what the pacer lets out at once.
const MOST_OUTPUTS: usize = 1000;

/// What a viewer's connection reports.
#[derive(Debug)]
pub(super) enum News {
    /// It is connected.
    Connected,
    /// It needs a keyframe.
    Keyframe,
    /// The data channel `control` is open.
    ControlOpen,
    /// Bytes of `input` or `motion`.
    Input(Vec<u8>),
    /// JSON of `control`.
    Control(Vec<u8>),
    /// It is gone.
    Gone(Reason),
}

#[derive(Debug, Default)]
struct Channels {
    input: Option<ChannelId>,
    motion: Option<ChannelId>,
    control: Option<ChannelId>,
}

#[derive(Debug, Default)]
struct Measured {
    round_trip: Duration,
    loss: f64,
    remote: Option<SocketAddr>,
}

/// A viewer of the session.
#[derive(Debug)]
pub(super) struct Viewer {
    pub(super) request: Request,
    rtc: Box<Rtc>,
    /// The most that the pictures take, bits a second.
    most: u64,
    pictures: Pictures,
    audio: Option<(Mid, Pt)>,
    channels: Channels,
    gate: Gate,
    /// When the connection is to be driven again.
    pub(super) deadline: Instant,
    leisure: Leisure,
    begun: Instant,
    heard: Instant,
    let_go: bool,
    connected: Option<SystemTime>,
    flow: Flow,
    pub(super) max_bitrate: u64,
    pub(super) max_frame_rate: u32,
    measured: Measured,
    /// What came from the page in this second: input events, JSON messages.
    pub(super) came: (u32, u32),
}

impl Viewer {
    /// A viewer whose offer was accepted.
    pub(super) fn new(request: Request, accepted: Accepted, most: u64, now: Instant) -> Self {
        let mut this = Self {
            request,
            rtc: accepted.rtc,
            most: 0,
            pictures: accepted.pictures,
            audio: accepted.audio,
            channels: Channels::default(),
            gate: Gate::new(),
            deadline: now,
            leisure: Leisure::default(),
            begun: now,
            heard: now,
            let_go: false,
            connected: None,
            flow: Flow::default(),
            max_bitrate: 0,
            max_frame_rate: 0,
            measured: Measured::default(),
            came: (0, 0),
        };
        this.expect(most);
        this
    }

    /// The pictures take so much at most, bits a second.
    pub(super) fn expect(&mut self, most: u64) {
        if std::mem::replace(&mut self.most, most) != most {
            // What the connection should be found to take, with room for sound and
            // for packets that are sent again.
            self.rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::bps(most.saturating_mul(5) / 4));
        }
    }

    pub(super) fn id(&self) -> &ViewerId {
        &self.request.viewer
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connected.is_some()
    }

    pub(super) fn is_player(&self) -> bool {
        self.request.role == Role::Player
    }

    /// What it means for the limits of the encoder.
    pub(super) fn share(&self) -> Share {
        let (max_bitrate, max_frame_rate) = (self.max_bitrate, self.max_frame_rate);
        Share { player: self.is_player(), estimate: self.flow.estimate(), max_bitrate, max_frame_rate }
    }

    /// Whether a datagram is for this viewer.
    pub(super) fn accepts(&self, input: &Input<'_>) -> bool {
        self.rtc.accepts(input)
    }

    /// Takes a datagram.
    pub(super) fn receive(&mut self, input: Input<'_>, now: Instant) -> Result<(), RtcError> {
        (self.heard, self.let_go) = (now, false);
        self.rtc.handle_input(input)
    }

    /// The codecs that it takes.
    pub(super) fn pictures(&self) -> Pictures {
        self.pictures
    }

    /// Sends a picture, or leaves it out.
    pub(super) fn picture(&mut self, picture: &EncodedPicture, now: Instant) -> Result<(), RtcError> {
        if !self.is_connected() {
            return Ok(());
        }
        let unit = &picture.unit;
        let Some(pt) = self.pictures.payload(picture.codec) else {
            self.gate.missed(1);
            return Ok(());
        };
        let wait = self.wait(now);
        if !self.gate.passes(unit.keyframe, wait) {
            return Ok(());
        }
        self.leisure.sent(now);
        if let Some(estimate) = self.flow.picture(now) {
            self.rtc.bwe().reset(Bitrate::bps(estimate));
        }
        let Some(writer) = self.rtc.writer(self.pictures.mid) else { return Ok(()) };
        let time = MediaTime::new(clock::picture(unit.taken), Frequency::NINETY_KHZ);
        let at_once = MediaTime::new(0, Frequency::SECONDS);
        let taken = clock::instant(unit.taken, now);
        writer.playout_delay(at_once, at_once).write(pt, taken, time, unit.data.clone())?;
        self.rtc.handle_input(Input::Timeout(now))
    }

    /// Sends sound with its time stamp and whether it follows silence.
    pub(super) fn sound(&mut self, unit: &AccessUnit, stamp: (u64, bool), now: Instant) -> Result<(), RtcError> {
        let Some((mid, pt)) = self.audio.filter(|_| self.is_connected()) else { return Ok(()) };
        self.leisure.sent(now);
        let Some(writer) = self.rtc.writer(mid) else { return Ok(()) };
        let time = MediaTime::new(stamp.0, Frequency::FORTY_EIGHT_KHZ);
        let taken = clock::instant(unit.taken, now);
        writer.start_of_talkspurt(stamp.1).write(pt, taken, time, unit.data.clone())?;
        self.rtc.handle_input(Input::Timeout(now))
    }

    /// Pictures were lost before they came here.
    pub(super) fn missed(&mut self, pictures: u64) {
        if self.is_connected() {
            self.gate.missed(pictures);
        }
    }

    /// Whether a keyframe would help now.
    pub(super) fn wants_keyframe(&mut self, now: Instant) -> bool {
        let wait = self.wait(now);
        self.is_connected() && self.gate.wants_keyframe(wait)
    }

    /// Age of the oldest packet of a picture that is not sent yet.
    fn wait(&mut self, now: Instant) -> Duration {
        let oldest = self.queue(|queue| queue.first_unsent()).flatten();
        oldest.map(|oldest| now.saturating_duration_since(oldest)).unwrap_or_default()
    }

    /// Looks at the pictures' packets that are not sent yet; `None` if there are none.
    fn queue<T>(&mut self, look: impl FnOnce(&dyn StreamTxQueueInfo) -> T) -> Option<T> {
        let mut api = self.rtc.direct_api();
        let queue = api.stream_tx_by_mid(self.pictures.mid, None)?.queue_info()?;
        (queue.packet_count() > 0).then(|| look(queue))
    }

    /// Sends JSON; lost if the page takes none.
    pub(super) fn tell(&mut self, message: &ToPage<'_>) {
        if let Some(mut channel) = self.channels.control.and_then(|id| self.rtc.channel(id))
            && let Err(error) = channel.write(false, message.json().as_bytes())
        {
            tracing::debug!(viewer = %self.request.viewer, %error, "message to the page is lost");
        }
    }

    /// Gives the connection the time.
    pub(super) fn tick(&mut self, now: Instant) -> Result<(), RtcError> {
        self.rtc.handle_input(Input::Timeout(now))
    }

    /// Lets the connection send what it has to send and collects its news.
    pub(super) fn drive(&mut self, sockets: &Sockets, news: &mut Vec<News>) -> Result<(), RtcError> {
        self.outputs(MOST_OUTPUTS, sockets, news)
    }

    /// At most so many outputs; what is left is due at once.
    fn outputs(&mut self, most: usize, sockets: &Sockets, news: &mut Vec<News>) -> Result<(), RtcError> {
        for _ in 0..most {
            match self.rtc.poll_output()? {
                Output::Timeout(at) => {
                    // After each packet the connection asks for a time that is later by a microsecond, before it gives
                    // out the next one. That has passed by now.
                    let now = Instant::now();
                    self.leisure.reason(self.rtc.last_timeout_reason(), now);
                    if at <= now {
                        self.rtc.handle_input(Input::Timeout(now))?;
                        continue;
                    }
                    let exact = !self.is_connected() || self.queue(|_| ()).is_some();
                    self.deadline = if exact { at } else { self.leisure.deadline(at, now) };
                    return Ok(());
                }
                Output::Transmit(packet) => {
                    sockets.send(packet.source, packet.destination, &packet.contents);
                }
                Output::Event(event) => news.extend(self.event(event, Instant::now())),
            }
        }
        self.deadline = Instant::now();
        Ok(())
    }

    fn event(&mut self, event: Event, now: Instant) -> Option<News> {
        match event {
            Event::Connected if self.connected.is_none() => {
                self.connected = Some(SystemTime::now());
                Some(News::Connected)
            }
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => Some(News::Gone(Reason::Timeout)),
            Event::Closed => Some(News::Gone(Reason::Left)),
            Event::ChannelOpen(id, label) => self.open(id, &label),
            Event::ChannelData(data) if self.channels.control == Some(data.id) => Some(News::Control(data.data)),
            Event::ChannelData(data) if [self.channels.input, self.channels.motion].contains(&Some(data.id)) => {
                Some(News::Input(data.data))
            }
            Event::KeyframeRequest(_) => Some(News::Keyframe),
            Event::EgressBitrateEstimate(BweKind::Twcc { estimate, .. }) => {
                self.flow.estimated(estimate.as_u64(), now);
                None
            }
            Event::PeerStats(stats) => {
                self.measure(&stats);
                None
            }
            _ => None,
        }
    }

    fn open(&mut self, id: ChannelId, label: &str) -> Option<News> {
        let place = match label {
            "input" => &mut self.channels.input,
            "motion" => &mut self.channels.motion,
            "control" => &mut self.channels.control,
            _ => return None,
        };
        *place = Some(id);
        (label == "control").then_some(News::ControlOpen)
    }

    fn measure(&mut self, stats: &PeerStats) {
        let pair = stats.selected_candidate_pair.as_ref();
        let round_trip = stats.rtt.or_else(|| pair.and_then(|pair| pair.current_round_trip_time));
        self.measured.round_trip = round_trip.unwrap_or(self.measured.round_trip);
        self.measured.loss = stats.egress_loss_fraction.map_or(self.measured.loss, f64::from);
        self.measured.remote = pair.map(|pair| pair.remote.addr).or(self.measured.remote);
    }

    /// Whether it is silent for so long that it should be gone, and why.
    pub(super) fn gone(&self, now: Instant) -> Option<Reason> {
        match self.connected {
            None => (now.saturating_duration_since(self.begun) >= CONNECT_TIME).then_some(Reason::NeverConnected),
            Some(_) => (now.saturating_duration_since(self.heard) >= SILENT).then_some(Reason::Timeout),
        }
    }

    /// True once when it became silent: what it holds is to be let go.
    pub(super) fn became_quiet(&mut self, now: Instant) -> bool {
        let quiet = self.is_connected() && now.saturating_duration_since(self.heard) >= QUIET;
        quiet && !std::mem::replace(&mut self.let_go, true)
    }

    /// Says farewell. Whatever comes afterwards is not for this viewer.
    pub(super) fn close(mut self, reason: &Reason, sockets: &Sockets) {
        let mut news = Vec::new();
        self.tell(&ToPage::Bye { reason: &reason.to_string() });
        let closed = self
            .drive(sockets, &mut news)
            .and_then(|()| self.rtc.close())
            .and_then(|()| self.drive(sockets, &mut news));
        if let Err(error) = closed {
            tracing::debug!(viewer = %self.request.viewer, %error, "farewell failed");
        }
    }

    /// For the property `Viewers`.
    pub(super) fn status(&self) -> wire::Viewer {
        let connected = self.connected.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        wire::Viewer {
            viewer: self.request.viewer.to_string(),
            role: self.request.role.to_string(),
            name: self.request.name.clone(),
            keyboard_layout: self.request.keyboard_layout.clone(),
            state: if self.is_connected() { "connected" } else { "connecting" }.to_owned(),
            connected_timestamp: micros(connected),
            round_trip_time_usec: micros(self.measured.round_trip),
            bitrate: self.flow.estimate().unwrap_or_default(),
            loss_fraction: self.measured.loss,
            frames_sent: self.gate.sent(),
            frames_dropped: self.gate.dropped(),
            address: self.measured.remote.map(|address| address.to_string()).unwrap_or_default(),
        }
    }

    /// Pictures left out for it.
    pub(super) fn skipped(&self) -> u64 {
        self.gate.dropped()
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A datagram as the connections take it; `None` if it is none of WebRTC.
pub(super) fn datagram(contents: &[u8], source: SocketAddr, local: SocketAddr, now: Instant) -> Option<Input<'_>> {
    let receive = Receive::new(Protocol::Udp, source, local, contents).ok()?;
    Some(Input::Receive(now, receive))
}
