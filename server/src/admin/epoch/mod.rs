//! What an admin does after a restore: see how the books are compared, and sign how the new epoch
//! began with the two recovery keys, which lie offline with the root.

pub mod cli;
mod view;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use shared::checkpoint::{EpochStatement, NoteSignature, SignedEpoch};
use shared::wire::to_cbor;

pub use view::{EpochShown, EpochView, ProgressView};

use super::refusal::{AdminRefusal, Ending};
use super::view::AdminView;
use crate::ca;
use crate::center::DataCenter;
use crate::db::DbError;
use crate::epochs;

/// Something an admin wants to know or done about epochs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum EpochCall {
    /// Show how the present epoch began.
    Show,
    /// Show which stations have given back what they know.
    Progress,
    /// Keep the signatures of both recovery keys on the present epoch.
    Sign {
        /// The signature of the first key, hex.
        first: String,
        /// The signature of the second, hex.
        second: String,
    },
}

/// Carries out one call.
///
/// # Errors
/// [`AdminRefusal`]; nothing was changed then.
pub(super) fn perform(
    center: &DataCenter,
    call: EpochCall,
) -> Result<Vec<AdminView>, AdminRefusal> {
    let views = match call {
        EpochCall::Show => vec![show(center)?],
        EpochCall::Progress => progress(center)?,
        EpochCall::Sign { first, second } => vec![sign(center, &first, &second)?],
    };
    Ok(views.into_iter().map(AdminView::Epoch).collect())
}

/// How the present epoch began, and the signatures on it.
fn newest(center: &DataCenter) -> Result<(EpochStatement, Option<SignedEpoch>), AdminRefusal> {
    let id = center.id();
    let found = center
        .db()
        .read_blocking("epoch", move |tx| epochs::newest(tx, id))?;
    found.ok_or_else(|| {
        AdminRefusal::new(
            Ending::Refused,
            "no_epoch",
            "This data center was made before epochs were written down.",
            "Restore it from a backup to begin one.",
        )
    })
}

fn show(center: &DataCenter) -> Result<EpochShown, AdminRefusal> {
    let (statement, signed) = newest(center)?;
    Ok(EpochShown::Epoch(EpochView {
        epoch: statement.epoch,
        old_size: statement.old_size,
        old_root: HEXLOWER.encode(&statement.old_root),
        reason: statement.reason.clone(),
        began: statement.began,
        statement: HEXLOWER.encode(&to_cbor(&statement)),
        signed: signed.is_some(),
        reconciling: center.is_reconciling(),
    }))
}

fn progress(center: &DataCenter) -> Result<Vec<EpochShown>, AdminRefusal> {
    let all = center.db().read_blocking("reconciling", epochs::progress)?;
    Ok(all
        .into_iter()
        .map(|one| {
            EpochShown::Progress(ProgressView {
                station: one.station,
                psd: one.psd,
                account: one.account,
                done: one.done,
                lacking: one.lacking,
            })
        })
        .collect())
}

fn sign(center: &DataCenter, first: &str, second: &str) -> Result<EpochShown, AdminRefusal> {
    let (statement, _) = newest(center)?;
    let signature = |text: &str| {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok()?;
        Some(NoteSignature(bytes.try_into().ok()?))
    };
    let signed = match (signature(first), signature(second)) {
        (Some(first), Some(second)) => SignedEpoch {
            statement,
            first,
            second,
        },
        _ => return Err(not_signed()),
    };
    if !signed.holds(center.authority().recovery_keys(), ca::verify_ed25519) {
        return Err(not_signed());
    }
    center.db().write_blocking("signing an epoch", move |tx| {
        epochs::keep_signatures(tx, &signed)?;
        Ok::<_, DbError>(())
    })?;
    show(center)
}

fn not_signed() -> AdminRefusal {
    AdminRefusal::new(
        Ending::Refused,
        "epoch_not_signed",
        "These are not the signatures of this data center's two recovery keys on this epoch.",
        "Use the offline bundle that was made with this data center.",
    )
}
