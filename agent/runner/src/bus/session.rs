//! `org.dillinger.Runner1.Session`

mod parts;

use super::convert::{Dict, Options, raw_request};
use super::figures::{Metrics, final_metrics, stream_error, value};
use crate::display::Display;
use crate::session::{Command, Handle};
use crate::stream::log::{Journal, LogRequest};
use crate::stream::{Streams, log, metrics};
use dillinger_runner_api::Error;
use dillinger_runner_core::lifecycle::State;
use dillinger_runner_core::limits::Limit;
use dillinger_runner_core::request::IdleAction;
use nix::sys::signal::Signal;
use std::sync::Arc;
use std::time::Duration;
use zbus::{OwnedFd, interface};

/// One session on the bus.
#[derive(Debug, Clone)]
pub struct SessionObject {
    handle: Handle,
    streams: Streams,
    display: Option<Display>,
}

impl SessionObject {
    /// The object of this session, with the display of a streamed one that lives.
    pub fn new(handle: Handle, streams: Streams, display: Option<Display>) -> Self {
        Self { handle, streams, display }
    }
}

#[interface(name = "org.dillinger.Runner1.Session")]
impl SessionObject {
    async fn stop(&self, options: Dict) -> Result<(), Error> {
        Options::new(options).finish()?;
        match self.call_living(Command::Stop).await {
            // It ended while the call was on its way, which is what was wanted.
            Err(Error::NoSuchSession(_)) => Ok(()),
            result => result,
        }
    }

    async fn kill(&self, signal: i32) -> Result<(), Error> {
        let signal = Signal::try_from(signal).map_err(|_| {
            Error::InvalidRequest(format!("signal: {signal} is not a signal, expected such as 15 for SIGTERM"))
        })?;
        self.call_living(|reply| Command::Kill(signal, reply)).await
    }

    async fn pause(&self) -> Result<(), Error> {
        self.call_living(Command::Pause).await
    }

    async fn resume(&self) -> Result<(), Error> {
        self.call_living(Command::Resume).await
    }

    async fn set_limits(&self, limits: Dict) -> Result<(), Error> {
        self.call_living(|reply| Command::SetLimits(raw_request(limits), reply)).await
    }

    #[zbus(out_args("metrics"))]
    async fn read_metrics(&self) -> Result<Metrics, Error> {
        let status = self.status();
        if status.state == State::Ended {
            return Ok(final_metrics(&status));
        }
        let read = metrics::read(&self.cgroup()?);
        let figures = read.map_err(|error| Error::Busy(format!("the session's cgroup cannot be read: {error}")))?;
        let streamed = metrics::streamed(self.display.as_ref()).await;
        Ok(figures.pairs().into_iter().chain(streamed).map(|(key, figure)| (key, value(figure))).collect())
    }

    #[zbus(out_args("stream"))]
    async fn watch_metrics(&self, interval_usec: u64) -> Result<OwnedFd, Error> {
        let ended = Arc::clone(&self.handle.view).ended();
        let every = Duration::from_micros(interval_usec);
        let source = metrics::Source { cgroup_dir: self.cgroup()?, display: self.display.clone() };
        metrics::watch(&self.streams, source, every, ended).map(OwnedFd::from).map_err(stream_error)
    }

