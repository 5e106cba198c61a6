//! A page as far as WebRTC goes: offers, receives, sends input.

use dillinger_stream::media::VideoCodec;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::format::Codec;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::Extension;
use str0m::{Candidate, Event, Input, Output, Rtc};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};

/// What the page got so far.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    pub connected: bool,
    pub open: Vec<String>,
    pub pictures: usize,
    pub keyframes: usize,
    /// Of the last picture.
    pub codec: Option<VideoCodec>,
    pub broken: usize,
    pub sounds: usize,
    pub texts: Vec<String>,
    pub closed: bool,
    /// From `taken` to the whole picture here, the worst of all.
    pub network_times: Vec<(MediaKind, u64, Instant)>,
}

#[derive(Debug)]
enum Do {
    Send(&'static str, Vec<u8>),
    RequestKeyframe,
    Vanish,
}

/// How the network treats the page.
#[derive(Debug, Default, Clone, Copy)]
pub struct Network {
    /// Per mille of the datagrams to the page that are lost.
    pub loss: u32,
    /// Bytes a second to the page; 0 is no limit.
    pub rate: u64,
}

pub struct Page {
    rtc: Box<Rtc>,
    pending: Option<SdpPendingOffer>,
    socket: UdpSocket,
    pub offer: String,
    video: Mid,
    channels: HashMap<&'static str, ChannelId>,
}

/// A page that runs.
pub struct Running {
    orders: mpsc::UnboundedSender<Do>,
    pub seen: watch::Receiver<Seen>,
}

impl Page {
    /// With the codecs of most browsers.
    pub async fn new() -> Self {
        Self::decoding(&[VideoCodec::H264, VideoCodec::Vp8]).await
    }

    /// With these codecs only.
    pub async fn decoding(codecs: &[VideoCodec]) -> Self {
        let crypto = Arc::new(str0m::crypto::from_feature_flags());
        let config = Rtc::builder().set_crypto_provider(crypto).set_reordering_size_video(600);
        let config = config.clear_codecs().enable_opus(true, false);
        let config =
            config.enable_h264(codecs.contains(&VideoCodec::H264)).enable_vp8(codecs.contains(&VideoCodec::Vp8));
        let mut rtc = config.set_extension(9, Extension::PlayoutDelay).build(Instant::now());
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        rtc.add_local_candidate(Candidate::host(socket.local_addr().unwrap(), "udp").unwrap());
        let mut api = rtc.sdp_api();
        let video = api.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        api.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        let mut channels = HashMap::new();
        for label in ["input", "motion", "control"] {
            let mut config = ChannelConfig { label: label.to_owned(), ..ChannelConfig::default() };
            if label == "motion" {
                config.ordered = false;
                config.reliability = Reliability::MaxRetransmits { retransmits: 0 };
            }
            channels.insert(label, api.add_channel_with_config(config));
        }
        let (offer, pending) = api.apply().unwrap();
        Self { rtc: Box::new(rtc), pending: Some(pending), socket, offer: offer.to_sdp_string(), video, channels }
    }

    /// Takes the answer and runs until dropped. Datagrams to one of the
    /// addresses of `routes` go to the other.
    pub fn run(mut self, answer: &str, network: Network, routes: Option<(SocketAddr, SocketAddr)>) -> Running {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        self.rtc.sdp_api().accept_answer(self.pending.take().unwrap(), answer).unwrap();
        let (orders, todo) = mpsc::unbounded_channel();
        let (tell, seen) = watch::channel(Seen::default());
        tokio::spawn(self.live(network, routes, todo, tell));
        Running { orders, seen }
    }

