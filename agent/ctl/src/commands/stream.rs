//! `viewers`, `disconnect`, `resize`, `screenshot`

use crate::cli::{DisconnectArgs, ResizeArgs, ScreenshotArgs, ViewersArgs};
use crate::client::{Client, Connector, SessionRef};
use crate::exit::{Failure, SUCCESS};
use crate::output::Output;
use crate::properties::{json_of, shown_id, text_of};
use crate::table::Table;
use dillinger_runner_api::proxy::{Options, StreamProxy};
use dillinger_runner_api::wire::Viewer;
use dillinger_runner_api::{Error, text};
use std::fs::File;
use std::io::{IsTerminal, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

/// Largest picture that is taken: what comes is only as trustworthy as the session's display.
const PICTURE: u64 = 256 << 20;

/// The display of a session that is a streamed one.
async fn streamed(client: &Client, id: &str) -> Result<(SessionRef, StreamProxy<'static>), Failure> {
    let session = client.resolve(id).await?;
    let properties = client.session_properties(&session.path).await?;
    let display = text_of(&properties, "Display");
    if display != "stream" {
        return Err(Failure::Other(format!(
            "session {} has no display of its own (Display={display}), `--display stream` starts one that has",
            session.id
        )));
    }
    let stream = client.stream(&session.path).await?;
    Ok((session, stream))
}

pub(super) async fn viewers(args: &ViewersArgs, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let client = agent.client().await?;
    let (_, stream) = streamed(&client, &args.id).await?;
    let listed = stream.viewers().await?;
    if output.json {
        let all: Vec<serde_json::Value> = listed.iter().map(json_of).collect();
        output.document(&all.into())?;
        return Ok(SUCCESS);
    }
    let viewers = listed.iter().map(Viewer::from_dict);
    if args.quiet {
        for viewer in viewers {
            output.line(&crate::output::printable(&viewer.viewer))?;
        }
        return Ok(SUCCESS);
    }
    let columns = ["VIEWER", "ROLE", "STATE", ">RTT", ">BITRATE", ">LOSS", ">DROPPED", "KEYBOARD", "ADDRESS", "NAME"];
    let mut table = Table::new(&columns);
    for viewer in viewers {
        table.row([
            shown_id(&viewer.viewer, args.no_trunc).into(),
            viewer.role.as_str().into(),
            viewer.state.as_str().into(),
            milliseconds(viewer.round_trip_time_usec).into(),
            bits(viewer.bitrate).into(),
            format!("{:.1}%", viewer.loss_fraction * 100.0).into(),
            viewer.frames_dropped.to_string().into(),
            viewer.keyboard_layout.as_str().into(),
            viewer.address.as_str().into(),
            viewer.name.as_str().into(),
        ]);
    }
    table.print(output)?;
    Ok(SUCCESS)
}

pub(super) async fn disconnect(args: &DisconnectArgs, agent: &Connector) -> Result<u8, Failure> {
    let client = agent.client().await?;
    let (_, stream) = streamed(&client, &args.id).await?;
    let there: Vec<String> = stream.viewers().await?.iter().map(|dict| Viewer::from_dict(dict).viewer).collect();
    let mut wanted = Vec::new();
    for text in &args.viewers {
        wanted.push(one_of(&there, text)?);
    }
    let mut first = Ok(SUCCESS);
    for viewer in if args.all { there } else { wanted } {
        match stream.disconnect(&viewer).await {
            // Of all that were there, one may have left by itself.
            Err(Error::InvalidRequest(_)) if args.all => {}
            Err(error) => first = first.and(Err(error.into())),
            Ok(()) => {}
        }
    }
    first
}

/// The viewer whose id begins so.
fn one_of(there: &[String], text: &str) -> Result<String, Failure> {
    let mut found = there.iter().filter(|id| id.starts_with(text));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id.clone()),
        (None, _) => Err(Failure::Other(format!("no viewer has an id that begins with {text:?}"))),
        _ => Err(Failure::Usage(format!("{text:?} is the beginning of several ids of viewers"))),
    }
}

