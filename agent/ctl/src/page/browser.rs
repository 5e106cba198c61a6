//! Opening the user's browser.

use std::io;
use std::process::Stdio;
use tokio::process::Command;

/// Opens an address in the user's browser. Returns when the desktop has taken it over.
pub(crate) async fn open(url: &str) -> io::Result<()> {
    let mut command = Command::new("xdg-open");
    let quiet = command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = quiet.status().await?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("xdg-open: {status}"))) }
}
