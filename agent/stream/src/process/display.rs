//! The compositor, with its X server.

use super::{command, config, ending, socket, spawn, stop, write};
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Child;

/// The names are agreed with the units: the sockets are mounted into the game's container.
const SOCKET: &str = "wayland-0";
/// For the compositor to begin to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A kiosk: windows fill the display and have no frames. One harmless binding of each kind stands for all the default
/// ones, which would close, move and start things.
const SETTINGS: &str = r#"<?xml version="1.0"?>
<labwc_config>
  <core>
    <decoration>client</decoration>
    <gap>0</gap>
    <xwaylandPersistence>no</xwaylandPersistence>
  </core>
  <theme>
    <cornerRadius>0</cornerRadius>
    <dropShadows>no</dropShadows>
  </theme>
  <keyboard>
    <keybind key="XF86Launch9"><action name="None"/></keybind>
  </keyboard>
  <mouse>
    <context name="Client">
      <mousebind button="Left" action="Press"><action name="Focus"/><action name="Raise"/></mousebind>
      <mousebind button="Middle" action="Press"><action name="Focus"/><action name="Raise"/></mousebind>
      <mousebind button="Right" action="Press"><action name="Focus"/><action name="Raise"/></mousebind>
    </context>
  </mouse>
  <windowRules>
    <windowRule identifier="*" serverDecoration="no"><action name="Maximize"/></windowRule>
  </windowRules>
</labwc_config>
"#;

/// The running compositor. The session ends with it.
#[derive(Debug)]
pub(crate) struct Display {
    child: Child,
}

impl Display {
    /// Starts it; its sockets are made in `directory`.
    pub(crate) fn start(directory: &Path) -> anyhow::Result<Self> {
        let settings = config(directory).join("labwc");
        write(&settings.join("rc.xml"), SETTINGS)?;
        let mut labwc = command("labwc", directory);
        labwc.arg("-C").arg(&settings).env("WLR_BACKENDS", "headless").env("WLR_LIBINPUT_NO_DEVICES", "1");
        if render_nodes().is_empty() {
            labwc.env("WLR_RENDERER", "pixman");
        }
        Ok(Self { child: spawn(labwc)? })
    }

    /// Waits until Wayland clients can connect, at this socket.
    pub(crate) async fn listens(directory: &Path) -> anyhow::Result<PathBuf> {
        let path = directory.join(SOCKET);
        socket(&path, PATIENCE).await.context("labwc")?;
        Ok(path)
    }

    /// Waits for its end, which nobody asked for.
    pub(crate) async fn died(&mut self) -> anyhow::Error {
        match self.child.wait().await {
            Ok(status) => anyhow::anyhow!("the compositor labwc {}", ending(status)),
            Err(error) => anyhow::Error::new(error).context("the compositor labwc is not watched"),
        }
    }

    pub(crate) async fn stop(&mut self) {
        stop([&mut self.child]).await;
    }
}

/// The graphics cards that can be drawn with.
pub(crate) fn render_nodes() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/dev/dri").into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().contains("/renderD")).collect()
}