    async fn live(
        mut self,
        network: Network,
        routes: Option<(SocketAddr, SocketAddr)>,
        mut todo: mpsc::UnboundedReceiver<Do>,
        tell: watch::Sender<Seen>,
    ) {
        let (mut buffer, mut dice, mut budget) = ([0; 2048], 12345_u32, 0.0_f64);
        let mut refilled = Instant::now();
        loop {
            let Some(deadline) = self.drain(routes, &tell) else { return };
            tokio::select! {
                received = self.socket.recv_from(&mut buffer) => {
                    let (length, source) = received.unwrap();
                    dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    if (dice >> 8) % 1000 < network.loss && length > 100 {
                        continue;
                    }
                    let now = Instant::now();
                    if network.rate > 0 {
                        budget = (budget + (now - refilled).as_secs_f64() * network.rate as f64).min(network.rate as f64 / 4.0);
                        refilled = now;
                        if length > 100 && budget < length as f64 {
                            continue;
                        }
                        budget -= length as f64;
                    }
                    let source = routes.filter(|routes| routes.1 == source).map_or(source, |routes| routes.0);
                    let destination = self.socket.local_addr().unwrap();
                    let Ok(contents) = buffer[..length].try_into() else { continue };
                    let receive = Receive { proto: Protocol::Udp, source, destination, contents };
                    let _ = self.rtc.handle_input(Input::Receive(now, receive));
                }
                order = todo.recv() => match order {
                    Some(Do::Send(label, bytes)) => {
                        let id = self.channels[label];
                        assert!(self.rtc.channel(id).unwrap().write(label != "control", &bytes).unwrap());
                    }
                    Some(Do::RequestKeyframe) => {
                        let _ = self.rtc.writer(self.video).map(|mut w| w.request_keyframe(None, KeyframeRequestKind::Pli));
                    }
                    Some(Do::Vanish) => return,
                    None => {
                        let _ = self.rtc.close();
                        self.drain(routes, &tell);
                        return;
                    }
                },
                () = tokio::time::sleep_until(deadline.into()) => {
                    let _ = self.rtc.handle_input(Input::Timeout(Instant::now()));
                }
            }
        }
    }

    /// The next deadline; `None` if the connection is over.
    fn drain(&mut self, routes: Option<(SocketAddr, SocketAddr)>, tell: &watch::Sender<Seen>) -> Option<Instant> {
        loop {
            match self.rtc.poll_output().ok()? {
                Output::Timeout(at) => return self.rtc.is_alive().then_some(at),
                Output::Transmit(packet) => {
                    let to = routes.filter(|routes| routes.0 == packet.destination).map_or(packet.destination, |r| r.1);
                    let _ = self.socket.try_send_to(&packet.contents, to);
                }
                Output::Event(event) => tell.send_modify(|seen| see(seen, event)),
            }
        }
    }
}

fn see(seen: &mut Seen, event: Event) {
    match event {
        Event::Connected => seen.connected = true,
        Event::ChannelOpen(_, label) => seen.open.push(label),
        Event::ChannelData(data) => seen.texts.push(String::from_utf8(data.data).unwrap()),
        Event::MediaData(data) => {
            let kind = if data.params.spec().codec.is_audio() { MediaKind::Audio } else { MediaKind::Video };
            seen.network_times.push((kind, data.time.numer(), Instant::now()));
            match kind {
                MediaKind::Audio => seen.sounds += 1,
                MediaKind::Video => {
                    seen.pictures += 1;
                    let vp8 = data.params.spec().codec == Codec::Vp8;
                    seen.codec = Some(if vp8 { VideoCodec::Vp8 } else { VideoCodec::H264 });
                    seen.keyframes += usize::from(data.is_keyframe());
                    seen.broken += usize::from(!data.contiguous);
                }
            }
        }
        Event::Closed => seen.closed = true,
        _ => {}
    }
}

impl Running {
    pub fn send(&self, label: &'static str, bytes: &[u8]) {
        self.orders.send(Do::Send(label, bytes.to_vec())).unwrap();
    }

    pub fn request_keyframe(&self) {
        self.orders.send(Do::RequestKeyframe).unwrap();
    }

    /// Stops without a word.
    pub fn vanish(&self) {
        self.orders.send(Do::Vanish).unwrap();
    }

    /// Waits until something was seen.
    pub async fn until(&mut self, what: &str, is: impl Fn(&Seen) -> bool) -> Seen {
        let mut watched = self.seen.clone();
        let found = tokio::time::timeout(Duration::from_secs(20), watched.wait_for(|seen| is(seen))).await;
        if let Ok(seen) = found {
            return seen.expect("the page is over").clone();
        }
        let mut seen = self.seen.borrow().clone();
        seen.network_times.clear();
        panic!("not seen: {what}; {seen:?}")
    }

    pub async fn ready(&mut self) {
        self.until("three data channels", |seen| seen.connected && seen.open.len() == 3).await;
    }
}
