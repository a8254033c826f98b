//! Carries out an admin's calls on an open data center. Blocks; never call it from an async task.

use std::sync::mpsc::sync_channel;

use sha2::{Digest as _, Sha256};
use shared::ids::{StationId, VaultId};
use shared::money::Mills;
use shared::security::enrolment_code::EnrolmentCode;
use shared::services::ServiceId;
use zeroize::Zeroizing;

use super::backup;
use super::call::AdminCall;
use super::pin_reset;
use super::refusal::AdminRefusal;
use super::view::{
    AccountView, AdminView, BackupView, DepositView, EndView, NewStationView, RefusalsView,
    StationView,
};
use crate::access::refusals::Counted;
use crate::ca::{self, deny};
use crate::center::DataCenter;
use crate::db::{Concerned, DbError, Tx};
use crate::evidence;
use crate::ledger::accounts::{self, Account};
use crate::ledger::{self, AuditFault, ExportLine, LedgerAccount, LedgerError};
use crate::services::accounts::bank::matching::creditor_reference;
use crate::services::accounts::tree::{Gardener, TreeError};
use crate::services::funds::held;
use crate::services::statistics::standing;
use crate::stations::{self, NewStation, Station, StationError, StationState};

/// Exported lines that wait for whoever reads them.
const EXPORT_QUEUE: usize = 64;

/// Who asks, in the journal.
pub(super) const ADMIN: &str = "admin";

/// Takes what is to be shown; `false` when nobody reads any more.
pub type Show<'a> = dyn FnMut(AdminView) -> bool + 'a;

/// Carries out one call.
///
/// # Errors
/// [`AdminRefusal`]; what it says was not done was not done.
pub fn perform(
    center: &DataCenter,
    call: AdminCall,
    show: &mut Show<'_>,
) -> Result<(), AdminRefusal> {
    match call {
        AdminCall::AccountNew { name } => show(account_new(center, name)?),
        AdminCall::AccountDeposit {
            account,
            amount,
            reference,
        } => show(account_deposit(center, account, amount, reference)?),
        AdminCall::AccountShow { account } => show(account_show(center, account)?),
        AdminCall::Refusals => all(show, refusals(center)),
        AdminCall::Lines => all(show, super::lines::all(center)),
        AdminCall::Calls { days, station, by } => {
            all(show, super::lines::calls(center, days, station, by)?)
        }
        AdminCall::AccountList => all(show, account_list(center)?),
        AdminCall::Bank { what } => super::bank::perform(center, what, show)?,
        AdminCall::AccountStatement { account, month } => {
            super::statement::perform(center, account, month, show)?
        }
        AdminCall::Tree { what } => super::tree::perform(center, what, show)?,
        AdminCall::StationNew { account, zip } => show(station_new(center, account, zip)?),
        AdminCall::StationList { account } => all(show, station_list(center, account)?),
        AdminCall::StationShow { station } => show(station_show(center, station)?),
        AdminCall::StationLock { station } => show(station_lock(center, station)?),
        AdminCall::StationUnlock { station } => show(station_unlock(center, station)?),
        AdminCall::StationEvidence { station } => all(show, station_evidence(center, station)?),
        AdminCall::StationWithdraw { station } => show(station_withdraw(center, station)?),
        AdminCall::StationResetPin { station, user } => {
            show(pin_reset::order(center, station, &user)?)
        }
        AdminCall::RatesImport { source } => show(super::rates::import(center, &source)?),
        AdminCall::RatesPublish {
            edition,
            passphrase,
        } => super::rates::publish(center, edition, passphrase.as_ref(), show)?,
        AdminCall::Repository { what } => super::repository::perform(center, what, show)?,
        AdminCall::RatesList => all(show, super::rates::list(center)?),
        AdminCall::Rates { rates } => super::rates::perform(center, rates, show)?,
        AdminCall::Software { what } => super::software::perform(center, what, show)?,
        AdminCall::Statistics(asked) => super::statistics::perform(center, asked, show)?,
        AdminCall::Keys(asked) => super::keys::perform(center, asked, show)?,
        AdminCall::LedgerVerify => {
            let log = center.id();
            let report = center
                .db()
                .read_blocking("audit", move |tx| ledger::audit(tx, log))?;
            show(AdminView::Audit(report))
        }
        AdminCall::LedgerExport => ledger_export(center, show)?,
        AdminCall::Money { money } => all(show, super::money::perform(center, money)?),
        AdminCall::Approval { approval } => all(show, super::approval::perform(center, approval)?),
        AdminCall::Epoch { epoch } => all(show, super::epoch::perform(center, epoch)?),
        AdminCall::Backup { file } => {
            let bytes = backup::write(center, &file)?;
            show(AdminView::Backup(BackupView {
                backup: file,
                bytes,
                keys_on_token: center.authority().keys_on_token()?,
            }))
        }
    };
    Ok(())
}

