//! `keys list` and `keys rotate`.

use super::arguments::Keys;
use super::show::{self, Show};
use super::{Asked, Streams, calls, not_written};
use crate::api::{Call, UiError, View};
use crate::messages::{Code, say};

/// Shows the keys, after rotating them when that was asked.
pub(super) fn keys(
    asked: &Asked,
    what: &Keys,
    how: Show,
    streams: &mut Streams<'_>,
) -> Result<(), UiError> {
    let call = match what {
        Keys::List => Call::Status,
        Keys::Rotate => Call::RotateKeys,
    };
    calls::ask(asked, call, |answer| {
        let View::Status(status) = answer? else {
            return Err(say(Code::BadCall, &[("reason", "another answer")]));
        };
        let shown = status.keys.iter().try_for_each(|key| {
            let mut text = Vec::new();
            show::key(key, &mut text)?;
            how.object(key, &String::from_utf8_lossy(&text), streams.out)
        });
        shown.map_err(not_written)
    })
}
