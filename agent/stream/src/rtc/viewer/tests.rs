//! A viewer and its page, over sockets of this machine.

use super::*;
use crate::clock::until;
use crate::media::{AccessUnit, VideoCodec};
use crate::rtc::offer;
use crate::rtc::sockets::Socket;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use str0m::Candidate;
use str0m::change::SdpAnswer;
use str0m::media::{Direction, MediaKind};
use tokio::net::UdpSocket;

/// For the page to connect.
const PATIENCE: Duration = Duration::from_secs(20);

struct Page {
    rtc: Box<Rtc>,
    socket: UdpSocket,
}

impl Page {
    /// Sends what there is to send. Returns when it has more to do.
    fn drain(&mut self) -> Instant {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => return at,
                Output::Transmit(packet) => drop(self.socket.try_send_to(&packet.contents, packet.destination)),
                Output::Event(_) => {}
            }
        }
    }
}

/// A viewer that looks for its page. It expects nothing, so that no probes of the network come between the packets.
async fn started() -> (Viewer, Sockets, Page) {
    let crypto = Arc::new(str0m::crypto::from_feature_flags());
    let mut rtc = Box::new(Rtc::builder().set_crypto_provider(crypto).build(Instant::now()));
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    rtc.add_local_candidate(Candidate::host(socket.local_addr().unwrap(), "udp").unwrap());
    let mut api = rtc.sdp_api();
    api.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
    let (offer, pending) = api.apply().unwrap();

    let (mut sockets, ours) = (Sockets::default(), std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
    let told = ours.local_addr().unwrap().to_string();
    sockets.add(vec![Socket::new(OwnedFd::from(ours), &told).unwrap()]).unwrap();
    let (codecs, now) = ([VideoCodec::H264], Instant::now());
    let accepted = offer::accept(&offer.to_sdp_string(), &codecs, &sockets.addresses(), now).unwrap();
    rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&accepted.answer).unwrap()).unwrap();
    let (viewer, name, keyboard_layout) = (ViewerId("ann".into()), "Ann".to_owned(), "us".to_owned());
    let request = Request { viewer, role: Role::Player, name, keyboard_layout };
    (Viewer::new(request, accepted, 0, now), sockets, Page { rtc, socket })
}

/// A viewer whose page is there.
async fn connected() -> (Viewer, Sockets) {
    let (mut viewer, mut sockets, mut page) = started().await;
    let (mut from_page, mut to_page) = ([0; 2048], [0; 2048]);
    while !viewer.is_connected() {
        viewer.tick(Instant::now()).unwrap();
        viewer.drive(&sockets, &mut Vec::new()).unwrap();
        page.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
        let deadline = page.drain().min(viewer.deadline);
        tokio::select! {
            (length, source, local) = sockets.receive(&mut from_page) => {
                let now = Instant::now();
                viewer.receive(datagram(&from_page[..length], source, local, now).unwrap(), now).unwrap();
            }
            received = page.socket.recv_from(&mut to_page) => {
                let ((length, source), local) = (received.unwrap(), page.socket.local_addr().unwrap());
                page.rtc.handle_input(datagram(&to_page[..length], source, local, Instant::now()).unwrap()).unwrap();
            }
            () = until(Some(deadline)) => {}
        }
    }
    (viewer, sockets)
}

/// A viewer with a picture of several packets, which is not more than may leave at once.
async fn with_a_picture() -> (Viewer, Sockets) {
    let (mut viewer, sockets) = tokio::time::timeout(PATIENCE, connected()).await.expect("no page");
    let mut data = vec![0, 0, 0, 1, 0x65];
    data.resize(12_000, 0x55);
    let unit = AccessUnit { data: data.into(), keyframe: true, taken: crate::clock::now() };
    viewer.picture(&EncodedPicture { codec: VideoCodec::H264, unit }, Instant::now()).unwrap();
    assert!(waiting(&mut viewer) >= 10);
    (viewer, sockets)
}

/// Packets of pictures that have not left.
fn waiting(viewer: &mut Viewer) -> usize {
    viewer.queue(|queue| queue.packet_count()).unwrap_or_default()
}

#[tokio::test]
async fn the_packets_of_a_picture_do_not_wait_for_each_other() {
    let (mut viewer, sockets) = with_a_picture().await;
    viewer.drive(&sockets, &mut Vec::new()).unwrap();
    assert_eq!(waiting(&mut viewer), 0, "packets wait for a timer");
}

#[tokio::test]
async fn what_does_not_leave_in_one_go_does_in_the_next() {
    let (mut viewer, sockets) = with_a_picture().await;
    viewer.outputs(5, &sockets, &mut Vec::new()).unwrap();
    assert!(waiting(&mut viewer) > 0);
    assert!(viewer.deadline <= Instant::now(), "it goes on after a while only");
    viewer.drive(&sockets, &mut Vec::new()).unwrap();
    assert_eq!(waiting(&mut viewer), 0);
}
