//! The station as a witness of the data center's journal (`protocol.md` H).
//!
//! Part of the statement and the receipt of every contact, level L3 like them. It keeps the newest
//! signed head, demands that the next one extends it and holds the last money reply, cosigns it and
//! compares it with what other stations have cosigned. A head that does not fit is not taken: it is
//! kept as evidence, and nothing is refilled until the data center shows one that does. Tables:
//! `settings`, `center_evidence`. Tests: `tests/it/witnesses.rs`.

use shared::checkpoint::{self, Cosignature, Head, NoteSignature, SignedHead};
use shared::merkle::{self, Hash};
use shared::services::funds::{Leaf, Receipt};
use shared::services::keys::trust::{KeyPurpose, VerifyingKey};
use shared::services::witness::{CosignedHead, MAX_COSIGNED, OwnCosignature, Witness, Witnessed};

use super::sealed;
use crate::api::UiError;
use crate::crypto::{self, WitnessKey};
use crate::messages::{Code, say};
use crate::station::{Owner, names};
use crate::store::Tx;

/// What others have cosigned is looked at again after so many days.
const COMPARE_DAYS: i64 = 1;

/// A head that was checked, about to be kept.
pub(super) struct Checked {
    note: String,
    /// The key that has signed it.
    by: [u8; 32],
    others: Vec<String>,
}

/// Why a head is not taken.
pub(super) struct Doubt {
    reason: &'static str,
}

/// What the station says of the data center's journal in its next statement.
pub(super) fn witness(owner: &mut Owner) -> Result<Witness, UiError> {
    let kept = kept(owner)?;
    let cosigned = match &kept {
        Some(kept) => Some(cosign(owner, &kept.head)?),
        None => None,
    };
    let compared = owner.store().setting(names::COMPARED_AT)?;
    let compared = compared.and_then(|text| text.parse::<i64>().ok());
    let due = owner.now().plus_days(-COMPARE_DAYS).0;
    Ok(Witness {
        kept,
        leaf: money_leaf(owner)?.map(|leaf| leaf.index),
        cosigned,
        wants_others: compared.is_none_or(|at| at <= due),
    })
}

/// The newest head the station keeps.
fn kept(owner: &Owner) -> Result<Option<SignedHead>, UiError> {
    let Some(note) = owner.store().setting(names::KEPT_HEAD)? else {
        return Ok(None);
    };
    let damaged = || say(Code::DamagedStore, &[("what", "the data center's head")]);
    // A head that is kept stays what it is when its key's time is over.
    let by: [[u8; 32]; 1] = keys(owner, names::KEPT_HEAD_KEY)?;
    signed_head(&note, &by)
        .map(|(head, _)| Some(head))
        .ok_or_else(damaged)
}

/// The keys for heads that are believed at this moment: what is shown now must be signed by one.
fn believed_heads_keys(owner: &Owner) -> Result<Vec<[u8; 32]>, UiError> {
    let (now, believed) = (owner.now(), super::trust::believed(owner)?);
    let lasting = believed
        .of(KeyPurpose::Heads)
        .filter(|key| key.until.is_none_or(|until| now < until));
    let found = lasting.filter_map(|key| match key.key {
        VerifyingKey::Ed25519(key) => Some(key),
        VerifyingKey::P256(_) => None,
    });
    Ok(found.collect())
}

/// The head in a note, with the key among `keys` whose signature on it holds.
fn signed_head(note: &str, keys: &[[u8; 32]]) -> Option<(SignedHead, [u8; 32])> {
    keys.iter().find_map(|key| {
        let head = SignedHead::read(note, key)?;
        head.holds(key, crypto::verify_ed25519)
            .then_some((head, *key))
    })
}

/// Ed25519 keys kept as hexadecimal digits.
fn keys<const N: usize>(owner: &Owner, name: &'static str) -> Result<[[u8; 32]; N], UiError> {
    let damaged = || say(Code::DamagedStore, &[("what", "the data center's keys")]);
    let text = owner.store().setting(name)?.ok_or_else(damaged)?;
    let bytes = hex::decode(text).map_err(|_| damaged())?;
    let (keys, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(damaged());
    }
    keys.try_into().map_err(|_| damaged())
}

/// Where the last money reply stands in the data center's journal, until its inclusion is proved.
fn money_leaf(owner: &Owner) -> Result<Option<Leaf>, UiError> {
    let Some(text) = owner.store().setting(names::MONEY_LEAF)? else {
        return Ok(None);
    };
    let leaf = text.split_once(' ').and_then(|(index, hash)| {
        let hash: Hash = hex::decode(hash).ok()?.try_into().ok()?;
        Some(Leaf {
            index: index.parse().ok()?,
            hash,
        })
    });
    Ok(leaf)
}

