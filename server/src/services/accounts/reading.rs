//! The account as its own stations may read it, as JSON. Level L2, like the rest of the service.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::ids::AccountId;
use shared::money::Mills;
use shared::services::accounts::{Budgets, Month, NodeKind};

use super::bank::matching::creditor_reference;
use super::statement::{Statement, StatementError};
use super::{account_of, tree};
use crate::access::CallingStation;
use crate::center::DataCenter;
use crate::db::Tx;
use crate::ledger::accounts::{self, Account};
use crate::ledger::{self, LedgerAccount};
use crate::services::refused::Refused;

/// A station's own account.
#[derive(Debug, Serialize)]
pub(super) struct OwnAccount {
    account: AccountId,
    name: String,
    balance_mills: Mills,
    owed_mills: Mills,
    payment_reference: String,
    cost_centres: Vec<OwnCentre>,
}

/// An open cost centre of a station's own account.
#[derive(Debug, Serialize)]
struct OwnCentre {
    id: String,
    name: String,
    path: Vec<String>,
    budgets: Budgets,
}

/// Which statement.
#[derive(Debug, Deserialize)]
pub(super) struct StatementQuery {
    month: Option<String>,
}

/// What the account holds, and its open cost centres.
pub(super) async fn own_account(
    State(center): State<Arc<DataCenter>>,
    CallingStation(certificate): CallingStation,
) -> Result<Json<OwnAccount>, Refused> {
    let inner = Arc::clone(&center);
    let view = move |tx: &Tx<'_>| {
        let account = own(&inner, tx, &certificate)?;
        let mut cost_centres = Vec::new();
        for stored in tree::list(tx, account.id)? {
            if stored.node.kind != NodeKind::CostCentre || stored.node.closed {
                continue;
            }
            cost_centres.push(OwnCentre {
                id: stored.node.id.to_string(),
                path: tree::path(tx, &stored.node)?,
                name: stored.node.name,
                budgets: stored.node.budgets,
            });
        }
        Ok::<_, Refused>(OwnAccount {
            account: account.id,
            balance_mills: ledger::available(tx, &LedgerAccount::Customer(account.id))?,
            owed_mills: ledger::debts::owed(tx, account.id)?,
            payment_reference: creditor_reference(account.id),
            name: account.name,
            cost_centres,
        })
    };
    Ok(Json(center.db().read("own account", view).await?))
}

/// The statement of a month, `?month=2026-11`.
pub(super) async fn own_statement(
    State(center): State<Arc<DataCenter>>,
    CallingStation(certificate): CallingStation,
    query: Result<Query<StatementQuery>, QueryRejection>,
) -> Result<Json<Statement>, Refused> {
    let month = query.ok().and_then(|Query(query)| query.month);
    let month: Month = month
        .and_then(|month| month.parse().ok())
        .ok_or_else(no_month)?;
    let (inner, now) = (Arc::clone(&center), center.now());
    let statement = move |tx: &Tx<'_>| {
        let account = own(&inner, tx, &certificate)?;
        Statement::of(tx, &account, month, now).map_err(no_statement)
    };
    Ok(Json(center.db().read("own statement", statement).await?))
}

/// The account of the station that asks.
fn own(
    center: &Arc<DataCenter>,
    tx: &Tx<'_>,
    certificate: &crate::ca::StationCertificate,
) -> Result<Account, Refused> {
    let account = account_of(center, tx, certificate.station)?;
    accounts::by_id(tx, account)?.ok_or_else(super::unknown_station)
}

fn no_month() -> Refused {
    Refused::new(
        StatusCode::BAD_REQUEST,
        "bad_month",
        "The request names no month.",
        "Name it as year and month, for example ?month=2026-11.",
    )
}

fn no_statement(error: StatementError) -> Refused {
    match error {
        StatementError::Db(fault) => fault.into(),
        StatementError::Future { .. } => Refused::new(
            StatusCode::NOT_FOUND,
            "month_not_begun",
            "The month has not begun.",
            "Ask for this month or an earlier one.",
        ),
        StatementError::TooLong { .. } | StatementError::TooLarge => Refused::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "statement_too_long",
            "The statement of this month is longer than one answer.",
            "Ask the admin for the ledger's export.",
        ),
    }
}
