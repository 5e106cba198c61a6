//! The task that owns the viewers and the sockets.

mod settle;

use super::asks::Asks;
use super::backlog::Backlog;
use super::clock::Sound;
use super::codec::Needs;
use super::limits::Steady;
use super::message::ToPage;
use super::offer::{self, Used};
use super::sockets::Sockets;
use super::viewer::{News, Viewer, datagram};
use super::{Command, Error, Reason, Request, Settings, ViewerEvent, codec};
use crate::clock::until;
use crate::media::{AccessUnit, Audio, EncodedPicture, Feedback, Input, Video, VideoCodec, VideoStatus};
use dillinger_runner_api::{streamer::MOST_VIEWERS, wire};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::RtcError;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{mpsc, watch};

/// Datagrams that are taken before anything else has its turn.
const BATCH: usize = 64;
const SECOND: Duration = Duration::from_secs(1);
/// Larger than any datagram of WebRTC.
const DATAGRAM: usize = 2048;

/// The parts that the viewers see and play.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) video: Video,
    pub(super) audio: Audio,
    pub(super) input: Input,
}

/// Where others read what happens.
#[derive(Debug)]
pub(super) struct Outlets {
    pub(super) publish: watch::Sender<Vec<wire::Viewer>>,
    pub(super) events: broadcast::Sender<ViewerEvent>,
}

/// What woke the task.
enum Wake {
    Command(Command),
    Datagram(usize, std::net::SocketAddr, std::net::SocketAddr),
    Picture(Result<Arc<EncodedPicture>, RecvError>),
    Sound(Result<Arc<AccessUnit>, RecvError>),
    Feedback(Result<Feedback, RecvError>),
    InputRoom,
    Time,
}

pub(super) struct Task {
    pub(super) settings: Settings,
    pub(super) parts: Parts,
    outlets: Outlets,
    pub(super) viewers: Vec<Viewer>,
    pub(super) sockets: Sockets,
    used: Used,
    pub(super) asks: Asks,
    pub(super) backlog: Backlog,
    needs: Needs,
    /// Of the last picture.
    codec: Option<VideoCodec>,
    steady: Steady,
    sound: Sound,
    next_second: Instant,
}

/// Runs until it is closed, or until nobody holds [`super::Viewers`] any more.
pub(super) async fn run(settings: Settings, parts: Parts, mut requests: mpsc::Receiver<Command>, outlets: Outlets) {
    let mut pictures = parts.video.units.subscribe();
    let mut sounds = parts.audio.units.subscribe();
    let mut feedback = parts.input.feedback.subscribe();
    let mut buffer = [0; DATAGRAM];
    let mut task = Task::new(settings, parts, outlets);
    loop {
        let deadline = task.deadline();
        let busy_input = !task.backlog.is_empty();
        let wake = tokio::select! {
            command = requests.recv() => match command {
                Some(command) => Wake::Command(command),
                None => break,
            },
            (length, source, local) = task.sockets.receive(&mut buffer) => Wake::Datagram(length, source, local),
            unit = pictures.recv() => Wake::Picture(unit),
            unit = sounds.recv() => Wake::Sound(unit),
            happened = feedback.recv() => Wake::Feedback(happened),
            _ = task.parts.input.commands.reserve(), if busy_input => Wake::InputRoom,
            () = until(deadline) => Wake::Time,
        };
        if task.wake(wake, &mut buffer).is_break() {
            break;
        }
    }
    task.end();
}

impl Task {
    fn new(settings: Settings, parts: Parts, outlets: Outlets) -> Self {
        Self {
            asks: Asks::new(parts.video.commands.clone()),
            settings,
            parts,
            outlets,
            viewers: Vec::new(),
            sockets: Sockets::default(),
            used: Used::default(),
            backlog: Backlog::default(),
            needs: Needs::default(),
            codec: None,
            steady: Steady::default(),
            sound: Sound::default(),
            next_second: Instant::now() + SECOND,
        }
    }

    /// When there is something to do without a reason from outside; `None`
    /// without viewers.
    fn deadline(&self) -> Option<Instant> {
        let second = (!self.viewers.is_empty() || self.asks.waits()).then_some(self.next_second);
        self.viewers.iter().map(|viewer| viewer.deadline).chain(self.asks.deadline()).chain(second).min()
    }

