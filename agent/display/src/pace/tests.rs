//! Games of every kind against a clock that is only reckoned.

use super::*;

const MS: u64 = 1_000_000;
const PERIOD: u64 = SECOND / 60;

/// What a pace did.
#[derive(Debug, Default)]
struct Log {
    callbacks: Vec<u64>,
    /// When pictures were taken, and when the newest thing in them was committed.
    pictures: Vec<(u64, u64)>,
    commits: Vec<u64>,
}

impl Log {
    /// The same without what happened before.
    fn after(mut self, time: u64) -> Self {
        self.callbacks.retain(|at| *at >= time);
        self.pictures.retain(|(at, _)| *at >= time);
        self.commits.retain(|at| *at >= time);
        self
    }

    /// From picture to picture.
    fn steps(&self) -> Vec<u64> {
        self.pictures.windows(2).map(|pair| pair[1].0 - pair[0].0).collect()
    }

    /// How old the newest thing in each picture was.
    fn ages(&self) -> impl Iterator<Item = u64> {
        self.pictures.iter().map(|(taken, committed)| taken - committed)
    }

    /// The most pictures within a second.
    fn most(&self) -> usize {
        let within = |start: u64| self.pictures.iter().filter(|(at, _)| (start..start + SECOND).contains(at)).count();
        self.pictures.iter().map(|(at, _)| within(*at)).max().unwrap_or_default()
    }
}

/// What the event loop does at this time.
fn work(pace: &mut Pace, now: u64, class: Class, log: &mut Log) -> bool {
    if pace.is_picture_due(now) {
        pace.taken(now);
        log.pictures.push((now, *log.commits.last().unwrap()));
    }
    let called = pace.call(now, class);
    if called {
        log.callbacks.push(now);
    }
    called
}

/// A game with a clock of its own that commits so often a second, and a key each second if there are any.
fn free(pace: &mut Pace, class: Class, a_second: f64, seconds: u64, keys: bool) -> Log {
    let mut log = Log::default();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let commit = |number: u64| (number as f64 * 1e9 / a_second) as u64 + SECOND;
    let (mut number, mut key) = (0, 2 * SECOND + 5 * MS);
    loop {
        let now = pace.deadline().map_or(commit(number), |at| at.min(commit(number)));
        if now > (seconds + 1) * SECOND {
            return log;
        }
        if keys && key <= now {
            pace.frame_on_input(key);
            key += SECOND;
        } else if now == commit(number) {
            log.commits.push(now);
            pace.committed(now, class, true);
            number += 1;
        }
        work(pace, now, class, &mut log);
    }
}

/// A game with vsync: it draws for 2 ms and sleeps until its callback, then hands over what it drew before.
fn vsync(pace: &mut Pace, seconds: u64, keys: &[u64]) -> Log {
    let (mut log, mut called, mut drawn) = (Log::default(), Some(SECOND), SECOND);
    let mut keys = keys.iter().copied().peekable();
    loop {
        let commit = called.map(|at| (at + MS / 5).max(drawn));
        let next = [commit, pace.deadline(), keys.peek().copied()].into_iter().flatten().min();
        let Some(now) = next.filter(|now| *now <= (seconds + 1) * SECOND) else { return log };
        if keys.next_if(|key| *key <= now).is_some() {
            pace.frame_on_input(now);
        }
        if commit == Some(now) {
            log.commits.push(now);
            pace.committed(now, Class::Wayland, true);
            (called, drawn) = (None, now + 2 * MS);
        }
        if work(pace, now, Class::Wayland, &mut log) {
            called = Some(now);
        }
    }
}

/// A display of 60 Hz with so many pictures a second.
fn pace(frame_rate: u32) -> Pace {
    let mut pace = Pace::new(60, true);
    pace.set_frame_rate(frame_rate);
    pace
}

/// Pictures a second of the stream, and of the game.
const RATES: [f64; 14] = [24.0, 30.0, 59.0, 59.94, 60.0, 60.1, 61.0, 62.5, 65.0, 70.0, 75.0, 90.0, 144.0, 1000.0];

#[test]
fn never_more_than_the_rate_of_the_stream() {
    for rate in RATES {
        for frame_rate in [30, 60, 120] {
            let log = free(&mut pace(frame_rate), Class::Wayland, rate, 20, false).after(3 * SECOND);
            let seconds = 18;
            let most = frame_rate as usize * seconds * 106 / 100 + 1;
            assert!(log.pictures.len() <= most, "{rate} for {frame_rate}: {}", log.pictures.len());
            assert!(log.most() <= frame_rate as usize * 106 / 100 + 1, "{rate} for {frame_rate}: {}", log.most());
        }
    }
}

#[test]
fn a_game_about_as_fast_as_the_stream_is_taken_at_once() {
    for rate in [24.0, 30.0, 59.0, 59.94, 60.0, 60.1, 61.0, 62.5] {
        let log = free(&mut pace(60), Class::Wayland, rate, 20, false).after(2 * SECOND);
        assert!(log.ages().all(|age| age == 0), "{rate}");
        assert_eq!(log.pictures.len(), log.commits.len(), "{rate}: none is lost");
    }
}

#[test]
fn a_game_that_is_somewhat_faster_loses_pictures_and_none_is_late() {
    for rate in [65.0, 68.0, 70.0] {
        let log = free(&mut pace(60), Class::Wayland, rate, 20, false).after(3 * SECOND);
        assert!(log.ages().all(|age| age == 0), "{rate}: {:?}", log.ages().max());
        assert!(log.pictures.len() > 59 * 18, "{rate}: {}", log.pictures.len());
    }
}

