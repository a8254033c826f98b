//! Telling the data center what runs.

use sha2::{Digest as _, Sha256};
use shared::services::software::{REPORT_PATH, SoftwareReply, SoftwareReport, VERSION};
use shared::software::Platform;
use shared::wire::{read_message, to_cbor};

use super::keep::Kept;
use crate::api::UiError;
use crate::contact::link::LinkRequest;
use crate::services::{not_believed, not_read};
use crate::station::Owner;

/// The report with its hash, when it differs from the one answered last, or was asked for.
pub(super) fn next(
    owner: &Owner,
    platform: Platform,
    asked: bool,
) -> Result<Option<([u8; 32], LinkRequest)>, UiError> {
    let kept = Kept::read(owner)?;
    let report = SoftwareReport {
        version: VERSION,
        runs: owner.program().version,
        platform,
        channel: kept.channel,
        staged: kept.staged.as_ref().map(|staged| staged.release.version),
        last: kept.last.as_ref().and_then(|last| last.told()),
    };
    let body = to_cbor(&report);
    let hash: [u8; 32] = Sha256::digest(&body).into();
    if !asked && kept.told == Some(hex::encode(hash)) {
        return Ok(None);
    }
    let path = REPORT_PATH.to_owned();
    Ok(Some((hash, LinkRequest::Send { path, body })))
}

/// Notes that it was told, and the station's group.
pub(super) fn accept(owner: &mut Owner, hash: [u8; 32], reply: &[u8]) -> Result<(), UiError> {
    let what = "the answer to what runs";
    let reply: SoftwareReply = read_message(reply).map_err(|fault| not_read(what, &fault))?;
    if !reply.is_within_bounds() {
        return Err(not_believed(what));
    }
    let mut kept = Kept::read(owner)?;
    kept.group = reply.group;
    kept.told = Some(hex::encode(hash));
    kept.write(owner)
}
