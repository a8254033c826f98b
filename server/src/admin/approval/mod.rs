//! Dual control at the admin's side: keys of admins, requests that two of them sign, and spending
//! what they signed (`protocol.md` L).
//!
//! Something that cannot be taken back is asked for twice: once with `--request FILE`, which writes
//! what is to be approved, and once with `--approval FILE`, after two admins have signed the file
//! with `admin sign`. Private keys never come to the data center.

pub mod cli;

use std::fmt;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::security::approval::{self, Approval};
use shared::services::keys::Point;

use super::refusal::{AdminRefusal, Ending};
use super::view::{AdminView, time};
use crate::approvals::{self, Action, AdminKey, ApprovalError, Controlled};
use crate::center::DataCenter;
use crate::db::Tx;

/// How an admin comes with something that needs approval.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// With nothing: it is refused if it needs approval.
    #[default]
    None,
    /// To get what two admins shall sign; nothing is done.
    Request,
    /// With what they signed, base64.
    Approval(String),
}

/// Something an admin wants done with keys of admins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ApprovalCall {
    /// Make an admin's key known.
    KeyNew {
        /// Whose it is.
        name: String,
        /// Its public half: 65 bytes, hexadecimal.
        point: String,
        /// Needed from the third key on.
        consent: Consent,
    },
    /// End an admin's key.
    KeyEnd {
        /// Whose it is.
        name: String,
        /// Needed once there are two keys.
        consent: Consent,
    },
    /// Show all keys of admins.
    KeyList,
}

/// What is to be approved by two admins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestView {
    /// What is to be done.
    pub action: String,
    /// With what: name and value.
    pub parameters: Vec<(String, String)>,
    /// Until when it can be spent.
    pub expires: UnixSeconds,
    /// How many have signed it.
    pub signatures: usize,
    /// What they sign, base64.
    pub request: String,
}

/// An admin's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminKeyView {
    /// Whose it is.
    pub name: String,
    /// Its name in signatures, hexadecimal.
    pub key: String,
    /// When it was made known.
    pub created: UnixSeconds,
    /// Since when it counts no more.
    pub ended: Option<UnixSeconds>,
}

/// Anything that is shown about approvals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalView {
    /// What is to be approved.
    Request(RequestView),
    /// An admin's key.
    Key(AdminKeyView),
}

impl ApprovalView {
    /// The object as one line of JSON.
    ///
    /// # Errors
    /// None in practice: views have only texts and numbers.
    pub fn json(&self) -> serde_json::Result<String> {
        match self {
            Self::Request(view) => serde_json::to_string(view),
            Self::Key(view) => serde_json::to_string(view),
        }
    }

    fn key(key: AdminKey) -> AdminView {
        AdminView::Approval(Self::Key(AdminKeyView {
            key: data_encoding::HEXLOWER.encode(&key.point.key_id().0),
            name: key.name,
            created: key.created,
            ended: key.ended,
        }))
    }
}

impl fmt::Display for ApprovalView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(view) => {
                write!(f, "To be approved by two admins: {}", view.action)?;
                for (name, value) in &view.parameters {
                    write!(f, "\n    {name}: {value}")?;
                }
                write!(
                    f,
                    "\nSigned by {} so far; it can be spent until {}.",
                    view.signatures,
                    time(view.expires)
                )
            }
            Self::Key(view) => {
                let ended = view
                    .ended
                    .map_or_else(String::new, |ended| format!(", ended {}", time(ended)));
                write!(
                    f,
                    "{}  {}\n    since {}{ended}",
                    view.key,
                    view.name,
                    time(view.created)
                )
            }
        }
    }
}

impl RequestView {
    fn of(approval: &Approval, bytes: &[u8], signatures: usize) -> Self {
        let parameters = approval.parameters.iter();
        Self {
            action: approval.action.clone(),
            parameters: parameters
                .map(|one| (one.name.clone(), one.value.clone()))
                .collect(),
            expires: approval.expires,
            signatures,
            request: BASE64.encode(bytes),
        }
    }
}

/// What consent came to, in the transaction of what it is for.
#[derive(Debug)]
pub(super) enum Consented {
    /// It may be done.
    Yes,
    /// Nothing may be done; this is what is to be signed.
    Asked(RequestView),
}

/// Spends the approval of `action`, or makes the request for one.
///
/// # Errors
/// [`ApprovalError`]; nothing may be done then.
pub(super) fn consent(
    center: &Place,
    tx: &Tx<'_>,
    action: &Action,
    consent: &Consent,
) -> Result<Consented, ApprovalError> {
    match consent {
        Consent::None => Err(ApprovalError::Needed),
        Consent::Request => {
            let bytes = approvals::request(tx, center.id, action, center.now)?;
            let (content, signatures) = approval::read(&bytes)?;
            let view = RequestView::of(&content, &bytes, signatures);
            Ok(Consented::Asked(view))
        }
        Consent::Approval(text) => {
            let bytes = BASE64
                .decode(text.as_bytes())
                .map_err(|_| approval::ApprovalFault::Unreadable)?;
            let names =
                approvals::spend(&center.ledger, tx, center.id, action, &bytes, center.now)?;
            tracing::info!(action = action.name, admins = names.join(", "), "approved");
            Ok(Consented::Yes)
        }
    }
}

