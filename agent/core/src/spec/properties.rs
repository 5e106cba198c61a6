//! A session's effective values by request key, as the bus shows them.

use super::{SessionSpec, StreamSpec, WindowsSpec};
use crate::limits::{INFINITY, Limit};
use crate::request::{IdleAction, Library};
use crate::value::RawValue;

impl SessionSpec {
    /// Every request key with its effective value, in the order of
    /// [`crate::request::KEYS`]; those of Windows games only for one. What does not apply is empty; a limit that is
    /// not set is `u64::MAX`, as systemd writes it.
    pub fn properties(&self) -> Vec<(&'static str, RawValue)> {
        let text = |text: &str| RawValue::Str(text.to_owned());
        let optional = |text: &Option<String>| RawValue::Str(text.clone().unwrap_or_default());
        let windows = self.windows.as_ref();
        let mut list = vec![
            ("Id", text(&self.id.to_string())),
            ("GameId", text(&self.game_id)),
            ("Title", text(&self.title)),
            ("Runner", text(self.runner.as_str())),
            ("RunnerVersion", text(windows.map_or("", |windows| &windows.build))),
            ("Image", text(&self.image)),
            ("Command", RawValue::StrList(self.command.clone())),
            ("Executable", text(windows.map_or("", |windows| &windows.executable))),
            ("Arguments", RawValue::StrList(windows.map(|windows| windows.arguments.clone()).unwrap_or_default())),
            ("WorkingDirectory", optional(&self.working_directory)),
            ("Environment", RawValue::StrList(self.environment_strings())),
            ("Library", text(self.library.as_str())),
            ("Prefix", text(windows.and_then(|windows| windows.prefix.as_deref()).unwrap_or_default())),
            ("Saves", optional(&self.saves)),
            ("Mounts", RawValue::Triples(self.mount_triples())),
        ];
        list.extend(Limit::ALL.map(|limit| (limit.key(), RawValue::U64(self.limits.get(limit)))));
        list.extend([
            ("AllowedCPUs", text(&self.limits.allowed_cpus.to_string())),
            ("Gpus", RawValue::StrList(vec!["none".to_owned()])),
        ]);
        list.extend(self.display_properties());
        list.extend([
            ("Network", text(self.network.as_str())),
            ("UserNamespaces", RawValue::Bool(self.user_namespaces)),
            ("RuntimeMaxUSec", RawValue::U64(self.runtime_max_usec)),
            ("TimeoutStopUSec", RawValue::U64(self.timeout_stop_usec)),
        ]);
        list.extend(self.windows.iter().flat_map(WindowsSpec::properties));
        list
    }

    /// The keys of the display and of what comes with it.
    fn display_properties(&self) -> [(&'static str, RawValue); 11] {
        let text = |text: &str| RawValue::Str(text.to_owned());
        let stream = self.stream.as_ref();
        let number = |value: fn(&StreamSpec) -> u32| RawValue::U32(stream.map_or(0, value));
        let word = |word: &'static str, is: fn(&StreamSpec) -> bool| if stream.is_some_and(is) { word } else { "none" };
        let flag = |is: fn(&StreamSpec) -> bool| RawValue::Bool(stream.is_some_and(is));
        [
            ("Display", text(word("stream", |_| true))),
            ("Width", number(|stream| stream.width)),
            ("Height", number(|stream| stream.height)),
            ("RefreshRate", number(|stream| stream.refresh_rate)),
            ("Audio", text(word("pulse", |stream| stream.audio))),
            ("Gamepads", flag(|stream| stream.gamepads > 0)),
            ("Clipboard", flag(|stream| stream.clipboard)),
            ("FrameOnInput", flag(|stream| stream.frame_on_input)),
            ("FillDisplay", flag(|stream| stream.fill_display)),
            ("IdleAction", text(stream.map_or(IdleAction::Keep, |stream| stream.idle_action).as_str())),
            ("IdleTimeoutUSec", RawValue::U64(stream.map_or(0, |stream| stream.idle_timeout_usec))),
        ]
    }

    /// `Environment` as the contract writes it.
    pub fn environment_strings(&self) -> Vec<String> {
        self.environment.iter().map(|variable| format!("{}={}", variable.name, variable.value)).collect()
    }

    /// `Mounts` as the contract writes it.
    pub fn mount_triples(&self) -> Vec<(String, String, String)> {
        let options = |read_only: bool| if read_only { "ro" } else { "rw" };
        self.mounts.iter().map(|m| (m.source.clone(), m.target.clone(), options(m.read_only).to_owned())).collect()
    }
}

impl WindowsSpec {
    /// The keys that only a Windows game has.
    fn properties(&self) -> [(&'static str, RawValue); 14] {
        let text = |text: &str| RawValue::Str(text.to_owned());
        [
            ("Kind", text(self.kind.as_str())),
            ("InstallDirectory", text(self.install_directory.as_deref().unwrap_or_default())),
            ("WindowsVersion", text(&self.version)),
            ("VirtualDesktop", text(&self.desktop)),
            ("DllOverrides", RawValue::StrList(self.overrides.clone())),
            ("Registry", RawValue::Triples(self.registry_triples())),
            ("Dxvk", text(self.dxvk.as_str())),
            ("Vkd3d", text(self.vkd3d.as_str())),
            ("Hud", text(&self.hud)),
            ("WineDebug", text(&self.debug)),
            ("Winetricks", RawValue::StrList(self.verbs.clone())),
            ("Locale", text(&self.locale)),
            ("Synchronization", text(self.synchronization.as_str())),
            ("SnapshotPrefix", RawValue::Bool(self.snapshot)),
        ]
    }

    /// `Registry` as the contract writes it.
    pub fn registry_triples(&self) -> Vec<(String, String, String)> {
        self.registry.iter().map(|value| (value.key.clone(), value.name.clone(), value.data.clone())).collect()
    }
}

impl Library {
    /// The value of the request key.
    pub fn as_str(&self) -> &str {
        match self {
            Self::None => "",
            Self::Volume(name) => name,
            Self::Directory(path) => path,
        }
    }
}

impl RawValue {
    /// The value as text for a person; lists separated by spaces.
    pub fn display(&self) -> String {
        match self {
            Self::Str(text) | Self::Other(text) => text.clone(),
            Self::StrList(list) => list.join(" "),
            Self::Triples(list) => list.iter().map(|(a, b, c)| format!("{a}:{b}:{c}")).collect::<Vec<_>>().join(" "),
            Self::Bool(on) => on.to_string(),
            Self::U32(number) => number.to_string(),
            Self::U64(INFINITY) => "infinity".to_owned(),
            Self::U64(number) => number.to_string(),
        }
    }
}
