//! Text of the clipboard, to the game and from it.
//!
//! The other end of each transfer is a program that may never read or write its
//! pipe, so each has a deadline and there are only so many at once.

use super::wayland::Client;
use crate::media::Feedback;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::sync::broadcast;
use tokio::task::{AbortHandle, JoinSet};
use tracing::{debug, warn};
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_client::{Connection, Dispatch, Proxy, QueueHandle, delegate_noop, event_created_child};
use wayland_protocols::ext::data_control::v1::client as ext;
use wayland_protocols_wlr::data_control::v1::client as wlr;

use ext::ext_data_control_device_v1::{self as ext_device, ExtDataControlDeviceV1};
use ext::ext_data_control_manager_v1::ExtDataControlManagerV1;
use ext::ext_data_control_offer_v1::{self as ext_offer, ExtDataControlOfferV1};
use ext::ext_data_control_source_v1::{self as ext_source, ExtDataControlSourceV1};
use wlr::zwlr_data_control_device_v1::{self as wlr_device, ZwlrDataControlDeviceV1};
use wlr::zwlr_data_control_manager_v1::ZwlrDataControlManagerV1;
use wlr::zwlr_data_control_offer_v1::{self as wlr_offer, ZwlrDataControlOfferV1};
use wlr::zwlr_data_control_source_v1::{self as wlr_source, ZwlrDataControlSourceV1};

/// More text than that is not passed on, either way. Bytes of UTF-8.
pub(super) const MAX_TEXT: usize = 64 << 10;
/// How long the other end may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// How many programs may read at once.
const MAX_READERS: usize = 8;
/// Names of UTF-8 text, the best first.
const TEXT_TYPES: [&str; 4] = ["text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "TEXT"];
/// Marks what the players put there, which comes back as an offer.
const OWN_TYPE: &str = "application/x-dillinger-player";

/// The compositor's clipboard manager.
pub(super) enum Manager {
    Ext(ExtDataControlManagerV1),
    Wlr(ZwlrDataControlManagerV1),
}

enum Device {
    Ext(ExtDataControlManagerV1, ExtDataControlDeviceV1),
    Wlr(ZwlrDataControlManagerV1, ZwlrDataControlDeviceV1),
}

/// The clipboard of the seat.
pub(super) struct Clipboard {
    device: Device,
    queue: QueueHandle<Client>,
    feedback: broadcast::Sender<Feedback>,
    readers: JoinSet<()>,
    /// What is being read from the game: only the newest matters.
    reading: Option<AbortHandle>,
}

/// The types of an offer, as far as they matter.
#[derive(Debug, Default)]
pub(super) struct Offered(Mutex<Types>);

#[derive(Debug, Default)]
struct Types {
    own: bool,
    /// Into [`TEXT_TYPES`].
    best: Option<usize>,
}

impl Offered {
    fn add(&self, name: &str) {
        let mut types = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        types.own |= name == OWN_TYPE;
        let rank = TEXT_TYPES.iter().position(|known| *known == name);
        types.best = types.best.into_iter().chain(rank).min();
    }

    /// The type to ask for, if another program offers text.
    fn wanted(&self) -> Option<&'static str> {
        let types = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        types.best.filter(|_| !types.own).and_then(|best| TEXT_TYPES.get(best).copied())
    }
}

impl Clipboard {
    pub(super) fn new(
        manager: Manager,
        seat: &WlSeat,
        queue: QueueHandle<Client>,
        feedback: broadcast::Sender<Feedback>,
    ) -> Self {
        let device = match manager {
            Manager::Ext(manager) => {
                let device = manager.get_data_device(seat, &queue, ());
                Device::Ext(manager, device)
            }
            Manager::Wlr(manager) => {
                let device = manager.get_data_device(seat, &queue, ());
                Device::Wlr(manager, device)
            }
        };
        Self { device, queue, feedback, readers: JoinSet::new(), reading: None }
    }

    /// Offers a player's text to the game.
    pub(super) fn set(&self, text: String) {
        if text.len() > MAX_TEXT {
            return warn!("a clipboard of {} bytes is too long, {MAX_TEXT} are allowed", text.len());
        }
        let text: Arc<str> = text.into();
        let types = || TEXT_TYPES.into_iter().chain([OWN_TYPE]).map(str::to_owned);
        match &self.device {
            Device::Ext(manager, device) => {
                let source = manager.create_data_source(&self.queue, text);
                types().for_each(|name| source.offer(name));
                device.set_selection(Some(&source));
            }
            Device::Wlr(manager, device) => {
                let source = manager.create_data_source(&self.queue, text);
                types().for_each(|name| source.offer(name));
                device.set_selection(Some(&source));
            }
        }
    }

