//! The contract as introspection XML, one file per interface.

/// `org.dillinger.Runner1.Manager`
pub const MANAGER: &str = include_str!("../dbus/org.dillinger.Runner1.Manager.xml");
/// `org.dillinger.Runner1.Session`
pub const SESSION: &str = include_str!("../dbus/org.dillinger.Runner1.Session.xml");
/// `org.dillinger.Runner1.Session.Windows`
pub const WINDOWS: &str = include_str!("../dbus/org.dillinger.Runner1.Session.Windows.xml");
/// `org.dillinger.Runner1.Session.Stream`
pub const STREAM: &str = include_str!("../dbus/org.dillinger.Runner1.Session.Stream.xml");
/// `org.dillinger.Runner1.Job`
pub const JOB: &str = include_str!("../dbus/org.dillinger.Runner1.Job.xml");
/// `org.dillinger.Runner1.Prefixes`
pub const PREFIXES: &str = include_str!("../dbus/org.dillinger.Runner1.Prefixes.xml");
/// `org.dillinger.Runner1.Saves`
pub const SAVES: &str = include_str!("../dbus/org.dillinger.Runner1.Saves.xml");

/// File name and text of every interface; the file is named after the interface.
pub const FILES: &[(&str, &str)] = &[
    ("org.dillinger.Runner1.Manager.xml", MANAGER),
    ("org.dillinger.Runner1.Session.xml", SESSION),
    ("org.dillinger.Runner1.Session.Stream.xml", STREAM),
    ("org.dillinger.Runner1.Session.Windows.xml", WINDOWS),
    ("org.dillinger.Runner1.Job.xml", JOB),
    ("org.dillinger.Runner1.Prefixes.xml", PREFIXES),
    ("org.dillinger.Runner1.Saves.xml", SAVES),
];
