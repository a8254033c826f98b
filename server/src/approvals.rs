//! Dual control: the keys of admins, and approvals that two of them have signed (`protocol.md` L).
//!
//! An approval names an action with its parameters, rests on a head of this journal, ends after 15
//! minutes and is spent once; it becomes a journal record in the transaction of what it approves.

use sha2::{Digest as _, Sha256};
use shared::clock::UnixSeconds;
use shared::ids::DataCenterId;
use shared::merkle;
use shared::security::approval::{
    self, APPROVAL_SECONDS, APPROVERS, Approval, ApprovalFault, Parameter,
};
use shared::security::signed::KeyId;
use shared::services::keys::Point;
use shared::wire::to_cbor;

use crate::ca;
use crate::db::{DbError, Tx};
use crate::ledger::{Ledger, LedgerError, RecordKind, tree};
use crate::params;

/// The most keys of admins.
const KEYS_MAX: i64 = 100;

/// The longest name of an admin, bytes.
const MAX_NAME_BYTES: usize = 64;

/// What only two admins together may do: level L4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controlled {
    /// A further admin's key is made known.
    AdminKeyNew,
    /// An admin's key ends.
    AdminKeyEnd,
    /// What a lost station held goes back to its account.
    StationRecover,
    /// A refund over the limit is credited.
    RefundApprove,
    /// An edition of rates that fails validation is published.
    RatesPublish,
    /// The repository gets a new root.
    RepositoryRoot,
}

impl Controlled {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::AdminKeyNew,
        Self::AdminKeyEnd,
        Self::StationRecover,
        Self::RefundApprove,
        Self::RatesPublish,
        Self::RepositoryRoot,
    ];

    /// The action as the approval names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AdminKeyNew => "admin-key-new",
            Self::AdminKeyEnd => "admin-key-end",
            Self::StationRecover => "station-recover",
            Self::RefundApprove => "refund-approve",
            Self::RatesPublish => "rates-publish",
            Self::RepositoryRoot => "repository-root",
        }
    }

    /// What it does, in a few words.
    #[must_use]
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::AdminKeyNew => "a further admin's key",
            Self::AdminKeyEnd => "the end of an admin's key",
            Self::StationRecover => "recovery of a lost station's value",
            Self::RefundApprove => "a refund over the limit",
            Self::RatesPublish => "an edition of rates that fails validation",
            Self::RepositoryRoot => "a new root of the repository",
        }
    }
}

/// The key of one admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminKey {
    /// Whose it is.
    pub name: String,
    /// The key.
    pub point: Point,
    /// When it was made known.
    pub created: UnixSeconds,
    /// Since when it counts no more.
    pub ended: Option<UnixSeconds>,
}

/// Why something was not approved. Nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// No approval came with it.
    #[error("this is of level L4: it needs the approval of {APPROVERS} admins")]
    Needed,
    /// It cannot be read, or signatures are missing or wrong.
    #[error(transparent)]
    Fault(#[from] ApprovalFault),
    /// It approves something else.
    #[error("the approval is for something else: {action}")]
    Other {
        /// What it approves.
        action: String,
    },
    /// Its time is over.
    #[error("the approval is older than 15 minutes")]
    Expired,
    /// It was spent before.
    #[error("the approval was spent before")]
    Spent,
    /// It rests on another journal.
    #[error("the approval rests on another journal than this data center's")]
    OtherJournal,
    /// An admin of that name has a key.
    #[error("an admin named {name:?} has a key already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// No admin of that name has a key.
    #[error("no admin named {name:?} has a key")]
    UnknownName {
        /// The name.
        name: String,
    },
    /// The name is empty or too long.
    #[error("an admin's name has 1 to {MAX_NAME_BYTES} bytes")]
    BadName,
    /// The journal failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// All keys of admins, oldest first.
///
/// # Errors
/// [`DbError`].
pub fn keys(tx: &Tx<'_>) -> Result<Vec<AdminKey>, DbError> {
    tx.rows(
        "SELECT name, point, created, ended FROM admin_key ORDER BY created, name LIMIT ?1",
        params![KEYS_MAX],
        |row| {
            Ok(AdminKey {
                name: row.column(0)?,
                point: Point(row.column(1)?),
                created: row.column(2)?,
                ended: row.column(3)?,
            })
        },
    )
}

/// Whether a further key needs the approval of two admins: the first two make the control possible.
///
/// # Errors
/// [`DbError`].
pub fn is_controlled(tx: &Tx<'_>) -> Result<bool, DbError> {
    let living = keys(tx)?.iter().filter(|key| key.ended.is_none()).count();
    Ok(living >= APPROVERS)
}

/// Makes an admin's key known.
///
/// # Errors
/// [`ApprovalError::NameTaken`], [`ApprovalError::BadName`] and the faults of the database.
pub fn add_key(
    tx: &Tx<'_>,
    name: &str,
    point: Point,
    now: UnixSeconds,
) -> Result<(), ApprovalError> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        return Err(ApprovalError::BadName);
    }
    let made = tx.execute(
        "INSERT INTO admin_key (id, name, point, created) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
        params![&point.key_id().0, name, &point.0, now],
    )?;
    if made == 0 {
        return Err(ApprovalError::NameTaken {
            name: name.to_owned(),
        });
    }
    Ok(())
}

