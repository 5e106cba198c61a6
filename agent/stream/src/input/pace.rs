//! Keys and buttons no faster than a hand.
//!
//! What a network held back comes at once. A key that goes up and down again
//! within two milliseconds is taken for one that repeats itself (SDL does so on
//! X11, `X11_KeyRepeat`), and one that goes down and up between two looks of a
//! game was never pressed. So each stays as it is for a moment, and whatever
//! its player did afterwards waits too, as the order matters.

use crate::media::{InputEvent, ViewerId};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// How long a key or button stays down or up: longer than a picture at 60 a
/// second, shorter than the fastest hand.
const SHORTEST: Duration = Duration::from_millis(20);
/// What a player did waits no longer than this.
const LONGEST_WAIT: Duration = Duration::from_millis(200);
/// Most that waits of one player; what is more passes at once.
const MOST: usize = 256;

/// What the players did and the game has not seen yet.
#[derive(Debug, Default)]
pub(super) struct Pace {
    players: BTreeMap<ViewerId, Player>,
}

#[derive(Debug, Default)]
struct Player {
    waiting: VecDeque<(Instant, InputEvent)>,
    /// Keys and buttons that changed a moment ago, by their Linux codes, of which no two are the same.
    changed: BTreeMap<u16, Instant>,
    let_go: Option<Instant>,
}

impl Pace {
    /// A player did something.
    pub(super) fn push(&mut self, viewer: &ViewerId, event: InputEvent, now: Instant) {
        if !self.players.contains_key(viewer) {
            self.players.insert(viewer.clone(), Player::default());
        }
        if let Some(player) = self.players.get_mut(viewer) {
            player.waiting.push_back((now, event));
        }
    }

    /// The next thing that the game is to see now.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(ViewerId, InputEvent)> {
        self.players.iter_mut().find_map(|(viewer, player)| Some((viewer.clone(), player.pop(now)?)))
    }

    /// When the next is to be seen, if any waits.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.players.values().filter_map(Player::due).min()
    }

    /// A player leaves, or joins anew: what waits is no longer of use, as he lets go everything.
    pub(super) fn forget(&mut self, viewer: &ViewerId) {
        self.players.remove(viewer);
    }
}

impl Player {
    fn due(&self) -> Option<Instant> {
        let (came, event) = *self.waiting.front()?;
        if self.waiting.len() > MOST {
            return Some(came);
        }
        let changed = match event {
            InputEvent::Key { code, pressed } | InputEvent::Button { code, pressed } => {
                let let_go = self.let_go.filter(|_| pressed);
                self.changed.get(&code).copied().max(let_go)
            }
            _ => None,
        };
        Some(changed.map_or(came, |changed| came.max(changed + SHORTEST).min(came + LONGEST_WAIT)))
    }

    fn pop(&mut self, now: Instant) -> Option<InputEvent> {
        self.due().filter(|due| *due <= now)?;
        let (_, event) = self.waiting.pop_front()?;
        match event {
            InputEvent::Key { code, .. } | InputEvent::Button { code, .. } => {
                self.changed.retain(|_, at| now < *at + SHORTEST);
                self.changed.insert(code, now);
            }
            InputEvent::ReleaseAll => self.let_go = Some(now),
            _ => {}
        }
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOTION: InputEvent = InputEvent::Relative { dx: 1, dy: 0 };

    fn viewer(name: &str) -> ViewerId {
        ViewerId(name.into())
    }

    fn key(code: u16, pressed: bool) -> InputEvent {
        InputEvent::Key { code, pressed }
    }

    /// What passes, and after how many milliseconds, if somebody looks whenever something is due.
    fn passed(pace: &mut Pace, begin: Instant) -> Vec<(u128, InputEvent)> {
        let mut passed = Vec::new();
        while let Some(at) = pace.deadline() {
            let now = at.max(begin);
            while let Some((_, event)) = pace.pop(now) {
                passed.push(((now - begin).as_millis(), event));
            }
        }
        passed
    }

    #[test]
    fn a_hand_does_not_wait() {
        let (mut pace, begin, one) = (Pace::default(), Instant::now(), viewer("one"));
        for (millis, event) in
            [(0, key(57, true)), (1, key(30, true)), (2, MOTION), (30, key(57, false)), (60, key(57, true))]
        {
            let now = begin + Duration::from_millis(millis);
            pace.push(&one, event, now);
            assert_eq!(pace.pop(now), Some((one.clone(), event)), "after {millis} ms");
        }
        assert_eq!(pace.deadline(), None);
    }

    #[test]
    fn what_comes_at_once_is_drawn_apart_in_its_order() {
        let (mut pace, begin, one) = (Pace::default(), Instant::now(), viewer("one"));
        let events = [key(57, true), key(30, true), key(57, false), MOTION, key(57, true), key(57, false)];
        for event in events {
            pace.push(&one, event, begin);
        }
        let expected: Vec<_> = [0, 0, 20, 20, 40, 60].into_iter().zip(events).collect();
        assert_eq!(passed(&mut pace, begin), expected);
    }

    #[test]
    fn nothing_waits_for_long() {
        let (mut pace, begin, one) = (Pace::default(), Instant::now(), viewer("one"));
        (0..100).for_each(|at| pace.push(&one, key(57, at % 2 == 0), begin));
        let passed = passed(&mut pace, begin);
        assert_eq!((passed.len(), passed.last().map(|(millis, _)| *millis)), (100, Some(200)));
    }

    #[test]
    fn too_much_does_not_wait() {
        let (mut pace, now, one) = (Pace::default(), Instant::now(), viewer("one"));
        (0..2 * MOST).for_each(|at| pace.push(&one, key(57, at % 2 == 0), now));
        let passed = std::iter::from_fn(|| pace.pop(now)).count();
        assert_eq!(passed, MOST);
    }

    #[test]
    fn what_was_let_go_is_up_for_a_moment() {
        let (mut pace, pressed, one) = (Pace::default(), Instant::now(), viewer("one"));
        let begin = pressed + SHORTEST;
        let events = [key(57, true), InputEvent::ReleaseAll, key(57, false), key(57, true)];
        pace.push(&one, events[0], pressed);
        pace.pop(pressed);
        events[1..].iter().for_each(|event| pace.push(&one, *event, begin));
        assert_eq!(passed(&mut pace, begin), [(0, events[1]), (0, events[2]), (20, events[3])]);
    }

    #[test]
    fn players_do_not_wait_for_each_other() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let [one, other] = ["one", "other"].map(viewer);
        pace.push(&one, key(57, true), now);
        pace.push(&one, key(57, false), now);
        pace.push(&other, key(57, true), now);
        assert_eq!(pace.pop(now), Some((one.clone(), key(57, true))));
        assert_eq!(pace.pop(now), Some((other, key(57, true))));
        assert_eq!((pace.pop(now), pace.deadline()), (None, Some(now + SHORTEST)));
        pace.forget(&one);
        assert_eq!(pace.deadline(), None);
    }
}
