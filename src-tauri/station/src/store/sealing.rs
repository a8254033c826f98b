//! Sealing of rows (`protocol.md` K): one data key per table, wrapped under the key-encryption
//! key, renewed long before its random nonces could repeat.

use std::collections::BTreeMap;

use aws_lc_rs::{hmac, rand};
use rusqlite::{Connection, OptionalExtension, params};
use shared::ids::VaultId;
use shared::security::seal::{
    KeyAad, MAX_SEALS_PER_KEY, RowAad, open_row, seal_row, sealing_key_id, unwrap_key, wrap_key,
};
use zeroize::Zeroizing;

use super::{Store, StoreFault, Tx, from_sql, query, to_sql};
use crate::secrets::{Kek, KekId};

/// The tables that hold sealed rows.
const SEALED_TABLES: [&str; 3] = ["vault", "pieces", "secrets"];

/// The vault that rows are sealed for before there is one.
const NO_VAULT: VaultId = VaultId::from_bytes([0; 16]);

/// The newest data key of one table.
struct TableKey {
    kid: u16,
    key: Zeroizing<[u8; 32]>,
    seals: u64,
    /// Whether `seals` has grown since it was written down.
    grown: bool,
}

/// The unlocked data keys.
pub(super) struct Sealing {
    vault: VaultId,
    kek_id: KekId,
    kek: Kek,
    newest: BTreeMap<&'static str, TableKey>,
    /// Earlier keys of a table: they only open.
    earlier: BTreeMap<(&'static str, u16), Zeroizing<[u8; 32]>>,
}

/// The place of one row; see [`RowAad`].
pub(super) struct Place<'a> {
    pub(super) table: &'static str,
    pub(super) primary_key: &'a [u8],
    pub(super) journal_size: u64,
}

impl Store {
    /// Unlocks the store with the key-encryption key `kek`; a store without data keys gets them.
    ///
    /// # Errors
    /// [`StoreFault::Seal`] when the key is not the one the data keys are wrapped under, and the
    /// faults of the database.
    pub fn unlock(&mut self, kek_id: KekId, kek: Kek) -> Result<(), StoreFault> {
        let vault = self.setting("vault")?;
        let vault = match vault.map(|text| text.parse()) {
            None => NO_VAULT,
            Some(Ok(vault)) => vault,
            Some(Err(_)) => {
                return Err(StoreFault::Damaged {
                    what: "the vault's identity",
                });
            }
        };
        let mut sealing = Sealing {
            vault,
            kek_id,
            kek,
            newest: BTreeMap::new(),
            earlier: BTreeMap::new(),
        };
        self.write("fetching the data keys", |tx| {
            SEALED_TABLES
                .iter()
                .try_for_each(|table| sealing.load(&tx.sql, table))
        })?;
        self.sealing = Some(sealing);
        self.check_vault_row()
    }

    /// A key for `purpose` that follows from the key-encryption key and this store's identity.
    ///
    /// # Errors
    /// [`StoreFault::NotUnlocked`].
    pub fn derived_key(&self, purpose: &[u8]) -> Result<Zeroizing<[u8; 32]>, StoreFault> {
        let sealing = self.sealing.as_ref().ok_or(StoreFault::NotUnlocked)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, sealing.kek.bytes());
        let tag = hmac::sign(&key, &[purpose, &self.id].concat());
        let mut derived = Zeroizing::new([0; 32]);
        derived.copy_from_slice(tag.as_ref());
        Ok(derived)
    }

    /// Whether the keys were fetched.
    #[must_use]
    pub const fn is_unlocked(&self) -> bool {
        self.sealing.is_some()
    }

    /// The number of the key-encryption key the data keys are wrapped under; `None` before there
    /// are any. Known before the keys are fetched.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn wrapping_kek(&self) -> Result<Option<KekId>, StoreFault> {
        self.db
            .query_row("SELECT max(kek) FROM data_keys", [], |row| row.get(0))
            .optional()
            .map(Option::flatten)
            .map_err(query("reading the number of the key-encryption key"))
    }

    /// The number of the key-encryption key in use.
    #[must_use]
    pub fn kek_id(&self) -> Option<KekId> {
        self.sealing.as_ref().map(|sealing| sealing.kek_id)
    }

    /// How often a data key was used up and renewed since the store was made.
    ///
    /// # Errors
    /// The faults of the database.
    pub fn data_key_renewals(&self) -> Result<u64, StoreFault> {
        let what = "counting the data keys";
        let count = "SELECT count(*) - count(DISTINCT table_name) FROM data_keys";
        let renewals = self.db.query_row(count, [], |row| row.get(0));
        from_sql(renewals.map_err(query(what))?, what)
    }

    /// Wraps every data key under the next key-encryption key, in one transaction with what `also`
    /// writes, and empties the write-ahead log. The old one may be destroyed at the next good
    /// start.
    ///
    /// A crash before the commit leaves the old key in use, one after it the new.
    ///
    /// # Errors
    /// The faults of sealing and of the database; then the old key stays in use.
    pub fn rotate(
        &mut self,
        kek_id: KekId,
        kek: Kek,
        also: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreFault>,
    ) -> Result<(), StoreFault> {
        let mut sealing = self.sealing.take().ok_or(StoreFault::NotUnlocked)?;
        let old = (sealing.kek_id, sealing.kek.clone());
        (sealing.kek_id, sealing.kek) = (kek_id, kek);
        let outcome = self.write("rewrapping the data keys", |tx| {
            sealing.rewrap(&tx.sql)?;
            also(tx)
        });
        if outcome.is_err() {
            (sealing.kek_id, sealing.kek) = old;
        }
        self.sealing = Some(sealing);
        outcome?;
        // A reader that is in the way now is gone at the next start, which empties the log again
        // before it destroys the old key.
        self.truncate_log().map(drop)
    }
}