/// Ends an admin's key: what it signs counts no more.
///
/// # Errors
/// [`ApprovalError::UnknownName`] and the faults of the database.
pub fn end_key(tx: &Tx<'_>, name: &str, now: UnixSeconds) -> Result<(), ApprovalError> {
    let ended = tx.execute(
        "UPDATE admin_key SET ended = ?2 WHERE name = ?1 AND ended IS NULL",
        params![name, now],
    )?;
    if ended == 0 {
        return Err(ApprovalError::UnknownName {
            name: name.to_owned(),
        });
    }
    Ok(())
}

/// What is to be approved: an action and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What is to be done, for example `station-recover`.
    pub name: &'static str,
    /// With what.
    pub parameters: Vec<Parameter>,
}

impl Action {
    /// An action with one parameter.
    #[must_use]
    pub fn on(action: Controlled, parameter: &str, value: &str) -> Self {
        Self {
            name: action.name(),
            parameters: vec![Parameter {
                name: parameter.to_owned(),
                value: value.to_owned(),
            }],
        }
    }
}

/// The approval of an action, not signed by anybody yet.
///
/// # Errors
/// [`ApprovalError`].
pub fn request(
    tx: &Tx<'_>,
    data_center: DataCenterId,
    action: &Action,
    now: UnixSeconds,
) -> Result<Vec<u8>, ApprovalError> {
    let head = tree::tree_head(tx)?;
    let parameters = action.parameters.clone();
    let approval = Approval::new(
        data_center,
        action.name,
        parameters,
        (head.size, head.root),
        now,
    );
    Ok(approval.unsigned()?)
}

/// Spends an approval of exactly this action and writes it into the journal; answers with the names
/// of those who signed. To be called in the transaction of the action.
///
/// # Errors
/// [`ApprovalError`]; nothing may be done then.
pub fn spend(
    ledger: &Ledger,
    tx: &Tx<'_>,
    data_center: DataCenterId,
    action: &Action,
    approval: &[u8],
    now: UnixSeconds,
) -> Result<Vec<String>, ApprovalError> {
    let living: Vec<AdminKey> = keys(tx)?
        .into_iter()
        .filter(|key| key.ended.is_none())
        .collect();
    let by_id = |id: KeyId| living.iter().find(|key| key.point.key_id() == id);
    let (content, signers) = approval::open(approval, |id, input, signature| {
        by_id(id).is_some_and(|key| ca::verify(&key.point, input, signature))
    })?;
    let same = content.data_center == data_center
        && content.action == action.name
        && content.parameters == action.parameters;
    if !same {
        return Err(ApprovalError::Other {
            action: content.action,
        });
    }
    if now > content.expires || content.expires > now.plus_seconds(APPROVAL_SECONDS) {
        return Err(ApprovalError::Expired);
    }
    rests_on_this_journal(tx, &content)?;
    let hash: [u8; 32] = Sha256::digest(to_cbor(&content)).into();
    let spent = tx.execute(
        "INSERT INTO spent_approval (hash, action, spent) VALUES (?1, ?2, ?3)
         ON CONFLICT (hash) DO NOTHING",
        params![&hash, action.name, now],
    )?;
    if spent == 0 {
        return Err(ApprovalError::Spent);
    }
    ledger.append(tx, RecordKind::Approval, approval.to_vec(), "admin", now)?;
    let names = signers.into_iter().filter_map(by_id);
    Ok(names.map(|key| key.name.clone()).collect())
}

/// The approval's head must be a beginning of the journal as it stands.
fn rests_on_this_journal(tx: &Tx<'_>, content: &Approval) -> Result<(), ApprovalError> {
    let head = tree::tree_head(tx)?;
    let proof = match tree::prove_consistency(tx, content.head_size, head.size) {
        Ok(proof) => proof,
        Err(tree::ProofError::Db(fault)) => return Err(fault.into()),
        Err(tree::ProofError::OutOfRange { .. } | tree::ProofError::MissingRecord { .. }) => {
            return Err(ApprovalError::OtherJournal);
        }
    };
    merkle::verify_consistency(
        (content.head_size, &content.head_root),
        (head.size, &head.root),
        &proof,
    )
    .map_err(|_| ApprovalError::OtherJournal)
}
