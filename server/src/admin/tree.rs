//! An admin's calls about the tree of an account.

use std::fmt;

use clap::{Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::ids::{AccountId, NodeId, StationId};
use shared::money::Mills;
use shared::services::accounts::{Budgets, Month, NodeKind, Period};

use super::perform::Show;
use super::refusal::{AdminRefusal, Ending};
use super::view::AdminView;
use crate::ca;
use crate::center::DataCenter;
use crate::db::Tx;
use crate::ledger::accounts;
use crate::services::accounts::tree::{self, Gardener, StoredNode, Surcharge, TreeError};
use crate::services::accounts::usage;
use crate::stations;

/// The word that takes a budget away.
const NO_BUDGET: &str = "none";

/// The tree of an account.
#[derive(Debug, Subcommand)]
pub enum TreeCommand {
    /// Make an office, a department or a cost centre.
    New {
        /// What it is.
        kind: Kind,
        /// What people call it.
        name: String,
        /// Name or number of the account it lies directly below.
        #[arg(long, required_unless_present = "under", conflicts_with = "under")]
        account: Option<String>,
        /// Name or number of the node it lies below.
        #[arg(long, value_name = "NODE")]
        under: Option<String>,
    },
    /// Move a node with all that lies below it; a station is named by its PSD number.
    Move {
        /// Name or number of the node, or a station.
        node: String,
        /// Name or number of the node it shall lie below [default: the organisation].
        #[arg(long, value_name = "NODE")]
        under: Option<String>,
    },
    /// Give a node another name.
    Rename {
        /// Name or number of the node, or a station.
        node: String,
        /// The new name.
        name: String,
    },
    /// Close a node: nothing is booked on it any more; what was booked stays.
    Close {
        /// Name or number of the node, or a station.
        node: String,
    },
    /// Show the tree of an account.
    List {
        /// Name or number of the account.
        account: String,
    },
    /// Set what may be spent on a cost centre: an amount, or none. What is not named stays.
    Budget {
        /// Name or number of the cost centre.
        centre: String,
        /// In a calendar month.
        #[arg(long, value_name = "AMOUNT")]
        month: Option<String>,
        /// In a calendar quarter.
        #[arg(long, value_name = "AMOUNT")]
        quarter: Option<String>,
        /// In a calendar year.
        #[arg(long, value_name = "AMOUNT")]
        year: Option<String>,
    },
    /// Set what is added to the postage of a cost centre on the statement.
    Surcharge {
        /// Name or number of the cost centre.
        centre: String,
        /// Per cent of the postage, at most two decimals, for example 2.5.
        #[arg(long, value_name = "PERCENT", default_value = "0")]
        percent: String,
        /// For each piece, for example 0.05.
        #[arg(long, value_name = "AMOUNT", default_value = "0")]
        fixed: String,
        /// The first month, for example 2026-12 [default: this month].
        #[arg(long, value_name = "MONTH")]
        from: Option<String>,
    },
    /// Show the pieces that a supervisor let pass a spent budget, newest first.
    Overrides {
        /// Name or number of the account.
        account: String,
    },
}

/// What an admin makes; the node of a station comes with the station.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kind {
    /// A place with stations and people.
    Office,
    /// A part of an organisation or office.
    Department,
    /// What pieces are booked on.
    CostCentre,
}

impl Kind {
    const fn node(self) -> NodeKind {
        match self {
            Self::Office => NodeKind::Office,
            Self::Department => NodeKind::Department,
            Self::CostCentre => NodeKind::CostCentre,
        }
    }
}

/// A change of one budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NewBudget {
    /// There is none any more.
    None,
    /// So much, mills.
    Amount(Mills),
}

