//! `org.dillinger.Runner1.Session.Windows`

use crate::session::{Status, View};
use dillinger_runner_core::spec::WindowsSpec;
use dillinger_runner_core::wine::Installed;
use std::collections::HashMap;
use std::sync::Arc;
use zbus::{Variant, interface};

/// What a Windows game has more on the bus.
#[derive(Debug)]
pub(super) struct WindowsObject {
    spec: WindowsSpec,
    view: Arc<View>,
}

impl WindowsObject {
    /// The object of this session, if it runs a Windows program.
    pub(super) fn new(view: &Arc<View>) -> Option<Self> {
        let spec = view.record.spec.windows.clone()?;
        Some(Self { spec, view: Arc::clone(view) })
    }
}

/// The properties that its end changes.
pub(super) fn of_end(status: &Status) -> HashMap<&'static str, Variant<'static>> {
    HashMap::from([
        ("ExceptionCode", Variant::from(exception(status))),
        ("Installed", Variant::from(installed(status))),
    ])
}

fn exception(status: &Status) -> u32 {
    let report = status.facts.as_ref().and_then(|facts| facts.windows.as_ref());
    report.and_then(|report| report.exception).unwrap_or_default()
}

fn installed(status: &Status) -> HashMap<String, Variant<'static>> {
    let report = status.facts.as_ref().and_then(|facts| facts.windows.as_ref());
    let Some(Installed { files, bytes, executables, programs }) = report.and_then(|report| report.installed.clone())
    else {
        return HashMap::new();
    };
    [
        ("Files", Variant::from(files)),
        ("Bytes", Variant::from(bytes)),
        ("Executables", Variant::from(executables)),
        ("Programs", Variant::from(programs)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

#[interface(name = "org.dillinger.Runner1.Session.Windows")]
impl WindowsObject {
    #[zbus(property(emits_changed_signal = "const"))]
    fn kind(&self) -> &str {
        self.spec.kind.as_str()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn install_directory(&self) -> &str {
        self.spec.install_directory.as_deref().unwrap_or_default()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn windows_version(&self) -> &str {
        &self.spec.version
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn virtual_desktop(&self) -> &str {
        &self.spec.desktop
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn dll_overrides(&self) -> Vec<String> {
        self.spec.overrides.clone()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn registry(&self) -> Vec<(String, String, String)> {
        self.spec.registry_triples()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn dxvk(&self) -> &str {
        self.spec.dxvk.as_str()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn vkd3d(&self) -> &str {
        self.spec.vkd3d.as_str()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn hud(&self) -> &str {
        &self.spec.hud
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn wine_debug(&self) -> &str {
        &self.spec.debug
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn winetricks(&self) -> Vec<String> {
        self.spec.verbs.clone()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn locale(&self) -> &str {
        &self.spec.locale
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn synchronization(&self) -> &str {
        self.spec.synchronization.as_str()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn snapshot_prefix(&self) -> bool {
        self.spec.snapshot
    }

    #[zbus(property)]
    fn exception_code(&self) -> u32 {
        exception(&self.view.status())
    }

    #[zbus(property)]
    fn installed(&self) -> HashMap<String, Variant<'static>> {
        installed(&self.view.status())
    }
}