fn all(show: &mut Show<'_>, views: Vec<AdminView>) -> bool {
    views.into_iter().all(show)
}

fn account_new(center: &DataCenter, name: String) -> Result<AdminView, AdminRefusal> {
    let name = name.trim().to_owned();
    if name.is_empty() {
        return Err(AdminRefusal::usage("An account needs a name.", "Give one."));
    }
    let account = Account {
        id: center.new_account_id()?,
        name,
        created: center.now(),
    };
    let view = center.db().write_blocking("account-new", move |tx| {
        accounts::open(tx, &account)?;
        account_view(tx, account)
    })?;
    Ok(AdminView::Account(view))
}

fn account_view(tx: &Tx<'_>, account: Account) -> Result<AccountView, LedgerError> {
    let mut view = AccountView {
        account: account.id,
        name: account.name,
        payment_reference: creditor_reference(account.id),
        balance: ledger::available(tx, &LedgerAccount::Customer(account.id))?,
        in_transit: Mills::ZERO,
        vaults: Mills::ZERO,
        printed: Mills::ZERO,
        held: Mills::ZERO,
        owed: ledger::debts::owed(tx, account.id)?,
        outstanding: ledger::debts::outstanding(tx, account.id)?,
        stations: 0,
        created: account.created,
    };
    for station in stations::list(tx, Some(account.id))? {
        let vault = station.vault;
        let plus = |sum: &mut Mills, account| {
            let held = ledger::available(tx, &account)?;
            *sum = sum.plus(held).unwrap_or(*sum);
            Ok::<_, DbError>(())
        };
        plus(&mut view.in_transit, LedgerAccount::InTransit(vault))?;
        plus(&mut view.vaults, LedgerAccount::Vault(vault))?;
        plus(&mut view.printed, LedgerAccount::Printed(vault))?;
        plus(&mut view.held, LedgerAccount::Held(vault))?;
        view.stations = view.stations.saturating_add(1);
    }
    Ok(view)
}

fn refusals(center: &DataCenter) -> Vec<AdminView> {
    let counted = center.refusals().all();
    counted.into_iter().map(refusals_view).collect()
}

fn refusals_view(counted: Counted) -> AdminView {
    AdminView::Refusals(RefusalsView {
        code: counted.code,
        count: counted.count,
        last: counted.last,
    })
}

fn account_deposit(
    center: &DataCenter,
    account: String,
    amount: Mills,
    reference: String,
) -> Result<AdminView, AdminRefusal> {
    if reference.trim().is_empty() {
        return Err(AdminRefusal::usage(
            "A deposit needs the payment's reference.",
            "Give the bank's reference with --reference; it keeps the payment from being booked \
             twice.",
        ));
    }
    let (book, now) = (*center.ledger(), center.now());
    let view = center.db().write_blocking("account-deposit", move |tx| {
        let account = accounts::find(tx, &account)?;
        let posted = accounts::deposit(&book, tx, account.id, amount, &reference, now)?;
        Ok::<_, LedgerError>(DepositView {
            balance: ledger::available(tx, &LedgerAccount::Customer(account.id))?,
            account: account.id,
            name: account.name,
            amount,
            reference,
            repeated: posted.repeated,
            sequence: posted.sequence,
        })
    })?;
    Ok(AdminView::Deposit(view))
}

fn account_show(center: &DataCenter, account: String) -> Result<AdminView, AdminRefusal> {
    let view = center.db().read_blocking("account-show", move |tx| {
        let account = accounts::find(tx, &account)?;
        account_view(tx, account)
    })?;
    Ok(AdminView::Account(view))
}

