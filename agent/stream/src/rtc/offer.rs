//! The offer of a page and its answer.
//!
//! The offer comes from the network; nothing in it is trusted.

use super::sockets::Address;
use super::{Error, limits};
use crate::media::VideoCodec;
use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use str0m::bwe::Bitrate;
use str0m::change::SdpOffer;
use str0m::crypto::CryptoProvider;
use str0m::format::{Codec, PayloadParams};
use str0m::media::{Mid, Pt};
use str0m::rtp::Extension;
use str0m::{Candidate, Rtc, RtcConfig};

/// Most text of an offer, in bytes. Browsers need about 8000.
const OFFER_BYTES: usize = 64 << 10;
/// Most lines of an offer, and most media of it: what a browser with every
/// codec and candidate makes, several times.
const OFFER_LINES: usize = 2000;
const OFFER_MEDIA: usize = 8;
/// How many used offers are remembered.
const REMEMBERED: usize = 1024;
/// H.264 constrained baseline, level 3.1, and plain baseline, which some
/// browsers have instead.
const PROFILES: [u32; 2] = [0x0042_e01f, 0x0042_001f];

static CRYPTO: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(str0m::crypto::from_feature_flags()));

/// An accepted offer.
#[derive(Debug)]
pub struct Accepted {
    /// The connection that begins.
    pub rtc: Box<Rtc>,
    /// For the page.
    pub answer: String,
    /// How the page takes the pictures.
    pub pictures: Pictures,
    /// The medium and payload type of the sound, if the page wants any.
    pub audio: Option<(Mid, Pt)>,
}

/// The medium of the pictures, with a payload type for each codec that both
/// sides have: the encoder may go from one to another without a new offer.
#[derive(Debug, Clone, Copy)]
pub struct Pictures {
    /// The medium.
    pub mid: Mid,
    h264: Option<Pt>,
    vp8: Option<Pt>,
}

impl Pictures {
    /// With what `payload` says of each codec.
    pub(super) fn of(mid: Mid, mut payload: impl FnMut(VideoCodec) -> Option<Pt>) -> Self {
        Self { mid, h264: payload(VideoCodec::H264), vp8: payload(VideoCodec::Vp8) }
    }

    /// The payload type to send this codec with; `None` if the page does not decode it.
    pub fn payload(&self, codec: VideoCodec) -> Option<Pt> {
        match codec {
            VideoCodec::H264 => self.h264,
            VideoCodec::Vp8 => self.vp8,
        }
    }
}

/// Tells whether an offer came before.
#[derive(Debug, Default)]
pub(super) struct Used {
    seen: VecDeque<String>,
}

impl Used {
    /// Marks an offer as used.
    ///
    /// # Errors
    /// It was used before, or it has no identity.
    pub(super) fn mark(&mut self, offer: &str) -> Result<(), Error> {
        let line = |name: &str| {
            let value = offer.lines().find_map(|line| line.trim_end().strip_prefix(name));
            value.ok_or_else(|| Error::InvalidOffer(format!("the offer has no line {name}")))
        };
        let identity = format!("{} {}", line("a=ice-ufrag:")?, line("a=fingerprint:")?);
        if self.seen.contains(&identity) {
            return Err(Error::InvalidOffer("this offer was used before; make a new RTCPeerConnection".to_owned()));
        }
        self.seen.push_back(identity);
        if self.seen.len() > REMEMBERED {
            self.seen.pop_front();
        }
        Ok(())
    }
}

