//! Between the thread that takes pictures and the one that encodes them.

use super::capture::Frame;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Between two keyframes; each is many times as big as another picture.
const KEYFRAME_INTERVAL: Duration = Duration::from_millis(500);
/// A picture that has stood still for this long is not about to be replaced by the next one.
const STILL: Duration = Duration::from_millis(50);
/// When a picture that stands still is encoded once more: the first time makes it sharp.
const SHARPEN: Duration = Duration::from_millis(200);
/// From then on: whoever lost the last packet finds out by the next one.
const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// What is to be encoded.
#[derive(Debug)]
pub(super) enum Work {
    /// A new picture; with a keyframe or without.
    Picture(Frame, bool),
    /// The last one once more.
    Again(bool),
    /// Nobody watches any more: the last picture is out of date when somebody does.
    Forget,
}

/// Something to encode, and how.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) work: Work,
    /// Bits a second.
    pub(super) bitrate: u64,
    /// Which of the session's encoders.
    pub(super) rung: usize,
}

/// What was encoded since the last look, or since somebody watches.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Second {
    /// How long that is.
    pub(super) length: Duration,
    /// Access units.
    pub(super) units: u32,
    /// Pictures that the next one overtook.
    pub(super) dropped: u32,
    /// The sum, from picture to access unit.
    pub(super) latency: Duration,
    /// The sum, of the encoder's own time.
    pub(super) busy: Duration,
    /// Those in which there was a new picture.
    pub(super) pictures: u32,
}

#[derive(Debug, Default)]
struct State {
    newest: Option<Frame>,
    watched: bool,
    /// When something was last encoded that can be encoded once more.
    last: Option<Duration>,
    /// How often that was done with the same picture.
    again: u32,
    keyframe: bool,
    last_keyframe: Option<Duration>,
    bitrate: u64,
    /// Which of the session's encoders.
    rung: usize,
    closed: bool,
    captured: u64,
    dropped: u64,
    second: Second,
    /// When it began.
    began: Duration,
}

/// One picture waits for the encoder; a newer one takes its place.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is one assignment: what a thread that panicked left behind can be used.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_one();
    }

    /// A picture was taken.
    pub(super) fn put(&self, frame: Frame) {
        self.change(|state| {
            state.captured += 1;
            if state.newest.replace(frame).is_some() {
                state.dropped += 1;
                state.second.dropped += 1;
            }
        });
    }

    /// A keyframe is wanted soon.
    pub(super) fn keyframe(&self) {
        self.change(|state| state.keyframe = true);
    }

    /// Somebody watches, or nobody.
    pub(super) fn watch(&self, watched: bool) {
        self.change(|state| state.watch(watched, crate::clock::now()));
    }

    /// Bits a second.
    pub(super) fn set_bitrate(&self, bitrate: u64) {
        self.change(|state| state.bitrate = bitrate);
    }

    /// Another of the session's encoders, from the next picture on; what was encoded last is in the form of the old one.
    pub(super) fn set_rung(&self, rung: usize) {
        self.change(|state| {
            state.rung = rung;
            state.last = None;
        });
    }

    /// The thread that encodes ends.
    pub(super) fn close(&self) {
        self.change(|state| state.closed = true);
    }

    /// Waits for something to encode. `None`: the end.
    pub(super) fn next(&self) -> Option<Order> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let now = crate::clock::now();
            if let Some(work) = state.work(now) {
                return Some(Order { work, bitrate: state.bitrate, rung: state.rung });
            }
            state = match state.wait(now) {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(time) => self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }

    /// An access unit was made.
    pub(super) fn encoded(&self, picture: bool, latency: Duration, busy: Duration) {
        let second = &mut self.lock().second;
        second.units += 1;
        second.latency += latency;
        second.busy += busy;
        second.pictures += u32::from(picture);
    }

    /// What [`Second`] says; and pictures taken and dropped since the start.
    pub(super) fn second(&self) -> (Second, u64, u64) {
        let mut state = self.lock();
        (state.second(crate::clock::now()), state.captured, state.dropped)
    }
}

