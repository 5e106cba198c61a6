//! Which pictures a viewer gets.

use std::time::Duration;

/// How long a picture may wait in the viewer's own queue before the pictures
/// after it are left out.
const LONGEST_WAIT: Duration = Duration::from_millis(250);
/// A keyframe is of use again when no picture waits longer than this.
const SETTLED_WAIT: Duration = Duration::from_millis(40);

/// Lets pictures through to one viewer or leaves them out up to a keyframe, as
/// every picture but a keyframe needs the one before it.
#[derive(Debug)]
pub(super) struct Gate {
    waiting: bool,
    sent: u64,
    dropped: u64,
}

impl Gate {
    /// Of a viewer who got nothing yet.
    pub(super) fn new() -> Self {
        Self { waiting: true, sent: 0, dropped: 0 }
    }

    /// Whether the viewer gets this picture. `wait` is the age of the oldest
    /// picture that is still in the viewer's queue.
    pub(super) fn passes(&mut self, keyframe: bool, wait: Duration) -> bool {
        if self.waiting {
            self.waiting = !keyframe || wait > SETTLED_WAIT;
        } else {
            self.waiting = wait > LONGEST_WAIT;
        }
        *(if self.waiting { &mut self.dropped } else { &mut self.sent }) += 1;
        !self.waiting
    }

    /// A picture was lost on the way to the gate.
    pub(super) fn missed(&mut self, pictures: u64) {
        self.waiting = true;
        self.dropped += pictures;
    }

    /// Whether a keyframe would help this viewer now.
    pub(super) fn wants_keyframe(&self, wait: Duration) -> bool {
        self.waiting && wait <= SETTLED_WAIT
    }

    /// Pictures let through.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Pictures left out.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Duration = Duration::ZERO;

    #[test]
    fn begins_and_goes_on_with_a_keyframe() {
        let mut gate = Gate::new();
        assert!(!gate.passes(false, NONE) && gate.wants_keyframe(NONE));
        assert!(gate.passes(true, NONE) && gate.passes(false, NONE));
        gate.missed(3);
        assert!(!gate.passes(false, NONE));
        assert!(gate.passes(true, NONE));
        assert_eq!((gate.sent(), gate.dropped()), (3, 5));
    }

    #[test]
    fn a_slow_viewer_gets_nothing_until_its_queue_is_short() {
        let mut gate = Gate::new();
        assert!(gate.passes(true, NONE) && gate.passes(false, LONGEST_WAIT));
        let long = LONGEST_WAIT + Duration::from_millis(1);
        assert!(!gate.passes(true, long), "not even a keyframe, which would make the queue longer");
        assert!(!gate.wants_keyframe(long) && !gate.passes(true, LONGEST_WAIT));
        assert!(gate.wants_keyframe(SETTLED_WAIT) && gate.passes(true, SETTLED_WAIT));
    }
}
