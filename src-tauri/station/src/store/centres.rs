//! Cost centres: what the account has, what was spent on them, and the budgets that stop a piece.
//!
//! A piece is booked on its cost centre in the transaction of its debit, and its budget is checked
//! there too: a crash leaves both or neither.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::clock::UnixSeconds;
use shared::ids::NodeId;
use shared::money::Mills;
use shared::services::accounts::{BudgetSpent, Budgets, Month, Node, NodeKind, Override, Usage};

use super::{Store, StoreFault, Tx, from_sql, query, to_sql};

/// The most cost centres one list shows.
const CENTRES_MAX: u32 = 20_000;

/// What a piece is booked on, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// Who prints it, in the journal.
    pub user: String,
    /// The key of the cost centre; empty for none.
    pub centre: String,
    /// What people call the cost centre; empty for none.
    pub name: String,
    /// The month it is booked in, by the station's own calendar.
    pub month: Month,
    /// What may be spent on the cost centre.
    pub budgets: Budgets,
    /// Why a supervisor lets it pass a spent budget.
    pub override_reason: Option<String>,
}

/// What pieces of one transaction spend on a cost centre in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spending {
    /// The key of the cost centre; empty for none.
    pub centre: String,
    /// The month they are booked in.
    pub month: Month,
    /// How many they are.
    pub pieces: u64,
    /// Their postage.
    pub postage: Mills,
    /// The journal number of the last of them.
    pub changed: u64,
}

impl Spending {
    /// Adds a piece; `false` when it belongs to another sum.
    #[must_use]
    pub fn add(&mut self, booking: &Booking, postage: Mills, sequence: u64) -> bool {
        if self.centre != booking.centre || self.month != booking.month {
            return false;
        }
        let Ok(sum) = self.postage.plus(postage) else {
            return false;
        };
        self.postage = sum;
        self.pieces = self.pieces.saturating_add(1);
        self.changed = sequence;
        true
    }
}

/// A sum that the data center was not told yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreported {
    /// The sum.
    pub usage: Usage,
    /// The journal number of its last change.
    pub changed: u64,
}

/// The columns of a node.
const NODE: &str = "id, parent, kind, name, closed, budget_month, budget_quarter, budget_year";

