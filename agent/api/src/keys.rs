//! The keys of a request: one table for the agent's settings and for its clients.

/// The text form of a key's value; see [`crate::text::parse`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Words separated by spaces, with quotes and backslashes as in unit files.
    List,
    /// `SOURCE:TARGET[:OPTIONS]` words.
    Mounts,
    /// `KEY\NAME=DATA` words, the name `@` for a key's default.
    Registry,
    /// `yes` or `no`.
    Bool,
    /// A whole number.
    Number,
    /// A whole number or `infinity`.
    Count,
    /// A whole number, or empty for "not set".
    Weight,
    /// Bytes: `2G`, `512M` (base 1024), or `infinity`.
    Size,
    /// A time span: `1h 30min`, `90s`, or `infinity`.
    Span,
    /// Share of a processor: `150%`, a time span per second, or `infinity`.
    Quota,
}

/// One key of a request, which is also a property of the session.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Name of the key.
    pub name: &'static str,
    /// D-Bus signature of its value.
    pub signature: &'static str,
    /// Text form of its value.
    pub form: Form,
    /// The name of the same setting in unit files, if it has one there. A bare number is seconds
    /// with it where it is microseconds with [`Self::name`].
    pub unit_file_name: Option<&'static str>,
    /// True if `SetLimits` accepts the key.
    pub limit: bool,
    /// What it is, in one line.
    pub doc: &'static str,
}

const fn key(name: &'static str, signature: &'static str, form: Form, doc: &'static str) -> Key {
    Key { name, signature, form, unit_file_name: None, limit: false, doc }
}

const fn limit(name: &'static str, form: Form, doc: &'static str) -> Key {
    Key { name, signature: "t", form, unit_file_name: None, limit: true, doc }
}

impl Key {
    const fn alias(self, name: &'static str) -> Self {
        Self { unit_file_name: Some(name), ..self }
    }
}

const SWITCH: Form = Form::Word(&["auto", "on", "off"]);

/// Every key, in the order of the contract.
pub const ALL: &[Key] = &[
    key("Id", "s", Form::Text, "id of the session: 32 hexadecimal digits or a UUID"),
    key("GameId", "s", Form::Text, "the caller's own name of the game"),
    key("Title", "s", Form::Text, "title of the game"),
    key("Runner", "s", Form::Word(&["native", "wine", "proton"]), "what runs the game"),
    key("RunnerVersion", "s", Form::Text, "a Wine or Proton build of the host"),
    key("Image", "s", Form::Text, "container image"),
    key("Command", "as", Form::List, "program and arguments of a native game"),
    key("Executable", "s", Form::Text, "program of a Windows game, inside the library"),
    key("Arguments", "as", Form::List, "arguments of a Windows game"),
    key("WorkingDirectory", "s", Form::Text, "absolute path in the container"),
    key("Environment", "as", Form::List, "environment variables, NAME=value"),
    key("Library", "s", Form::Text, "Podman volume or host path, read-only at /library"),
    key("Prefix", "s", Form::Text, "host path of the Windows prefix"),
    key("Saves", "s", Form::Text, "host path of the saved games"),
    key("Mounts", "a(sss)", Form::Mounts, "host paths that the game sees, SOURCE:TARGET[:ro|rw]"),
    limit("CPUQuotaPerSecUSec", Form::Quota, "processor time per second of wall time").alias("CPUQuota"),
    limit("CPUWeight", Form::Weight, "share of the processor, 1 to 10000"),
    limit("MemoryHigh", Form::Size, "memory above which the session is slowed down"),
    limit("MemoryMax", Form::Size, "memory above which the kernel kills"),
    limit("MemorySwapMax", Form::Size, "most swap"),
    limit("TasksMax", Form::Count, "most processes and threads"),
    limit("IOWeight", Form::Weight, "share of block I/O, 1 to 10000"),
    Key { signature: "s", ..limit("AllowedCPUs", Form::Text, "processors it may run on, such as 0-3,8") },
    key("Gpus", "as", Form::List, "auto, none or CDI device names"),
    key("Display", "s", Form::Word(&["auto", "wayland", "x11", "stream", "none"]), "where the game shows"),
    key("Width", "u", Form::Number, "width of the virtual display in pixels"),
    key("Height", "u", Form::Number, "height of the virtual display in pixels"),
    key("RefreshRate", "u", Form::Number, "frames per second of the virtual display"),
    key("Audio", "s", Form::Word(&["auto", "pipewire", "pulse", "none"]), "where the game sounds"),
    key("Gamepads", "b", Form::Bool, "whether the game has controllers: the host's, or those of the viewers"),
    key("Clipboard", "b", Form::Bool, "whether viewers share the clipboard's text with the game"),
    key("FrameOnInput", "b", Form::Bool, "whether a key or button lets the game draw at once"),
    key("FillDisplay", "b", Form::Bool, "whether a lone window smaller than the display is the whole picture"),
    key("IdleAction", "s", Form::Word(&["keep", "pause", "stop"]), "what happens when nobody watches any more"),
    key("IdleTimeoutUSec", "t", Form::Span, "time without a viewer before that").alias("IdleTimeoutSec"),
    key("Network", "s", Form::Word(&["private", "none", "host"]), "what of the network the game sees"),
    key("UserNamespaces", "b", Form::Bool, "whether the game may make user namespaces, for a sandbox of its own"),
    key("RuntimeMaxUSec", "t", Form::Span, "longest run time").alias("RuntimeMaxSec"),
    key("TimeoutStopUSec", "t", Form::Span, "time to end after SIGTERM").alias("TimeoutStopSec"),
    key("Kind", "s", Form::Word(&["game", "install"]), "what the session is for"),
    key("InstallDirectory", "s", Form::Text, "directory below the library that a setup program may write"),
    key("WindowsVersion", "s", Form::Text, "version that Windows claims to be, such as win10"),
    key("VirtualDesktop", "s", Form::Text, "size of a virtual desktop, such as 1280x720"),
    key("DllOverrides", "as", Form::List, "load orders of DLLs, NAME=n,b"),
    key("Registry", "a(sss)", Form::Registry, "values of the registry, KEY\\NAME=DATA"),
    key("Dxvk", "s", SWITCH, "Direct3D 8 to 11 through DXVK"),
    key("Vkd3d", "s", SWITCH, "Direct3D 12 through VKD3D"),
    key("Hud", "s", Form::Text, "what DXVK shows in the picture, such as fps"),
    key("WineDebug", "s", Form::Text, "debug channels of Wine, such as +seh"),
    key("Winetricks", "as", Form::List, "verbs of winetricks, applied once"),
    key("Locale", "s", Form::Text, "locale of the game, such as de_DE.UTF-8"),
    key(
        "Synchronization",
        "s",
        Form::Word(&["auto", "ntsync", "fsync", "esync", "none"]),
        "how Wine synchronizes threads",
    ),
    key("SnapshotPrefix", "b", Form::Bool, "whether the prefix is copied before the session"),
];

