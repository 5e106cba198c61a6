//! Volumes, as the protocol counts them: 65536 changes nothing, and what is heard grows with the third power.

/// The volume that changes nothing.
pub const NORMAL: u32 = 0x1_0000;
/// No volume is more, pulse/volume.h.
const MOST: u32 = u32::MAX / 2;
/// What the sound is multiplied with at most: 30 dB.
const FACTOR: f32 = 32.0;

/// The volumes of a stream's or the sink's channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volumes(Vec<u32>);

impl Volumes {
    /// Of so many channels, which must be 32 at most.
    pub fn new(volumes: impl Iterator<Item = u32>) -> Self {
        Self(volumes.take(super::channels::MOST).collect())
    }

    /// Such as change nothing.
    pub fn normal(channels: u8) -> Self {
        Self(vec![NORMAL; usize::from(channels)])
    }

    /// Whether all of them are ones.
    pub fn valid(&self) -> bool {
        !self.0.is_empty() && self.iter().all(|volume| volume <= MOST)
    }

    /// How many.
    pub fn channels(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX)
    }

    /// For so many channels: one volume is one for all of them.
    pub fn for_channels(&self, channels: u8) -> Option<Self> {
        match self.0.as_slice() {
            [volume] => Some(Self(vec![*volume; usize::from(channels)])),
            _ if self.channels() == channels => Some(self.clone()),
            _ => None,
        }
    }

    /// The same, but none more than this.
    #[must_use]
    pub fn at_most(self, most: u32) -> Self {
        Self(self.0.into_iter().map(|volume| volume.min(most)).collect())
    }

    /// Each.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().copied()
    }

    /// What each channel's samples are multiplied with.
    pub fn factors(&self) -> impl Iterator<Item = f32> {
        self.iter().map(factor)
    }
}

#[allow(clippy::cast_precision_loss, reason = "it is not to be heard")]
fn factor(volume: u32) -> f32 {
    if volume == NORMAL { 1.0 } else { (volume as f32 / NORMAL as f32).powi(3).min(FACTOR) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_volume_is_an_eighth_of_the_samples() {
        let volumes = Volumes::new([NORMAL, NORMAL / 2, 0, u32::MAX].into_iter());
        assert_eq!(volumes.factors().collect::<Vec<_>>(), [1.0, 0.125, 0.0, FACTOR]);
        assert!(!volumes.valid() && Volumes::normal(2).valid());
    }

    #[test]
    fn one_volume_is_for_all_channels() {
        let volumes = Volumes::new([5].into_iter());
        assert_eq!(volumes.for_channels(3), Some(Volumes(vec![5; 3])));
        assert_eq!(Volumes::normal(2).for_channels(3), None);
        assert_eq!(Volumes::normal(2).at_most(7), Volumes(vec![7; 2]));
    }
}