impl Store {
    /// The cost centres of the account, open and closed, by name.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn cost_centres(&self) -> Result<Vec<Node>, StoreFault> {
        let what = "reading the cost centres";
        let kind = NodeKind::CostCentre.number();
        let rows: Vec<Result<Node, StoreFault>> = self
            .db
            .prepare_cached(&format!(
                "SELECT {NODE} FROM account_nodes WHERE kind = ?1 ORDER BY name, id LIMIT ?2"
            ))
            .and_then(|mut statement| {
                statement
                    .query_map(params![kind, CENTRES_MAX], |row| Ok(read_node(row)))?
                    .collect()
            })
            .map_err(query(what))?;
        rows.into_iter().collect()
    }

    /// What the account's stations are known to have spent on a cost centre from one month to
    /// another, both included.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn spent(&self, centre: &str, first: Month, last: Month) -> Result<Mills, StoreFault> {
        spent(&self.db, centre, first, last)
    }

    /// Checks whether the budgets allow a piece of `postage`; `planned` is what is to be booked on
    /// the same cost centre before it.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn check_booking(
        &self,
        booking: &Booking,
        postage: Mills,
        planned: Mills,
    ) -> Result<Result<(), BudgetSpent>, StoreFault> {
        booking
            .budgets
            .check(booking.month, postage, |first, last| {
                let spent = spent(&self.db, &booking.centre, first, last)?;
                Ok(spent.plus(planned).unwrap_or(spent))
            })
    }

    /// Sums whose last change came after the journal number `after`, the oldest change first.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn unreported(&self, after: u64, limit: usize) -> Result<Vec<Unreported>, StoreFault> {
        let what = "reading what was spent";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<(String, u32, i64, i64, i64)> = self
            .db
            .prepare_cached(
                "SELECT centre, month, pieces, postage, changed FROM centre_spending
                 WHERE changed > ?1 ORDER BY changed, centre LIMIT ?2",
            )
            .and_then(|mut statement| {
                statement
                    .query_map(params![to_sql(after), limit], |row| {
                        Ok((
                            row.get(0)?,
                            row.get(1)?,
                            row.get(2)?,
                            row.get(3)?,
                            row.get(4)?,
                        ))
                    })?
                    .collect()
            })
            .map_err(query(what))?;
        rows.into_iter()
            .map(|(centre, month, pieces, postage, changed)| {
                Ok(Unreported {
                    usage: Usage {
                        centre,
                        month: Month::from_number(month)
                            .map_err(|_| StoreFault::Damaged { what })?,
                        pieces: from_sql(pieces, what)?,
                        postage: mills(postage, what)?,
                    },
                    changed: from_sql(changed, what)?,
                })
            })
            .collect()
    }

    /// Pieces and postage booked in all: the piece count and the ascending register.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn booked(&self) -> Result<(u64, Mills), StoreFault> {
        let what = "adding up what was spent";
        let (pieces, postage): (i64, i64) = self
            .db
            .query_row(
                "SELECT coalesce(sum(pieces), 0), coalesce(sum(postage), 0) FROM centre_spending",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .map_err(query(what))?;
        Ok((from_sql(pieces, what)?, mills(postage, what)?))
    }

    /// Overrides of pieces with a higher counter than `after`, by counter.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn overrides(&self, after: u32, limit: usize) -> Result<Vec<Override>, StoreFault> {
        let what = "reading the overrides of budgets";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<(Override, i64)> = self
            .db
            .prepare_cached(
                "SELECT counter, centre, user, reason, over, at FROM budget_overrides
                 WHERE counter > ?1 ORDER BY counter LIMIT ?2",
            )
            .and_then(|mut statement| {
                statement
                    .query_map(params![after, limit], |row| {
                        let one = Override {
                            counter: row.get(0)?,
                            centre: row.get(1)?,
                            user: row.get(2)?,
                            reason: row.get(3)?,
                            over: Mills::ZERO,
                            at: UnixSeconds(row.get(5)?),
                        };
                        Ok((one, row.get(4)?))
                    })?
                    .collect()
            })
            .map_err(query(what))?;
        rows.into_iter()
            .map(|(one, over)| {
                Ok(Override {
                    over: mills(over, what)?,
                    ..one
                })
            })
            .collect()
    }
}

impl Tx<'_> {
    /// Books a piece that this transaction debits on its cost centre, unless its budget is spent
    /// and nobody lets it pass.
    ///
    /// # Errors
    /// The faults of the database; the budget's refusal is the inner answer.
    pub fn book(
        &mut self,
        booking: &Booking,
        (counter, postage): (u32, Mills),
        (sequence, at): (u64, UnixSeconds),
    ) -> Result<Result<(), BudgetSpent>, StoreFault> {
        let checked = booking
            .budgets
            .check(booking.month, postage, |first, last| {
                spent(&self.sql, &booking.centre, first, last)
            })?;
        match (checked, &booking.override_reason) {
            (Ok(()), _) => {}
            (Err(spent), None) => return Ok(Err(spent)),
            (Err(spent), Some(reason)) => {
                self.add_override(booking, counter, reason, spent.over, at)?;
            }
        }
        self.book_sum(&Spending {
            centre: booking.centre.clone(),
            month: booking.month,
            pieces: 1,
            postage,
            changed: sequence,
        })?;
        Ok(Ok(()))
    }

    /// Books pieces that this transaction debits together on a cost centre without a budget.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn book_sum(&mut self, sum: &Spending) -> Result<(), StoreFault> {
        self.sql
            .prepare_cached(
                "INSERT INTO centre_spending (centre, month, pieces, postage, changed)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (centre, month) DO UPDATE SET pieces = pieces + excluded.pieces,
                    postage = postage + excluded.postage, changed = excluded.changed",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    sum.centre,
                    sum.month.number(),
                    to_sql(sum.pieces),
                    to_sql(sum.postage.mills()),
                    to_sql(sum.changed)
                ])
            })
            .map(drop)
            .map_err(query("booking pieces on their cost centre"))
    }

    fn add_override(
        &self,
        booking: &Booking,
        counter: u32,
        reason: &str,
        over: Mills,
        at: UnixSeconds,
    ) -> Result<(), StoreFault> {
        self.sql
            .prepare_cached(
                "INSERT INTO budget_overrides (counter, centre, user, reason, over, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    counter,
                    booking.centre,
                    booking.user,
                    reason,
                    to_sql(over.mills()),
                    at.0
                ])
            })
            .map(drop)
            .map_err(query("writing the override of a budget"))
    }

    /// Takes a node of the account's tree as the data center tells it.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn put_node(&mut self, node: &Node) -> Result<(), StoreFault> {
        let amount = |amount: Option<Mills>| amount.map(|amount| to_sql(amount.mills()));
        self.sql
            .prepare_cached(&format!(
                "INSERT INTO account_nodes ({NODE}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (id) DO UPDATE SET parent = excluded.parent, kind = excluded.kind,
                    name = excluded.name, closed = excluded.closed,
                    budget_month = excluded.budget_month,
                    budget_quarter = excluded.budget_quarter, budget_year = excluded.budget_year"
            ))
            .and_then(|mut statement| {
                statement.execute(params![
                    node.id.bytes(),
                    node.parent.as_ref().map(NodeId::bytes),
                    node.kind.number(),
                    node.name,
                    node.closed,
                    amount(node.budgets.month),
                    amount(node.budgets.quarter),
                    amount(node.budgets.year)
                ])
            })
            .map(drop)
            .map_err(query("writing a node of the account"))
    }

    /// Takes what the account's other stations have spent on a cost centre in a month.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn put_elsewhere(&mut self, usage: &Usage) -> Result<(), StoreFault> {
        self.sql
            .prepare_cached(
                "INSERT INTO spent_elsewhere (centre, month, postage) VALUES (?1, ?2, ?3)
                 ON CONFLICT (centre, month) DO UPDATE SET postage = excluded.postage",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    usage.centre,
                    usage.month.number(),
                    to_sql(usage.postage.mills())
                ])
            })
            .map(drop)
            .map_err(query("writing what other stations spent"))
    }

    /// Forgets what the data center told of the account; it tells everything anew.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn forget_account(&mut self) -> Result<(), StoreFault> {
        self.sql
            .execute_batch("DELETE FROM account_nodes; DELETE FROM spent_elsewhere;")
            .map_err(query("forgetting the account's tree"))
    }
}

