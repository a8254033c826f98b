//! What the station keeps of its data center: signed grants, to give back what was forgotten, and
//! evidence of heads that do not fit.

use rusqlite::params;
use shared::clock::UnixSeconds;
use shared::services::reconcile::HeldGrant;

use super::{Store, StoreFault, Tx, query, to_sql};

/// The most pieces of evidence that are kept: the first ones tell the story.
const EVIDENCE_MAX: i64 = 64;

impl Tx<'_> {
    /// Keeps a grant as the data center signed it, with the header that its signature covers.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn put_grant(
        &mut self,
        number: u64,
        reply: &[u8],
        header: &[u8],
    ) -> Result<(), StoreFault> {
        self.sql
            .prepare_cached("INSERT INTO grants (number, reply, header) VALUES (?1, ?2, ?3)")
            .and_then(|mut s| s.execute(params![to_sql(number), reply, header]))
            .map(drop)
            .map_err(query("keeping a grant"))
    }

    /// Keeps a head that does not fit: why, the head kept and the one shown, and the proofs. The
    /// same once more is kept once.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn put_center_evidence(
        &mut self,
        now: UnixSeconds,
        reason: &str,
        (kept, shown): (&str, &str),
        proofs: &[u8],
    ) -> Result<(), StoreFault> {
        self.sql
            .execute(
                "INSERT INTO center_evidence (shown, kept, reason, proofs, at)
                 SELECT ?1, ?2, ?3, ?4, ?5 WHERE (SELECT count(*) FROM center_evidence) < ?6
                 ON CONFLICT (shown, kept) DO NOTHING",
                params![shown, kept, reason, proofs, now.0, EVIDENCE_MAX],
            )
            .map(drop)
            .map_err(query("keeping evidence"))
    }
}

impl Store {
    /// Grants after one, as they were signed and with their headers, at most `most`.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn grants_after(&self, number: u64, most: usize) -> Result<Vec<HeldGrant>, StoreFault> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.db
            .prepare_cached(
                "SELECT reply, header FROM grants WHERE number > ?1 ORDER BY number LIMIT ?2",
            )
            .and_then(|mut statement| {
                statement
                    .query_map([to_sql(number), most], |row| {
                        Ok(HeldGrant {
                            reply: row.get(0)?,
                            header: row.get(1)?,
                        })
                    })?
                    .collect()
            })
            .map_err(query("reading the grants"))
    }
}