/// Answers an offer for pictures of any of `codecs` with all the addresses.
///
/// # Errors
/// [`Error::InvalidOffer`] says what is wrong with it, [`Error::Failed`] that an
/// address of ours cannot be used.
pub fn accept(offer: &str, codecs: &[VideoCodec], addresses: &[Address], now: Instant) -> Result<Accepted, Error> {
    let mids = media_ids(offer)?;
    let parsed = SdpOffer::from_sdp_string(offer).map_err(|error| invalid(&error))?;
    let mut rtc = config(codecs).build(now);
    for address in addresses {
        candidates(&mut rtc, *address)?;
    }
    let answer = rtc.sdp_api().accept_offer(parsed).map_err(|error| invalid(&error))?;
    let pictures = mids.video.and_then(|mid| pictures(&mut rtc, mid));
    let pictures = pictures.ok_or_else(|| Error::InvalidOffer(missing_codec(codecs)))?;
    let audio = mids.audio.and_then(|mid| Some((mid, payload(&mut rtc, mid, Codec::Opus)?)));
    Ok(Accepted { rtc: Box::new(rtc), answer: one_stream(&answer.to_sdp_string()), pictures, audio })
}

fn invalid(error: &dyn std::fmt::Display) -> Error {
    Error::InvalidOffer(format!("the offer cannot be used: {error}"))
}

fn missing_codec(codecs: &[VideoCodec]) -> String {
    let name = |codec: &VideoCodec| match codec {
        VideoCodec::H264 => "H264 (profile-level-id 42e01f, packetization-mode 1)",
        VideoCodec::Vp8 => "VP8",
    };
    let names: Vec<_> = codecs.iter().map(name).collect();
    format!("the offer has no video to receive as {}, which this session encodes", names.join(" or "))
}

fn pictures(rtc: &mut Rtc, mid: Mid) -> Option<Pictures> {
    let pictures = Pictures::of(mid, |codec| match codec {
        VideoCodec::H264 => payload(rtc, mid, Codec::H264),
        VideoCodec::Vp8 => payload(rtc, mid, Codec::Vp8),
    });
    (pictures.h264.is_some() || pictures.vp8.is_some()).then_some(pictures)
}

#[derive(Debug, Default)]
struct MediaIds {
    video: Option<Mid>,
    audio: Option<Mid>,
}

/// The first video and audio of an offer that is not too large to be looked at.
fn media_ids(offer: &str) -> Result<MediaIds, Error> {
    if offer.len() > OFFER_BYTES {
        return Err(Error::InvalidOffer(format!("the offer has {} bytes, {OFFER_BYTES} are possible", offer.len())));
    }
    let (mut found, mut kind, mut media) = (MediaIds::default(), "", 0);
    for (number, line) in offer.lines().enumerate() {
        if let Some(rest) = line.strip_prefix("m=") {
            kind = rest.split_whitespace().next().unwrap_or_default();
            media += 1;
        } else if let Some(mid) = line.trim_end().strip_prefix("a=mid:") {
            let place = match kind {
                "video" => &mut found.video,
                "audio" => &mut found.audio,
                _ => continue,
            };
            *place = place.or(Some(Mid::from(mid)));
        }
        if number >= OFFER_LINES || media > OFFER_MEDIA {
            let text = format!("the offer has more than {OFFER_LINES} lines or {OFFER_MEDIA} media");
            return Err(Error::InvalidOffer(text));
        }
    }
    Ok(found)
}

fn config(codecs: &[VideoCodec]) -> RtcConfig {
    let mut config = Rtc::builder()
        .set_crypto_provider(CRYPTO.clone())
        .clear_codecs()
        .enable_opus(true, false)
        .enable_vp8(codecs.contains(&VideoCodec::Vp8))
        .set_extension(9, Extension::PlayoutDelay)
        .enable_bwe(Some(Bitrate::bps(limits::START_BITRATE)))
        .set_stats_interval(Some(Duration::from_secs(1)));
    if codecs.contains(&VideoCodec::H264) {
        for (at, profile) in (100_u8..).step_by(2).zip(PROFILES) {
            config.codec_config().add_h264(Pt::from(at), Some(Pt::from(at + 1)), true, profile);
        }
    }
    // A viewer that vanished is noticed in about seven seconds.
    config.set_max_stun_rto(Duration::from_secs(1));
    config.set_max_stun_retransmits(7);
    config
}