    fn wake(&mut self, wake: Wake, buffer: &mut [u8; DATAGRAM]) -> ControlFlow<()> {
        let now = Instant::now();
        match wake {
            Wake::Command(command) => self.command(command, now)?,
            Wake::Datagram(length, source, local) => {
                let mut next = Some((length, source, local));
                for _ in 0..BATCH {
                    let Some((length, source, local)) = next else { break };
                    self.datagram(buffer.get(..length).unwrap_or_default(), source, local);
                    next = self.sockets.receive_more(buffer);
                }
                if let Some((length, source, local)) = next {
                    self.datagram(buffer.get(..length).unwrap_or_default(), source, local);
                }
            }
            Wake::Picture(Ok(picture)) => self.picture(&picture, now),
            Wake::Picture(Err(RecvError::Lagged(lost))) => {
                self.viewers.iter_mut().for_each(|viewer| viewer.missed(lost));
                self.asks.keyframe();
            }
            Wake::Sound(Ok(unit)) => {
                let stamp = self.sound.stamp(unit.taken);
                self.each(|viewer| viewer.sound(&unit, stamp, now));
            }
            Wake::Feedback(Ok(feedback)) => self.feedback(&feedback),
            Wake::Sound(Err(RecvError::Lagged(_))) | Wake::Feedback(Err(RecvError::Lagged(_))) | Wake::InputRoom => {}
            // This task holds a sender of each, so none of them is closed.
            Wake::Picture(Err(_)) | Wake::Sound(Err(_)) | Wake::Feedback(Err(_)) => {
                return ControlFlow::Break(());
            }
            Wake::Time => self.time(now),
        }
        self.settle(now);
        ControlFlow::Continue(())
    }

