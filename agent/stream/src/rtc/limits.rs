//! How much the encoder may make, from what the viewers' connections take.

use std::time::{Duration, Instant};

/// What a connection is taken for until it was measured, bits a second.
pub(super) const START_BITRATE: u64 = 4_000_000;
/// Below this a picture is of no use, bits a second.
const LEAST_BITRATE: u64 = 150_000;
/// Sound with its headers, bits a second.
const SOUND_BITRATE: u64 = 150_000;
/// Bits that a pixel of a frame should have at least; below it fewer frames
/// look better than more blocks. In thousandths.
const LEAST_MILLIBITS: u64 = 16;
/// Frame rates that are gone down to.
const STEPS: [u32; 4] = [30, 20, 15, 10];
/// How long a raise waits after the last change.
const RAISE_AFTER: Duration = Duration::from_secs(1);

/// One viewer as far as the limits go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    /// A player, not a spectator.
    pub(super) player: bool,
    /// What the connection takes, bits a second, if that is known.
    pub(super) estimate: Option<u64>,
    /// The viewer's wish, bits a second; 0 is none.
    pub(super) max_bitrate: u64,
    /// The viewer's wish, frames a second; 0 is none.
    pub(super) max_frame_rate: u32,
}

/// The display and the settings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Of the mode or the settings, bits a second.
    pub(super) max_bitrate: u64,
    /// Of the display.
    pub(super) pixels: u64,
    /// Of the display, Hz.
    pub(super) refresh_rate: u32,
}

/// Bitrate in bits a second and frame rate; the latter 0 for all there are.
pub(super) type Limits = (u64, u32);

/// The limits of the one encoder. Players decide; spectators only where there
/// is no player, for a spectator must not make the game worse.
pub(super) fn limits(shares: &[Share], bounds: Bounds) -> Limits {
    let players = shares.iter().any(|share| share.player);
    let deciding = || shares.iter().filter(|share| share.player || !players);
    let lowest = deciding().map(|share| share.estimate.unwrap_or(START_BITRATE)).min().unwrap_or(START_BITRATE);
    // A tenth is kept for lost packets that are sent again.
    let taken = (lowest - lowest / 10).saturating_sub(SOUND_BITRATE);
    let wish = deciding().map(|share| share.max_bitrate).filter(|wish| *wish > 0).min().unwrap_or(u64::MAX);
    let bitrate = taken.min(wish).min(bounds.max_bitrate).max(LEAST_BITRATE);
    let frames = deciding().map(|share| share.max_frame_rate).filter(|wish| *wish > 0).min().unwrap_or(0);
    (bitrate, frame_rate(bitrate, frames, bounds))
}

fn frame_rate(bitrate: u64, wish: u32, bounds: Bounds) -> u32 {
    let affordable = bitrate.saturating_mul(1000) / (bounds.pixels.max(1) * LEAST_MILLIBITS);
    let full = affordable >= u64::from(bounds.refresh_rate.min(60));
    let step = STEPS.iter().copied().find(|step| u64::from(*step) <= affordable).unwrap_or(10);
    match (full, wish) {
        (true, wish) => wish,
        (false, 0) => step,
        (false, wish) => step.min(wish),
    }
}

/// Keeps the limits from following every twitch of the estimates: they are
/// lowered at once and raised after a while.
#[derive(Debug, Default)]
pub(super) struct Steady {
    current: Option<(Limits, Instant)>,
}

impl Steady {
    /// What is to be told to the encoder now, if anything.
    pub(super) fn follow(&mut self, wanted: Limits, now: Instant) -> Option<Limits> {
        if let Some(((bitrate, frames), since)) = self.current {
            let lower = wanted.0 < bitrate - bitrate / 20 || (wanted.1 != 0 && (frames == 0 || wanted.1 < frames));
            let higher = wanted.0 > bitrate + bitrate / 20 || wanted.1 != frames;
            let raise = higher && now.saturating_duration_since(since) >= RAISE_AFTER;
            if !(lower || raise) {
                return None;
            }
        }
        self.current = Some((wanted, now));
        Some(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { max_bitrate: 20_000_000, pixels: 1280 * 720, refresh_rate: 60 };

    fn share(player: bool, estimate: u64) -> Share {
        Share { player, estimate: Some(estimate), max_bitrate: 0, max_frame_rate: 0 }
    }

    #[test]
    fn the_slowest_player_decides_and_no_spectator() {
        let shares = [share(true, 10_000_000), share(true, 5_000_000), share(false, 500_000)];
        assert_eq!(limits(&shares, BOUNDS), (4_350_000, 0));
        assert_eq!(limits(&shares[2..], BOUNDS), (300_000, 20), "spectators alone");
        assert_eq!(limits(&[], BOUNDS).0, START_BITRATE * 9 / 10 - SOUND_BITRATE);
    }

    #[test]
    fn wishes_and_settings_bound() {
        let mut shares = [share(true, 50_000_000), share(false, 50_000_000)];
        assert_eq!(limits(&shares, BOUNDS).0, 20_000_000);
        shares[0].max_bitrate = 2_000_000;
        shares[0].max_frame_rate = 24;
        shares[1].max_bitrate = 1_000_000;
        assert_eq!(limits(&shares, BOUNDS), (2_000_000, 24));
        shares[0].estimate = Some(0);
        assert_eq!(limits(&shares, BOUNDS), (LEAST_BITRATE, 10));
    }

    #[test]
    fn down_at_once_and_up_after_a_while() {
        let (mut steady, now) = (Steady::default(), Instant::now());
        assert_eq!(steady.follow((4_000_000, 0), now), Some((4_000_000, 0)));
        assert_eq!(steady.follow((3_900_000, 0), now), None, "too little");
        assert_eq!(steady.follow((1_000_000, 30), now), Some((1_000_000, 30)));
        assert_eq!(steady.follow((3_000_000, 0), now), None);
        assert_eq!(steady.follow((3_000_000, 0), now + RAISE_AFTER), Some((3_000_000, 0)));
        assert_eq!(steady.follow((3_000_000, 0), now + 2 * RAISE_AFTER), None);
    }
}
