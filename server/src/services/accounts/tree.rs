//! The tree of an account: organisation (the account itself), offices, departments, stations, cost
//! centres. Nodes are made, moved, renamed and closed, never removed, and every change is a record
//! of the journal.

use minicbor::Encode;
use shared::clock::UnixSeconds;
use shared::ids::{AccountId, NodeId};
use shared::money::Mills;
use shared::services::ServiceId;
use shared::services::accounts::{Budgets, MAX_NAME_CHARS, Month, Node, NodeKind};
use shared::wire::to_cbor;

use crate::db::{Concerned, DbError, Row, Tx};
use crate::ledger::{Ledger, LedgerError, RecordKind};
use crate::params;
use crate::stations::Station;

/// The most nodes of one account: a national post's offices and counters.
const NODES_MAX: i64 = 20_000;

/// The deepest a node may lie; also ends a walk up a damaged tree.
const DEPTH_MAX: u32 = 32;

/// The most a surcharge adds: ten times the postage, in hundredths of a per cent.
pub const MAX_BASIS_POINTS: u32 = 100_000;

/// Who changes the tree, in the journal.
const ADMIN: &str = "admin";

/// Why the tree was not changed.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// No node has that number or name.
    #[error("there is no node {asked:?}")]
    Unknown {
        /// What was asked for.
        asked: String,
    },
    /// Several nodes have that name.
    #[error("{count} nodes are called {asked:?}")]
    Ambiguous {
        /// What was asked for.
        asked: String,
        /// How many there are.
        count: usize,
    },
    /// The name is empty or longer than a screen shows.
    #[error("a name has 1 to {MAX_NAME_CHARS} characters and is no number of a node")]
    BadName,
    /// An open cost centre of the account has that name.
    #[error("the account has an open cost centre {name:?} already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Such a node does not lie there.
    #[error("a {} cannot lie below {parent}", kind.word())]
    WrongPlace {
        /// What was to lie there.
        kind: NodeKind,
        /// What it was to lie below.
        parent: String,
    },
    /// The node is closed.
    #[error("{name:?} is closed")]
    Closed {
        /// Its name.
        name: String,
    },
    /// Open nodes lie below the one to be closed.
    #[error("{count} open nodes lie below {name:?}")]
    NotEmpty {
        /// Its name.
        name: String,
        /// How many.
        count: u64,
    },
    /// Only cost centres have budgets and surcharges.
    #[error("{name:?} is a {} and no cost centre", kind.word())]
    NotACostCentre {
        /// Its name.
        name: String,
        /// What it is.
        kind: NodeKind,
    },
    /// Statements of past months are not changed.
    #[error("a surcharge cannot begin in {month}, which is over")]
    PastMonth {
        /// The month.
        month: Month,
    },
    /// The surcharge is larger than any.
    #[error("a surcharge is at most ten times the postage")]
    SurchargeTooLarge,
    /// The tree is as large as it may be.
    #[error("an account has at most {NODES_MAX} nodes, {DEPTH_MAX} deep")]
    TooLarge,
    /// The book failed, or does not know the account.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A node with whose it is and its place in the account's changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredNode {
    /// The node.
    pub node: Node,
    /// The account it belongs to.
    pub account: AccountId,
    /// The account's version that its last change made.
    pub version: u64,
}

/// What is added to the postage of a cost centre.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surcharge {
    /// Hundredths of a per cent of the postage.
    pub basis_points: u32,
    /// For each piece, mills.
    pub fixed: Mills,
}

impl Surcharge {
    /// What is added to `postage` of so many pieces; half a mill counts as one. Beyond what a
    /// register holds it is nothing.
    #[must_use]
    pub fn on(&self, pieces: u64, postage: Mills) -> Option<Mills> {
        let shares = u128::from(postage.mills()) * u128::from(self.basis_points);
        let share = u64::try_from((shares + 5_000) / 10_000).ok()?;
        let fixed = self.fixed.times(pieces).ok()?;
        Mills::new(share).ok()?.plus(fixed).ok()
    }
}

