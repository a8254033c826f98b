//! The vault's sealed row, which must equal the last journal record.

use rusqlite::{OptionalExtension, params};
use shared::merkle::Frontier;
use shared::vault::Vault;
use shared::wire::{from_cbor, to_cbor};

use super::journal::{self, JournalHead};
use super::sealing::Place;
use super::{Store, StoreFault, Tx, from_sql, query, to_sql};
use crate::secrets::HighWaterMark;

/// The table's name, part of what every seal authenticates.
const TABLE: &str = "vault";

/// What the row holds under its seal: the vault's length (u32, big-endian), the vault as CBOR, and
/// the journal's Merkle frontier, so that a start need not read the whole journal.
struct Row {
    vault: Vault,
    frontier: Frontier,
}

impl Row {
    fn encode(vault: &Vault, frontier: &Frontier) -> Vec<u8> {
        let vault = to_cbor(vault);
        let length = u32::try_from(vault.len()).expect("a vault is a few hundred bytes");
        [&length.to_be_bytes(), vault.as_slice(), &frontier.bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (vault, frontier) = rest.split_at_checked(length)?;
        Some(Self {
            vault: from_cbor(vault).ok()?,
            frontier: Frontier::from_bytes(frontier).ok()?,
        })
    }
}

impl Store {
    /// The vault; `None` before the enrolment.
    ///
    /// # Errors
    /// [`StoreFault::Seal`] and [`StoreFault::Damaged`] when the row was altered, and the faults
    /// of the database.
    pub fn vault(&self) -> Result<Option<Vault>, StoreFault> {
        Ok(self.vault_row()?.map(|row| row.vault))
    }

    fn vault_row(&self) -> Result<Option<Row>, StoreFault> {
        let what = "reading the vault";
        let row: Option<(i64, Vec<u8>)> = self
            .db
            .query_row("SELECT journal_size, sealed FROM vault", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
            .map_err(query(what))?;
        let Some((journal_size, sealed)) = row else {
            return Ok(None);
        };
        let sealing = self.sealing.as_ref().ok_or(StoreFault::NotUnlocked)?;
        let row = sealing.open(&place(from_sql(journal_size, what)?), &sealed)?;
        let damaged = StoreFault::Damaged {
            what: "the vault's row cannot be read",
        };
        Row::decode(&row).map(Some).ok_or(damaged)
    }

    /// Compares the vault's row with the end of the journal, and takes the journal's frontier
    /// from it. A vault put back from an older state, an edited register and a cut journal all
    /// fail here.
    pub(super) fn check_vault_row(&mut self) -> Result<(), StoreFault> {
        let (size, last) = journal::end(&self.db)?;
        let Some(row) = self.vault_row()? else {
            return if size == 0 {
                Ok(())
            } else {
                Err(StoreFault::Damaged {
                    what: "the vault is missing, its journal is there",
                })
            };
        };
        let agree = row.vault.journal_size() == size
            && row.vault.head() == last
            && row.frontier.size() == size
            && row.vault.registers().hold();
        if !agree {
            return Err(StoreFault::Damaged {
                what: "the vault is not the one of the last journal record",
            });
        }
        self.head = JournalHead {
            last,
            frontier: row.frontier,
        };
        Ok(())
    }

    /// Compares the journal with the high-water mark.
    ///
    /// # Errors
    /// [`StoreFault::RolledBack`] when the journal is shorter than the mark,
    /// [`StoreFault::Damaged`] when it is another one.
    pub fn check_mark(&self, mark: &HighWaterMark) -> Result<(), StoreFault> {
        let found = self.head.size();
        if found < mark.journal_size {
            return Err(StoreFault::RolledBack {
                found,
                marked: mark.journal_size,
            });
        }
        if self.root_at(mark.journal_size)? != mark.root {
            return Err(StoreFault::Damaged {
                what: "its journal is not the one it was",
            });
        }
        Ok(())
    }
}

impl Tx<'_> {
    /// Replaces the vault's row; its records were appended before.
    ///
    /// # Errors
    /// [`StoreFault::Damaged`] when the vault does not stand at the journal's end, and the faults
    /// of sealing and of the database.
    pub fn save_vault(&mut self, vault: &Vault) -> Result<(), StoreFault> {
        let size = self.head.size();
        if vault.journal_size() != size || vault.head() != self.head.last {
            return Err(StoreFault::Damaged {
                what: "the vault does not stand at the end of its journal",
            });
        }
        let row = Row::encode(vault, &self.head.frontier);
        let sealed = self.sealing_mut()?.seal(&place(size), &row)?;
        self.sql
            .prepare_cached(
                "INSERT INTO vault (one, journal_size, sealed) VALUES (1, ?1, ?2)
                 ON CONFLICT (one) DO UPDATE
                 SET journal_size = excluded.journal_size, sealed = excluded.sealed",
            )
            .and_then(|mut s| s.execute(params![to_sql(size), sealed]))
            .map(drop)
            .map_err(query("writing the vault"))
    }
}

const fn place(journal_size: u64) -> Place<'static> {
    Place {
        table: TABLE,
        primary_key: &[1],
        journal_size,
    }
}