fn account_list(center: &DataCenter) -> Result<Vec<AdminView>, AdminRefusal> {
    let views = center.db().read_blocking("account-list", |tx| {
        accounts::list(tx)?
            .into_iter()
            .map(|account| account_view(tx, account).map(AdminView::Account))
            .collect::<Result<Vec<_>, LedgerError>>()
    })?;
    Ok(views)
}

fn station_new(
    center: &DataCenter,
    account: String,
    zip: String,
) -> Result<AdminView, AdminRefusal> {
    let now = center.now();
    let secret = Zeroizing::new(ca::random::<16>()?);
    let code = EnrolmentCode::new(*secret, center.authority().root_fingerprint()?);
    let secret_hash = Sha256::digest(secret.as_slice()).into();
    let id = StationId::new_v7(now, &ca::random()?);
    let vault = VaultId::new_v7(now, &ca::random()?);
    let book = *center.ledger();
    let station = center.db().write_blocking("station-new", move |tx| {
        let account = accounts::find(tx, &account)?;
        let new = NewStation {
            id,
            vault,
            account: account.id,
            licence_zip: zip,
            secret_hash,
            now,
        };
        let station = stations::add(tx, &new)?;
        stations::journal(&book, tx, &station, station.state.word(), ADMIN, now)?;
        let book = &book;
        Gardener { tx, book, now }.station(&station)?;
        Ok::<_, StationCallError>(station)
    })?;
    Ok(AdminView::NewStation(NewStationView {
        station: station.id,
        account: station.account,
        psd: station.psd,
        code: code.to_string(),
        expires: now.plus_seconds(stations::CODE_SECONDS),
    }))
}

