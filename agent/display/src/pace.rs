//! When programs may draw, and when pictures are taken. All times are `CLOCK_MONOTONIC`, nanoseconds.
//!
//! Three clocks:
//! - *Callbacks of Wayland programs*: one a period of the display's refresh rate after the last one. A program that is
//!   slower gets its callback at once and is held to no grid, as with a display of variable refresh rate.
//! - *Callbacks of Xwayland*, which holds back the next picture of a window until the callback of the last one, and does
//!   nothing else with them: an X program that draws with the processor is never throttled by them. So they come soon.
//! - *Pictures*: taken when they are committed. A game that is a little faster than the stream, such as SDL's 62.5 without a
//!   real vsync, is not held to the stream's rate, which would delay every picture by anything up to a period: it may be a
//!   twentieth faster, and loses a picture now and then above that. A game that is much faster is looked at in even steps.
//!
//! Frame on input: a Wayland game with vsync has drawn its next picture already and sleeps in "swap" until its callback,
//! so that what is pressed now would be in the picture after that one. A key or button therefore gives two callbacks at
//! once: the first lets the stale picture go, which is not taken, and the second the one that knows the key. The game draws
//! two pictures more than it would have; its later callbacks are where they were.

/// How long a stale picture waits for the one after it.
const STALE: u64 = 6_000_000;
/// Who commits this soon after a callback had the picture ready before it.
const READY: u64 = 4_000_000;
/// Between two callbacks of Xwayland: less, and a game without any clock would keep the loop busy.
const X11_PERIOD: u64 = 4_000_000;
/// Commits of the last ones that were ready, of [`READY_MOST`], for a game to be one with vsync.
const READY_LEAST: u32 = 8;
const READY_MOST: u32 = 16;
const SECOND: u64 = 1_000_000_000;

/// Whose commit it is, or callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A Wayland program.
    Wayland,
    /// Xwayland.
    X11,
}

/// See the module.
#[derive(Debug)]
pub struct Pace {
    period: u64,
    next_wayland: Option<u64>,
    last_wayland: u64,
    /// When callbacks of Wayland programs were really sent.
    called: u64,
    next_x11: Option<u64>,
    last_x11: u64,

    /// Between two pictures; 0: all are taken.
    interval: u64,
    /// There is something new, which may be taken from then on.
    dirty: Option<u64>,
    /// When the next one is due at the stream's rate.
    next_picture: u64,
    last_picture: u64,
    /// Between two commits: mean.
    mean: u64,
    last_commit: u64,
    /// There is no memory for a picture.
    blocked: bool,

    frame_on_input: bool,
    /// The next commit is stale.
    stale: bool,
    last_input: u64,
    /// What is committed now is stale until then.
    hold: u64,
    /// Of the last commits, how many came right after a callback.
    ready: u32,
}

impl Pace {
    /// Of a display with this refresh rate, Hz. `frame_on_input`: whether keys and buttons give callbacks.
    pub fn new(refresh_rate: u32, frame_on_input: bool) -> Self {
        Self {
            period: interval(refresh_rate),
            next_wayland: None,
            last_wayland: 0,
            called: 0,
            next_x11: None,
            last_x11: 0,
            interval: 0,
            dirty: None,
            next_picture: 0,
            last_picture: 0,
            mean: SECOND / 60,
            last_commit: 0,
            blocked: false,
            frame_on_input,
            stale: false,
            last_input: 0,
            hold: 0,
            ready: 0,
        }
    }

    /// Between two callbacks of Wayland programs.
    pub fn period(&self) -> u64 {
        self.period
    }

    /// Another refresh rate, Hz.
    pub fn set_refresh_rate(&mut self, refresh_rate: u32) {
        self.period = interval(refresh_rate);
    }

    /// The most pictures a second; 0 means all.
    pub fn set_frame_rate(&mut self, frame_rate: u32) {
        self.interval = if frame_rate == 0 { 0 } else { interval(frame_rate) };
    }

