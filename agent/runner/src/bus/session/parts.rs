//! What the methods and properties of a session's object are made of.

use super::SessionObject;
use crate::cgroup;
use crate::display::Mode;
use crate::session::{Command, Reply, Status};
use dillinger_runner_api::Error;
use dillinger_runner_core::lifecycle::State;
use dillinger_runner_core::limits::Limit;
use dillinger_runner_core::spec::{SessionSpec, StreamSpec, WindowsSpec};
use std::path::PathBuf;

impl SessionObject {
    pub(super) fn spec(&self) -> &SessionSpec {
        &self.handle.view.record.spec
    }

    pub(super) fn stream(&self) -> Option<&StreamSpec> {
        self.spec().stream.as_ref()
    }

    /// That of the display now; zeros without one.
    pub(super) fn mode(&self) -> Mode {
        match (&self.display, self.stream()) {
            (Some(display), _) => display.state().mode,
            (None, Some(stream)) => Mode::of(stream),
            (None, None) => Mode::default(),
        }
    }

    pub(super) fn status(&self) -> Status {
        self.handle.view.status()
    }

    pub(super) fn limit(&self, limit: Limit) -> u64 {
        self.handle.view.status.borrow().limits.get(limit)
    }

    pub(super) fn windows(&self) -> Option<&WindowsSpec> {
        self.spec().windows.as_ref()
    }

    pub(super) fn is_ended(&self) -> bool {
        self.handle.view.state() == State::Ended
    }

    pub(super) async fn call_living(&self, command: impl FnOnce(Reply) -> Command) -> Result<(), Error> {
        if self.is_ended() {
            return Err(Error::NoSuchSession(format!("session {} has ended", self.spec().id)));
        }
        self.handle.call(command).await
    }

    /// Where the session's resource use is, once it runs.
    pub(super) fn cgroup(&self) -> Result<PathBuf, Error> {
        let status = self.status();
        if status.control_group.is_empty() {
            return Err(Error::Busy(format!(
                "session {} is {}, it uses nothing yet",
                self.spec().id,
                status.state.as_str()
            )));
        }
        Ok(cgroup::directory(&status.control_group))
    }
}
