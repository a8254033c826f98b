//! Stations as witnesses of the data center's journal (`protocol.md` H).
//!
//! Each contact proves to the station that the head it gets extends the one it keeps, and that its
//! last money reply stands in it. What stations cosign is kept, the newest of each, and shown to
//! others: a data center that shows different journals to different stations is caught by the first
//! of them that compares. Table: `witness`.

use shared::checkpoint::{self, Cosignature, Head, NoteSignature, SignedHead};
use shared::clock::UnixSeconds;
use shared::ids::StationId;
use shared::services::funds::ProofHashes;
use shared::services::witness::{CosignedHead, MAX_COSIGNED, OwnCosignature, Witness, Witnessed};

use crate::ca;
use crate::center::{CenterError, DataCenter};
use crate::db::{DbError, Row, Tx};
use crate::epochs;
use crate::ledger::tree::{self, ProofError, TreeHead};
use crate::params;

/// So many cosigned heads are looked through for those of the key in use: right after one took over
/// most are of the key before, and each look costs a signature's check in the one writer.
const LOOKED_AT: u32 = 16;

/// What a station's word about the journal is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The head it keeps is a beginning of our journal, or it keeps none.
    Ours,
    /// We signed the head it keeps, and our journal does not contain it: we have forgotten.
    Forgotten,
    /// We never signed it.
    Foreign,
}

/// Holds the head a station keeps against our own journal.
///
/// # Errors
/// [`ProofError`].
pub fn compare(
    center: &DataCenter,
    tx: &Tx<'_>,
    kept: Option<&SignedHead>,
) -> Result<Kept, ProofError> {
    let Some(kept) = kept else {
        return Ok(Kept::Ours);
    };
    let (head, own) = (&kept.head, tree::tree_head(tx)?);
    if head.center != center.id() || head.size == 0 {
        return Ok(Kept::Foreign);
    }
    let epoch = epochs::current(tx)?;
    let known = head.epoch <= epoch && head.size <= own.size;
    if known && tree::root_at(tx, head.size)? == head.root {
        return Ok(Kept::Ours);
    }
    // What an older epoch signed and this one does not have was forgotten before it began, and so
    // was perhaps the key that signed it.
    if head.epoch < epoch {
        return Ok(Kept::Ours);
    }
    Ok(if is_signed_by_us(center, kept) {
        Kept::Forgotten
    } else {
        Kept::Foreign
    })
}

/// Whether one of our keys has signed a head: the present one, or one before it that is believed
/// yet.
fn is_signed_by_us(center: &DataCenter, kept: &SignedHead) -> bool {
    let keys = center.authority().believed_heads(center.now());
    keys.iter().any(|key| kept.holds(key, ca::verify_ed25519))
}

/// Begins a new epoch, because a station has shown a head that we signed and do not have.
///
/// # Errors
/// [`CenterError`].
pub fn forget(
    center: &DataCenter,
    tx: &Tx<'_>,
    kept: Option<&SignedHead>,
    now: UnixSeconds,
) -> Result<(), CenterError> {
    let shown = kept.map_or(0, |kept| kept.head.epoch);
    let epoch = epochs::current(tx)?.max(shown).saturating_add(1);
    tracing::error!(
        epoch,
        "a station keeps a head of our journal that we do not have: the books are compared"
    );
    let reason = "a station keeps a newer head";
    epochs::begin_forgetful(center.ledger(), tx, epoch, reason, now)
}

