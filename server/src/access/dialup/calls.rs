//! Calls that are over, as they are kept: who called which line, for how long, and how it ended.
//!
//! A call is written down when it ends, so that one in progress when the process is killed leaves no
//! trace; nothing else depends on these rows. A name that was given and not proved may be anybody's
//! and is not kept.

use shared::call::CallFault;
use shared::clock::{UnixSeconds, civil_date};
use shared::ppp::Failure;

use crate::db::{DbError, Row, Tx};
use crate::params;

/// How long calls are kept, seconds: 400 days, so that a month can be held against last year's.
const KEPT_SECONDS: i64 = 400 * DAY_SECONDS;
/// Calls that are kept at most: strangers can make many, and the oldest go first.
const KEPT_CALLS: i64 = 500_000;
const DAY_SECONDS: i64 = 86_400;
/// The columns, in the order that [`read`] wants.
const COLUMNS: &str =
    "line, began, seconds, caller, bits_per_second, received, sent, streams, ended, fault";

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// A caller that had proved its name was served, and either end said good-bye.
    Served,
    /// The line broke while a caller was served.
    Broken,
    /// The caller could not prove the name it gave.
    Refused,
    /// It came to nothing otherwise: silence, noise, no PPP.
    Failed,
}

impl Ended {
    /// All of them, in the order of their numbers.
    const ALL: [Self; 4] = [Self::Served, Self::Broken, Self::Refused, Self::Failed];

    /// How a call ended in which packets had passed, or had not.
    #[must_use]
    pub const fn of(was_up: bool, how: Result<(), CallFault>) -> Self {
        match how {
            Err(CallFault::Link(Failure::PasswordRefused | Failure::ProofUnanswered)) => {
                Self::Refused
            }
            Ok(()) | Err(CallFault::Link(Failure::EndedByPeer)) if was_up => Self::Served,
            Ok(()) | Err(_) if !was_up => Self::Failed,
            Ok(()) | Err(_) => Self::Broken,
        }
    }

    /// The end as it is shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Broken => "broken",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    const fn number(self) -> i64 {
        match self {
            Self::Served => 1,
            Self::Broken => 2,
            Self::Refused => 3,
            Self::Failed => 4,
        }
    }
}

/// A call that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallMade {
    /// The line's device.
    pub line: String,
    /// When the modems had found each other.
    pub began: UnixSeconds,
    /// How long it lasted since, in seconds.
    pub seconds: i64,
    /// The name that was proved.
    pub caller: Option<String>,
    /// What the modem said of the speed; 0 where it said nothing.
    pub bits_per_second: u32,
    /// Bytes of the wire from the caller.
    pub received: u64,
    /// Bytes of the wire to the caller.
    pub sent: u64,
    /// Streams to the services.
    pub streams: u64,
    /// How it ended.
    pub ended: Ended,
    /// Why, where it was not by wish; else empty.
    pub fault: String,
}

/// What calls are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The line.
    Line,
    /// The name that was proved.
    Caller,
    /// The day they began on, in UTC.
    Day,
}

/// Calls counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallsCounted {
    /// The line, the caller (nothing: nobody who proved a name), or the day, `2026-11-23`.
    pub of: Option<String>,
    /// How many calls.
    pub calls: u64,
    /// How many of them ended how, as [`Ended`] numbers them.
    pub served: u64,
    /// See [`Ended::Broken`].
    pub broken: u64,
    /// See [`Ended::Refused`].
    pub refused: u64,
    /// See [`Ended::Failed`].
    pub failed: u64,
    /// How long they lasted together, seconds.
    pub seconds: u64,
    /// Bytes of the wire from the callers.
    pub received: u64,
    /// Bytes of the wire to the callers.
    pub sent: u64,
}