    fn command(&mut self, command: Command, now: Instant) -> ControlFlow<()> {
        // Whoever asked may have gone; then nobody wants the answer.
        match command {
            Command::Connect(request, offer, done) => {
                let _ = done.send(self.connect(request, &offer, now));
            }
            Command::Disconnect(viewer, done) => {
                let found = self.viewers.iter().any(|known| *known.id() == viewer);
                let answer = if found { Ok(()) } else { Err(Error::NoSuchViewer(viewer.clone())) };
                self.remove(&viewer, &Reason::Disconnected);
                let _ = done.send(answer);
            }
            Command::SetSockets(sockets, done) => {
                let _ = done.send(self.sockets.add(sockets));
            }
            Command::Close(done) => {
                self.end();
                let _ = done.send(Ok(()));
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// Says farewell to all.
    fn end(&mut self) {
        for viewer in std::mem::take(&mut self.viewers) {
            self.depart(viewer, &Reason::Ended);
        }
        self.settle(Instant::now());
    }

    fn connect(&mut self, request: Request, offer: &str, now: Instant) -> Result<String, Error> {
        if self.viewers.iter().any(|known| *known.id() == request.viewer) {
            return Err(Error::InvalidRequest(format!("there is a viewer {} already", request.viewer)));
        }
        if self.viewers.len() >= MOST_VIEWERS {
            return Err(Error::Busy(format!("the session has {MOST_VIEWERS} viewers already")));
        }
        let addresses = self.sockets.addresses();
        if addresses.is_empty() {
            return Err(Error::Failed("the session has no UDP socket; SetSockets comes before Connect".to_owned()));
        }
        let codecs = self.parts.video.status.borrow().codecs.clone();
        let accepted = offer::accept(offer, &codecs, &addresses, now)?;
        let all: Vec<_> = self.viewers.iter().map(Viewer::pictures).chain([accepted.pictures]).collect();
        codec::common(&codecs, &all).ok_or_else(|| {
            let text = "one picture is encoded for all, and there is no codec that this and the other viewers decode";
            Error::InvalidOffer(text.to_owned())
        })?;
        self.used.mark(offer)?;
        let answer = accepted.answer.clone();
        let id = request.viewer.clone();
        tracing::info!(viewer = %id, role = %request.role, name = request.name, "viewer may connect");
        let most = self.parts.video.status.borrow().max_bitrate;
        self.viewers.push(Viewer::new(request, accepted, most, now));
        self.with(&id, |viewer| viewer.tick(now));
        self.publish();
        Ok(answer)
    }

    fn datagram(&mut self, contents: &[u8], source: std::net::SocketAddr, local: std::net::SocketAddr) {
        let now = Instant::now();
        let Some(input) = datagram(contents, source, local, now) else { return };
        let Some(viewer) = self.viewers.iter().find(|viewer| viewer.accepts(&input)) else { return };
        let id = viewer.id().clone();
        self.with(&id, |viewer| viewer.receive(input, now));
    }

    fn picture(&mut self, picture: &EncodedPicture, now: Instant) {
        let keyframe = picture.unit.keyframe;
        if keyframe {
            self.asks.keyframe_came();
        }
        self.each(|viewer| viewer.picture(picture, now));
        if self.codec.replace(picture.codec).is_some_and(|before| before != picture.codec) {
            let ids: Vec<_> = self.viewers.iter().map(|viewer| viewer.id().clone()).collect();
            for id in &ids {
                self.hello(id);
            }
        }
        let players = !keyframe && self.viewers.iter_mut().any(|v| v.is_player() && v.wants_keyframe(now));
        if players {
            self.asks.keyframe();
        }
    }

    fn feedback(&mut self, feedback: &Feedback) {
        let (whose, message) = match feedback {
            Feedback::Clipboard(text) if self.settings.clipboard => (None, ToPage::Clipboard { text }),
            Feedback::Clipboard(_) => return,
            Feedback::Rumble { viewer, pad, strong, weak, duration } => {
                let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
                (Some(viewer), ToPage::Rumble { pad: *pad, strong: *strong, weak: *weak, duration_ms })
            }
        };
        self.each(|viewer| {
            if viewer.is_player() && whose.is_none_or(|whose| whose == viewer.id()) {
                viewer.tell(&message);
            }
            Ok(())
        });
    }

    fn time(&mut self, now: Instant) {
        self.each_if(|viewer| viewer.deadline <= now, |viewer| viewer.tick(now));
        if now >= self.next_second {
            self.next_second = now + SECOND;
            self.second(now);
        }
    }

    /// What is done once a second.
    fn second(&mut self, now: Instant) {
        let gone: Vec<_> = self.viewers.iter().filter_map(|v| Some((v.id().clone(), v.gone(now)?))).collect();
        for (id, reason) in gone {
            self.remove(&id, &reason);
        }
        for viewer in &mut self.viewers {
            if viewer.became_quiet(now) && viewer.is_player() {
                self.backlog.push(viewer.id(), crate::media::InputEvent::ReleaseAll);
            }
            viewer.came = (0, 0);
        }
        // Whoever is left without a keyframe by now, spectators too.
        if self.viewers.iter_mut().any(|viewer| viewer.wants_keyframe(now)) {
            self.asks.keyframe();
        }
        let status = self.parts.video.status.borrow().clone();
        let viewers = self.connected();
        self.each(|viewer| {
            viewer.expect(status.max_bitrate);
            viewer.tell(&stats(&status, viewer.skipped(), viewers));
            Ok(())
        });
        self.publish();
    }

    fn connected(&self) -> usize {
        self.viewers.iter().filter(|viewer| viewer.is_connected()).count()
    }

    /// Does something with every viewer, and whatever follows from it.
    fn each(&mut self, act: impl FnMut(&mut Viewer) -> Result<(), RtcError>) {
        self.each_if(|_| true, act);
    }

    pub(super) fn with(&mut self, id: &crate::media::ViewerId, act: impl FnOnce(&mut Viewer) -> Result<(), RtcError>) {
        let mut act = Some(act);
        self.each_if(|viewer| viewer.id() == id, |viewer| act.take().map_or(Ok(()), |act| act(viewer)));
    }

    fn each_if(&mut self, chosen: impl Fn(&Viewer) -> bool, mut act: impl FnMut(&mut Viewer) -> Result<(), RtcError>) {
        let mut all = Vec::new();
        for viewer in self.viewers.iter_mut().filter(|viewer| chosen(viewer)) {
            let mut news = Vec::new();
            let driven = act(viewer).and_then(|()| viewer.drive(&self.sockets, &mut news));
            if let Err(error) = driven {
                news.push(News::Gone(Reason::Failed(error.to_string())));
            }
            all.extend(news.into_iter().map(|news| (viewer.id().clone(), news)));
        }
        for (id, news) in all {
            self.news(&id, news);
        }
    }

    pub(super) fn remove(&mut self, id: &crate::media::ViewerId, reason: &Reason) {
        if let Some(at) = self.viewers.iter().position(|viewer| viewer.id() == id) {
            let viewer = self.viewers.remove(at);
            self.depart(viewer, reason);
        }
    }

    fn depart(&mut self, viewer: Viewer, reason: &Reason) {
        let id = viewer.id().clone();
        tracing::info!(viewer = %id, %reason, "viewer is gone");
        if viewer.is_player() {
            self.backlog.leave(&id);
        }
        viewer.close(reason, &self.sockets);
        self.tell(ViewerEvent::Disconnected(id, reason.clone()));
    }

    /// Tells the others of a viewer.
    pub(super) fn tell(&mut self, event: ViewerEvent) {
        self.publish();
        // Nobody may be there to listen.
        let _ = self.outlets.events.send(event);
    }

    fn publish(&self) {
        self.outlets.publish.send_replace(self.viewers.iter().map(Viewer::status).collect());
    }
}

fn stats<'a>(status: &VideoStatus, skipped_frames: u64, viewers: usize) -> ToPage<'a> {
    ToPage::Stats {
        frame_rate: status.frame_rate,
        bitrate: status.bitrate,
        encode_latency_usec: u64::try_from(status.encode_latency.as_micros()).unwrap_or(u64::MAX),
        captured: status.captured,
        dropped_frames: status.dropped,
        skipped_frames,
        viewers,
    }
}
