//! `account statement`: the statement of a month on the screen, as JSON, as PDF and as CSV.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use shared::services::accounts::Month;

use super::call::AdminCall;
use super::output::Output;
use super::perform::Show;
use super::refusal::{AdminRefusal, Ending};
use super::statistics::Ask;
use super::view::AdminView;
use crate::center::DataCenter;
use crate::ledger::{LedgerError, accounts};
use crate::services::accounts::statement::{Statement, StatementError, page, signed, table};

/// Which statement, and where it goes.
#[derive(Debug, Args)]
pub struct StatementCommand {
    /// Name or number of the account.
    account: String,
    /// The month, for example 2026-11.
    #[arg(long)]
    month: String,
    /// Write it as a new PDF file.
    #[arg(long, value_name = "FILE")]
    pdf: Option<PathBuf>,
    /// Write it as a new CSV file.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

/// The call of a command.
///
/// # Errors
/// A month that cannot be read.
pub(super) fn call(command: &StatementCommand) -> Result<AdminCall, AdminRefusal> {
    Ok(AdminCall::AccountStatement {
        account: command.account.clone(),
        month: super::tree::month(&command.month)?,
    })
}

/// Fetches a statement, writes the files that were asked for, and shows it.
///
/// # Errors
/// [`AdminRefusal`].
pub(super) fn carry_out(
    command: &StatementCommand,
    output: &Output,
    ask: &mut Ask<'_>,
) -> Result<(), AdminRefusal> {
    let mut made = None;
    ask(call(command)?, &mut |view| {
        if let AdminView::Statement(statement) = view {
            made = Some(statement);
        }
        true
    })?;
    let Some(statement) = made else {
        return Err(AdminRefusal::usage(
            "The running data center does not answer as this program expects.",
            "Use the same version of the program that is running.",
        ));
    };
    if let Some(path) = &command.pdf {
        write_new(path, &page::pdf(&statement))?;
    }
    if let Some(path) = &command.csv {
        write_new(path, table::csv(&statement).as_bytes())?;
    }
    if !output.view(&AdminView::Statement(statement)) {
        tracing::debug!("nobody reads standard output");
    }
    Ok(())
}

/// Writes a file that was not there before; one that cannot be written whole is taken away again.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), AdminRefusal> {
    let refused = |fault: &std::io::Error| {
        AdminRefusal::new(
            Ending::Refused,
            "cannot_write",
            format!("{} cannot be written: {fault}.", path.display()),
            "Name a file that is not there yet, in a folder that is yours.",
        )
    };
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = file.map_err(|fault| refused(&fault))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|fault| {
        drop(std::fs::remove_file(path));
        refused(&fault)
    })
}

/// Makes a statement; `false` when nobody reads any more.
///
/// # Errors
/// [`AdminRefusal`].
pub(super) fn perform(
    center: &DataCenter,
    account: String,
    month: Month,
    show: &mut Show<'_>,
) -> Result<bool, AdminRefusal> {
    let now = center.now();
    let statement = center.db().read_blocking("statement", move |tx| {
        let account = accounts::find(tx, &account)?;
        Ok::<_, StatementCallError>(Statement::of(tx, &account, month, now)?)
    })?;
    Ok(show(AdminView::Statement(Box::new(statement))))
}

/// What can go wrong between an account and its statement.
#[derive(Debug, thiserror::Error)]
enum StatementCallError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Statement(#[from] StatementError),
    #[error(transparent)]
    Db(#[from] crate::db::DbError),
}

impl From<StatementCallError> for AdminRefusal {
    fn from(error: StatementCallError) -> Self {
        match error {
            StatementCallError::Ledger(error) => error.into(),
            StatementCallError::Db(fault) => fault.into(),
            StatementCallError::Statement(StatementError::Db(fault)) => fault.into(),
            StatementCallError::Statement(error @ StatementError::Future { .. }) => Self::of(
                Ending::Refused,
                "month_not_begun",
                &error,
                "Ask for this month or an earlier one.",
            ),
            StatementCallError::Statement(
                error @ (StatementError::TooLong { .. } | StatementError::TooLarge),
            ) => Self::of(
                Ending::Refused,
                "statement_too_long",
                &error,
                "`ledger export` has every movement.",
            ),
        }
    }
}

/// A statement as an admin reads it on the screen: the sums.
pub(super) fn text(f: &mut fmt::Formatter<'_>, view: &Statement) -> fmt::Result {
    let state = if view.preliminary {
        ", preliminary"
    } else {
        ""
    };
    write!(
        f,
        "{} in {}{state}\n    from {} to {}: {} deposited, {} refilled, {} refunded, {} other",
        view.name,
        view.month,
        signed(view.opening),
        signed(view.closing),
        signed(view.deposits),
        signed(view.refills),
        signed(view.refunds),
        signed(view.others)
    )?;
    for line in &view.centres {
        let name = if line.centre.is_empty() {
            "without a cost centre"
        } else {
            &line.centre
        };
        write!(
            f,
            "\n    {name}: {} pieces, {} postage, {} surcharge",
            line.pieces, line.postage, line.surcharge
        )?;
    }
    for station in &view.stations {
        if station.stated != station.reported {
            write!(
                f,
                "\n    {} stated {} as printed and reported {} by cost centre",
                station.psd_text, station.stated, station.reported
            )?;
        }
    }
    Ok(())
}