/// The body of a journal record of kind [`RecordKind::Account`].
#[derive(Encode)]
#[cbor(array)]
struct NodeChange<'a> {
    #[n(0)]
    change: &'a str,
    #[n(1)]
    account: AccountId,
    #[n(2)]
    node: &'a Node,
    #[n(3)]
    amounts: Vec<u64>,
}

/// Changes the tree of accounts inside one transaction.
#[derive(Debug)]
pub struct Gardener<'a, 'tx> {
    /// The transaction.
    pub tx: &'a Tx<'tx>,
    /// The book that takes down each change.
    pub book: &'a Ledger,
    /// When.
    pub now: UnixSeconds,
}

impl Gardener<'_, '_> {
    /// Makes a node; the id is chosen by the asker.
    ///
    /// # Errors
    /// [`TreeError`]; nothing is written then.
    pub fn make(
        &self,
        id: NodeId,
        account: AccountId,
        kind: NodeKind,
        name: &str,
        parent: Option<&StoredNode>,
    ) -> Result<StoredNode, TreeError> {
        let name = checked_name(name)?;
        self.check_place(account, kind, parent)?;
        if kind == NodeKind::CostCentre {
            self.check_free(account, &name)?;
        }
        let count: Option<i64> = self.tx.row(
            "SELECT count(*) FROM account_node WHERE account = ?1",
            params![&account],
            |row| row.column(0),
        )?;
        if count.unwrap_or(0) >= NODES_MAX {
            return Err(TreeError::TooLarge);
        }
        let node = Node {
            id,
            parent: parent.map(|parent| parent.node.id),
            kind,
            name,
            closed: false,
            budgets: Budgets::default(),
        };
        self.put(account, node, "made", Vec::new())
    }