pub(super) async fn resize(args: &ResizeArgs, agent: &Connector) -> Result<u8, Failure> {
    let (width, height, rate) = mode(&args.mode)?;
    let client = agent.client().await?;
    let (_, stream) = streamed(&client, &args.id).await?;
    stream.resize(width, height, rate).await?;
    Ok(SUCCESS)
}

/// `WIDTHxHEIGHT[@HZ]`, or `@HZ` alone.
fn mode(text: &str) -> Result<(u32, u32, u32), Failure> {
    let wrong = || Failure::Usage(format!("{text:?} is no mode, expected such as 1280x720, 1920x1080@30 or @30"));
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0).ok_or_else(wrong);
    let (size, rate) = match text.split_once('@') {
        Some((size, rate)) => (size, number(rate)?),
        None => (text, 0),
    };
    if size.is_empty() && rate > 0 {
        return Ok((0, 0, rate));
    }
    let (width, height) = size.split_once('x').ok_or_else(wrong)?;
    Ok((number(width)?, number(height)?, rate))
}

pub(super) async fn screenshot(args: &ScreenshotArgs, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let to_output = args.file == Path::new("-");
    if to_output && std::io::stdout().is_terminal() {
        return Err(Failure::Usage("a picture is nothing for a terminal, expected a file or a pipe".to_owned()));
    }
    let client = agent.client().await?;
    let (session, stream) = streamed(&client, &args.id).await?;
    let image = OwnedFd::from(stream.screenshot(&Options::new()).await?);
    let mut picture = Vec::new();
    let mut image = File::from(image);
    image.rewind()?;
    image.take(PICTURE).read_to_end(&mut picture)?;
    if to_output {
        std::io::stdout().lock().write_all(&picture)?;
        return Ok(SUCCESS);
    }
    let saved = std::fs::write(&args.file, &picture);
    saved.map_err(|error| Failure::Other(format!("{}: {error}", args.file.display())))?;
    if output.json {
        let file = args.file.display().to_string();
        output.document(&serde_json::json!({ "Id": session.id, "File": file, "Size": picture.len() }))?;
    }
    Ok(SUCCESS)
}

/// Bits per second, base 1000.
pub(super) fn bits(number: u64) -> String {
    match number {
        0..1_000 => format!("{number}b"),
        1_000..1_000_000 => format!("{}K", number / 1_000),
        _ => format!("{}.{}M", number / 1_000_000, number % 1_000_000 / 100_000),
    }
}

fn milliseconds(usec: u64) -> String {
    if usec == 0 { "-".to_owned() } else { text::format_span(usec - usec % 1000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        assert_eq!(mode("1280x720").unwrap(), (1280, 720, 0));
        assert_eq!(mode("1920x1080@30").unwrap(), (1920, 1080, 30));
        assert_eq!(mode("@30").unwrap(), (0, 0, 30));
        for wrong in ["", "@", "1280", "1280x", "x720", "1280x720@", "0x720", "1280x720@0", "1280X720", "1280x-2"] {
            assert_eq!(mode(wrong).unwrap_err().exit_code(), 2, "{wrong}");
        }
    }

    #[test]
    fn viewers_have_beginnings() {
        let there = ["abcd".to_owned(), "abef".to_owned()];
        assert_eq!(one_of(&there, "abc").unwrap(), "abcd");
        assert_eq!(one_of(&there, "ab").unwrap_err().exit_code(), 2);
        assert_eq!(one_of(&there, "x").unwrap_err().exit_code(), 1);
    }

    #[test]
    fn bit_rates_are_short() {
        let shown: Vec<String> = [0, 999, 64_000, 20_050_000].map(bits).into();
        assert_eq!(shown, ["0b", "999b", "64K", "20.0M"]);
    }
}