/// What an admin wants done with the tree of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TreeCall {
    /// Make a node.
    New {
        /// What it is.
        kind: NodeKind,
        /// Its name.
        name: String,
        /// The account it lies directly below.
        account: Option<String>,
        /// The node it lies below.
        under: Option<String>,
    },
    /// Move a node.
    Move {
        /// The node.
        node: String,
        /// What it shall lie below; the organisation when nothing.
        under: Option<String>,
    },
    /// Rename a node.
    Rename {
        /// The node.
        node: String,
        /// Its new name.
        name: String,
    },
    /// Close a node.
    Close {
        /// The node.
        node: String,
    },
    /// Show the tree of an account.
    List {
        /// The account.
        account: String,
    },
    /// Set budgets of a cost centre; what is nothing stays as it is.
    Budget {
        /// The cost centre.
        centre: String,
        /// In a month.
        month: Option<NewBudget>,
        /// In a quarter.
        quarter: Option<NewBudget>,
        /// In a year.
        year: Option<NewBudget>,
    },
    /// Set the surcharge of a cost centre.
    Surcharge {
        /// The cost centre.
        centre: String,
        /// Hundredths of a per cent of the postage.
        basis_points: u32,
        /// For each piece.
        fixed: Mills,
        /// The first month; this one when nothing.
        from: Option<Month>,
    },
    /// Show the overrides of an account's stations.
    Overrides {
        /// The account.
        account: String,
    },
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeView {
    /// Its number.
    pub node: NodeId,
    /// The account it belongs to.
    pub account: AccountId,
    /// What it is.
    pub kind: NodeKind,
    /// Its name.
    pub name: String,
    /// The names from the organisation down to it.
    pub path: Vec<String>,
    /// Whether nothing is booked on it any more.
    pub closed: bool,
    /// What may be spent on it, mills.
    pub budgets: Budgets,
    /// What is added to its postage this month, hundredths of a per cent.
    pub surcharge_basis_points: u32,
    /// What is added for each piece this month, mills.
    pub surcharge_fixed: Mills,
}

/// One override.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrideView {
    /// The station.
    pub station: StationId,
    /// The piece's counter.
    pub counter: u32,
    /// The cost centre's name.
    pub centre: String,
    /// The supervisor.
    pub user: String,
    /// Why.
    pub reason: String,
    /// By how much the budget was overrun, mills.
    pub over: Mills,
    /// When, by the station's clock.
    pub at: UnixSeconds,
}

/// The call that a command asks for.
///
/// # Errors
/// Wrong usage: an amount, a percentage or a month that cannot be read.
pub(super) fn call(command: TreeCommand) -> Result<TreeCall, AdminRefusal> {
    Ok(match command {
        TreeCommand::New {
            kind,
            name,
            account,
            under,
        } => TreeCall::New {
            kind: kind.node(),
            name,
            account,
            under,
        },
        TreeCommand::Move { node, under } => TreeCall::Move { node, under },
        TreeCommand::Rename { node, name } => TreeCall::Rename { node, name },
        TreeCommand::Close { node } => TreeCall::Close { node },
        TreeCommand::List { account } => TreeCall::List { account },
        TreeCommand::Overrides { account } => TreeCall::Overrides { account },
        TreeCommand::Budget {
            centre,
            month,
            quarter,
            year,
        } => TreeCall::Budget {
            centre,
            month: month.as_deref().map(new_budget).transpose()?,
            quarter: quarter.as_deref().map(new_budget).transpose()?,
            year: year.as_deref().map(new_budget).transpose()?,
        },
        TreeCommand::Surcharge {
            centre,
            percent,
            fixed,
            from,
        } => TreeCall::Surcharge {
            centre,
            basis_points: basis_points(&percent)?,
            fixed: amount(&fixed)?,
            from: from.as_deref().map(month).transpose()?,
        },
    })
}

fn new_budget(text: &str) -> Result<NewBudget, AdminRefusal> {
    if text == NO_BUDGET {
        return Ok(NewBudget::None);
    }
    amount(text).map(NewBudget::Amount)
}

/// An amount as an admin types it.
pub(super) fn amount(text: &str) -> Result<Mills, AdminRefusal> {
    Mills::parse(text).map_err(|error| {
        AdminRefusal::usage(
            format!("{text:?} cannot be used: {error}."),
            "Give an amount such as 250.00.",
        )
    })
}

/// A month as an admin types it.
pub(super) fn month(text: &str) -> Result<Month, AdminRefusal> {
    text.parse().map_err(|error| {
        AdminRefusal::usage(
            format!("{text:?} is {error}."),
            "Give year and month, for example 2026-11.",
        )
    })
}

