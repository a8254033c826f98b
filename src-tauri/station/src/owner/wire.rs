//! What goes over the private socket: JSON, one message a line, each of bounded length.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::api::{Call, Event, UiError, View};
use crate::batch::MAX_CSV_BYTES;

/// The longest line, bytes: a batch's text with every character escaped.
const MAX_LINE: usize = 2 * MAX_CSV_BYTES + 4_096;

/// Client → owner.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Request {
    /// Answers with events, then one view or error.
    Call(Box<Call>),
    /// Answers with events until the line ends.
    Listen,
}

/// Owner → client.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reply {
    /// The call is read and is carried out now. Whoever has not heard this knows that it is not.
    Taken,
    /// Something changed.
    Event(Event),
    /// The answer.
    View(View),
    /// The refusal or fault.
    Error(UiError),
}

/// Why no message came.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireFault {
    /// The line broke.
    #[error("the private socket broke")]
    Broken(#[source] std::io::Error),
    /// Longer than [`MAX_LINE`].
    #[error("a message on the private socket is longer than {MAX_LINE} bytes")]
    TooLong,
    /// Not a message.
    #[error("a message on the private socket cannot be read")]
    NotAMessage(#[source] serde_json::Error),
}

/// Reads the next message; `None` when the other side is done.
pub(super) async fn read<T: DeserializeOwned>(
    reader: &mut (impl AsyncBufRead + Unpin + Send),
) -> Result<Option<T>, WireFault> {
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
    let mut bounded = reader.take(limit);
    let read = bounded.read_until(b'\n', &mut line).await;
    if read.map_err(WireFault::Broken)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        // Half a message is none: whoever sent it does not know that it arrived.
        return Err(if line.len() >= MAX_LINE {
            WireFault::TooLong
        } else {
            WireFault::Broken(std::io::ErrorKind::UnexpectedEof.into())
        });
    }
    serde_json::from_slice(&line)
        .map(Some)
        .map_err(WireFault::NotAMessage)
}

/// Writes one message.
pub(super) async fn write<T: Serialize + Sync>(
    writer: &mut (impl AsyncWrite + Unpin + Send),
    message: &T,
) -> Result<(), WireFault> {
    let mut line = serde_json::to_vec(message).map_err(WireFault::NotAMessage)?;
    line.push(b'\n');
    writer.write_all(&line).await.map_err(WireFault::Broken)?;
    writer.flush().await.map_err(WireFault::Broken)
}