    /// Makes the node of a station that has none, directly below the organisation.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn station(&self, station: &Station) -> Result<StoredNode, TreeError> {
        let id = NodeId::from_bytes(*station.id.bytes());
        if let Some(stored) = by_id(self.tx, id)? {
            return Ok(stored);
        }
        let name = station.psd.to_string();
        self.make(id, station.account, NodeKind::Station, &name, None)
    }

    /// Moves a node, with all that lies below it.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn shift(
        &self,
        stored: &StoredNode,
        parent: Option<&StoredNode>,
    ) -> Result<StoredNode, TreeError> {
        self.check_place(stored.account, stored.node.kind, parent)?;
        let mut above = parent.map(|parent| parent.node.id);
        for _ in 0..DEPTH_MAX {
            match above {
                None => break,
                Some(id) if id == stored.node.id => return Err(wrong_place(stored, parent)),
                Some(id) => above = by_id(self.tx, id)?.and_then(|node| node.node.parent),
            }
        }
        let node = Node {
            parent: parent.map(|parent| parent.node.id),
            ..stored.node.clone()
        };
        self.put(stored.account, node, "moved", Vec::new())
    }

    /// Gives a node another name. Pieces printed under the old one stay booked on it.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn rename(&self, stored: &StoredNode, name: &str) -> Result<StoredNode, TreeError> {
        let name = checked_name(name)?;
        let same = name.to_lowercase() == stored.node.name.to_lowercase();
        if stored.node.kind == NodeKind::CostCentre && !stored.node.closed && !same {
            self.check_free(stored.account, &name)?;
        }
        let node = Node {
            name,
            ..stored.node.clone()
        };
        self.put(stored.account, node, "renamed", Vec::new())
    }

    /// Closes a node: nothing is booked on it and nothing placed below it any more. What was
    /// booked stays on the statements.
    ///
    /// # Errors
    /// [`TreeError::NotEmpty`] while open nodes lie below it.
    pub fn close(&self, stored: &StoredNode) -> Result<StoredNode, TreeError> {
        let open: Option<u64> = self.tx.row(
            "SELECT count(*) FROM account_node WHERE parent = ?1 AND closed = 0",
            params![&stored.node.id],
            |row| row.column(0),
        )?;
        let count = open.unwrap_or(0);
        if count > 0 {
            let name = stored.node.name.clone();
            return Err(TreeError::NotEmpty { name, count });
        }
        let node = Node {
            closed: true,
            ..stored.node.clone()
        };
        self.put(stored.account, node, "closed", Vec::new())
    }

    /// Sets what may be spent on a cost centre.
    ///
    /// # Errors
    /// [`TreeError::NotACostCentre`], [`TreeError::Closed`].
    pub fn budget(&self, stored: &StoredNode, budgets: Budgets) -> Result<StoredNode, TreeError> {
        check_open_centre(stored)?;
        let node = Node {
            budgets,
            ..stored.node.clone()
        };
        self.put(stored.account, node, "budget", Vec::new())
    }

    /// Sets what is added to the postage of a cost centre from a month on. Months that are over
    /// keep what they had.
    ///
    /// # Errors
    /// [`TreeError::NotACostCentre`], [`TreeError::PastMonth`], [`TreeError::SurchargeTooLarge`].
    pub fn surcharge(
        &self,
        stored: &StoredNode,
        month: Month,
        surcharge: Surcharge,
    ) -> Result<StoredNode, TreeError> {
        check_open_centre(stored)?;
        if month < Month::of(shared::clock::civil_date(self.now)) {
            return Err(TreeError::PastMonth { month });
        }
        if surcharge.basis_points > MAX_BASIS_POINTS {
            return Err(TreeError::SurchargeTooLarge);
        }
        self.tx.execute(
            "INSERT INTO surcharge (node, first_month, basis_points, fixed, created)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (node, first_month) DO UPDATE SET basis_points = excluded.basis_points,
                fixed = excluded.fixed, created = excluded.created",
            params![
                &stored.node.id,
                month.number(),
                surcharge.basis_points,
                surcharge.fixed,
                self.now,
            ],
        )?;
        let amounts = vec![
            u64::from(month.number()),
            u64::from(surcharge.basis_points),
            surcharge.fixed.mills(),
        ];
        self.put(stored.account, stored.node.clone(), "surcharge", amounts)
    }

    /// Writes a node, its version and its journal record.
    fn put(
        &self,
        account: AccountId,
        node: Node,
        change: &str,
        amounts: Vec<u64>,
    ) -> Result<StoredNode, TreeError> {
        let version = next_version(self.tx, account)?;
        self.tx
            .concerns(Concerned::Account(account), ServiceId::Accounts);
        self.tx.execute(
            "INSERT INTO account_node (id, account, parent, kind, name, closed, budget_month,
                budget_quarter, budget_year, version, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (id) DO UPDATE SET parent = excluded.parent, name = excluded.name,
                closed = excluded.closed, budget_month = excluded.budget_month,
                budget_quarter = excluded.budget_quarter, budget_year = excluded.budget_year,
                version = excluded.version",
            params![
                &node.id,
                &account,
                node.parent.as_ref(),
                u32::from(node.kind.number()),
                &node.name,
                node.closed,
                node.budgets.month,
                node.budgets.quarter,
                node.budgets.year,
                i64::try_from(version).unwrap_or(i64::MAX),
                self.now,
            ],
        )?;
        let body = to_cbor(&NodeChange {
            change,
            account,
            node: &node,
            amounts,
        });
        self.book
            .append(self.tx, RecordKind::Account, body, ADMIN, self.now)?;
        Ok(StoredNode {
            node,
            account,
            version,
        })
    }

    fn check_place(
        &self,
        account: AccountId,
        kind: NodeKind,
        parent: Option<&StoredNode>,
    ) -> Result<(), TreeError> {
        let Some(parent) = parent else {
            return Ok(());
        };
        if parent.node.closed {
            let name = parent.node.name.clone();
            return Err(TreeError::Closed { name });
        }
        if parent.account != account || !kind.lies_below(Some(parent.node.kind)) {
            let parent = format!("the {} {:?}", parent.node.kind.word(), parent.node.name);
            return Err(TreeError::WrongPlace { kind, parent });
        }
        if path(self.tx, &parent.node)?.len() >= usize::try_from(DEPTH_MAX).unwrap_or(0) {
            return Err(TreeError::TooLarge);
        }
        Ok(())
    }

    /// A clerk names a cost centre by its name: no two open ones of an account have the same.
    fn check_free(&self, account: AccountId, name: &str) -> Result<(), TreeError> {
        let wanted = name.to_lowercase();
        let taken = open_centres(self.tx, account)?
            .iter()
            .any(|node| node.name.to_lowercase() == wanted);
        if taken {
            let name = name.to_owned();
            return Err(TreeError::NameTaken { name });
        }
        Ok(())
    }
}