/// Writes a call down under a number of its own.
///
/// # Errors
/// [`DbError`].
pub fn put(tx: &Tx<'_>, id: &[u8; 16], call: &CallMade) -> Result<(), DbError> {
    let bounded = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO telephone_call (id, line, began, seconds, caller, bits_per_second, received,
            sent, streams, ended, fault)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            id,
            &call.line,
            call.began,
            call.seconds,
            call.caller.as_ref(),
            call.bits_per_second,
            bounded(call.received),
            bounded(call.sent),
            bounded(call.streams),
            call.ended.number(),
            &call.fault
        ],
    )?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<CallMade, DbError> {
    let number: i64 = row.column(8)?;
    let ended = Ended::ALL
        .into_iter()
        .find(|ended| ended.number() == number);
    Ok(CallMade {
        line: row.column(0)?,
        began: row.column(1)?,
        seconds: row.column(2)?,
        caller: row.column(3)?,
        bits_per_second: row.column(4)?,
        received: row.column(5)?,
        sent: row.column(6)?,
        streams: row.column(7)?,
        ended: ended.ok_or_else(|| row.misfit(8))?,
        fault: row.column(9)?,
    })
}

/// The newest calls since then, the newest first; those of one caller where one is named.
///
/// # Errors
/// [`DbError`].
pub fn newest(
    tx: &Tx<'_>,
    since: UnixSeconds,
    caller: Option<&str>,
    most: u32,
) -> Result<Vec<CallMade>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM telephone_call
         WHERE began >= ?1 AND (?2 IS NULL OR caller = ?2)
         ORDER BY began DESC, id LIMIT ?3"
    );
    tx.rows(&sql, params![since, caller, most], read)
}

/// The calls since then, counted; at most so many rows, those with the most calls.
///
/// # Errors
/// [`DbError`].
pub fn counted(
    tx: &Tx<'_>,
    since: UnixSeconds,
    by: By,
    most: u32,
) -> Result<Vec<CallsCounted>, DbError> {
    let of = match by {
        By::Line => "line",
        By::Caller => "caller",
        By::Day => "began / 86400",
    };
    let order = match by {
        By::Day => "1 DESC",
        By::Line | By::Caller => "2 DESC, 1",
    };
    let sql = format!(
        "SELECT {of}, COUNT(*),
            SUM(CASE WHEN ended = 1 THEN 1 ELSE 0 END), SUM(CASE WHEN ended = 2 THEN 1 ELSE 0 END),
            SUM(CASE WHEN ended = 3 THEN 1 ELSE 0 END), SUM(CASE WHEN ended = 4 THEN 1 ELSE 0 END),
            SUM(seconds), SUM(received), SUM(sent)
         FROM telephone_call WHERE began >= ?1 GROUP BY {of} ORDER BY {order} LIMIT ?2"
    );
    tx.rows(&sql, params![since, most], |row| {
        let of = match by {
            By::Line | By::Caller => row.column(0)?,
            By::Day => {
                let day: i64 = row.column(0)?;
                let midnight = UnixSeconds(day.saturating_mul(DAY_SECONDS));
                Some(civil_date(midnight).to_string())
            }
        };
        Ok(CallsCounted {
            of,
            calls: row.column(1)?,
            served: row.column(2)?,
            broken: row.column(3)?,
            refused: row.column(4)?,
            failed: row.column(5)?,
            seconds: row.column(6)?,
            received: row.column(7)?,
            sent: row.column(8)?,
        })
    })
}

/// Forgets calls that are too old, and the oldest where there are too many.
///
/// # Errors
/// [`DbError`].
pub fn forget_old(tx: &Tx<'_>, now: UnixSeconds) -> Result<(), DbError> {
    let oldest = now.plus_seconds(-KEPT_SECONDS);
    forget(tx, oldest, KEPT_CALLS)
}