/// What is known to be spent on a cost centre, here and elsewhere.
fn spent(db: &Connection, centre: &str, first: Month, last: Month) -> Result<Mills, StoreFault> {
    let what = "adding up what was spent on a cost centre";
    let sum: Option<i64> = db
        .prepare_cached(
            "SELECT (SELECT coalesce(sum(postage), 0) FROM centre_spending
                     WHERE centre = ?1 AND month BETWEEN ?2 AND ?3)
                  + (SELECT coalesce(sum(postage), 0) FROM spent_elsewhere
                     WHERE centre = ?1 AND month BETWEEN ?2 AND ?3)",
        )
        .and_then(|mut statement| {
            statement
                .query_row(params![centre, first.number(), last.number()], |row| {
                    row.get(0)
                })
                .optional()
        })
        .map_err(query(what))?;
    mills(sum.unwrap_or(0), what)
}

fn mills(amount: i64, what: &'static str) -> Result<Mills, StoreFault> {
    Mills::new(from_sql(amount, what)?).map_err(|_| StoreFault::Damaged { what })
}

fn read_node(row: &Row<'_>) -> Result<Node, StoreFault> {
    let what = "reading a node of the account";
    let damaged = || StoreFault::Damaged { what };
    let id = |column| -> Result<Option<NodeId>, StoreFault> {
        let bytes: Option<Vec<u8>> = row.get(column).map_err(query(what))?;
        bytes
            .map(|bytes| bytes.try_into().map(NodeId::from_bytes))
            .transpose()
            .map_err(|_| damaged())
    };
    let amount = |column| -> Result<Option<Mills>, StoreFault> {
        let amount: Option<i64> = row.get(column).map_err(query(what))?;
        amount.map(|amount| mills(amount, what)).transpose()
    };
    let kind: u8 = row.get(2).map_err(query(what))?;
    Ok(Node {
        id: id(0)?.ok_or_else(damaged)?,
        parent: id(1)?,
        kind: NodeKind::from_number(kind).ok_or_else(damaged)?,
        name: row.get(3).map_err(query(what))?,
        closed: row.get(4).map_err(query(what))?,
        budgets: Budgets {
            month: amount(5)?,
            quarter: amount(6)?,
            year: amount(7)?,
        },
    })
}
