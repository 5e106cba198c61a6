//! Controllers in systemd's file descriptor store (`sd_pid_notify_with_fds(3)`), where they outlive the agent.
//!
//! Two descriptors have the name of a controller, `pad-ID-INDEX`: its device, and the memory of its effects.

use super::{Pad, node_of};
use crate::notify;
use dillinger_runner_core::id::SessionId;
use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

const PREFIX: &str = "pad-";

/// The name of a controller.
fn name(session: SessionId, index: u32) -> String {
    format!("{PREFIX}{session}-{index}")
}

/// Which controller has this name.
fn parse(name: &str) -> Option<(SessionId, u32)> {
    let (session, index) = name.strip_prefix(PREFIX)?.split_once('-')?;
    let of = (session.parse().ok()?, index.parse().ok()?);
    // There is one spelling.
    (self::name(of.0, of.1) == name).then_some(of)
}

/// Has systemd keep a controller for the next agent. Without systemd it ends with this one.
pub(super) fn keep(session: SessionId, pad: &Pad) {
    let memory = pad.memory.as_ref().map(AsFd::as_fd);
    let descriptors: Vec<_> = std::iter::once(pad.fd.as_fd()).chain(memory).collect();
    notify::keep(&name(session, pad.index), &descriptors);
}

/// Has systemd close its descriptors of a controller.
pub(super) fn remove(session: SessionId, index: u32) {
    notify::release(&name(session, index));
}

/// What an agent before has left, by name.
#[derive(Debug, Default)]
pub struct Kept(BTreeMap<String, Vec<OwnedFd>>);

impl Kept {
    /// What systemd has passed to this agent. To be called before there are threads, as it changes the environment: no
    /// program that the agent starts is told of them or gets them.
    pub fn take() -> Self {
        notify::kept().into_iter().collect()
    }

    /// The controllers of a session, which are taken out: those of which the descriptor has the node that is recorded for
    /// their number. Others of the session are removed.
    pub(super) fn claim(&mut self, session: SessionId, nodes: &[&str]) -> Vec<Pad> {
        let of_session = |name: &str| parse(name).filter(|of| of.0 == session).map(|of| of.1);
        let (all, others): (BTreeMap<_, _>, _) =
            std::mem::take(&mut self.0).into_iter().partition(|(name, _)| of_session(name).is_some());
        self.0 = others;
        let pad = |(name, descriptors): (String, Vec<OwnedFd>)| {
            let index = of_session(&name)?;
            let recorded = usize::try_from(index).ok().and_then(|index| nodes.get(index));
            let pad = recorded.and_then(|node| assemble(index, Path::new(node), descriptors));
            if pad.is_none() {
                tracing::warn!(%session, index, "a controller that was kept is not the session's");
                notify::release(&name);
            }
            pad
        };
        all.into_iter().filter_map(pad).collect()
    }

    /// Closes what is left, and has systemd close it.
    pub(super) fn remove(self) {
        for (name, descriptors) in self.0 {
            tracing::info!(name, "removing a controller of a session that is gone");
            drop(descriptors);
            notify::release(&name);
        }
    }
}

impl FromIterator<(String, OwnedFd)> for Kept {
    fn from_iter<T: IntoIterator<Item = (String, OwnedFd)>>(all: T) -> Self {
        let mut kept = BTreeMap::<String, Vec<OwnedFd>>::new();
        for (name, descriptor) in all {
            kept.entry(name).or_default().push(descriptor);
        }
        Self(kept)
    }
}

/// The controller with this node, if one of the descriptors is its device.
fn assemble(index: u32, node: &Path, descriptors: Vec<OwnedFd>) -> Option<Pad> {
    let is_device = |descriptor: &OwnedFd| node_of(descriptor.as_fd()).is_ok_and(|found| found == node);
    let (mut devices, others): (Vec<_>, Vec<_>) = descriptors.into_iter().partition(is_device);
    Some(Pad { fd: devices.pop()?, memory: others.into_iter().next(), node: node.to_owned(), index })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "2f1c8a527d3b4a439f500b9d6c1e4a77";

    #[test]
    fn names_have_one_spelling() {
        let id: SessionId = ID.parse().unwrap();
        assert_eq!(name(id, 7), format!("pad-{ID}-7"));
        assert_eq!(parse(&name(id, 7)), Some((id, 7)));
        let upper = ID.to_uppercase();
        for wrong in [
            "",
            "pad-",
            "pad-7",
            "stored",
            &format!("pad-{ID}"),
            &format!("pad-{ID}-"),
            &format!("pad-{ID}-07"),
            &format!("pad-{ID}-+7"),
            &format!("pad-{ID}-4294967296"),
            &format!("pad-{upper}-7"),
            &format!("pad-{ID}-7-7"),
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    fn file() -> OwnedFd {
        tempfile::tempfile().unwrap().into()
    }

    #[test]
    fn what_is_no_controller_of_the_session_is_no_pad() {
        let (id, other) = (ID.parse().unwrap(), SessionId::from_random(1));
        let names = [name(id, 0), name(id, 0), name(id, 1), name(other, 0), "stray".to_owned()];
        let mut kept: Kept = names.into_iter().map(|name| (name, file())).collect();
        assert!(kept.claim(id, &["/dev/input/event7"]).is_empty());
        assert_eq!(kept.0.keys().collect::<Vec<_>>(), [&name(other, 0), "stray"], "the session's are closed");
        kept.remove();
    }
}
