//! Parameters and columns in the product's own types, so that no statement names an engine.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use shared::clock::UnixSeconds;
use shared::ids::{AccountId, DataCenterId, NodeId, RefillId, StationId, VaultId};
use shared::money::Mills;

use super::DbError;

/// One parameter of a statement.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// A BIGINT.
    Integer(i64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(integer),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl From<i64> for Value<'_> {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<u32> for Value<'_> {
    fn from(integer: u32) -> Self {
        Self::Integer(i64::from(integer))
    }
}

impl From<bool> for Value<'_> {
    fn from(yes: bool) -> Self {
        Self::Integer(i64::from(yes))
    }
}

impl From<UnixSeconds> for Value<'_> {
    fn from(instant: UnixSeconds) -> Self {
        Self::Integer(instant.0)
    }
}

impl From<Mills> for Value<'_> {
    fn from(amount: Mills) -> Self {
        Self::Integer(i64::try_from(amount.mills()).expect("an amount has at most 40 bits"))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, T> From<Option<T>> for Value<'a>
where
    Self: From<T>,
{
    fn from(option: Option<T>) -> Self {
        option.map_or(Self::Null, Self::from)
    }
}

/// Makes the parameter list of a statement: `params![id.bytes(), now, "text"]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::db::Value::from($value)),*][..]
    };
}

/// One row of an answer.
#[derive(Debug)]
pub struct Row<'a> {
    pub(super) name: &'static str,
    pub(super) row: &'a rusqlite::Row<'a>,
}

impl Row<'_> {
    /// The value in column `column`, counted from 0.
    ///
    /// # Errors
    /// [`DbError::Column`] when the stored value does not fit the type.
    pub fn column<T: Column>(&self, column: usize) -> Result<T, DbError> {
        self.row
            .get_ref(column)
            .ok()
            .and_then(T::read)
            .ok_or_else(|| self.misfit(column))
    }

    /// The fault for a value that has the right type and makes no sense.
    #[must_use]
    pub const fn misfit(&self, column: usize) -> DbError {
        DbError::Column {
            name: self.name,
            column,
        }
    }
}

/// A type that a column can be read as.
pub trait Column: Sized {
    /// Reads the engine's value; nothing when type or size do not fit.
    fn read(value: ValueRef<'_>) -> Option<Self>;
}

impl Column for i64 {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        value.as_i64().ok()
    }
}

impl Column for u64 {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        Self::try_from(value.as_i64().ok()?).ok()
    }
}

impl Column for u32 {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        Self::try_from(value.as_i64().ok()?).ok()
    }
}

impl Column for bool {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        match value.as_i64().ok()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Column for String {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        value.as_str().ok().map(str::to_owned)
    }
}

impl Column for Vec<u8> {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        value.as_blob().ok().map(<[u8]>::to_vec)
    }
}

impl<const N: usize> Column for [u8; N] {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        value.as_blob().ok()?.try_into().ok()
    }
}

impl Column for UnixSeconds {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        value.as_i64().ok().map(Self)
    }
}

impl Column for Mills {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        Self::new(u64::read(value)?).ok()
    }
}

impl<T: Column> Column for Option<T> {
    fn read(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Null => Some(None),
            ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => {
                T::read(value).map(Some)
            }
        }
    }
}

/// Stores identities as their 16 bytes.
macro_rules! ids_as_bytes {
    ($($id:ty),+) => {$(
        impl<'a> From<&'a $id> for Value<'a> {
            fn from(id: &'a $id) -> Self {
                Self::Bytes(id.bytes())
            }
        }

        impl Column for $id {
            fn read(value: ValueRef<'_>) -> Option<Self> {
                <[u8; 16]>::read(value).map(Self::from_bytes)
            }
        }
    )+};
}

ids_as_bytes!(
    AccountId,
    DataCenterId,
    NodeId,
    RefillId,
    StationId,
    VaultId
);