/// Remembers where a money reply stands: the next contact must prove it.
pub(super) fn put_money_leaf(tx: &mut Tx<'_>, leaf: &Leaf) -> Result<(), UiError> {
    let text = format!("{} {}", leaf.index, hex::encode(leaf.hash));
    Ok(tx.put_setting(names::MONEY_LEAF, &text)?)
}

/// Cosigns a head with the station's own key for heads, made at the first use.
fn cosign(owner: &mut Owner, head: &Head) -> Result<OwnCosignature, UiError> {
    let stopped = |_| say(Code::StationStopped, &[]);
    let damaged = |_| say(Code::DamagedStore, &[("what", "the key for heads")]);
    let key = match owner.store().secret(names::WITNESS_KEY)? {
        Some(pkcs8) => WitnessKey::from_pkcs8(&pkcs8).map_err(damaged)?,
        None => {
            let (key, pkcs8) = WitnessKey::generate().map_err(stopped)?;
            owner.write("the key for heads", |tx| {
                Ok(tx.put_secret(names::WITNESS_KEY, &pkcs8)?)
            })?;
            key
        }
    };
    let time = owner.now();
    let text = Cosignature::text(head, time);
    Ok(OwnCosignature {
        key: key.public(),
        time,
        signature: NoteSignature(key.sign(text.as_bytes())),
    })
}

/// Holds the head of a receipt against what the station keeps and what it asked to be proved.
pub(super) fn check(
    owner: &Owner,
    asked: &Witness,
    receipt: &Receipt,
    witnessed: Option<&Witnessed>,
) -> Result<Result<Checked, Doubt>, UiError> {
    let heads = believed_heads_keys(owner)?;
    let vault = owner.enrolled()?;
    let leaf = money_leaf(owner)?.filter(|leaf| Some(leaf.index) == asked.leaf);
    let terms = Terms {
        heads: &heads,
        recovery: keys(owner, names::RECOVERY_KEYS)?,
        leaf,
        asked,
        witnessed,
    };
    let newest = signed_head(&receipt.checkpoint, &heads)
        .filter(|(newest, _)| newest.head.center == vault.data_center());
    let Some((newest, by)) = newest else {
        // The key may be one that took over at once: it is asked once whom to believe now.
        if !owner.trust_fetched() {
            return Err(super::trust::unknown());
        }
        return Ok(Err(Doubt {
            reason: "a head that it has not signed",
        }));
    };
    Ok(terms.hold(&newest.head).map(|others| Checked {
        note: receipt.checkpoint.clone(),
        by,
        others,
    }))
}

/// What a newer head is held against.
struct Terms<'a> {
    heads: &'a [[u8; 32]],
    recovery: [[u8; 32]; 2],
    leaf: Option<Leaf>,
    asked: &'a Witness,
    witnessed: Option<&'a Witnessed>,
}

impl Terms<'_> {
    /// Whether `newest` holds; what others have cosigned, as notes.
    fn hold(&self, newest: &Head) -> Result<Vec<String>, Doubt> {
        let doubt = |reason| Doubt { reason };
        let Some(witnessed) = self.witnessed else {
            return Err(doubt("a head without proof"));
        };
        let mut anew = false;
        if let Some(kept) = &self.asked.kept {
            let kept = &kept.head;
            let epoch = match newest.epoch.cmp(&kept.epoch) {
                std::cmp::Ordering::Less => return Err(doubt("a head of an older epoch")),
                std::cmp::Ordering::Equal => None,
                std::cmp::Ordering::Greater => {
                    Some(self.epoch(witnessed, newest).ok_or_else(|| {
                        doubt("a new epoch without the signatures of both recovery keys")
                    })?)
                }
            };
            anew = epoch.is_some();
            let (size, root) = checkpoint::base(kept, epoch);
            checkpoint::extends((size, &root), newest, &witnessed.consistency.0)
                .map_err(|_| doubt("a journal that does not extend the one it showed before"))?;
        }
        self.hold_leaf(witnessed, newest, anew)?;
        self.hold_others(witnessed, newest)
    }

    /// The beginning of the newest head's epoch, when both recovery keys have signed it.
    fn epoch<'a>(
        &self,
        witnessed: &'a Witnessed,
        newest: &Head,
    ) -> Option<&'a shared::checkpoint::EpochStatement> {
        let signed = witnessed.epoch.as_ref()?;
        let fits = signed.statement.epoch == newest.epoch
            && signed.statement.center == newest.center
            && signed.holds(&self.recovery, crypto::verify_ed25519);
        fits.then_some(&signed.statement)
    }

    /// The last money reply stands in the journal, unless a signed epoch says that some was lost:
    /// the grants in it are given back then.
    fn hold_leaf(&self, witnessed: &Witnessed, newest: &Head, anew: bool) -> Result<(), Doubt> {
        let Some(leaf) = self.leaf else {
            return Ok(());
        };
        if anew {
            return Ok(());
        }
        let missing = Doubt {
            reason: "a journal that does not hold its last money reply",
        };
        let Some(proof) = &witnessed.inclusion else {
            return Err(missing);
        };
        let tree = (newest.size, &newest.root);
        merkle::verify_inclusion(&leaf.hash, leaf.index, tree, &proof.0).map_err(|_| missing)
    }

    /// What others have cosigned is a beginning of the same journal.
    fn hold_others(&self, witnessed: &Witnessed, newest: &Head) -> Result<Vec<String>, Doubt> {
        let doubt = || Doubt {
            reason: "another journal than the one other stations have cosigned",
        };
        if witnessed.others.len() > MAX_COSIGNED {
            return Err(doubt());
        }
        let note = |other: &CosignedHead| {
            let head = &other.head.head;
            let key = self
                .heads
                .iter()
                .find(|key| other.head.holds(key, crypto::verify_ed25519))?;
            let sound = head.center == newest.center
                && head.epoch == newest.epoch
                && other.cosignature.holds(head, crypto::verify_ed25519)
                && checkpoint::extends((head.size, &head.root), newest, &other.consistency.0)
                    .is_ok();
            let line = other.cosignature.line(head.center);
            sound.then(|| other.head.note(key) + &line)
        };
        witnessed
            .others
            .iter()
            .map(|other| note(other).ok_or_else(doubt))
            .collect()
    }
}

