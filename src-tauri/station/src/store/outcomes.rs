//! How each service fared at its last contact.

use rusqlite::params;
use shared::clock::UnixSeconds;

use super::{Store, StoreFault, Tx, from_sql, query, to_sql};
use crate::api::ServiceView;

impl Store {
    /// The last outcome of every service, by name.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn outcomes(&self) -> Result<Vec<ServiceView>, StoreFault> {
        let what = "reading the outcomes of services";
        let rows: Vec<(ServiceView, i64)> = self
            .db
            .prepare_cached(
                "SELECT service, outcome, level, milliseconds, reason FROM outcomes
                 ORDER BY service",
            )
            .and_then(|mut statement| {
                statement
                    .query_map([], |row| {
                        let view = ServiceView {
                            service: row.get(0)?,
                            outcome: row.get(1)?,
                            level: row.get(2)?,
                            ms: 0,
                            reason: row.get(4)?,
                        };
                        Ok((view, row.get(3)?))
                    })?
                    .collect()
            })
            .map_err(query(what))?;
        rows.into_iter()
            .map(|(view, ms)| {
                let ms = from_sql(ms, what)?;
                Ok(ServiceView { ms, ..view })
            })
            .collect()
    }
}

impl Tx<'_> {
    /// Notes how a service fared at a contact.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn put_outcome(
        &mut self,
        outcome: &ServiceView,
        now: UnixSeconds,
    ) -> Result<(), StoreFault> {
        self.sql
            .execute(
                "INSERT INTO outcomes (service, outcome, level, milliseconds, reason, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (service) DO UPDATE SET outcome = excluded.outcome,
                 level = excluded.level, milliseconds = excluded.milliseconds,
                 reason = excluded.reason, at = excluded.at",
                params![
                    outcome.service,
                    outcome.outcome,
                    outcome.level,
                    to_sql(outcome.ms),
                    outcome.reason,
                    now.0
                ],
            )
            .map(drop)
            .map_err(query("writing the outcome of a service"))
    }
}
