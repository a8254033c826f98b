//! The picture of a piece that may be on paper.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::calls::ask;
use super::show::Show;
use super::{Asked, Streams, not_written};
use crate::api::{Call, PictureCall, UiError, View};
use crate::messages::{Code, say};

/// Writes the picture into a file.
pub(super) fn picture(
    asked: &Asked,
    serial: String,
    file: &Path,
    show: Show,
    streams: &mut Streams<'_>,
) -> Result<(), UiError> {
    let view = ask(asked, Call::Picture(PictureCall { serial }), |answer| {
        answer
    })?;
    let View::Picture(picture) = &view else {
        return Err(say(
            Code::BadCall,
            &[("reason", "the answer is no picture")],
        ));
    };
    let cannot_write = |reason: String| {
        let path = file.display().to_string();
        say(Code::CannotWrite, &[("path", &path), ("reason", &reason)])
    };
    let bytes = STANDARD
        .decode(&picture.png_base64)
        .map_err(|fault| cannot_write(fault.to_string()))?;
    std::fs::write(file, bytes).map_err(|fault| cannot_write(fault.to_string()))?;
    show.view(&view, streams.out).map_err(not_written)
}