fn wrong_place(stored: &StoredNode, parent: Option<&StoredNode>) -> TreeError {
    let parent = parent.map_or_else(String::new, |parent| {
        format!("{:?}, which lies below it", parent.node.name)
    });
    TreeError::WrongPlace {
        kind: stored.node.kind,
        parent,
    }
}

fn check_open_centre(stored: &StoredNode) -> Result<(), TreeError> {
    let name = || stored.node.name.clone();
    if stored.node.kind != NodeKind::CostCentre {
        let kind = stored.node.kind;
        return Err(TreeError::NotACostCentre { name: name(), kind });
    }
    if stored.node.closed {
        return Err(TreeError::Closed { name: name() });
    }
    Ok(())
}

/// Trimmed and bounded. A name that reads as a number of a node would hide that node.
fn checked_name(name: &str) -> Result<String, TreeError> {
    let name = name.trim();
    let length = name.chars().count();
    let plain = !name.chars().any(char::is_control);
    if length == 0 || length > MAX_NAME_CHARS || !plain || name.parse::<NodeId>().is_ok() {
        return Err(TreeError::BadName);
    }
    Ok(name.to_owned())
}

/// The account's next version.
pub(super) fn next_version(tx: &Tx<'_>, account: AccountId) -> Result<u64, DbError> {
    tx.execute(
        "INSERT INTO account_version (account, value) VALUES (?1, 1)
         ON CONFLICT (account) DO UPDATE SET value = value + 1",
        params![&account],
    )?;
    version(tx, account)
}

/// Whether any cost centre of the account has a budget.
///
/// # Errors
/// [`DbError`].
pub(super) fn has_budgets(tx: &Tx<'_>, account: AccountId) -> Result<bool, DbError> {
    let found: Option<i64> = tx.row(
        "SELECT 1 FROM account_node WHERE account = ?1 AND (budget_month IS NOT NULL
            OR budget_quarter IS NOT NULL OR budget_year IS NOT NULL) LIMIT 1",
        params![&account],
        |row| row.column(0),
    )?;
    Ok(found.is_some())
}

/// The account's version; 0 before anything was changed.
///
/// # Errors
/// [`DbError`].
pub fn version(tx: &Tx<'_>, account: AccountId) -> Result<u64, DbError> {
    let value: Option<u64> = tx.row(
        "SELECT value FROM account_version WHERE account = ?1",
        params![&account],
        |row| row.column(0),
    )?;
    Ok(value.unwrap_or(0))
}

const COLUMNS: &str = "id, account, parent, kind, name, closed, budget_month, budget_quarter, \
                       budget_year, version";

fn read(row: &Row<'_>) -> Result<StoredNode, DbError> {
    let kind: u32 = row.column(3)?;
    let kind = u8::try_from(kind).ok().and_then(NodeKind::from_number);
    Ok(StoredNode {
        node: Node {
            id: row.column(0)?,
            parent: row.column(2)?,
            kind: kind.ok_or_else(|| row.misfit(3))?,
            name: row.column(4)?,
            closed: row.column(5)?,
            budgets: Budgets {
                month: row.column(6)?,
                quarter: row.column(7)?,
                year: row.column(8)?,
            },
        },
        account: row.column(1)?,
        version: row.column(9)?,
    })
}

/// The node with this number.
///
/// # Errors
/// [`DbError`].
pub fn by_id(tx: &Tx<'_>, id: NodeId) -> Result<Option<StoredNode>, DbError> {
    tx.row(
        &format!("SELECT {COLUMNS} FROM account_node WHERE id = ?1"),
        params![&id],
        read,
    )
}