/// Per cent with at most two decimals, as hundredths of a per cent.
fn basis_points(text: &str) -> Result<u32, AdminRefusal> {
    // Mills have three decimals: ten of them are a hundredth of a per cent.
    let mills = Mills::parse(text).ok().map(Mills::mills);
    mills
        .filter(|mills| mills.is_multiple_of(10))
        .and_then(|mills| u32::try_from(mills / 10).ok())
        .ok_or_else(|| {
            AdminRefusal::usage(
                format!("{text:?} is no percentage."),
                "Give per cent with at most two decimals, for example 2.5.",
            )
        })
}

/// Carries out one call; `false` when nobody reads any more.
///
/// # Errors
/// [`AdminRefusal`]; what it says was not done was not done.
pub(super) fn perform(
    center: &DataCenter,
    call: TreeCall,
    show: &mut Show<'_>,
) -> Result<bool, AdminRefusal> {
    match call {
        TreeCall::List { account } => {
            let now = center.now();
            let views = center.db().read_blocking("tree-list", move |tx| {
                let account = accounts::find(tx, &account)?;
                tree::list(tx, account.id)?
                    .into_iter()
                    .map(|stored| view(tx, stored, now))
                    .collect::<Result<Vec<_>, TreeError>>()
            })?;
            Ok(views.into_iter().map(AdminView::Node).all(show))
        }
        TreeCall::Overrides { account } => {
            let views = center.db().read_blocking("overrides", move |tx| {
                let account = accounts::find(tx, &account)?;
                overrides(tx, account.id)
            })?;
            Ok(views.into_iter().map(AdminView::Override).all(show))
        }
        TreeCall::New { .. }
        | TreeCall::Move { .. }
        | TreeCall::Rename { .. }
        | TreeCall::Close { .. }
        | TreeCall::Budget { .. }
        | TreeCall::Surcharge { .. } => {
            let (book, now) = (*center.ledger(), center.now());
            let id = NodeId::new_v7(now, &ca::random()?);
            let node = center.db().write_blocking("tree", move |tx| {
                let gardener = Gardener {
                    tx,
                    book: &book,
                    now,
                };
                let stored = change(&gardener, id, call)?;
                view(tx, stored, now)
            })?;
            Ok(show(AdminView::Node(node)))
        }
    }
}

fn change(
    gardener: &Gardener<'_, '_>,
    id: NodeId,
    call: TreeCall,
) -> Result<StoredNode, TreeError> {
    match call {
        TreeCall::New {
            kind,
            name,
            account,
            under,
        } => {
            let parent = under.map(|under| find(gardener, &under)).transpose()?;
            let account = match (&parent, account) {
                (Some(parent), _) => parent.account,
                (None, account) => {
                    accounts::find(gardener.tx, account.as_deref().unwrap_or_default())?.id
                }
            };
            gardener.make(id, account, kind, &name, parent.as_ref())
        }
        TreeCall::Move { node, under } => {
            let stored = find(gardener, &node)?;
            let parent = under.map(|under| find(gardener, &under)).transpose()?;
            gardener.shift(&stored, parent.as_ref())
        }
        TreeCall::Rename { node, name } => gardener.rename(&find(gardener, &node)?, &name),
        TreeCall::Close { node } => gardener.close(&find(gardener, &node)?),
        TreeCall::Budget {
            centre,
            month,
            quarter,
            year,
        } => {
            let stored = find(gardener, &centre)?;
            let budgets = Budgets {
                month: budget(month, stored.node.budgets.month),
                quarter: budget(quarter, stored.node.budgets.quarter),
                year: budget(year, stored.node.budgets.year),
            };
            gardener.budget(&stored, budgets)
        }
        TreeCall::Surcharge {
            centre,
            basis_points,
            fixed,
            from,
        } => {
            let stored = find(gardener, &centre)?;
            let this_month = Month::of(shared::clock::civil_date(gardener.now));
            let surcharge = Surcharge {
                basis_points,
                fixed,
            };
            gardener.surcharge(&stored, from.unwrap_or(this_month), surcharge)
        }
        TreeCall::List { account } | TreeCall::Overrides { account } => {
            Err(TreeError::Unknown { asked: account })
        }
    }
}

fn budget(new: Option<NewBudget>, old: Option<Mills>) -> Option<Mills> {
    match new {
        None => old,
        Some(NewBudget::None) => None,
        Some(NewBudget::Amount(amount)) => Some(amount),
    }
}

