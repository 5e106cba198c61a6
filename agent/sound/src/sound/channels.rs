//! Where channels belong, and how much of each goes into those that are written.

use Position::{
    FrontCenter, FrontLeft, FrontLeftOfCenter, FrontRight, FrontRightOfCenter, Lfe, Mono, RearCenter, RearLeft,
    RearRight, SideLeft, SideRight, TopCenter, TopFrontCenter, TopFrontLeft, TopFrontRight, TopRearCenter, TopRearLeft,
    TopRearRight,
};
use std::fmt;

/// Channels of a stream.
pub const MOST: usize = 32;

/// Where a channel is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the protocol's own names")]
pub enum Position {
    Mono,
    FrontLeft,
    FrontRight,
    FrontCenter,
    RearCenter,
    RearLeft,
    RearRight,
    Lfe,
    FrontLeftOfCenter,
    FrontRightOfCenter,
    SideLeft,
    SideRight,
    /// Nowhere in particular, 0 to 31.
    Aux(u8),
    TopCenter,
    TopFrontLeft,
    TopFrontRight,
    TopFrontCenter,
    TopRearLeft,
    TopRearRight,
    TopRearCenter,
}

/// Those with a name, with the protocol's number.
const NAMED: [(u8, Position, &str); 19] = [
    (0, Mono, "mono"),
    (1, FrontLeft, "front-left"),
    (2, FrontRight, "front-right"),
    (3, FrontCenter, "front-center"),
    (4, RearCenter, "rear-center"),
    (5, RearLeft, "rear-left"),
    (6, RearRight, "rear-right"),
    (7, Lfe, "lfe"),
    (8, FrontLeftOfCenter, "front-left-of-center"),
    (9, FrontRightOfCenter, "front-right-of-center"),
    (10, SideLeft, "side-left"),
    (11, SideRight, "side-right"),
    (44, TopCenter, "top-center"),
    (45, TopFrontLeft, "top-front-left"),
    (46, TopFrontRight, "top-front-right"),
    (47, TopFrontCenter, "top-front-center"),
    (48, TopRearLeft, "top-rear-left"),
    (49, TopRearRight, "top-rear-right"),
    (50, TopRearCenter, "top-rear-center"),
];
const AUX: std::ops::RangeInclusive<u8> = 12..=43;

impl Position {
    fn from_number(number: u8) -> Option<Self> {
        if AUX.contains(&number) {
            return Some(Self::Aux(number - AUX.start()));
        }
        NAMED.iter().find(|(known, ..)| *known == number).map(|(_, position, _)| *position)
    }

    fn number(self) -> u8 {
        match self {
            Self::Aux(number) => AUX.start() + number,
            _ => NAMED.iter().find(|(_, position, _)| *position == self).map_or(0, |(number, ..)| *number),
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        if let Some(aux) = name.strip_prefix("aux") {
            return aux.parse().ok().filter(|number| usize::from(*number) < MOST).map(Self::Aux);
        }
        NAMED.iter().find(|(.., known)| *known == name).map(|(_, position, _)| *position)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aux(number) => write!(f, "aux{number}"),
            _ => f.write_str(NAMED.iter().find(|(_, position, _)| position == self).map_or("", |(.., name)| name)),
        }
    }
}

/// The positions of a stream's channels: 1 to 32.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map(Vec<Position>);

impl Map {
    /// Of these positions, which must be some.
    pub fn new(positions: &[Position]) -> Self {
        Self(positions.iter().copied().take(MOST).collect())
    }

    /// By the protocol's numbers.
    pub fn from_numbers(numbers: &[u8]) -> Option<Self> {
        let positions: Option<Vec<_>> = numbers.iter().map(|number| Position::from_number(*number)).collect();
        positions.filter(|positions| (1..=MOST).contains(&positions.len())).map(Self)
    }

    /// By names with commas between, or for so many channels what Windows and most programs mean with them.
    pub fn from_names(names: &str) -> Option<Self> {
        let positions: Option<Vec<_>> = names.split(',').map(|name| Position::from_name(name.trim())).collect();
        positions.filter(|positions| (1..=MOST).contains(&positions.len())).map(Self)
    }

    /// What so many channels are if nothing is said of them.
    pub fn usual(channels: u8) -> Self {
        const SEVEN_ONE: [Position; 8] =
            [FrontLeft, FrontRight, FrontCenter, Lfe, RearLeft, RearRight, SideLeft, SideRight];
        match channels {
            0 | 1 => Self(vec![Mono]),
            4 => Self(vec![FrontLeft, FrontRight, RearLeft, RearRight]),
            5 => Self(vec![FrontLeft, FrontRight, FrontCenter, RearLeft, RearRight]),
            2..=8 => Self(SEVEN_ONE.into_iter().take(usize::from(channels)).collect()),
            _ => Self((0..channels).take(MOST).map(Position::Aux).collect()),
        }
    }

