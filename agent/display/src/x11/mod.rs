//! Xwayland, which is started when the first X program comes, and its windows.

mod aside;
mod stand_in;
mod watch;
mod windows;

pub(crate) use aside::Aside;
pub use stand_in::stand_in;

use crate::server::Server;
use anyhow::Context;
use smithay::reexports::calloop::generic::Generic;
use smithay::reexports::calloop::{Interest, Mode, PostAction};
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
            XWaylandEvent::Ready { x11_socket, .. } => server.manage(x11_socket, client.clone(), number),
            XWaylandEvent::Error => server.fail(anyhow::anyhow!("Xwayland does not start")),
        };
        self.events.insert_source(xwayland, ready).map_err(|error| error.error).context("no event source")?;
        Ok(())
    }

    /// Becomes the window manager, with another connection beside that.
    fn manage(&mut self, socket: UnixStream, client: Client, number: u32) {
        match self.connect_x11(socket, client, number) {
            Ok((x11, aside)) => {
                tracing::info!("Xwayland is ready");
                (self.x11, self.aside) = (Some(x11), Some(aside));
                self.share_clipboard();
            }
            Err(error) => self.fail(error.context("Xwayland")),
        }
    }

    fn connect_x11(&self, socket: UnixStream, client: Client, number: u32) -> anyhow::Result<(X11Wm, Aside)> {
        let path = Path::new(SOCKETS).join(format!("X{number}"));
        let stream = UnixStream::connect(&path).with_context(|| format!("cannot connect to {}", path.display()))?;
        watch::watch(&self.events, vec![socket.try_clone()?.into(), stream.try_clone()?.into()])?;
        let x11 = X11Wm::start_wm(self.events.clone(), socket, client)
            .map_err(|error| anyhow::anyhow!("it takes no window manager: {error}"))?;
        let source = Generic::new(stream.try_clone()?, Interest::READ, Mode::Level);
        let aside = Aside::new(stream).context("it does not answer")?;
        let told = |_, _: &mut _, server: &mut Self| {
            // Without the X server the window manager sees to the end.
            Ok(if server.listen_aside().is_some() { PostAction::Continue } else { PostAction::Remove })
        };
        self.events.insert_source(source, told).map_err(|error| error.error).context("no event source")?;
        Ok((x11, aside))
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
