//! Xwayland, which is started when the first X program comes, and its windows.

mod stand_in;
mod windows;

pub use stand_in::stand_in;

use crate::server::Server;
use anyhow::Context;
use smithay::reexports::wayland_server::Client;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::xwayland_shell::{XWaylandShellHandler, XWaylandShellState};
use smithay::xwayland::xwm::XwmId;
use smithay::xwayland::{X11Surface, X11Wm, XWayland, XWaylandEvent};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;

/// Where X programs look for the socket of a display.
const SOCKETS: &str = "/tmp/.X11-unix";

impl Server {
    /// Makes the X display of this number. Who may connect is decided by who has the directory of its socket.
    pub(crate) fn start_x11(&mut self, directory: &Path, number: u32) -> anyhow::Result<()> {
        std::fs::create_dir_all(SOCKETS).with_context(|| format!("cannot make {SOCKETS}"))?;
        // Smithay starts "Xwayland" by PATH, at once and with flags of its own: it finds this program under that name.
        let programs = directory.join("programs");
        stand_in::install(&programs).with_context(|| format!("cannot write to {}", programs.display()))?;
        let environment = [("PATH", programs.as_path()), ("XDG_RUNTIME_DIR", directory)];
        let (xwayland, client) =
            XWayland::spawn(&self.display, number, environment, false, Stdio::null(), Stdio::inherit(), |_| ())
                .context("Xwayland")?;
        let ready = move |event, (): &mut (), server: &mut Self| match event {
            XWaylandEvent::Ready { x11_socket, .. } => server.manage(x11_socket, client.clone()),
            XWaylandEvent::Error => server.fail(anyhow::anyhow!("Xwayland does not start")),
        };
        self.events.insert_source(xwayland, ready).map_err(|error| error.error).context("no event source")?;
        Ok(())
    }

    /// Becomes the window manager.
    fn manage(&mut self, socket: UnixStream, client: Client) {
        match X11Wm::start_wm(self.events.clone(), socket, client) {
            Ok(x11) => {
                tracing::info!("Xwayland is ready");
                self.x11 = Some(x11);
                self.share_clipboard();
            }
            Err(error) => self.fail(anyhow::anyhow!("Xwayland takes no window manager: {error}")),
        }
    }
}

impl XWaylandShellHandler for Server {
    fn xwayland_shell_state(&mut self) -> &mut XWaylandShellState {
        &mut self.protocols.xwayland
    }

    /// The window has pixels from now on: only now can it have the keyboard.
    fn surface_associated(&mut self, _: XwmId, _: WlSurface, surface: X11Surface) {
        self.associated(&surface);
    }
}