impl Checked {
    /// Keeps the head in the commit that takes the receipt.
    pub(super) fn put(&self, tx: &mut Tx<'_>, asked: &Witness, now: i64) -> Result<(), UiError> {
        tx.put_setting(names::KEPT_HEAD, &self.note)?;
        tx.put_setting(names::KEPT_HEAD_KEY, &hex::encode(self.by))?;
        tx.put_setting(names::DOUBT, "")?;
        if asked.leaf.is_some() {
            tx.put_setting(names::MONEY_LEAF, "")?;
        }
        if asked.wants_others {
            tx.put_setting(names::COMPARED_AT, &now.to_string())?;
            tx.put_setting(names::COSIGNED, &self.others.join("\n"))?;
        }
        Ok(())
    }
}

/// How many journal records the data center has accepted: from there the next proof leads.
///
/// # Errors
/// `damaged_store`.
pub(super) fn accepted(owner: &Owner) -> Result<u64, UiError> {
    let damaged = || {
        say(
            Code::DamagedStore,
            &[("what", "the journal's accepted size")],
        )
    };
    let receipt = owner.enrolled()?.receipt();
    let received = receipt.map_or(0, |receipt| receipt.accepted_size);
    let doubted = match owner.store().setting(names::ACCEPTED)? {
        Some(text) => text.parse().map_err(|_| damaged())?,
        None => 0,
    };
    Ok(received.max(doubted))
}

/// Keeps what was shown as evidence, and what else belongs into its commit; what the clerk is told.
/// The statement counts as answered: the next contact makes a new one and asks again.
///
/// # Errors
/// The faults of the store.
pub(super) fn doubt(
    owner: &mut Owner,
    doubt: &Doubt,
    asked: &Witness,
    (receipt, witnessed): (&Receipt, Option<&Witnessed>),
    also: impl FnOnce(&mut Tx<'_>) -> Result<(), UiError>,
) -> Result<UiError, UiError> {
    let now = owner.now();
    let kept = asked.kept.map(|kept| kept.head.text()).unwrap_or_default();
    let proofs = witnessed.map(shared::wire::to_cbor).unwrap_or_default();
    owner.write("evidence against the data center", |tx| {
        tx.put_setting(names::DOUBT, doubt.reason)?;
        tx.put_setting(names::ACCEPTED, &receipt.accepted_size.to_string())?;
        tx.put_center_evidence(now, doubt.reason, (&kept, &receipt.checkpoint), &proofs)?;
        also(tx)?;
        sealed::done(tx, shared::services::ServiceId::Funds)
    })?;
    Ok(doubted(owner, doubt.reason))
}

/// What the clerk is told while a head is in doubt.
fn doubted(owner: &Owner, reason: &str) -> UiError {
    let support = owner.support();
    say(
        Code::CenterDoubted,
        &[("what", reason), ("support", &support)],
    )
}

/// Refuses refills while a head is in doubt.
///
/// # Errors
/// `center_doubted`.
pub(super) fn not_in_doubt(owner: &Owner) -> Result<(), UiError> {
    match owner.store().setting(names::DOUBT)? {
        Some(reason) if !reason.is_empty() => Err(doubted(owner, &reason)),
        Some(_) | None => Ok(()),
    }
}
