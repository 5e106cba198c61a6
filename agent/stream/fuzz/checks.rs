//! What is tried with each input: by the fuzzer with what it makes up, by the test `seeds` with what is kept in `seeds/`.

use dillinger_stream::media::VideoCodec;
use dillinger_stream::rtc::{Address, offer, parse};
use std::net::SocketAddr;
use std::time::Instant;

/// Whatever a page sends on the data channels `input` and `motion`. Returns how many events it makes.
pub fn input(message: &[u8]) -> usize {
    let mut events = parse::events(message);
    let count = events.by_ref().count();
    // An event takes two bytes at least.
    assert!(count * 2 + events.ignored() <= message.len());
    count
}

/// Whatever a page sends as its offer, up to the answer. Returns whether it is accepted.
pub fn offer(text: &str) -> bool {
    let local = SocketAddr::from(([127, 0, 0, 1], 40_000));
    let address = Address { local, advertised: SocketAddr::from(([203, 0, 113, 7], 40_000)) };
    let codecs = [VideoCodec::H264, VideoCodec::Vp8];
    let Ok(accepted) = offer::accept(text, &codecs, &[address], Instant::now()) else { return false };
    assert!(accepted.answer.contains("203.0.113.7 40000"));
    assert!(codecs.into_iter().any(|codec| accepted.pictures.payload(codec).is_some()));
    true
}