impl State {
    fn watch(&mut self, watched: bool, now: Duration) {
        if watched && !self.watched {
            (self.keyframe, self.second, self.began) = (true, Second::default(), now);
        }
        self.watched = watched;
        self.newest = None;
    }

    fn second(&mut self, now: Duration) -> Second {
        let length = now.saturating_sub(std::mem::replace(&mut self.began, now));
        Second { length, ..std::mem::take(&mut self.second) }
    }

    fn work(&mut self, now: Duration) -> Option<Work> {
        if !self.watched {
            return self.last.take().map(|_| Work::Forget);
        }
        let keyframe = self.keyframe && self.keyframe_from().is_none_or(|from| now >= from);
        let work = if let Some(frame) = self.newest.take() {
            self.again = 0;
            Work::Picture(frame, keyframe)
        } else if self.last.is_some_and(|last| now >= last + self.patience() || keyframe && now >= last + STILL) {
            self.again = self.again.saturating_add(1);
            Work::Again(keyframe)
        } else {
            return None;
        };
        if keyframe {
            self.keyframe = false;
            self.last_keyframe = Some(now);
        }
        self.last = Some(now);
        Some(work)
    }

    /// From when on there may be another keyframe; `None`: there was none.
    fn keyframe_from(&self) -> Option<Duration> {
        self.last_keyframe.map(|last| last + KEYFRAME_INTERVAL)
    }

    /// Until the same picture is encoded once more.
    fn patience(&self) -> Duration {
        if self.again == 0 { SHARPEN } else { KEEP_ALIVE }
    }