    /// How many.
    pub fn channels(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX)
    }

    /// The protocol's numbers.
    pub fn numbers(&self) -> impl Iterator<Item = u8> {
        self.0.iter().map(|position| position.number())
    }

    /// The positions.
    pub fn positions(&self) -> &[Position] {
        &self.0
    }
}

impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, position) in self.0.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(f, "{comma}{position}")?;
        }
        Ok(())
    }
}

/// Three decibels less.
const HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// Six decibels less.
const QUARTER: f32 = 0.5;

/// Where a channel goes for which there is no loudspeaker: the first of these that has all of its own. A bass channel goes
/// nowhere: what it has is in the others too.
fn instead(position: Position) -> &'static [&'static [(Position, f32)]] {
    match position {
        Mono => &[&[(FrontLeft, 1.0), (FrontRight, 1.0)], &[(FrontCenter, 1.0)]],
        FrontLeft | FrontLeftOfCenter => &[&[(FrontLeft, 1.0)], &[(Mono, 1.0)]],
        FrontRight | FrontRightOfCenter => &[&[(FrontRight, 1.0)], &[(Mono, 1.0)]],
        FrontCenter => &[&[(FrontLeft, HALF), (FrontRight, HALF)], &[(Mono, 1.0)]],
        RearLeft => &[&[(SideLeft, 1.0)], &[(FrontLeft, HALF)], &[(Mono, HALF)]],
        RearRight => &[&[(SideRight, 1.0)], &[(FrontRight, HALF)], &[(Mono, HALF)]],
        SideLeft => &[&[(RearLeft, 1.0)], &[(FrontLeft, HALF)], &[(Mono, HALF)]],
        SideRight => &[&[(RearRight, 1.0)], &[(FrontRight, HALF)], &[(Mono, HALF)]],
        RearCenter => &[
            &[(RearLeft, HALF), (RearRight, HALF)],
            &[(SideLeft, HALF), (SideRight, HALF)],
            &[(FrontLeft, QUARTER), (FrontRight, QUARTER)],
            &[(Mono, HALF)],
        ],
        TopFrontLeft => &[&[(FrontLeft, HALF)], &[(Mono, HALF)]],
        TopFrontRight => &[&[(FrontRight, HALF)], &[(Mono, HALF)]],
        TopRearLeft => &[&[(RearLeft, HALF)], &[(SideLeft, HALF)], &[(FrontLeft, QUARTER)], &[(Mono, QUARTER)]],
        TopRearRight => &[&[(RearRight, HALF)], &[(SideRight, HALF)], &[(FrontRight, QUARTER)], &[(Mono, QUARTER)]],
        TopFrontCenter => &[&[(FrontCenter, HALF)], &[(FrontLeft, QUARTER), (FrontRight, QUARTER)], &[(Mono, HALF)]],
        TopCenter | TopRearCenter => &[&[(FrontLeft, QUARTER), (FrontRight, QUARTER)], &[(Mono, HALF)]],
        Position::Aux(number) => instead(if number % 2 == 0 { FrontLeft } else { FrontRight }),
        Lfe => &[],
    }
}

/// How much of each channel goes into each that is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// For each input, its share in each output.
    rows: Vec<Vec<f32>>,
    outputs: usize,
    /// Each channel is its own.
    plain: bool,
}

impl Matrix {
    /// From a stream's channels to others. No output gets more than all of one channel, so that nothing is cut off that was
    /// not before: what would be louder is made less, in all outputs alike.
    pub fn new(from: &[Position], to: &[Position]) -> Self {
        let mut rows: Vec<Vec<f32>> = from.iter().map(|position| row(*position, to)).collect();
        let share = |output: usize| rows.iter().filter_map(|row| row.get(output)).sum::<f32>();
        let most = (0..to.len()).map(share).fold(1.0, f32::max);
        rows.iter_mut().flatten().for_each(|share| *share /= most);
        Self { rows, outputs: to.len(), plain: from == to }
    }

