//! `org.dillinger.Runner1.Session.Windows`

use super::interface::interface;
use crate::value::Dict;

interface! {
    /// What a session has that runs a Windows program.
    WindowsProxy = trait Windows "org.dillinger.Runner1.Session.Windows" ();
    methods {}
    signals {}
    properties {
        /// game or install.
        property "Kind" "const" kind: String;
        /// Directory below the library that a setup program may write.
        property "InstallDirectory" "const" install_directory: String;
        /// The version that Windows claims to be.
        property "WindowsVersion" "const" windows_version: String;
        /// Size of the virtual desktop, such as 1280x720.
        property "VirtualDesktop" "const" virtual_desktop: String;
        /// NAME=ORDER each.
        property "DllOverrides" "const" dll_overrides: Vec<String>;
        /// Key, name and data of each value.
        property "Registry" "const" registry: Vec<(String, String, String)>;
        /// auto, on or off.
        property "Dxvk" "const" dxvk: String;
        /// auto, on or off.
        property "Vkd3d" "const" vkd3d: String;
        /// What DXVK shows in the picture.
        property "Hud" "const" hud: String;
        /// Debug channels.
        property "WineDebug" "const" wine_debug: String;
        /// Verbs of winetricks.
        property "Winetricks" "const" winetricks: Vec<String>;
        /// Locale of the program.
        property "Locale" "const" locale: String;
        /// auto, ntsync, fsync, esync or none.
        property "Synchronization" "const" synchronization: String;
        /// Whether the prefix is copied before the session.
        property "SnapshotPrefix" "const" snapshot_prefix: bool;
        /// The exception that ended the program; 0 if none did.
        property "ExceptionCode" "true" exception_code: u32;
        /// What a setup program added: Files, Bytes, Executables, Programs.
        property "Installed" "true" installed: Dict;
    }
}
