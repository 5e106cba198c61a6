//! How much of a stream is held, and when more is asked for: what clients wish, and what they get.
//!
//! The arithmetic is that of `PulseAudio` with a sink whose latency is one piece, since clients count on it.

use super::LATENCY;
use crate::sound::format::Spec;
use std::time::Duration;

/// Of a stream at most, in bytes.
pub const MOST: u32 = 4 * 1024 * 1024;
/// What a client gets that does not say how much it wants to have buffered.
const USUAL: Duration = Duration::from_secs(2);
/// At least so much is asked for at once of such a client.
const PROCESS: Duration = Duration::from_millis(20);
/// The number that leaves it to the server.
const ANY: u32 = u32::MAX;

/// What a client wishes, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wishes {
    /// More is not taken.
    pub maxlength: u32,
    /// So much is to be there.
    pub tlength: u32,
    /// With so much it begins to play.
    pub prebuf: u32,
    /// So much is asked for at least.
    pub minreq: u32,
    /// What is to be there includes what the sink holds.
    pub adjust_latency: bool,
    /// More is asked for as soon as it can be, and no later.
    pub early_requests: bool,
}

/// What it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as above")]
pub struct Attributes {
    pub maxlength: u32,
    pub tlength: u32,
    pub prebuf: u32,
    pub minreq: u32,
}

impl Attributes {
    /// For a stream of this spec.
    pub fn new(wishes: &Wishes, spec: &Spec) -> Self {
        let frame = spec.frame();
        let maxlength = wishes.maxlength.clamp(frame, MOST);
        let tlength = if wishes.tlength == ANY { spec.bytes(USUAL) } else { wishes.tlength };
        let tlength = tlength.max(frame).min(maxlength);
        let minreq = Self::minreq(wishes, *spec, tlength).min(MOST);
        let tlength = Self::with_sink(wishes, *spec, tlength.max(minreq + frame), minreq);
        Self { maxlength, tlength, prebuf: wishes.prebuf, minreq }.aligned(frame)
    }

    fn minreq(wishes: &Wishes, spec: Spec, tlength: u32) -> u32 {
        let frame = spec.frame();
        let usual = || spec.bytes(PROCESS).min(tlength / 4 / frame * frame);
        if wishes.minreq == ANY { usual() } else { wishes.minreq }.max(frame)
    }

    /// At least what the sink takes at once, and twice what is asked for.
    fn with_sink(wishes: &Wishes, spec: Spec, tlength: u32, minreq: u32) -> u32 {
        let sink = spec.bytes(LATENCY);
        let own = if wishes.adjust_latency && !wishes.early_requests { tlength.saturating_sub(sink) } else { tlength };
        own.max(sink.saturating_add(minreq.saturating_mul(2))).min(MOST * 2)
    }

    /// Whole frames, and none more than the others allow.
    fn aligned(self, frame: u32) -> Self {
        let maxlength = self.maxlength.next_multiple_of(frame);
        let tlength = self.tlength.next_multiple_of(frame).min(maxlength);
        let minreq = (self.minreq / frame * frame).clamp(frame, tlength);
        let most = tlength + frame - minreq;
        let prebuf = self.prebuf.min(most).next_multiple_of(frame).min(most);
        Self { maxlength, tlength, prebuf, minreq }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::format::Format;
    use proptest::prelude::*;

    const NONE: Wishes =
        Wishes { maxlength: ANY, tlength: ANY, prebuf: ANY, minreq: ANY, adjust_latency: false, early_requests: false };

    fn stereo() -> Spec {
        Spec::new(Format::S16Le, 2, 48_000).unwrap()
    }

    #[test]
    fn who_wishes_nothing_gets_two_seconds() {
        let attributes = Attributes::new(&NONE, &stereo());
        let expected = Attributes { maxlength: MOST, tlength: 384_000, prebuf: 380_164, minreq: 3840 };
        assert_eq!(attributes, expected);
    }

    #[test]
    fn a_game_with_256_samples_gets_a_buffer_that_a_piece_does_not_empty() {
        let wishes = Wishes { tlength: 1024, minreq: 1024, adjust_latency: true, ..NONE };
        let attributes = Attributes::new(&wishes, &stereo());
        let expected = Attributes { maxlength: MOST, tlength: 1920 + 2048, prebuf: 1920 + 1024 + 4, minreq: 1024 };
        assert_eq!(attributes, expected);
    }

    #[test]
    fn the_latency_that_is_asked_for_includes_the_sink() {
        let wishes = Wishes { tlength: 9600, adjust_latency: true, ..NONE };
        assert_eq!(Attributes::new(&wishes, &stereo()).tlength, 9600 - 1920);
        let early = Wishes { early_requests: true, ..wishes };
        assert_eq!(Attributes::new(&early, &stereo()).tlength, 9600);
    }

    #[test]
    fn nothing_is_waited_for_if_the_client_says_so() {
        assert_eq!(Attributes::new(&Wishes { prebuf: 0, ..NONE }, &stereo()).prebuf, 0);
    }

    proptest! {
        #[test]
        fn whatever_is_wished_the_buffer_is_bounded_and_can_be_filled(
            (maxlength, tlength, prebuf, minreq) in any::<(u32, u32, u32, u32)>(),
            (adjust_latency, early_requests) in any::<(bool, bool)>(),
            (format, channels, rate) in (0..13_u8, 1..=32_u8, 1..=384_000_u32),
        ) {
            let spec = Spec::new(Format::from_number(format).unwrap(), channels, rate).unwrap();
            let wishes = Wishes { maxlength, tlength, prebuf, minreq, adjust_latency, early_requests };
            let got = Attributes::new(&wishes, &spec);
            prop_assert!(got.maxlength <= MOST + spec.frame());
            prop_assert!(got.minreq >= spec.frame() && got.minreq <= got.tlength && got.tlength <= got.maxlength);
            prop_assert!(got.prebuf <= got.tlength);
            for bytes in [got.maxlength, got.tlength, got.prebuf, got.minreq] {
                prop_assert_eq!(bytes % spec.frame(), 0);
            }
        }
    }
}