impl Tx<'_> {
    /// Binds the store to the vault of an enrolment: data keys and secrets sealed so far are
    /// sealed again for it.
    ///
    /// # Errors
    /// The faults of sealing and of the database.
    pub fn adopt_vault(&mut self, vault: VaultId) -> Result<(), StoreFault> {
        let names = self.secret_names()?;
        let mut secrets = Vec::with_capacity(names.len());
        for name in names {
            let secret = self.secret(&name)?;
            secrets.extend(secret.map(|secret| (name, secret)));
        }
        self.put_setting("vault", &vault.to_string())?;
        let Some(sealing) = self.sealing.as_deref_mut() else {
            return Err(StoreFault::NotUnlocked);
        };
        sealing.vault = vault;
        sealing.rewrap(&self.sql)?;
        secrets
            .iter()
            .try_for_each(|(name, secret)| self.put_secret(name, secret))
    }
}

/// Seals rows of one table on other threads, under the key that is the newest now. The rows are
/// added, and counted, by the owner's transaction.
pub(super) struct Sealer {
    vault: VaultId,
    kid: u16,
    key: Zeroizing<[u8; 32]>,
}

impl Sealer {
    pub(super) fn seal(&self, place: &Place<'_>, row: &[u8]) -> Result<Vec<u8>, StoreFault> {
        seal_row(&self.key, self.kid, random()?, &place.aad(self.vault), row)
            .map_err(seal_fault(place.table))
    }
}

impl Sealing {
    /// What seals rows of `table` on other threads.
    pub(super) fn sealer(&self, table: &'static str) -> Result<Sealer, StoreFault> {
        let newest = self.newest.get(table).ok_or(StoreFault::NotUnlocked)?;
        Ok(Sealer {
            vault: self.vault,
            kid: newest.kid,
            key: newest.key.clone(),
        })
    }

    /// Counts a row that a [`Sealer`] has sealed.
    pub(super) fn count(&mut self, table: &'static str) -> Result<(), StoreFault> {
        let key = self.newest.get_mut(table).ok_or(StoreFault::NotUnlocked)?;
        key.seals = key.seals.saturating_add(1);
        key.grown = true;
        Ok(())
    }

    /// Seals one row for its place under the table's newest key.
    pub(super) fn seal(&mut self, place: &Place<'_>, row: &[u8]) -> Result<Vec<u8>, StoreFault> {
        self.count(place.table)?;
        self.sealer(place.table)?.seal(place, row)
    }