/// Proves to a station what it asks about `newest`, the head in its receipt; and takes in its
/// cosignature.
///
/// # Errors
/// [`ProofError`].
pub fn answer(
    center: &DataCenter,
    tx: &Tx<'_>,
    station: StationId,
    witness: &Witness,
    newest: &TreeHead,
) -> Result<Witnessed, ProofError> {
    let now = epochs::current(tx)?;
    let older = witness
        .kept
        .as_ref()
        .is_some_and(|kept| kept.head.epoch < now);
    let epoch = if older {
        epochs::newest(tx, center.id())?
    } else {
        None
    };
    let (statement, signed) = epoch.map_or((None, None), |(one, two)| (Some(one), two));
    let consistency = match &witness.kept {
        Some(kept) => {
            let (size, _) = checkpoint::base(&kept.head, statement.as_ref());
            tree::prove_consistency(tx, size, newest.size)?
        }
        None => Vec::new(),
    };
    let inclusion = match witness.leaf {
        Some(leaf) if leaf < newest.size => {
            let proof = tree::prove_inclusion(tx, leaf, newest.size)?;
            Some(ProofHashes(proof))
        }
        Some(_) | None => None,
    };
    if let (Some(kept), Some(cosigned)) = (&witness.kept, &witness.cosigned) {
        take_in(center, tx, station, kept, cosigned)?;
    }
    let others = if witness.wants_others {
        others(center, tx, station, newest)?
    } else {
        Vec::new()
    };
    Ok(Witnessed {
        consistency: ProofHashes(consistency),
        inclusion,
        epoch: signed,
        others,
    })
}

/// Keeps a cosignature that holds, over a head that is ours; passes over any other: it could only
/// be used to make other stations doubt us.
fn take_in(
    center: &DataCenter,
    tx: &Tx<'_>,
    station: StationId,
    kept: &SignedHead,
    cosigned: &OwnCosignature,
) -> Result<(), ProofError> {
    let cosignature = Cosignature {
        station,
        key: cosigned.key,
        time: cosigned.time,
        signature: cosigned.signature,
    };
    let sound = kept.head.epoch == epochs::current(tx)?
        && tree::root_at(tx, kept.head.size)? == kept.head.root
        && is_signed_by_us(center, kept)
        && cosignature.holds(&kept.head, ca::verify_ed25519);
    if !sound {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO witness (station, key, epoch, size, root, head_signature, cosigned, signature)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (station) DO UPDATE SET key = excluded.key, epoch = excluded.epoch,
            size = excluded.size, root = excluded.root, head_signature = excluded.head_signature,
            cosigned = excluded.cosigned, signature = excluded.signature",
        params![
            &station,
            &cosigned.key,
            kept.head.epoch,
            i64::try_from(kept.head.size).unwrap_or(i64::MAX),
            &kept.head.root,
            &kept.signature.0,
            cosigned.time,
            &cosigned.signature.0,
        ],
    )?;
    Ok(())
}

/// The newest heads that other stations have cosigned in this epoch, each proved to be a beginning
/// of `newest`. Heads of an earlier key are left out: who enrolled after that key, or learned that it
/// was stolen, does not believe them and would take them for another journal.
fn others(
    center: &DataCenter,
    tx: &Tx<'_>,
    station: StationId,
    newest: &TreeHead,
) -> Result<Vec<CosignedHead>, ProofError> {
    let key = center.authority().heads().public();
    let rows = tx.rows(
        "SELECT station, key, epoch, size, root, head_signature, cosigned, signature FROM witness
         WHERE epoch = ?1 AND size <= ?2 AND station <> ?3 ORDER BY size DESC LIMIT ?4",
        params![
            center.epoch(),
            i64::try_from(newest.size).unwrap_or(i64::MAX),
            &station,
            LOOKED_AT
        ],
        |row| read(center, row),
    )?;
    rows.into_iter()
        .filter(|(head, _)| head.holds(&key, ca::verify_ed25519))
        .take(MAX_COSIGNED)
        .map(|(head, cosignature)| {
            let proof = tree::prove_consistency(tx, head.head.size, newest.size)?;
            Ok(CosignedHead {
                head,
                cosignature,
                consistency: ProofHashes(proof),
            })
        })
        .collect()
}

fn read(center: &DataCenter, row: &Row<'_>) -> Result<(SignedHead, Cosignature), DbError> {
    let head = Head {
        center: center.id(),
        epoch: row.column(2)?,
        size: row.column(3)?,
        root: row.column(4)?,
    };
    let signed = SignedHead {
        head,
        signature: NoteSignature(row.column(5)?),
    };
    let cosignature = Cosignature {
        station: row.column(0)?,
        key: row.column(1)?,
        time: row.column::<UnixSeconds>(6)?,
        signature: NoteSignature(row.column(7)?),
    };
    Ok((signed, cosignature))
}
