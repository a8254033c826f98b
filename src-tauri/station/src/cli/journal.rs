//! Reading the journal. It needs no keys, so it also works where the station does not start.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::show::Show;
use super::{Streams, not_written, on_a_runtime};
use crate::api::{Call, ErrorKind, JournalView, UiError, View};
use crate::messages::{Code, say};
use crate::owner;
use crate::station::calls::journal_view;
use crate::store;

/// Recomputes the journal; where the station starts, the sealed vault is compared too.
pub(super) fn verify(folder: &Path, show: Show, streams: &mut Streams<'_>) -> Result<(), UiError> {
    let answer = on_a_runtime(async {
        let (answer, part) = owner::ask(folder, Call::VerifyJournal, |_| {}).await?;
        part.close().await;
        answer
    });
    let view = match answer {
        Ok(View::Journal(view)) => view,
        Err(error) if error.kind == ErrorKind::Damaged => read_only(folder).map_err(|_| error)?,
        Err(error) => return Err(error),
        Ok(_) => read_only(folder)?,
    };
    show.view(&View::Journal(view.clone()), streams.out)
        .map_err(not_written)?;
    match view.fault {
        None => Ok(()),
        Some(fault) => Err(say(Code::JournalBroken, &[("what", &fault)])),
    }
}

/// The journal of a station that does not start.
fn read_only(folder: &Path) -> Result<JournalView, UiError> {
    let db = store::open_read_only(folder)?;
    Ok(journal_view(&store::journal::verify(&db)?))
}

/// Writes the journal as JSON Lines, enough to recompute every hash.
pub(super) fn export(folder: &Path, streams: &mut Streams<'_>) -> Result<(), UiError> {
    let db = store::open_read_only(folder)?;
    let mut written = Ok(());
    store::journal::for_each_row(&db, |row| {
        if written.is_ok() {
            let line = serde_json::json!({
                "seq": row.seq,
                "record": STANDARD.encode(&row.record),
                "hash": hex::encode(&row.hash),
            });
            written = writeln!(streams.out, "{line}");
        }
        Ok(())
    })?;
    written.map_err(not_written)
}