fn forget(tx: &Tx<'_>, oldest: UnixSeconds, most: i64) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM telephone_call WHERE began < ?1",
        params![oldest],
    )?;
    let full = tx.row(
        "SELECT began FROM telephone_call ORDER BY began DESC LIMIT 1 OFFSET ?1",
        params![most],
        |row| row.column::<UnixSeconds>(0),
    )?;
    if let Some(full) = full {
        tx.execute(
            "DELETE FROM telephone_call WHERE began <= ?1",
            params![full],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::db::Db;

    const NOON: UnixSeconds = UnixSeconds(1_800_014_400);
    const DAY: i64 = 86_400;

    fn call(line: &str, began: i64, caller: Option<&str>, ended: Ended) -> CallMade {
        CallMade {
            line: line.to_owned(),
            began: NOON.plus_seconds(began),
            seconds: 40,
            caller: caller.map(str::to_owned),
            bits_per_second: 33_600,
            received: 3_000,
            sent: 2_000,
            streams: 1,
            ended,
            fault: String::new(),
        }
    }

    /// A database with these calls, under numbers that tell nothing of their order.
    fn kept(made: &[CallMade]) -> (Db, TempDir) {
        let keep = TempDir::new().unwrap();
        let db = Db::open(&keep.path().join("test.db"), NOON).unwrap();
        let made = made.to_vec();
        let put = db.write_blocking("calls", move |tx| {
            for (number, call) in (0..=u8::MAX).rev().zip(&made) {
                put(tx, &[number; 16], call)?;
            }
            Ok::<_, DbError>(())
        });
        put.unwrap();
        (db, keep)
    }

    fn all_of(db: &Db, caller: Option<&'static str>) -> Vec<CallMade> {
        let all = db.read_blocking("calls", move |tx| newest(tx, UnixSeconds(0), caller, 1_000));
        all.unwrap()
    }

    #[test]
    fn calls_are_shown_newest_first_as_they_were_and_by_caller() {
        let made = [
            call("a", 0, Some("north"), Ended::Served),
            call("b", 60, None, Ended::Refused),
            call("a", 30, Some("south"), Ended::Broken),
            call("a", 90, None, Ended::Failed),
        ];
        let (db, _keep) = kept(&made);
        let [first, second, third, fourth] = made;
        assert_eq!(all_of(&db, None), [fourth, second, third.clone(), first]);
        assert_eq!(all_of(&db, Some("south")), [third]);
        assert_eq!(all_of(&db, Some("")), []);
        let bounded = db.read_blocking("calls", |tx| newest(tx, NOON.plus_seconds(30), None, 2));
        let bounded: Result<Vec<_>, DbError> = bounded;
        assert_eq!(bounded.unwrap().len(), 2);
    }

    #[test]
    fn calls_are_counted_by_line_caller_and_day() {
        let (db, _keep) = kept(&[
            call("a", 0, Some("north"), Ended::Served),
            call("a", DAY, Some("north"), Ended::Broken),
            call("b", DAY, None, Ended::Refused),
            call("a", 2 * DAY, None, Ended::Failed),
            call("a", -DAY, Some("north"), Ended::Served),
        ]);
        let by = |by| {
            let counted = db.read_blocking("count", move |tx| counted(tx, NOON, by, 1_000));
            let counted: Result<Vec<_>, DbError> = counted;
            let short = |one: CallsCounted| {
                let ends = [one.served, one.broken, one.refused, one.failed];
                assert_eq!(one.calls, ends.iter().sum::<u64>());
                assert_eq!(one.seconds, one.calls * 40);
                assert_eq!(
                    (one.received, one.sent),
                    (one.calls * 3_000, one.calls * 2_000)
                );
                (one.of, ends)
            };
            counted.unwrap().into_iter().map(short).collect::<Vec<_>>()
        };
        let of = |of: &str| Some(of.to_owned());
        assert_eq!(
            by(By::Line),
            [(of("a"), [1, 1, 0, 1]), (of("b"), [0, 0, 1, 0])]
        );
        assert_eq!(
            by(By::Caller),
            [(None, [0, 0, 1, 1]), (of("north"), [1, 1, 0, 0])]
        );
        let days = [
            (of("2027-01-17"), [0, 0, 0, 1]),
            (of("2027-01-16"), [0, 1, 1, 0]),
            (of("2027-01-15"), [1, 0, 0, 0]),
        ];
        assert_eq!(by(By::Day), days);
    }

    #[test]
    fn old_calls_are_forgotten_and_the_oldest_where_there_are_too_many() {
        let ages = [0, 1, 2, 399, 401];
        let made = ages.map(|age| call("a", -age * DAY, None, Ended::Failed));
        let (db, _keep) = kept(&made);
        let forgotten = db.write_blocking("forget", |tx| forget_old(tx, NOON));
        forgotten.unwrap();
        assert_eq!(all_of(&db, None), made[..4]);
        let forgotten = db.write_blocking("forget", |tx| {
            forget(tx, NOON.plus_seconds(-KEPT_SECONDS), 2)
        });
        forgotten.unwrap();
        assert_eq!(all_of(&db, None), made[..2]);
    }
}
