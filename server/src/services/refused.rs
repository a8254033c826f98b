//! A correct no of a service, or a fault, on its way out of a transaction.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use minicbor::Decode;
use shared::wire::{Problem, Unread, read_message};

use crate::access::ProblemReply;
use crate::ca::CaError;
use crate::center::CenterError;
use crate::db::DbError;
use crate::ledger::LedgerError;
use crate::ledger::tree::ProofError;

/// Why a service gives no reply. Nothing its transaction wrote is kept.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// A refusal that the station can read.
    #[error("{}", .0.message)]
    Problem(Box<Problem>),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The book failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// An authority failed.
    #[error(transparent)]
    Authority(#[from] CaError),
}

impl Refused {
    /// A refusal with a stable code, what happened and what to do.
    #[must_use]
    pub fn new(status: StatusCode, code: &str, message: &str, hint: &str) -> Self {
        ProblemReply::refusal(status, code, message, hint).into()
    }

    /// A refusal after which the same request may succeed later.
    #[must_use]
    pub fn later(status: StatusCode, code: &str, message: &str, hint: &str) -> Self {
        ProblemReply::later(status, code, message, hint).into()
    }

    /// The sequence number expected, told with the refusal.
    #[must_use]
    pub fn expecting(mut self, sequence: u64) -> Self {
        if let Self::Problem(problem) = &mut self {
            problem.expected = Some(sequence);
        }
        self
    }

    /// The stable code of a refusal; nothing for a fault.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Problem(problem) => Some(&problem.code),
            Self::Db(_) | Self::Ledger(_) | Self::Authority(_) => None,
        }
    }
}

/// The refusal of a message whose layout this data center does not know.
#[must_use]
pub fn update_needed() -> Refused {
    Refused::new(
        StatusCode::BAD_REQUEST,
        "update_needed",
        "The data center does not know this layout of the message. Nothing was changed and no money moved.",
        "Update the older of station and data center.",
    )
}

/// Reads a message; `otherwise` is the refusal of what is no such message.
///
/// # Errors
/// `update_needed`, or `otherwise`.
pub fn read<T: for<'b> Decode<'b, ()>>(
    bytes: &[u8],
    otherwise: impl FnOnce() -> Refused,
) -> Result<T, Refused> {
    read_message(bytes).map_err(|fault| match fault {
        Unread::UnknownLayout(_) => update_needed(),
        Unread::NotReadable(_) => otherwise(),
    })
}

impl From<ProofError> for Refused {
    fn from(fault: ProofError) -> Self {
        match fault {
            ProofError::Db(fault) => Self::Db(fault),
            ProofError::OutOfRange { .. } | ProofError::MissingRecord { .. } => {
                tracing::error!(%fault, "the journal is damaged");
                ProblemReply::fault().into()
            }
        }
    }
}

impl From<CenterError> for Refused {
    fn from(fault: CenterError) -> Self {
        match fault {
            CenterError::Db(fault) => Self::Db(fault),
            CenterError::Ledger(fault) => Self::Ledger(fault),
            CenterError::Ca(fault) => Self::Authority(fault),
            CenterError::NotInitialised { .. }
            | CenterError::DatabaseLost { .. }
            | CenterError::AlreadyInitialised { .. }
            | CenterError::LongSupportContact
            | CenterError::Config(_)
            | CenterError::File(_)
            | CenterError::Repository(_) => {
                tracing::error!(%fault, "a service failed");
                ProblemReply::fault().into()
            }
        }
    }
}

impl From<ProblemReply> for Refused {
    fn from(reply: ProblemReply) -> Self {
        Self::Problem(Box::new(reply.0))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => ProblemReply(*problem).into_response(),
            Self::Db(fault) => ProblemReply::from(fault).into_response(),
            Self::Ledger(LedgerError::Db(fault)) => ProblemReply::from(fault).into_response(),
            fault @ (Self::Ledger(_) | Self::Authority(_)) => {
                tracing::error!(
                    fault = crate::access::problem::chain_of(&fault),
                    "a service failed"
                );
                ProblemReply::fault().into_response()
            }
        }
    }
}