/// What of the data center a transaction needs, copied out of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) id: shared::ids::DataCenterId,
    pub(super) ledger: crate::ledger::Ledger,
    pub(super) now: UnixSeconds,
}

impl Place {
    pub(super) fn of(center: &DataCenter) -> Self {
        Self {
            id: center.id(),
            ledger: *center.ledger(),
            now: center.now(),
        }
    }
}

/// Carries out one call.
///
/// # Errors
/// [`AdminRefusal`]; nothing was changed then.
pub(super) fn perform(
    center: &DataCenter,
    call: ApprovalCall,
) -> Result<Vec<AdminView>, AdminRefusal> {
    let place = Place::of(center);
    match call {
        ApprovalCall::KeyNew {
            name,
            point,
            consent,
        } => {
            let point = point_of(&point)?;
            changed(center, move |tx| {
                if approvals::is_controlled(tx)? {
                    let action =
                        Action::on(Controlled::AdminKeyNew, "key", &format!("{name} {point}"));
                    if let Consented::Asked(view) = self::consent(&place, tx, &action, &consent)? {
                        return Ok(vec![AdminView::Approval(ApprovalView::Request(view))]);
                    }
                }
                approvals::add_key(tx, &name, point.0, place.now)?;
                shown(tx, &name)
            })
        }
        ApprovalCall::KeyEnd { name, consent } => changed(center, move |tx| {
            if approvals::is_controlled(tx)? {
                let action = Action::on(Controlled::AdminKeyEnd, "admin", &name);
                if let Consented::Asked(view) = self::consent(&place, tx, &action, &consent)? {
                    return Ok(vec![AdminView::Approval(ApprovalView::Request(view))]);
                }
            }
            approvals::end_key(tx, &name, place.now)?;
            shown(tx, &name)
        }),
        ApprovalCall::KeyList => {
            let keys = center.db().read_blocking("admin-keys", approvals::keys)?;
            Ok(keys.into_iter().map(ApprovalView::key).collect())
        }
    }
}

fn changed(
    center: &DataCenter,
    work: impl FnOnce(&Tx<'_>) -> Result<Vec<AdminView>, ApprovalError> + Send + 'static,
) -> Result<Vec<AdminView>, AdminRefusal> {
    Ok(center.db().write_blocking("admin-key", work)?)
}

fn shown(tx: &Tx<'_>, name: &str) -> Result<Vec<AdminView>, ApprovalError> {
    let keys = approvals::keys(tx)?;
    let one = keys.into_iter().filter(|key| key.name == name);
    Ok(one.map(ApprovalView::key).collect())
}

/// A public key that is shown in what admins sign.
struct ShownPoint(Point);

impl fmt::Display for ShownPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0.key_id().0))
    }
}

fn point_of(text: &str) -> Result<ShownPoint, AdminRefusal> {
    let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
    bytes
        .and_then(|bytes| <[u8; 65]>::try_from(bytes).ok())
        .map(|point| ShownPoint(Point(point)))
        .ok_or_else(|| {
            AdminRefusal::usage("That is no public key.", "Make one with `admin key new`.")
        })
}

impl From<ApprovalError> for AdminRefusal {
    fn from(error: ApprovalError) -> Self {
        let text = error.to_string();
        let (code, hint) = match error {
            ApprovalError::Ledger(error) => return error.into(),
            ApprovalError::Db(error) => return error.into(),
            ApprovalError::Needed => (
                "level_too_low",
                "Nothing was done. Run it with --request FILE, let two admins sign the file with \
                 `admin sign`, and run it with --approval FILE within 15 minutes.",
            ),
            ApprovalError::Fault(_) => (
                "approval_refused",
                "Nothing was done. Two admins whose keys `admin key list` shows must sign it.",
            ),
            ApprovalError::Other { .. } => (
                "approval_refused",
                "Nothing was done. Request the approval of exactly this.",
            ),
            ApprovalError::Expired | ApprovalError::Spent | ApprovalError::OtherJournal => (
                "approval_refused",
                "Nothing was done. Request a new approval.",
            ),
            ApprovalError::NameTaken { .. } => ("name_taken", "Choose another name."),
            ApprovalError::UnknownName { .. } => {
                ("unknown_admin", "`admin key list` shows all keys.")
            }
            ApprovalError::BadName => ("bad_name", "Choose a shorter name."),
        };
        let mut letters = text.chars();
        let first = letters.next().map(|letter| letter.to_uppercase());
        let first: String = first.into_iter().flatten().collect();
        let message = format!("{first}{}.", letters.as_str());
        Self::new(Ending::Refused, code, message, hint)
    }
}
