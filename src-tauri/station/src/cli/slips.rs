//! The commands of what is printed without value, and of the office's own art.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::arguments::{Art, Print};
use super::calls::print_out;
use super::later;
use crate::api::{Call, SetOfficeArtCall, Slip, SlipCall, UiError};
use crate::messages::{Code, say};
use crate::printing::art::MAX_FILE_BYTES;

/// The call of a command that prints something without value.
///
/// # Errors
/// `no_output` without a place to print on.
pub(super) fn slip_call(what: Print) -> Result<Call, UiError> {
    let (slip, out) = match what {
        Print::Receipt { serial, out } => (Slip::Receipt { serial }, out),
        Print::RefundSlip { serial, out } => (Slip::Refund { serial }, out),
        Print::DayEnd { day, out } => (Slip::DayEnd { day }, out),
        Print::Address { text, barcode, out } => {
            let text = text.replace("\\n", "\n");
            (Slip::Address { text, barcode }, out)
        }
        Print::Postage { .. }
        | Print::Correction { .. }
        | Print::Additional { .. }
        | Print::Batch { .. } => return Err(later("this command")),
    };
    let out = Some(print_out(out)?);
    Ok(Call::Slip(SlipCall { slip, out }))
}

/// The call of a command about art.
///
/// # Errors
/// `no_art` when the file cannot be read.
pub(super) fn art_call(what: Option<Art>) -> Result<Call, UiError> {
    Ok(match what {
        None => Call::OfficeArt,
        Some(Art::Clear) => Call::SetOfficeArt(SetOfficeArtCall {
            remove_logo: true,
            slogan: Some(String::new()),
            message: Some(String::new()),
            ..SetOfficeArtCall::default()
        }),
        Some(Art::Set {
            logo,
            slogan,
            message,
        }) => Call::SetOfficeArt(SetOfficeArtCall {
            logo_png_base64: logo.as_deref().map(picture).transpose()?,
            remove_logo: false,
            slogan,
            message,
        }),
    })
}

/// A picture's bytes as base64, bounded before they are read.
fn picture(path: &Path) -> Result<String, UiError> {
    let unread = |reason: &str| say(Code::NoArt, &[("reason", reason)]);
    let length = std::fs::metadata(path).map(|facts| facts.len());
    let length = length.map_err(|fault| unread(&fault.to_string()))?;
    if usize::try_from(length).map_or(true, |length| length > MAX_FILE_BYTES) {
        return Err(unread(&format!(
            "the picture has more than {MAX_FILE_BYTES} bytes"
        )));
    }
    let file = std::fs::read(path).map_err(|fault| unread(&fault.to_string()))?;
    Ok(BASE64.encode(file))
}
