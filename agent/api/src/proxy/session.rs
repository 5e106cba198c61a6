//! `org.dillinger.Runner1.Session`

use super::Options;
use super::interface::interface;
use crate::value::Dict;
use zbus::OwnedFd;

interface! {
    /// One game that runs or has run.
    SessionProxy = trait Session "org.dillinger.Runner1.Session" ();
    methods {
        /// Ends the game; returns when the stop is under way.
        method "Stop" stop(options: &Options<'_>) -> ();
        /// Sends a signal, 1 to 64, to the first process of the game.
        method "Kill" kill(signal: i32) -> ();
        /// Freezes the session.
        method "Pause" pause() -> ();
        /// Thaws the session.
        method "Resume" resume() -> ();
        /// Changes limits; see [`crate::keys::Key::limit`].
        method "SetLimits" set_limits(limits: &Options<'_>) -> ();
        /// What the session uses now; see [`crate::wire::Metrics`].
        method "ReadMetrics" read_metrics() -> (metrics: Dict);
        /// Samples as JSON lines; see [`crate::wire::Metrics`].
        method "WatchMetrics" watch_metrics(interval_usec: u64) -> (stream: OwnedFd);
        /// The game's output as JSON lines; see [`crate::wire::LogLine`].
        method "OpenLog" open_log(options: &Options<'_>) -> (stream: OwnedFd);
    }
    signals {}
    properties {
        /// 32 lowercase hexadecimal digits. In a request optional, also as UUID with dashes or in upper case; the agent chooses one if it is absent.
        property "Id" "const" id: String;
        /// The caller's own name of the game. Shown and logged, never interpreted.
        property "GameId" "const" game_id: String;
        /// Title of the game. Shown and logged, never interpreted.
        property "Title" "const" title: String;
        /// native (default), wine or proton.
        property "Runner" "const" runner: String;
        /// A Wine or Proton build of the host; empty: its default.
        property "RunnerVersion" "const" runner_version: String;
        /// Container image; in a request empty: the default image of the runner.
        property "Image" "const" image: String;
        /// The argument vector of a native game, its program first.
        property "Command" "const" command: Vec<String>;
        /// The program of a Windows game: a path inside the library in Windows form (C:\Game\game.exe) or POSIX form, found whatever its case.
        property "Executable" "const" executable: String;
        /// The arguments that follow Executable.
        property "Arguments" "const" arguments: Vec<String>;
        /// Absolute path in the container; in a request empty: the directory of the program.
        property "WorkingDirectory" "const" working_directory: String;
        /// NAME=value, one variable each.
        property "Environment" "const" environment: Vec<String>;
        /// Name of a Podman volume or absolute host path, mounted read-only at /library. In a request none mounts nothing, empty means the default of the settings.
        property "Library" "const" library: String;
        /// Absolute host path of the Windows prefix; in a request empty: one per game.
        property "Prefix" "const" prefix: String;
        /// Absolute host path of the saved games; in a request empty: one per game.
        property "Saves" "const" saves: String;
        /// Host path, path in the container, options: ro (default) or rw. Host paths must exist and belong to the user.
        property "Mounts" "const" mounts: Vec<(String, String, String)>;
        /// Processor time per second of wall time, in microseconds; 1000000 is one whole processor; [`u64::MAX`]: no limit.
        property "CPUQuotaPerSecUSec" "true" cpu_quota_per_sec_usec: u64;
        /// Share of the processor against other sessions, 1 to 10000; [`u64::MAX`]: not set, which counts as 100.
        property "CPUWeight" "true" cpu_weight: u64;
        /// Bytes above which the session is slowed down and reclaimed from; [`u64::MAX`]: no limit.
        property "MemoryHigh" "true" memory_high: u64;
        /// Bytes above which the kernel kills a process of the session (outcome oom-kill); [`u64::MAX`]: no limit.
        property "MemoryMax" "true" memory_max: u64;
        /// Bytes of swap; [`u64::MAX`]: no limit.
        property "MemorySwapMax" "true" memory_swap_max: u64;
        /// Number of processes and threads; [`u64::MAX`]: no limit.
        property "TasksMax" "true" tasks_max: u64;
        /// Share of block I/O against other sessions, 1 to 10000; [`u64::MAX`]: not set, which counts as 100.
        property "IOWeight" "true" io_weight: u64;
        /// Processors the session may run on, as a list such as 0-3,8; empty: all.
        property "AllowedCPUs" "true" allowed_cpus: String;
        /// auto, none, or CDI device names such as nvidia.com/gpu=0. A device asked for by name that is not there is the error GpuUnavailable.
        property "Gpus" "const" gpus: Vec<String>;
        /// auto, wayland, x11, stream or none.
        property "Display" "const" display: String;
        /// Width of the virtual display in pixels, where there is one; else 0.
        property "Width" "true" width: u32;
        /// Height of the virtual display in pixels, where there is one; else 0.
        property "Height" "true" height: u32;
        /// Frames per second of the virtual display, where there is one; else 0.
        property "RefreshRate" "true" refresh_rate: u32;
        /// auto, pipewire, pulse or none.
        property "Audio" "const" audio: String;
        /// Whether the game has controllers: the host's, or with Display stream virtual ones that the viewers' act on.
        property "Gamepads" "const" gamepads: bool;
        /// With Display stream: whether the viewers' clipboard and that of the game share their text.
        property "Clipboard" "const" clipboard: bool;
        /// With Display stream: whether a key or a button of a player's lets the game draw its next picture at once.
        property "FrameOnInput" "const" frame_on_input: bool;
        /// With Display stream: whether the only window of a game, where it is smaller than the display, is the whole picture.
        property "FillDisplay" "const" fill_display: bool;
        /// With Display stream: what happens to a session that nobody watches: keep, pause or stop.
        property "IdleAction" "const" idle_action: String;
        /// Microseconds without a viewer after which IdleAction is taken; 0 with another Display.
        property "IdleTimeoutUSec" "const" idle_timeout_usec: u64;
        /// private (default), none or host.
        property "Network" "const" network: String;
        /// Whether the game may make user namespaces of its own, for a sandbox that it brings.
        property "UserNamespaces" "const" user_namespaces: bool;
        /// Microseconds after which a running session is ended with outcome timeout; [`u64::MAX`]: never.
        property "RuntimeMaxUSec" "const" runtime_max_usec: u64;
        /// Microseconds between SIGTERM and SIGKILL when the session is stopped.
        property "TimeoutStopUSec" "const" timeout_stop_usec: u64;
        /// preparing, starting, running, paused, stopping or ended.
        property "State" "true" state: String;
        /// Empty until State is ended; then exited (status 0), failed (another status), killed (by a signal), oom-kill, timeout, stopped (on request, whatever the status), start-failed, display-failed or lost (the host went down).
        property "Outcome" "true" outcome: String;
        /// One line for people: why it ended so. Empty until State is ended.
        property "OutcomeReason" "true" outcome_reason: String;
        /// Exit status of the game; the number of the signal if Outcome is killed; 0 until State is ended.
        property "ExitStatus" "true" exit_status: i32;
        /// systemd user unit of the game.
        property "Unit" "const" unit: String;
        /// systemd slice of the whole session; the limits are its.
        property "Slice" "const" slice: String;
        /// All systemd units of the session, that of the game first.
        property "Units" "const" units: Vec<String>;
        /// Path of the slice in the control group tree, as systemd.unit(5) ControlGroup; empty until it exists.
        property "ControlGroup" "true" control_group: String;
        /// What did not go as asked for but does not stop the game; one line each.
        property "Warnings" "true" warnings: Vec<String>;
        /// When the session was created, in microseconds since 1970 UTC.
        property "CreatedTimestamp" "const" created_timestamp: u64;
        /// When the game started to run, in microseconds since 1970 UTC; 0 if it has not.
        property "StartedTimestamp" "true" started_timestamp: u64;
        /// When the session ended, in microseconds since 1970 UTC; 0 if it has not.
        property "EndedTimestamp" "true" ended_timestamp: u64;
    }
}
