//! A player without a browser, for tests: `tests/streaming/uinput` runs it in a guest.
//!
//! It prints its offer and reads the answer, each as JSON text in one line. Then it sends the state of a controller for
//! each line `pad BUTTONS` that it reads, and prints each text that it gets. It leaves at the end of its input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "for tests")]

#[allow(
    dead_code,
    unreachable_pub,
    clippy::cast_precision_loss,
    clippy::too_many_lines,
    reason = "as the tests have it"
)]
#[path = "../tests/support/page.rs"]
mod page;

use page::{Network, Page, Running};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A message of the channel `motion`: which controller, its buttons, four axes, two triggers.
fn pad(buttons: u32) -> Vec<u8> {
    [&[7, 0][..], &buttons.to_le_bytes(), &[0; 10]].concat()
}

/// The lines of the input.
fn lines() -> UnboundedReceiver<String> {
    let (sender, lines) = unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            if sender.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    lines
}

async fn play(mut page: Running, mut lines: UnboundedReceiver<String>) {
    page.ready().await;
    println!("ready");
    let (mut seen, mut told) = (page.seen.clone(), 0);
    loop {
        tokio::select! {
            changed = seen.changed() => {
                changed.expect("the connection is over");
                let texts = seen.borrow_and_update().texts.clone();
                texts[told..].iter().for_each(|text| println!("{text}"));
                told = texts.len();
            }
            line = lines.recv() => {
                let Some(line) = line else { return };
                page.send("motion", &pad(line.strip_prefix("pad ").unwrap().parse().unwrap()));
            }
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let page = Page::new().await;
    println!("{}", serde_json::to_string(&page.offer).unwrap());
    let mut lines = lines();
    let answer: String = serde_json::from_str(&lines.recv().await.expect("an answer")).unwrap();
    play(page.run(&answer, Network { loss: 0, rate: 0 }, None), lines).await;
}