    /// Opens one row at its place.
    pub(super) fn open(
        &self,
        place: &Place<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StoreFault> {
        let fault = seal_fault(place.table);
        let kid = sealing_key_id(sealed).map_err(fault)?;
        let newest = self.newest.get(place.table).filter(|key| key.kid == kid);
        let key = match newest {
            Some(key) => &key.key,
            None => self
                .earlier
                .get(&(place.table, kid))
                .ok_or(StoreFault::Damaged {
                    what: "a row is sealed with an unknown key",
                })?,
        };
        open_row(key, kid, &place.aad(self.vault), sealed).map_err(seal_fault(place.table))
    }

    /// Writes down how often each key has sealed, and renews the keys that are used up.
    pub(super) fn save_counts(&mut self, db: &Connection) -> Result<(), StoreFault> {
        for table in SEALED_TABLES {
            let Some(key) = self.newest.get_mut(table).filter(|key| key.grown) else {
                continue;
            };
            key.grown = false;
            db.prepare_cached("UPDATE data_keys SET seals = ?3 WHERE table_name = ?1 AND kid = ?2")
                .and_then(|mut s| s.execute(params![table, key.kid, to_sql(key.seals)]))
                .map_err(query("counting the seals of a data key"))?;
            if key.seals >= MAX_SEALS_PER_KEY {
                self.renew(db, table)?;
            }
        }
        Ok(())
    }

    /// Reads the keys of one table, and makes its first.
    fn load(&mut self, db: &Connection, table: &'static str) -> Result<(), StoreFault> {
        let what = "reading the data keys";
        let rows: Vec<(u16, u16, Vec<u8>, i64)> = db
            .prepare_cached(
                "SELECT kid, kek, wrapped, seals FROM data_keys WHERE table_name = ?1 ORDER BY kid",
            )
            .and_then(|mut statement| {
                statement
                    .query_map([table], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                    })?
                    .collect()
            })
            .map_err(query(what))?;
        for (kid, kek, wrapped, seals) in rows {
            if kek != self.kek_id {
                return Err(StoreFault::Damaged {
                    what: "a data key is wrapped under another key",
                });
            }
            let aad = self.key_aad(table, kid);
            let key =
                unwrap_key(self.kek.bytes(), kek, &aad, &wrapped).map_err(seal_fault(table))?;
            let newest = TableKey {
                kid,
                key,
                seals: from_sql(seals, what)?,
                grown: false,
            };
            if let Some(before) = self.newest.insert(table, newest) {
                self.earlier.insert((table, before.kid), before.key);
            }
        }
        if self.newest.contains_key(table) {
            Ok(())
        } else {
            self.add_key(db, table, 1)
        }
    }

    /// Makes the next key of a table; rows sealed so far stay readable.
    fn renew(&mut self, db: &Connection, table: &'static str) -> Result<(), StoreFault> {
        let next = self
            .newest
            .get(table)
            .and_then(|key| key.kid.checked_add(1));
        let next = next.ok_or(StoreFault::Damaged {
            what: "the numbers of data keys are used up",
        })?;
        self.add_key(db, table, next)
    }

    fn add_key(
        &mut self,
        db: &Connection,
        table: &'static str,
        kid: u16,
    ) -> Result<(), StoreFault> {
        let mut key = Zeroizing::new([0; 32]);
        rand::fill(key.as_mut_slice()).map_err(|_| StoreFault::NoRandom)?;
        let wrapped = self.wrap(table, kid, &key)?;
        db.execute(
            "INSERT INTO data_keys (table_name, kid, kek, wrapped, seals) VALUES (?1, ?2, ?3, ?4, 0)",
            params![table, kid, self.kek_id, wrapped],
        )
        .map_err(query("writing a data key"))?;
        let newest = TableKey {
            kid,
            key,
            seals: 0,
            grown: false,
        };
        if let Some(before) = self.newest.insert(table, newest) {
            self.earlier.insert((table, before.kid), before.key);
        }
        Ok(())
    }

    /// Wraps every key again, under the key-encryption key and for the vault of now.
    fn rewrap(&self, db: &Connection) -> Result<(), StoreFault> {
        let newest = self
            .newest
            .iter()
            .map(|(table, key)| (*table, key.kid, &key.key));
        let earlier = self
            .earlier
            .iter()
            .map(|((table, kid), key)| (*table, *kid, key));
        for (table, kid, key) in newest.chain(earlier) {
            let wrapped = self.wrap(table, kid, key)?;
            db.execute(
                "UPDATE data_keys SET kek = ?3, wrapped = ?4 WHERE table_name = ?1 AND kid = ?2",
                params![table, kid, self.kek_id, wrapped],
            )
            .map_err(query("rewrapping a data key"))?;
        }
        Ok(())
    }

    fn wrap(&self, table: &'static str, kid: u16, key: &[u8; 32]) -> Result<Vec<u8>, StoreFault> {
        let aad = self.key_aad(table, kid);
        wrap_key(self.kek.bytes(), self.kek_id, random()?, &aad, key).map_err(seal_fault(table))
    }

    const fn key_aad(&self, table: &'static str, kid: u16) -> KeyAad<'static> {
        KeyAad {
            vault: self.vault,
            table,
            kid,
        }
    }
}

impl Place<'_> {
    const fn aad(&self, vault: VaultId) -> RowAad<'_> {
        RowAad {
            vault,
            table: self.table,
            primary_key: self.primary_key,
            journal_size: self.journal_size,
        }
    }
}

fn seal_fault(
    table: &'static str,
) -> impl Fn(shared::security::seal::SealError) -> StoreFault + Copy {
    move |source| StoreFault::Seal { table, source }
}

fn random<const N: usize>() -> Result<[u8; N], StoreFault> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| StoreFault::NoRandom)?;
    Ok(bytes)
}