/// What can go wrong between stations and the book.
#[derive(Debug, thiserror::Error)]
pub(super) enum StationCallError {
    #[error(transparent)]
    Station(#[from] StationError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<StationCallError> for AdminRefusal {
    fn from(error: StationCallError) -> Self {
        match error {
            StationCallError::Station(error) => error.into(),
            StationCallError::Ledger(error) => error.into(),
            StationCallError::Tree(error) => error.into(),
            StationCallError::Db(error) => error.into(),
        }
    }
}

fn station_list(
    center: &DataCenter,
    account: Option<String>,
) -> Result<Vec<AdminView>, AdminRefusal> {
    let views = center.db().read_blocking("station-list", move |tx| {
        let account = account
            .map(|account| accounts::find(tx, &account))
            .transpose()?;
        stations::list(tx, account.map(|account| account.id))?
            .into_iter()
            .map(|station| Ok(AdminView::Station(station_view(tx, station)?)))
            .collect::<Result<Vec<_>, LedgerError>>()
    })?;
    Ok(views)
}

pub(super) fn station_view(tx: &Tx<'_>, station: Station) -> Result<StationView, DbError> {
    let newest = stations::keys(tx, station.id, 1)?.pop();
    let until = newest.filter(|key| !key.is_denied).map(|key| key.not_after);
    let end = held::find(tx, station.id)?;
    let held = ledger::available(tx, &LedgerAccount::Held(station.vault))?;
    Ok(StationView {
        withdrawal: end.map(|end| EndView::of(&end, held)),
        ..StationView::of(station, until)
    })
}

fn station_evidence(center: &DataCenter, station: String) -> Result<Vec<AdminView>, AdminRefusal> {
    let authorities = evidence::Authorities::of(center);
    let all = center.db().read_blocking("evidence", move |tx| {
        let station = stations::find(tx, &station)?;
        Ok::<_, StationError>(evidence::export(&authorities, tx, &station)?)
    })?;
    Ok(all
        .into_iter()
        .map(|one| AdminView::Evidence(Box::new(one)))
        .collect())
}

fn station_show(center: &DataCenter, station: String) -> Result<AdminView, AdminRefusal> {
    let now = center.now();
    let view = center.db().read_blocking("station-show", move |tx| {
        let station = stations::find(tx, &station)?;
        let statistics = standing::standing(tx, &station, now)?;
        let mut view = station_view(tx, station)?;
        view.statistics = Some(statistics);
        Ok::<_, StationError>(view)
    })?;
    Ok(AdminView::Station(view))
}

fn station_lock(center: &DataCenter, station: String) -> Result<AdminView, AdminRefusal> {
    change_station(center, "station-lock", station, |_, station| {
        let state = station.state;
        match state {
            StationState::New | StationState::Active | StationState::Locked => {
                Ok((StationState::Locked, Vec::new()))
            }
            StationState::Frozen | StationState::Withdrawn => Err(wrong_state(station).into()),
        }
    })
}

fn station_unlock(center: &DataCenter, station: String) -> Result<AdminView, AdminRefusal> {
    change_station(center, "station-unlock", station, |_, station| {
        match (station.state, station.enrolled) {
            (StationState::Locked, Some(_)) => Ok((StationState::Active, Vec::new())),
            (StationState::Locked, None) => Ok((StationState::New, Vec::new())),
            (
                StationState::New
                | StationState::Active
                | StationState::Frozen
                | StationState::Withdrawn,
                _,
            ) => Err(wrong_state(station).into()),
        }
    })
}

/// A station that never enrolled ends at once. One that has enrolled is told at its next contact
/// and states its end itself; until then it is not refilled.
fn station_withdraw(center: &DataCenter, station: String) -> Result<AdminView, AdminRefusal> {
    let (book, now) = (*center.ledger(), center.now());
    change_station(
        center,
        "station-withdraw",
        station,
        move |tx, station| match (station.state, station.enrolled) {
            (StationState::Withdrawn | StationState::Frozen, _) => Err(wrong_state(station).into()),
            (StationState::New | StationState::Active | StationState::Locked, None) => {
                stations::expire_codes(tx, station.id, now)?;
                Ok((StationState::Withdrawn, Vec::new()))
            }
            (StationState::New | StationState::Active | StationState::Locked, Some(_)) => {
                if held::order(tx, station.id, now)? {
                    stations::journal(&book, tx, station, "withdrawal-ordered", ADMIN, now)?;
                }
                Ok((station.state, Vec::new()))
            }
        },
    )
}

pub(super) const fn wrong_state(station: &Station) -> StationError {
    StationError::WrongState {
        station: station.id,
        state: station.state,
    }
}

/// Moves a station to the state that `decide` gives, journals it, and denies the serials it names.
fn change_station(
    center: &DataCenter,
    name: &'static str,
    station: String,
    decide: impl FnOnce(
        &Tx<'_>,
        &Station,
    ) -> Result<(StationState, Vec<deny::Serial>), StationCallError>
    + Send
    + 'static,
) -> Result<AdminView, AdminRefusal> {
    let (book, now) = (*center.ledger(), center.now());
    let (view, serials) = center.db().write_blocking(name, move |tx| {
        let mut station = stations::find(tx, &station)?;
        let (state, serials) = decide(tx, &station)?;
        if state != station.state {
            stations::set_state(tx, station.id, state)?;
            station.state = state;
            stations::journal(&book, tx, &station, state.word(), ADMIN, now)?;
        }
        tx.concerns(Concerned::Station(station.id), ServiceId::Funds);
        Ok::<_, StationCallError>((station_view(tx, station)?, serials))
    })?;
    if !serials.is_empty() {
        center.revoked(view.station, serials);
    }
    Ok(AdminView::Station(view))
}

/// Streams the journal from one snapshot; at most [`EXPORT_QUEUE`] lines are in memory.
fn ledger_export(center: &DataCenter, show: &mut Show<'_>) -> Result<bool, AdminRefusal> {
    let (lines, waiting) = sync_channel::<ExportLine>(EXPORT_QUEUE);
    let db = center.db().clone();
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || {
            db.read_blocking("ledger-export", move |tx| {
                ledger::export(tx, |line| {
                    lines.send(line).map_err(|_| {
                        AuditFault::Db(DbError::Closed {
                            name: "ledger-export",
                        })
                    })
                })
            })
        });
        let read_to_the_end = waiting.into_iter().map(AdminView::Record).all(show);
        let exported = reader
            .join()
            .unwrap_or(Err(AuditFault::Db(DbError::BrokeOff {
                name: "ledger-export",
            })));
        match exported {
            Err(fault) if read_to_the_end => Err(fault.into()),
            Ok(()) | Err(_) => Ok(read_to_the_end),
        }
    })
}