    #[zbus(out_args("stream"))]
    async fn open_log(&self, options: Dict) -> Result<OwnedFd, Error> {
        let mut options = Options::new(options);
        let status = self.status();
        let request = LogRequest {
            units: self.handle.view.record.units.clone(),
            created_usec: self.handle.view.record.created_usec,
            ended_usec: Some(status.ended_usec).filter(|usec| *usec > 0),
            follow: options.take("Follow", "b")?.unwrap_or(false),
            lines: options.take("Lines", "u")?,
            cursor: options.take::<String>("Cursor", "s")?.filter(|cursor| !cursor.is_empty()),
        };
        options.finish()?;
        let ended = Arc::clone(&self.handle.view).ended();
        log::open(&self.streams, &Journal::default(), request, ended).map(OwnedFd::from).map_err(stream_error)
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Id")]
    fn id(&self) -> String {
        self.spec().id.to_string()
    }

    #[zbus(property(emits_changed_signal = "const"), name = "GameId")]
    fn game_id(&self) -> &str {
        &self.spec().game_id
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Title")]
    fn title(&self) -> &str {
        &self.spec().title
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Runner")]
    fn runner(&self) -> &str {
        self.spec().runner.as_str()
    }

    #[zbus(property(emits_changed_signal = "const"), name = "RunnerVersion")]
    fn runner_version(&self) -> &str {
        self.windows().map_or("", |windows| &windows.build)
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Image")]
    fn image(&self) -> &str {
        &self.spec().image
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Command")]
    fn command(&self) -> Vec<String> {
        self.spec().command.clone()
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Executable")]
    fn executable(&self) -> &str {
        self.windows().map_or("", |windows| &windows.executable)
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Arguments")]
    fn arguments(&self) -> Vec<String> {
        self.windows().map(|windows| windows.arguments.clone()).unwrap_or_default()
    }

    #[zbus(property(emits_changed_signal = "const"), name = "WorkingDirectory")]
    fn working_directory(&self) -> &str {
        self.spec().working_directory.as_deref().unwrap_or_default()
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Environment")]
    fn environment(&self) -> Vec<String> {
        self.spec().environment_strings()
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Library")]
    fn library(&self) -> &str {
        self.spec().library.as_str()
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Prefix")]
    fn prefix(&self) -> &str {
        self.windows().and_then(|windows| windows.prefix.as_deref()).unwrap_or_default()
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Saves")]
    fn saves(&self) -> &str {
        self.spec().saves.as_deref().unwrap_or_default()
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Mounts")]
    fn mounts(&self) -> Vec<(String, String, String)> {
        self.spec().mount_triples()
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Gpus")]
    fn gpus(&self) -> Vec<String> {
        vec!["none".to_owned()]
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Display")]
    fn display(&self) -> &str {
        if self.stream().is_some() { "stream" } else { "none" }
    }

    #[zbus(property(emits_changed_signal = "true"), name = "Width")]
    fn width(&self) -> u32 {
        self.mode().width
    }

    #[zbus(property(emits_changed_signal = "true"), name = "Height")]
    fn height(&self) -> u32 {
        self.mode().height
    }

    #[zbus(property(emits_changed_signal = "true"), name = "RefreshRate")]
    fn refresh_rate(&self) -> u32 {
        self.mode().refresh_rate
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Audio")]
    fn audio(&self) -> &str {
        if self.stream().is_some_and(|stream| stream.audio) { "pulse" } else { "none" }
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Gamepads")]
    fn gamepads(&self) -> bool {
        self.stream().is_some_and(|stream| stream.gamepads > 0)
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Clipboard")]
    fn clipboard(&self) -> bool {
        self.stream().is_some_and(|stream| stream.clipboard)
    }

    #[zbus(property(emits_changed_signal = "const"), name = "FrameOnInput")]
    fn frame_on_input(&self) -> bool {
        self.stream().is_some_and(|stream| stream.frame_on_input)
    }

    #[zbus(property(emits_changed_signal = "const"), name = "FillDisplay")]
    fn fill_display(&self) -> bool {
        self.stream().is_some_and(|stream| stream.fill_display)
    }

    #[zbus(property(emits_changed_signal = "const"), name = "IdleAction")]
    fn idle_action(&self) -> &str {
        self.stream().map_or(IdleAction::Keep, |stream| stream.idle_action).as_str()
    }

    #[zbus(property(emits_changed_signal = "const"), name = "IdleTimeoutUSec")]
    fn idle_timeout_usec(&self) -> u64 {
        self.stream().map_or(0, |stream| stream.idle_timeout_usec)
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Network")]
    fn network(&self) -> &str {
        self.spec().network.as_str()
    }

    #[zbus(property(emits_changed_signal = "const"), name = "UserNamespaces")]
    fn user_namespaces(&self) -> bool {
        self.spec().user_namespaces
    }

    #[zbus(property(emits_changed_signal = "const"), name = "RuntimeMaxUSec")]
    fn runtime_max_usec(&self) -> u64 {
        self.spec().runtime_max_usec
    }

    #[zbus(property(emits_changed_signal = "const"), name = "TimeoutStopUSec")]
    fn timeout_stop_usec(&self) -> u64 {
        self.spec().timeout_stop_usec
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Unit")]
    fn unit(&self) -> String {
        self.spec().id.game_unit()
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Slice")]
    fn slice(&self) -> String {
        self.spec().id.slice()
    }

    #[zbus(property(emits_changed_signal = "const"), name = "Units")]
    fn units(&self) -> Vec<String> {
        self.handle.view.record.units.clone()
    }

    #[zbus(property(emits_changed_signal = "const"), name = "CreatedTimestamp")]
    fn created_timestamp(&self) -> u64 {
        self.handle.view.record.created_usec
    }

    #[zbus(property(emits_changed_signal = "true"), name = "CPUQuotaPerSecUSec")]
    fn cpu_quota_per_sec_usec(&self) -> u64 {
        self.limit(Limit::CpuQuotaPerSecUsec)
    }

    #[zbus(property(emits_changed_signal = "true"), name = "CPUWeight")]
    fn cpu_weight(&self) -> u64 {
        self.limit(Limit::CpuWeight)
    }

    #[zbus(property(emits_changed_signal = "true"), name = "MemoryHigh")]
    fn memory_high(&self) -> u64 {
        self.limit(Limit::MemoryHigh)
    }

    #[zbus(property(emits_changed_signal = "true"), name = "MemoryMax")]
    fn memory_max(&self) -> u64 {
        self.limit(Limit::MemoryMax)
    }

    #[zbus(property(emits_changed_signal = "true"), name = "MemorySwapMax")]
    fn memory_swap_max(&self) -> u64 {
        self.limit(Limit::MemorySwapMax)
    }

    #[zbus(property(emits_changed_signal = "true"), name = "TasksMax")]
    fn tasks_max(&self) -> u64 {
        self.limit(Limit::TasksMax)
    }

    #[zbus(property(emits_changed_signal = "true"), name = "IOWeight")]
    fn io_weight(&self) -> u64 {
        self.limit(Limit::IoWeight)
    }

    #[zbus(property(emits_changed_signal = "true"), name = "AllowedCPUs")]
    fn allowed_cpus(&self) -> String {
        self.status().limits.allowed_cpus.to_string()
    }

    #[zbus(property(emits_changed_signal = "true"), name = "State")]
    fn state(&self) -> &str {
        self.handle.view.state().as_str()
    }

    #[zbus(property(emits_changed_signal = "true"), name = "Outcome")]
    fn outcome(&self) -> &str {
        self.status().outcome()
    }

    #[zbus(property(emits_changed_signal = "true"), name = "OutcomeReason")]
    fn outcome_reason(&self) -> String {
        self.status().reason()
    }

    #[zbus(property(emits_changed_signal = "true"), name = "ExitStatus")]
    fn exit_status(&self) -> i32 {
        self.status().exit_status()
    }

    #[zbus(property(emits_changed_signal = "true"), name = "ControlGroup")]
    fn control_group(&self) -> String {
        self.status().control_group
    }

    #[zbus(property(emits_changed_signal = "true"), name = "Warnings")]
    fn warnings(&self) -> Vec<String> {
        self.handle.view.record.warnings.clone()
    }

    #[zbus(property(emits_changed_signal = "true"), name = "StartedTimestamp")]
    fn started_timestamp(&self) -> u64 {
        self.status().started_usec
    }

    #[zbus(property(emits_changed_signal = "true"), name = "EndedTimestamp")]
    fn ended_timestamp(&self) -> u64 {
        self.status().ended_usec
    }
}