/// A node by number or name, or the node of a station by the station's numbers.
fn find(gardener: &Gardener<'_, '_>, asked: &str) -> Result<StoredNode, TreeError> {
    match tree::find(gardener.tx, asked) {
        Err(TreeError::Unknown { asked }) => match stations::find(gardener.tx, &asked) {
            Ok(station) => gardener.station(&station),
            Err(stations::StationError::Db(fault)) => Err(fault.into()),
            Err(_) => Err(TreeError::Unknown { asked }),
        },
        found => found,
    }
}

fn view(tx: &Tx<'_>, stored: StoredNode, now: UnixSeconds) -> Result<NodeView, TreeError> {
    let month = Month::of(shared::clock::civil_date(now));
    let surcharge = tree::surcharge_in(tx, stored.node.id, month)?;
    Ok(NodeView {
        node: stored.node.id,
        account: stored.account,
        kind: stored.node.kind,
        path: tree::path(tx, &stored.node)?,
        name: stored.node.name,
        closed: stored.node.closed,
        budgets: stored.node.budgets,
        surcharge_basis_points: surcharge.basis_points,
        surcharge_fixed: surcharge.fixed,
    })
}

fn overrides(tx: &Tx<'_>, account: AccountId) -> Result<Vec<OverrideView>, TreeError> {
    usage::overrides(tx, account)?
        .into_iter()
        .map(|(station, one)| {
            let node = one.centre.parse().ok();
            let node = node.map(|id| tree::by_id(tx, id)).transpose()?.flatten();
            Ok(OverrideView {
                station,
                counter: one.counter,
                centre: node.map_or(one.centre, |stored| stored.node.name),
                user: one.user,
                reason: one.reason,
                over: one.over,
                at: one.at,
            })
        })
        .collect()
}

impl fmt::Display for NodeView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let closed = if self.closed { ", closed" } else { "" };
        write!(
            f,
            "{}  {}\n    {}{closed}",
            self.node,
            self.path.join(" / "),
            self.kind.word()
        )?;
        for period in Period::ALL {
            if let Some(budget) = self.budgets.of(period) {
                write!(f, ", {budget} a {}", period.word())?;
            }
        }
        if self.surcharge_basis_points > 0 || !self.surcharge_fixed.is_zero() {
            let (whole, rest) = (
                self.surcharge_basis_points / 100,
                self.surcharge_basis_points % 100,
            );
            write!(
                f,
                ", surcharge {whole}.{rest:02} % and {} a piece",
                self.surcharge_fixed
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for OverrideView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}  piece {} for {}: {} over by {} ({})",
            super::view::time(self.at),
            self.counter,
            self.centre,
            self.user,
            self.over,
            self.reason
        )
    }
}

impl From<TreeError> for AdminRefusal {
    fn from(error: TreeError) -> Self {
        let refused = |code: &str, error: &TreeError, hint: &str| {
            Self::of(Ending::Refused, code, error, hint)
        };
        match error {
            TreeError::Unknown { .. } => refused(
                "unknown_node",
                &error,
                "`tree list ACCOUNT` shows names and numbers.",
            ),
            TreeError::Ambiguous { .. } => refused(
                "ambiguous_node",
                &error,
                "Give its number; `tree list ACCOUNT` shows it.",
            ),
            TreeError::NameTaken { .. } => refused("name_taken", &error, "Choose another name."),
            TreeError::WrongPlace { .. } => refused(
                "wrong_place",
                &error,
                "Nothing was changed. Offices hold departments and stations; all of them hold \
                 cost centres; a cost centre holds nothing.",
            ),
            TreeError::Closed { .. } => refused("node_closed", &error, "Nothing was changed."),
            TreeError::NotEmpty { .. } => refused(
                "node_not_empty",
                &error,
                "Nothing was changed. Close or move them first.",
            ),
            TreeError::NotACostCentre { .. } => {
                refused("not_a_cost_centre", &error, "Nothing was changed.")
            }
            TreeError::PastMonth { .. } => refused(
                "past_month",
                &error,
                "Nothing was changed. Statements of past months stay as they are.",
            ),
            TreeError::TooLarge => refused("tree_too_large", &error, "Nothing was changed."),
            TreeError::BadName | TreeError::SurchargeTooLarge => {
                Self::of(Ending::Usage, "usage", &error, "Correct it.")
            }
            TreeError::Ledger(error) => error.into(),
            TreeError::Db(fault) => fault.into(),
        }
    }
}
