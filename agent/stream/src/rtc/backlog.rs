//! Input on its way to the input part when that one is slow.

use crate::media::{InputCommand, InputEvent, ViewerId};
use std::collections::VecDeque;

/// Most commands that wait.
const MOST: usize = 256;

/// A bounded queue of what players did. Motion of one kind becomes one event
/// where it meets, and is given up before keys are; if even the keys are too
/// many everything the player holds is let go, so that no key stays down
/// because its release was lost.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    queue: VecDeque<(ViewerId, Step)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Event(InputEvent),
    Leave,
}

impl Backlog {
    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// A player did something.
    pub(super) fn push(&mut self, viewer: &ViewerId, event: InputEvent) {
        if let Some((last, Step::Event(before))) = self.queue.back_mut()
            && last == viewer
            && let Some(both) = together(*before, event)
        {
            *before = both;
            return;
        }
        if self.queue.len() >= MOST {
            self.queue.retain(|(_, step)| !matches!(step, Step::Event(event) if is_motion(*event)));
        }
        if self.queue.len() < MOST {
            self.queue.push_back((viewer.clone(), Step::Event(event)));
        } else if !is_motion(event) {
            self.queue.retain(|(other, step)| other != viewer || *step == Step::Leave);
            self.queue.push_back((viewer.clone(), Step::Event(InputEvent::ReleaseAll)));
        }
    }

    /// A player is gone. This is never given up.
    pub(super) fn leave(&mut self, viewer: &ViewerId) {
        self.queue.retain(|(other, _)| other != viewer);
        self.queue.push_back((viewer.clone(), Step::Leave));
    }

    /// The next command.
    pub(super) fn pop(&mut self) -> Option<InputCommand> {
        let (viewer, step) = self.queue.pop_front()?;
        Some(match step {
            Step::Event(event) => InputCommand::Event(viewer, event),
            Step::Leave => InputCommand::Leave(viewer),
        })
    }
}

fn is_motion(event: InputEvent) -> bool {
    match event {
        InputEvent::Key { .. } | InputEvent::Button { .. } | InputEvent::ReleaseAll => false,
        InputEvent::Absolute { .. }
        | InputEvent::Relative { .. }
        | InputEvent::Wheel { .. }
        | InputEvent::Gamepad { .. } => true,
    }
}

/// One event for two that follow each other, where that is the same.
fn together(first: InputEvent, second: InputEvent) -> Option<InputEvent> {
    match (first, second) {
        (InputEvent::Absolute { .. }, InputEvent::Absolute { .. })
        | (InputEvent::ReleaseAll, InputEvent::ReleaseAll) => Some(second),
        (InputEvent::Relative { dx: x, dy: y }, InputEvent::Relative { dx, dy }) => {
            Some(InputEvent::Relative { dx: x.checked_add(dx)?, dy: y.checked_add(dy)? })
        }
        (InputEvent::Gamepad { pad: one, buttons: before, .. }, InputEvent::Gamepad { pad, buttons, .. })
            if one == pad && before == buttons =>
        {
            Some(second)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: u16) -> InputEvent {
        InputEvent::Key { code, pressed: true }
    }

    fn drain(backlog: &mut Backlog) -> Vec<InputCommand> {
        std::iter::from_fn(|| backlog.pop()).collect()
    }

    #[test]
    fn motion_meets_and_goes_first() {
        let (mut backlog, me) = (Backlog::default(), ViewerId("me".into()));
        for _ in 0..3 {
            backlog.push(&me, InputEvent::Relative { dx: 2, dy: -1 });
        }
        let all = drain(&mut backlog);
        assert!(matches!(&all[..], [InputCommand::Event(_, InputEvent::Relative { dx: 6, dy: -3 })]), "{all:?}");
        for code in 0..200 {
            backlog.push(&me, key(code));
            backlog.push(&me, InputEvent::Wheel { horizontal: false, value: 1 });
        }
        let keys =
            drain(&mut backlog).iter().filter(|c| matches!(c, InputCommand::Event(_, InputEvent::Key { .. }))).count();
        assert_eq!(keys, 200);
    }

    #[test]
    fn too_many_keys_let_everything_go_but_nobody_stays() {
        let (mut backlog, me, other) = (Backlog::default(), ViewerId("me".into()), ViewerId("other".into()));
        backlog.leave(&other);
        for code in 0..1000 {
            backlog.push(&me, key(code));
            assert!(backlog.queue.len() <= MOST);
        }
        let all = drain(&mut backlog);
        assert!(matches!(&all[..], [InputCommand::Leave(_), InputCommand::Event(_, InputEvent::ReleaseAll), ..]));
        backlog.push(&me, key(1));
        backlog.leave(&me);
        assert!(matches!(&drain(&mut backlog)[..], [InputCommand::Leave(_)]));
    }
}