/// The key of this name, or of this unit file name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Key> {
    ALL.iter().find(|key| key.name == name || key.unit_file_name == Some(name))
}

/// The known name most like a wrong one, if one is near.
#[must_use]
pub fn nearest(wrong: &str) -> Option<&'static str> {
    let wrong = wrong.to_lowercase();
    ALL.iter()
        .flat_map(|key| std::iter::once(key.name).chain(key.unit_file_name))
        .map(|name| (distance(&wrong, &name.to_lowercase()), name))
        .min()
        .filter(|(distance, name)| *distance * 3 <= name.len())
        .map(|(_, name)| name)
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((right, diagonal), above) in b.iter().zip(&row).zip(row.iter().skip(1)) {
            let beside = next.last().copied().unwrap_or_default();
            let replaced = diagonal + usize::from(left != *right);
            next.push(replaced.min(above + 1).min(beside + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml;

    /// Name and type of the request keys as the contract has them: the properties of a session and
    /// of a Windows session up to the last request key.
    fn contract_keys() -> Vec<(String, String)> {
        let keys = |text: &'static str, next: &'static str| {
            let node = zbus_xml::Node::try_from(text).unwrap();
            let interface = node.interfaces().first().unwrap();
            let all = interface.properties().map(|property| (property.name().to_string(), property.ty().to_string()));
            all.take_while(|(name, _)| name != next).collect::<Vec<_>>()
        };
        [keys(xml::SESSION, "State"), keys(xml::WINDOWS, "ExceptionCode")].concat()
    }

    #[test]
    fn the_table_is_the_contract() {
        let table: Vec<_> = ALL.iter().map(|key| (key.name.to_owned(), key.signature.to_owned())).collect();
        assert_eq!(table, contract_keys());
    }

    #[test]
    fn the_limits_are_those_of_set_limits() {
        let (_, text) = xml::SESSION.split_once("@limits:").unwrap();
        let (text, _) = text.split_once("Changes limits").unwrap();
        for key in ALL {
            let said = text.contains(&format!("{} (", key.name));
            assert_eq!(key.limit, said, "{}", key.name);
        }
    }

    #[test]
    fn wrong_names_have_a_nearest() {
        assert_eq!(nearest("MemoryMaxx"), Some("MemoryMax"));
        assert_eq!(nearest("title"), Some("Title"));
        assert_eq!(nearest("cpuquota"), Some("CPUQuota"));
        assert_eq!(nearest("Enviroment"), Some("Environment"));
        assert_eq!(nearest("Zzzzzzzz"), None);
        assert_eq!(find("RuntimeMaxSec").unwrap().name, "RuntimeMaxUSec");
        assert!(find("memorymax").is_none());
    }
}