    /// The same with each channel multiplied before.
    #[must_use]
    pub fn louder(&self, factors: impl Iterator<Item = f32>) -> Self {
        let multiplied = |(row, factor): (&Vec<f32>, f32)| row.iter().map(|share| share * factor).collect();
        let rows: Vec<Vec<f32>> = self.rows.iter().zip(factors.chain(std::iter::repeat(1.0))).map(multiplied).collect();
        let plain = self.plain && rows == self.rows;
        Self { rows, outputs: self.outputs, plain }
    }

    /// Appends to `to` what becomes of whole samples of all channels.
    pub fn apply(&self, from: &[f32], to: &mut Vec<f32>) {
        if self.plain {
            to.extend(from);
            return;
        }
        let at = to.len();
        to.resize(at + from.len() / self.rows.len().max(1) * self.outputs, 0.0);
        let into = to.get_mut(at..).unwrap_or_default();
        for (frame, into) in from.chunks_exact(self.rows.len().max(1)).zip(into.chunks_exact_mut(self.outputs.max(1))) {
            for (sample, row) in frame.iter().zip(&self.rows) {
                for (into, share) in into.iter_mut().zip(row) {
                    *into += sample * share;
                }
            }
        }
    }
}

fn row(position: Position, to: &[Position]) -> Vec<f32> {
    let own = [(position, 1.0)];
    let has = |places: &&[(Position, f32)]| places.iter().all(|(place, _)| to.contains(place));
    let places = std::iter::once(own.as_slice()).chain(instead(position).iter().copied()).find(has).unwrap_or_default();
    let share = |output: &Position| places.iter().find(|(place, _)| place == output).map_or(0.0, |(_, share)| *share);
    to.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEREO: &[Position] = &[FrontLeft, FrontRight];

    fn mixed(from: &[Position], to: &[Position], samples: &[f32]) -> Vec<f32> {
        let mut mixed = Vec::new();
        Matrix::new(from, to).apply(samples, &mut mixed);
        mixed
    }

    #[test]
    fn stereo_stays_as_it_is_and_mono_is_on_both_sides() {
        assert_eq!(mixed(STEREO, STEREO, &[0.1, 0.2, 0.3, 0.4]), [0.1, 0.2, 0.3, 0.4]);
        assert_eq!(mixed(&[Mono], STEREO, &[0.1, 0.2]), [0.1, 0.1, 0.2, 0.2]);
        assert_eq!(mixed(&[FrontRight, FrontLeft], STEREO, &[0.1, 0.2]), [0.2, 0.1]);
    }

    #[test]
    fn surround_is_heard_on_its_side_and_never_louder_than_before() {
        let map = Map::usual(6);
        for channel in 0..6 {
            let mut frame = [0.0; 6];
            frame[channel] = 1.0;
            let sides = mixed(map.positions(), STEREO, &frame);
            let expected = match channel {
                0 | 4 => sides[0] > 0.2 && sides[1] == 0.0,
                1 | 5 => sides[0] == 0.0 && sides[1] > 0.2,
                2 => (sides[0] - sides[1]).abs() < 1e-6 && sides[0] > 0.2,
                _ => sides == [0.0, 0.0],
            };
            assert!(expected, "{channel}: {sides:?}");
        }
        let all = mixed(map.positions(), STEREO, &[1.0; 6]);
        assert!(all.iter().all(|sample| (0.999..1.001).contains(sample)), "{all:?}");
    }

    #[test]
    fn an_output_of_seven_one_takes_each_channel_as_it_is() {
        let map = Map::usual(8);
        let frame = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
        assert_eq!(mixed(map.positions(), map.positions(), &frame), frame);
        assert_eq!(mixed(STEREO, map.positions(), &[0.1, 0.2]), [0.1, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(mixed(&[SideLeft], Map::usual(6).positions(), &[0.1]), [0.0, 0.0, 0.0, 0.0, 0.1, 0.0]);
    }

    #[test]
    fn volumes_are_of_the_channels_before_they_are_mixed() {
        let mut louder = Vec::new();
        Matrix::new(STEREO, STEREO).louder([0.5, 2.0].into_iter()).apply(&[0.1, 0.1], &mut louder);
        assert_eq!(louder, [0.05, 0.2]);
    }

    #[test]
    fn every_position_has_a_number_and_a_name() {
        for number in 0..=50 {
            let map = Map::from_numbers(&[number]).unwrap();
            assert_eq!(map.numbers().collect::<Vec<_>>(), [number]);
            assert_eq!(Map::from_names(&map.to_string()), Some(map));
        }
        assert_eq!((Map::from_numbers(&[51]), Map::from_numbers(&[]), Map::from_names("")), (None, None, None));
        assert_eq!(Map::usual(32).channels(), 32);
    }
}