    /// For how long there is surely no work without a change; `None` means without end.
    fn wait(&self, now: Duration) -> Option<Duration> {
        let last = self.last.filter(|_| self.watched)?;
        let again = last + self.patience();
        let keyframe = self.keyframe_from().map_or(last + STILL, |from| from.max(last + STILL));
        let next = if self.keyframe { again.min(keyframe) } else { again };
        // A little more, or rounding would lead here once more.
        Some(next.saturating_sub(now) + Duration::from_micros(100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::capture::Pixels;
    use crate::video::pace::Governor;
    use dillinger_ring::planes::Planes;
    use std::sync::Arc;

    const MS: Duration = Duration::from_millis(1);

    /// A state that has just encoded a picture, and when.
    fn state() -> (State, Duration) {
        let now = Duration::from_secs(1000);
        (State { watched: true, last: Some(now), last_keyframe: None, ..State::default() }, now)
    }

    #[derive(Debug)]
    struct Nothing;

    impl AsRef<[u8]> for Nothing {
        fn as_ref(&self) -> &[u8] {
            &[]
        }
    }

    impl Pixels for Nothing {
        fn planes(&self) -> Planes {
            Planes::new(16, 16).unwrap()
        }
    }

    fn frame(taken: Duration) -> Frame {
        Frame { pixels: Arc::new(Nothing), taken }
    }

    /// What becomes of 60 pictures a second, each of which takes this long to encode: the longest time from picture to
    /// access unit in the second half, and the frame rate in the end.
    fn encoded_for(seconds: u32, each: Duration) -> (Duration, u32) {
        let (shared, mut governor) = (Shared::default(), Governor::new(60));
        shared.watch(true);
        let (mut now, mut free, mut asked, mut longest) = (1000 * MS, 1000 * MS, 1000 * MS, Duration::ZERO);
        for second in 1..=seconds {
            let (mut pictures, end) = (0, 1000 * MS + second * 1000 * MS);
            while now < end {
                if now >= asked {
                    shared.put(frame(now));
                    asked += Duration::from_secs(1) / governor.rate();
                }
                if now >= free
                    && let Some(Work::Picture(frame, _)) = shared.lock().work(now)
                {
                    free = now + each;
                    let latency = if second * 2 > seconds { free.saturating_sub(frame.taken) } else { Duration::ZERO };
                    longest = longest.max(latency);
                    pictures += 1;
                }
                now += Duration::from_micros(16_667);
            }
            governor.second(pictures, shared.second().0.dropped, each);
        }
        (longest, governor.rate())
    }

    #[test]
    fn a_slow_encoder_gets_fewer_pictures_and_no_old_ones() {
        assert_eq!(encoded_for(10, 5 * MS), (5 * MS, 60));
        for each in [24 * MS, 45 * MS, 90 * MS] {
            let (longest, rate) = encoded_for(20, each);
            assert!(longest <= each + 17 * MS, "{each:?}: {longest:?}");
            assert!((each * rate).as_millis() <= 1000, "{rate} pictures of {each:?} do not fit into a second");
            assert!((each * rate).as_millis() >= 450, "{each:?} would allow more than {rate}");
        }
    }

    #[test]
    fn a_picture_that_waits_is_overtaken() {
        let shared = Shared::default();
        shared.watch(true);
        for number in 1..=3 {
            shared.put(frame(number * MS));
        }
        let Some(Order { work: Work::Picture(frame, true), .. }) = shared.next() else { panic!("no picture") };
        assert_eq!(frame.taken, 3 * MS);
        let (second, captured, dropped) = shared.second();
        assert_eq!((second.dropped, captured, dropped), (2, 3, 2));
    }

    #[test]
    fn another_encoder_does_not_get_what_the_old_one_got() {
        let shared = Shared::default();
        shared.watch(true);
        shared.put(frame(MS));
        assert!(matches!(shared.next(), Some(Order { rung: 0, .. })));
        shared.set_rung(1);
        shared.keyframe();
        assert!(shared.lock().work(crate::clock::now() + 5000 * MS).is_none(), "the last picture has its form");
        shared.put(frame(2 * MS));
        assert!(matches!(shared.next(), Some(Order { rung: 1, work: Work::Picture(..), .. })));
    }

    #[test]
    fn a_still_picture_is_made_sharp_and_then_kept_alive() {
        let (mut state, now) = state();
        assert!(state.work(now + 100 * MS).is_none());
        assert!(matches!(state.work(now + 200 * MS), Some(Work::Again(false))));
        assert!(state.work(now + 1100 * MS).is_none());
        assert!(matches!(state.work(now + 1200 * MS), Some(Work::Again(false))));
        assert_eq!(state.wait(now + 1200 * MS).unwrap().as_millis(), 1000);
    }

    #[test]
    fn a_viewer_of_a_still_picture_gets_a_keyframe_at_once() {
        let (mut state, now) = state();
        state.keyframe = true;
        assert!(state.work(now + 10 * MS).is_none(), "the next picture is about to come");
        assert_eq!(state.wait(now + 10 * MS).unwrap().as_millis(), 40);
        assert!(matches!(state.work(now + 50 * MS), Some(Work::Again(true))));
        state.keyframe = true;
        assert!(state.work(now + 549 * MS).is_none(), "not so many of them");
        assert!(matches!(state.work(now + 550 * MS), Some(Work::Again(true))));
        assert!(!state.keyframe);
    }

    #[test]
    fn nothing_is_encoded_for_nobody() {
        let (mut state, now) = state();
        state.watched = false;
        state.keyframe = true;
        assert!(matches!(state.work(now + 5000 * MS), Some(Work::Forget)));
        assert!(state.work(now + 9000 * MS).is_none());
        assert_eq!(state.wait(now), None);
    }

    #[test]
    fn a_time_in_which_nobody_watched_does_not_count() {
        let (shared, now) = (Shared::default(), 1000 * MS);
        shared.lock().watch(true, now);
        shared.encoded(true, MS, MS);
        let second = shared.lock().second(now + 1000 * MS);
        assert_eq!((second.length, second.units), (1000 * MS, 1));
        shared.encoded(true, MS, MS);
        shared.lock().watch(false, now + 1500 * MS);
        shared.lock().watch(true, now + 9000 * MS);
        let second = shared.lock().second(now + 10_000 * MS);
        assert_eq!((second.length, second.units), (1000 * MS, 0));
    }

    #[test]
    fn the_first_viewer_waits_for_a_picture_not_for_a_time() {
        let shared = Shared::default();
        shared.watch(true);
        let mut state = shared.lock();
        assert!(state.keyframe && state.work(Duration::from_secs(5)).is_none());
        assert_eq!(state.wait(Duration::from_secs(5)), None);
    }
}