    /// A program committed and wants to know when to draw again; `new`: there is something to see.
    pub fn committed(&mut self, now: u64, class: Class, new: bool) {
        if new {
            let since = now.saturating_sub(self.last_commit).min(SECOND / 10);
            self.last_commit = now;
            self.mean = self.mean - self.mean / 32 + since / 32;
        }
        match class {
            Class::X11 => {
                self.next_x11.get_or_insert(now.max(self.last_x11 + X11_PERIOD));
            }
            Class::Wayland => self.committed_wayland(now),
        }
        if new {
            self.changed(now);
        }
    }

    fn committed_wayland(&mut self, now: u64) {
        let ready = now < self.called + READY;
        self.ready = if ready { (self.ready + 1).min(READY_MOST) } else { self.ready.saturating_sub(1) };
        if std::mem::take(&mut self.stale) {
            self.next_wayland = Some(now);
        } else {
            // After a key or a button, this is the picture that knows it.
            self.hold = 0;
            self.next_wayland.get_or_insert(now.max(self.last_wayland + self.period));
        }
    }

    /// There is something else to see.
    pub fn changed(&mut self, now: u64) {
        let at = if self.interval == 0 {
            now
        } else if self.mean * 100 < self.interval * 85 {
            self.last_picture + self.interval
        } else if self.next_picture.saturating_sub(now) <= self.interval {
            now
        } else {
            // A whole picture ahead: this one gives way to the next, which comes before then unless the game stops.
            self.next_picture + self.interval / 10
        };
        self.dirty = Some(self.dirty.map_or(at, |dirty| dirty.min(at)));
    }

    /// A key or a button was given to a Wayland program.
    pub fn frame_on_input(&mut self, now: u64) {
        if !self.frame_on_input || self.ready < READY_LEAST || now < self.last_input + self.period {
            return;
        }
        // Without one it was called and is about to commit.
        if let Some(next) = &mut self.next_wayland {
            *next = now;
        }
        (self.stale, self.last_input, self.hold) = (true, now, now + STALE);
        // The picture that knows the key is not one too many.
        self.next_picture = self.next_picture.min(now);
    }

    fn picture_at(&self) -> Option<u64> {
        self.dirty.filter(|_| !self.blocked).map(|at| at.max(self.hold))
    }

    /// When there is something to do.
    pub fn deadline(&self) -> Option<u64> {
        [self.next_wayland, self.next_x11, self.picture_at()].into_iter().flatten().min()
    }

    /// Whether programs of this class are to be called now. They are then called.
    pub fn call(&mut self, now: u64, class: Class) -> bool {
        match class {
            Class::X11 => {
                let due = self.next_x11.take_if(|at| *at <= now).is_some();
                if due {
                    self.last_x11 = now;
                }
                due
            }
            Class::Wayland => {
                let Some(at) = self.next_wayland.take_if(|at| *at <= now) else { return false };
                self.called = now;
                // From when it was due, so that the rate is kept; a key moves nothing.
                if now >= self.hold {
                    self.last_wayland = at.max(now.saturating_sub(self.period / 4));
                }
                true
            }
        }
    }

    /// Whether a picture is to be taken now.
    pub fn is_picture_due(&self, now: u64) -> bool {
        self.picture_at().is_some_and(|at| at <= now)
    }

    /// There is no memory for a picture, or there is again.
    pub fn block(&mut self, blocked: bool) {
        self.blocked = blocked;
    }

    /// The picture was taken.
    pub fn taken(&mut self, now: u64) {
        self.dirty = None;
        self.last_picture = now;
        // A twentieth less: nothing is lost of 62.5 a second, and one picture too many is forgotten within a second.
        self.next_picture = self.next_picture.max(now) + self.interval * 19 / 20;
    }
}

/// Between two of so many a second.
fn interval(a_second: u32) -> u64 {
    SECOND / u64::from(a_second.max(1))
}

#[cfg(test)]
mod tests;