fn candidates(rtc: &mut Rtc, address: Address) -> Result<(), Error> {
    let failed = |error| Error::Failed(format!("{} cannot be a candidate: {error}", address.advertised));
    let host = Candidate::host(address.local, "udp").map_err(failed)?;
    rtc.add_local_candidate(host);
    if address.advertised != address.local {
        let outside = Candidate::server_reflexive(address.advertised, address.local, "udp").map_err(failed)?;
        rtc.add_local_candidate(outside);
    }
    Ok(())
}

/// The payload type to send a codec with, that with the best profile.
fn payload(rtc: &mut Rtc, mid: Mid, codec: Codec) -> Option<Pt> {
    let sends = rtc.media(mid).is_some_and(|media| media.direction().is_sending());
    let writer = rtc.writer(mid).filter(|_| sends)?;
    let rank = |params: &PayloadParams| {
        let profile = params.spec().format.profile_level_id;
        PROFILES.iter().position(|known| Some(known >> 8) == profile.map(|id| id >> 8))
    };
    let fitting = writer.payload_params().filter(|params| params.spec().codec == codec);
    Some(fitting.min_by_key(|params| rank(params))?.pt())
}

/// Puts all media into one stream, which makes the browser play them in step:
/// for media that the page receives only, each would be a stream of its own.
fn one_stream(answer: &str) -> String {
    const STREAM: &str = "dillinger";
    let mut text = String::with_capacity(answer.len() + 64);
    for line in answer.lines() {
        let after =
            |name: &str| line.split_once(name).filter(|(head, _)| head.is_empty() || head.starts_with("a=ssrc:"));
        if line.starts_with("a=msid-semantic:") {
            text.push_str("a=msid-semantic: WMS ");
            text.push_str(STREAM);
        } else if let Some((head, msid)) = after("a=msid:").or_else(|| after(" msid:")) {
            let name = line.get(head.len()..line.len() - msid.len()).unwrap_or_default();
            let track = msid.split_once(' ').map_or(msid, |(_, track)| track);
            text.extend([head, name, STREAM, " ", track]);
        } else {
            text.push_str(line);
        }
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_of_one_stream() {
        let answer = "v=0\r\na=msid-semantic: WMS x y\r\na=msid:x t1\r\na=ssrc:1 msid:y t2\r\na=ssrc:1 cname:c\r\n";
        let expected = "v=0\r\na=msid-semantic: WMS dillinger\r\na=msid:dillinger t1\r\n\
                        a=ssrc:1 msid:dillinger t2\r\na=ssrc:1 cname:c\r\n";
        assert_eq!(one_stream(answer), expected);
    }

    #[test]
    fn an_offer_is_used_once() {
        let mut used = Used::default();
        let offer = |ufrag: usize| format!("v=0\r\na=ice-ufrag:{ufrag}\r\na=fingerprint:sha-256 AA\r\n");
        for ufrag in 0..REMEMBERED + 10 {
            assert_eq!(used.mark(&offer(ufrag)), Ok(()));
            assert!(matches!(used.mark(&offer(ufrag)), Err(Error::InvalidOffer(_))));
        }
        assert_eq!(used.seen.len(), REMEMBERED);
        assert!(used.mark("v=0\r\na=ice-ufrag:x\r\n").is_err());
    }

    #[test]
    fn nonsense_is_a_typed_error() {
        let address = "127.0.0.1:9".parse().unwrap();
        let addresses = [Address { local: address, advertised: address }];
        let long = "m=video 9 x 0\r\n".repeat(20);
        let huge = "a=x\r\n".repeat(OFFER_BYTES);
        for offer in ["", "v=0", "{}", "v=0\r\nm=video 9\r\n", "\u{0}\u{ffff}", &long, &huge] {
            let refused = accept(offer, &[VideoCodec::H264, VideoCodec::Vp8], &addresses, Instant::now());
            assert!(matches!(refused, Err(Error::InvalidOffer(_))), "{offer:.40}");
        }
    }
}
