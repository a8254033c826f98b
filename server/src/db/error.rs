//! What can go wrong in the database, by what the caller can do about it.

/// A fault of the database; `name` is the name of the transaction that met it.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The queue of waiting transactions is full, or the file is held by another process. Nothing
    /// was written; asking again later may succeed.
    #[error("the database is too busy for `{name}`")]
    Busy {
        /// The transaction.
        name: &'static str,
    },
    /// The disk is full. Nothing was written.
    #[error("the disk is full: `{name}` was not written")]
    DiskFull {
        /// The transaction.
        name: &'static str,
    },
    /// The file is damaged or is no database of this product.
    #[error("the database is damaged: `{name}` cannot read it")]
    Corrupt {
        /// The transaction.
        name: &'static str,
        /// What the engine found.
        #[source]
        source: Option<rusqlite::Error>,
    },
    /// The schema forbids the change: a unique key, a check or an append-only table.
    #[error("the database forbids what `{name}` wants to write")]
    Forbidden {
        /// The transaction.
        name: &'static str,
        /// What the engine found.
        #[source]
        source: rusqlite::Error,
    },
    /// A stored value has another type or size than the reader expects.
    #[error("column {column} read by `{name}` does not hold what it should")]
    Column {
        /// The transaction.
        name: &'static str,
        /// The column's place in the row, from 0.
        column: usize,
    },
    /// The transaction's closure panicked; it was rolled back.
    #[error("`{name}` broke off and was rolled back")]
    BrokeOff {
        /// The transaction.
        name: &'static str,
    },
    /// The database threads have ended.
    #[error("the database is closed: `{name}` was not run")]
    Closed {
        /// The transaction.
        name: &'static str,
    },
    /// The file cannot be made or opened.
    #[error("cannot open the database {}", path.display())]
    Unreachable {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The schema in the file is not one this program made or knows.
    #[error("migration {number} of the database is unknown to this program or was changed")]
    Migration {
        /// The migration's number.
        number: i64,
    },
    /// Any other answer of the engine: a mistake in a statement or an input/output error.
    #[error("the database cannot carry out `{name}`")]
    Engine {
        /// The transaction.
        name: &'static str,
        /// What the engine found.
        #[source]
        source: rusqlite::Error,
    },
}

impl DbError {
    /// Sorts an engine error of transaction `name` into its class.
    #[must_use]
    pub fn from_engine(name: &'static str, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let Some(code) = source.sqlite_error_code() else {
            return Self::Engine { name, source };
        };
        if matches!(code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) {
            Self::Busy { name }
        } else if code == ErrorCode::DiskFull {
            Self::DiskFull { name }
        } else if matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) {
            Self::Corrupt {
                name,
                source: Some(source),
            }
        } else if code == ErrorCode::ConstraintViolation {
            Self::Forbidden { name, source }
        } else {
            Self::Engine { name, source }
        }
    }

    /// The same class again for another transaction of the same batch.
    pub(super) const fn for_batch_mate(&self, name: &'static str) -> Self {
        match self {
            Self::DiskFull { .. } => Self::DiskFull { name },
            Self::Corrupt { .. } => Self::Corrupt { name, source: None },
            Self::Closed { .. } => Self::Closed { name },
            Self::Busy { .. }
            | Self::Forbidden { .. }
            | Self::Column { .. }
            | Self::BrokeOff { .. }
            | Self::Migration { .. }
            | Self::Unreachable { .. }
            | Self::Engine { .. } => Self::Busy { name },
        }
    }
}