#[test]
fn a_much_faster_game_is_looked_at_in_even_steps() {
    for (rate, between) in [(75.0, SECOND / 75), (144.0, SECOND / 144), (1000.0, MS)] {
        let log = free(&mut pace(60), Class::Wayland, rate, 20, false).after(3 * SECOND);
        assert!(log.steps().iter().all(|step| step.abs_diff(PERIOD) <= 1), "{rate}: {:?}", log.steps().iter().max());
        assert!(log.ages().all(|age| age <= between + 1), "{rate}: what is seen is the newest");
    }
}

#[test]
fn without_a_rate_all_are_taken_at_once() {
    for rate in RATES {
        let log = free(&mut pace(0), Class::Wayland, rate, 3, false);
        assert!(log.ages().all(|age| age == 0) && log.pictures.len() == log.commits.len(), "{rate}");
    }
}

#[test]
fn a_game_with_vsync_keeps_the_rate_of_the_display() {
    for refresh_rate in [30, 60, 120, 240] {
        let mut pace = Pace::new(refresh_rate, true);
        let log = vsync(&mut pace, 5, &[]).after(2 * SECOND);
        let steps: Vec<u64> = log.callbacks.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|step| *step == interval(refresh_rate)), "{refresh_rate}: {steps:?}");
    }
}

#[test]
fn a_slow_game_is_called_at_once_and_held_to_no_grid() {
    let mut pace = pace(60);
    for number in 1..100 {
        let now = SECOND + number * 21 * MS;
        pace.committed(now, Class::Wayland, true);
        assert_eq!(pace.deadline(), Some(now));
        pace.taken(now);
        assert!(pace.call(now, Class::Wayland));
    }
}

#[test]
fn x_programs_are_called_soon_and_not_all_the_time() {
    let log = free(&mut pace(60), Class::X11, 1000.0, 5, false).after(2 * SECOND);
    assert!(log.callbacks.windows(2).all(|pair| pair[1] - pair[0] >= X11_PERIOD));
    let log = free(&mut pace(60), Class::X11, 60.0, 5, false).after(2 * SECOND);
    assert!(log.commits.iter().all(|commit| log.callbacks.contains(commit) || *commit > 5 * SECOND), "at once");
}

#[test]
fn a_key_gives_exactly_two_more_callbacks_and_later_ones_are_where_they_were() {
    let plain = vsync(&mut pace(60), 3, &[]).callbacks;
    let before = *plain.iter().rfind(|at| **at < 2 * SECOND).unwrap();
    for after in 3..13 {
        let key = before + after * MS;
        let log = vsync(&mut pace(60), 3, &[key]);
        let more: Vec<u64> = log.callbacks.iter().copied().filter(|at| !plain.contains(at)).collect();
        assert!(more.len() == 2 && log.callbacks.len() == plain.len() + 2, "{after} ms: {more:?}");
        assert!(more[0] == key && more[1] < key + MS, "{after} ms: {more:?}");
        // The stale picture is not taken; the one that knows the key is, at once.
        let taken = log.pictures.iter().filter(|(at, _)| (key..key + 4 * MS).contains(at)).collect::<Vec<_>>();
        let knows = *log.commits.iter().filter(|at| **at > key).nth(1).unwrap();
        assert_eq!(taken, [&(knows, knows)], "{after} ms");
    }
}

#[test]
fn a_key_without_an_answer_loses_no_picture() {
    let mut pace = pace(60);
    vsync(&mut pace, 2, &[]);
    let now = 4 * SECOND;
    pace.frame_on_input(now);
    assert!(pace.call(now, Class::Wayland));
    pace.committed(now + MS, Class::Wayland, true);
    assert!(!pace.is_picture_due(now + 5 * MS) && pace.is_picture_due(now + STALE));
    assert!(pace.deadline().unwrap() <= now + STALE);
}

#[test]
fn a_key_gives_a_free_running_game_no_callbacks() {
    let (plain, keys) = [false, true].map(|keys| free(&mut pace(60), Class::Wayland, 61.3, 8, keys)).into();
    assert_eq!(plain.callbacks, keys.callbacks);
    let mut off = Pace::new(60, false);
    let plain = vsync(&mut pace(0), 3, &[]);
    off.set_frame_rate(0);
    assert_eq!(vsync(&mut off, 3, &[2 * SECOND + 5 * MS]).callbacks, plain.callbacks, "it is turned off");
}

#[test]
fn what_is_blocked_waits_and_nothing_else_does() {
    let mut pace = pace(60);
    pace.block(true);
    pace.committed(SECOND, Class::Wayland, true);
    assert!(!pace.is_picture_due(2 * SECOND));
    assert!(pace.call(SECOND, Class::Wayland));
    assert_eq!(pace.deadline(), None, "it does not run in circles");
    pace.block(false);
    assert!(pace.is_picture_due(2 * SECOND));
}

#[test]
fn another_refresh_rate_holds_from_the_next_callback_on() {
    let mut pace = pace(60);
    pace.committed(SECOND, Class::Wayland, true);
    assert!(pace.call(SECOND, Class::Wayland));
    pace.set_refresh_rate(120);
    pace.committed(SECOND + MS, Class::Wayland, true);
    assert!(!pace.call(SECOND + SECOND / 120 - 1, Class::Wayland) && pace.call(SECOND + SECOND / 120, Class::Wayland));
}