    /// A program reads what a player put there.
    fn serve(&mut self, text: &Arc<str>, name: &str, pipe: OwnedFd) {
        while self.readers.try_join_next().is_some() {}
        if name == OWN_TYPE || self.readers.len() >= MAX_READERS {
            return;
        }
        let text = Arc::clone(text);
        self.readers.spawn(async move {
            let written = async { pipe::Sender::from_owned_fd(pipe)?.write_all(text.as_bytes()).await };
            match tokio::time::timeout(DEADLINE, written).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => debug!("a program did not take the clipboard: {error}"),
                Err(_) => debug!("a program asked for the clipboard and did not read it"),
            }
        });
    }

    /// The clipboard has another owner: `receive` asks him for the named type.
    fn selected(&mut self, offered: &Offered, receive: impl FnOnce(&'static str, &OwnedFd)) {
        if let Some(reading) = self.reading.take() {
            reading.abort();
        }
        let Some(name) = offered.wanted() else { return };
        let (read, write) = match rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC) {
            Ok(pipe) => pipe,
            Err(error) => return warn!("no pipe for the clipboard: {error}"),
        };
        receive(name, &write);
        let feedback = self.feedback.clone();
        let reading = tokio::spawn(async move {
            match tokio::time::timeout(DEADLINE, read_text(read)).await {
                Ok(Ok(text)) => {
                    // Nobody may be there to take it.
                    let _ = feedback.send(Feedback::Clipboard(text));
                }
                Ok(Err(error)) => debug!("the game's clipboard: {error}"),
                Err(_) => debug!("the game offered a clipboard and did not write it"),
            }
        });
        self.reading = Some(reading.abort_handle());
    }
}

impl Drop for Clipboard {
    fn drop(&mut self) {
        if let Some(reading) = self.reading.take() {
            reading.abort();
        }
    }
}

/// Reads text up to its end.
async fn read_text(pipe: OwnedFd) -> io::Result<String> {
    let limit = u64::try_from(MAX_TEXT).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    pipe::Receiver::from_owned_fd(pipe)?.take(limit).read_to_end(&mut bytes).await?;
    if bytes.len() > MAX_TEXT {
        return Err(io::Error::other(format!("longer than {MAX_TEXT} bytes")));
    }
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// Both protocols are the same but for their names.
macro_rules! data_control {
    ($manager:ty, $device:ty, $device_mod:ident, $offer:ty, $offer_mod:ident, $source:ty, $source_mod:ident) => {
        delegate_noop!(Client: $manager);

        impl Dispatch<$device, ()> for Client {
            fn event(
                client: &mut Self,
                _: &$device,
                event: $device_mod::Event,
                (): &(),
                _: &Connection,
                _: &QueueHandle<Self>,
            ) {
                match event {
                    $device_mod::Event::Selection { id: Some(offer) } => {
                        if let (Some(clipboard), Some(offered)) = (&mut client.clipboard, offer.data::<Offered>()) {
                            clipboard.selected(offered, |name, pipe| offer.receive(name.to_owned(), pipe.as_fd()));
                        }
                        offer.destroy();
                    }
                    $device_mod::Event::PrimarySelection { id: Some(offer) } => offer.destroy(),
                    $device_mod::Event::Finished => client.clipboard = None,
                    _ => {}
                }
            }

            event_created_child!(Client, $device, [
                $device_mod::EVT_DATA_OFFER_OPCODE => ($offer, Offered::default()),
            ]);
        }

        impl Dispatch<$offer, Offered> for Client {
            fn event(
                _: &mut Self,
                _: &$offer,
                event: $offer_mod::Event,
                offered: &Offered,
                _: &Connection,
                _: &QueueHandle<Self>,
            ) {
                if let $offer_mod::Event::Offer { mime_type } = event {
                    offered.add(&mime_type);
                }
            }
        }

        impl Dispatch<$source, Arc<str>> for Client {
            fn event(
                client: &mut Self,
                source: &$source,
                event: $source_mod::Event,
                text: &Arc<str>,
                _: &Connection,
                _: &QueueHandle<Self>,
            ) {
                match event {
                    $source_mod::Event::Send { mime_type, fd } => {
                        if let Some(clipboard) = &mut client.clipboard {
                            clipboard.serve(text, &mime_type, fd);
                        }
                    }
                    $source_mod::Event::Cancelled => source.destroy(),
                    _ => {}
                }
            }
        }
    };
}

data_control!(
    ExtDataControlManagerV1,
    ExtDataControlDeviceV1,
    ext_device,
    ExtDataControlOfferV1,
    ext_offer,
    ExtDataControlSourceV1,
    ext_source
);
data_control!(
    ZwlrDataControlManagerV1,
    ZwlrDataControlDeviceV1,
    wlr_device,
    ZwlrDataControlOfferV1,
    wlr_offer,
    ZwlrDataControlSourceV1,
    wlr_source
);

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_best_type_of_another_program_is_asked_for() {
        for (names, wanted) in [
            (&["TEXT", "text/plain;charset=utf-8", "UTF8_STRING"][..], Some("text/plain;charset=utf-8")),
            (&["image/png", "TEXT"], Some("TEXT")),
            (&["image/png"], None),
            (&["text/plain", OWN_TYPE], None),
            (&[], None),
        ] {
            let offered = Offered::default();
            for name in names {
                offered.add(name);
            }
            assert_eq!(offered.wanted(), wanted, "{names:?}");
        }
    }

    async fn read(bytes: Vec<u8>) -> io::Result<String> {
        let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
        let writer = tokio::task::spawn_blocking(move || std::fs::File::from(writer).write_all(&bytes));
        let text = read_text(reader).await;
        // The rest of a text that is too long finds nobody to read it.
        drop(writer.await);
        text
    }

    #[tokio::test]
    async fn texts_are_bounded() {
        assert_eq!(read("ein Täxt".into()).await.unwrap(), "ein Täxt");
        assert_eq!(read(vec![b'x'; MAX_TEXT]).await.unwrap().len(), MAX_TEXT);
        assert!(read(vec![b'x'; MAX_TEXT + 1]).await.is_err());
        assert!(read(vec![b'x'; MAX_TEXT * 3]).await.is_err());
        assert!(read(vec![0xff]).await.is_err());
    }
}