/// The node with this number or, when it is no number, the only one with this name.
///
/// # Errors
/// [`TreeError::Unknown`], [`TreeError::Ambiguous`], [`TreeError::Db`].
pub fn find(tx: &Tx<'_>, asked: &str) -> Result<StoredNode, TreeError> {
    let unknown = || TreeError::Unknown {
        asked: asked.to_owned(),
    };
    if let Ok(id) = asked.parse::<NodeId>() {
        return by_id(tx, id)?.ok_or_else(unknown);
    }
    let mut found = tx.rows(
        &format!("SELECT {COLUMNS} FROM account_node WHERE name = ?1 ORDER BY closed, id LIMIT 64"),
        params![asked],
        read,
    )?;
    // A closed node does not stand in the way of an open one of its name.
    if found.iter().any(|stored| !stored.node.closed) {
        found.retain(|stored| !stored.node.closed);
    }
    match found.len() {
        0 => Err(unknown()),
        1 => found.pop().ok_or_else(unknown),
        count => Err(TreeError::Ambiguous {
            asked: asked.to_owned(),
            count,
        }),
    }
}

/// All nodes of an account, oldest first.
///
/// # Errors
/// [`DbError`].
pub fn list(tx: &Tx<'_>, account: AccountId) -> Result<Vec<StoredNode>, DbError> {
    tx.rows(
        &format!(
            "SELECT {COLUMNS} FROM account_node WHERE account = ?1 ORDER BY created, id LIMIT ?2"
        ),
        params![&account, NODES_MAX],
        read,
    )
}

/// The nodes of an account that changed after `known`, in the order of their changes.
///
/// # Errors
/// [`DbError`].
pub fn changed(
    tx: &Tx<'_>,
    account: AccountId,
    known: u64,
    limit: u32,
) -> Result<Vec<StoredNode>, DbError> {
    tx.rows(
        &format!(
            "SELECT {COLUMNS} FROM account_node WHERE account = ?1 AND version > ?2
             ORDER BY version LIMIT ?3"
        ),
        params![&account, i64::try_from(known).unwrap_or(i64::MAX), limit],
        read,
    )
}

fn open_centres(tx: &Tx<'_>, account: AccountId) -> Result<Vec<Node>, DbError> {
    let nodes = tx.rows(
        &format!(
            "SELECT {COLUMNS} FROM account_node
             WHERE account = ?1 AND kind = ?2 AND closed = 0 LIMIT ?3"
        ),
        params![
            &account,
            u32::from(NodeKind::CostCentre.number()),
            NODES_MAX
        ],
        read,
    )?;
    Ok(nodes.into_iter().map(|stored| stored.node).collect())
}

/// The names from the organisation's first level down to the node.
///
/// # Errors
/// [`DbError`].
pub fn path(tx: &Tx<'_>, node: &Node) -> Result<Vec<String>, DbError> {
    let mut names = vec![node.name.clone()];
    let mut above = node.parent;
    while let Some(id) = above {
        if names.len() > usize::try_from(DEPTH_MAX).unwrap_or(0) {
            break;
        }
        let parent = by_id(tx, id)?;
        above = parent.as_ref().and_then(|parent| parent.node.parent);
        names.extend(parent.map(|parent| parent.node.name));
    }
    names.reverse();
    Ok(names)
}

/// What is added to the postage of a cost centre in a month.
///
/// # Errors
/// [`DbError`].
pub fn surcharge_in(tx: &Tx<'_>, node: NodeId, month: Month) -> Result<Surcharge, DbError> {
    let found = tx.row(
        "SELECT basis_points, fixed FROM surcharge WHERE node = ?1 AND first_month <= ?2
         ORDER BY first_month DESC LIMIT 1",
        params![&node, month.number()],
        |row| {
            Ok(Surcharge {
                basis_points: row.column(0)?,
                fixed: row.column(1)?,
            })
        },
    )?;
    Ok(found.unwrap_or_default())
}
