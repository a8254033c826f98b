//! The vault: a PSD in code, as a pure state machine.
//!
//! Every change of a register is an [`Action`]; [`Vault::act`] either refuses it or answers with
//! the vault afterwards and the one journal record that says so. Nothing is changed in place: the
//! caller commits vault and record in one transaction, and a crash before that leaves the vault as
//! it was. The data center audits a station by [`Vault::replay`]: the same transitions on the same
//! records must give the same bytes.

mod action;
mod corrections;
mod follower;
mod record;
mod registers;
mod rules;
#[cfg(test)]
mod tests;

pub use action::{
    Action, Amendment, Amends, Answer, Burn, Debit, Enrolment, Fate, Freeze, FreezeReason,
    GrantTerms, KeyTerms, ReceiptTerms, Withdrawal,
};
pub use follower::{FollowFault, Follower};
pub use record::{
    GENESIS, JournalRecord, MAX_RECORD_BYTES, MAX_USER_BYTES, RecordFault, record_hash,
};
pub use registers::Registers;
pub use rules::{HOLD_DAYS, MAX_ADVANCE_DAYS, PRINT_MARGIN_DAYS, RENEWAL_AGE_DAYS, VaultRefusal};

use corrections::Corrections;
use minicbor::{Decode, Encode};

use crate::clock::{UnixSeconds, civil_date};
use crate::ids::{DataCenterId, PieceSerial, PsdId, StationId, VaultId};
use crate::money::Mills;

/// The vault of one enrolment of a station.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Vault {
    #[n(1)]
    id: VaultId,
    #[n(2)]
    enrolment: Enrolment,
    #[n(3)]
    registers: Registers,
    /// Records written so far: the sequence of the next one.
    #[n(4)]
    journal_size: u64,
    /// SHA-256 of the last record.
    #[cbor(n(5), with = "minicbor::bytes")]
    head: [u8; 32],
    /// The largest time ever seen; time never falls.
    #[n(6)]
    seen: UnixSeconds,
    /// The last grant consumed; 0 before the first.
    #[n(7)]
    last_grant: u64,
    /// The piece counter used last, burned ones included.
    #[n(8)]
    counter: u32,
    #[n(9)]
    grant: Option<GrantTerms>,
    #[n(10)]
    receipt: Option<ReceiptTerms>,
    #[n(11)]
    ended: Option<Ended>,
    #[cbor(n(12), default, skip_if = "Corrections::is_empty")]
    corrections: Corrections,
}

/// Why a vault will never print again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
enum Ended {
    #[n(1)]
    Frozen,
    #[n(2)]
    Withdrawn,
}

/// What a vault can do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultState {
    /// Enrolled, never refilled.
    New,
    /// Prints.
    Active,
    /// Prints, but the mandatory contact is due.
    Warned,
    /// Does not print until a contact.
    Locked,
    /// Stopped for good until it is examined.
    Frozen,
    /// Its value was paid back.
    Withdrawn,
}

impl VaultState {
    /// The state's word, as the status shows it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Active => "active",
            Self::Warned => "warned",
            Self::Locked => "locked",
            Self::Frozen => "frozen",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A transition that may be committed: the vault afterwards and its record.
#[derive(Clone, Debug)]
pub struct Step {
    /// The vault after the transition.
    pub vault: Vault,
    /// The record that must become durable together with it.
    pub record: JournalRecord,
    /// The record's bytes.
    pub bytes: Vec<u8>,
}

/// What an indicium signs before its debit is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prospect {
    /// The piece's serial.
    pub serial: PieceSerial,
    /// The registers after the debit.
    pub after: Registers,
    /// The key that signs.
    pub key: KeyTerms,
}

/// A debit that is only planned.
#[derive(Clone, Debug)]
pub struct Foreseen {
    /// What its indicium signs.
    pub prospect: Prospect,
    /// The number of its record.
    pub sequence: u64,
    /// The time of its record.
    pub time: UnixSeconds,
    /// The vault after it, as far as the next plan needs it: the head of its journal is still the
    /// one before, because no record was made. Never to be committed.
    pub vault: Vault,
}

/// Why a record does not follow from the vault it was replayed on.
#[derive(Debug, thiserror::Error)]
pub enum ReplayFault {
    /// The bytes are not a record.
    #[error("record {sequence} of the journal cannot be read")]
    Unreadable {
        /// The record's number.
        sequence: u64,
        /// What is wrong with it.
        #[source]
        source: RecordFault,
    },
    /// The vault's own rules refuse what the record says happened.
    #[error("record {sequence} of the journal breaks a rule of the vault")]
    Refused {
        /// The record's number.
        sequence: u64,
        /// The rule.
        #[source]
        source: VaultRefusal,
    },
    /// The same transition gives another record: chain, registers or fields differ.
    #[error("record {sequence} of the journal does not follow from the one before")]
    Differs {
        /// The record's number.
        sequence: u64,
    },
}

impl Vault {
    /// Makes the vault of a new enrolment, all registers 0.
    ///
    /// # Errors
    /// [`VaultRefusal::UserTooLong`].
    pub fn enrol(
        id: VaultId,
        enrolment: Enrolment,
        time: UnixSeconds,
        user: &str,
    ) -> Result<Step, VaultRefusal> {
        let unborn = Self {
            id,
            enrolment,
            registers: Registers::default(),
            journal_size: 0,
            head: GENESIS,
            seen: UnixSeconds(0),
            last_grant: 0,
            counter: 0,
            grant: None,
            receipt: None,
            ended: None,
            corrections: Corrections::default(),
        };
        unborn.act(&Action::Enrol(enrolment), time, user)
    }

    /// Tries a transition at `time`, done by `user`.
    ///
    /// # Errors
    /// The rule that forbids it; nothing has changed then.
    ///
    /// # Panics
    /// When an invariant of the registers is broken by this program itself: the caller's owner
    /// task stops before anything is written.
    pub fn act(
        &self,
        action: &Action,
        time: UnixSeconds,
        user: &str,
    ) -> Result<Step, VaultRefusal> {
        if user.len() > MAX_USER_BYTES {
            return Err(VaultRefusal::UserTooLong);
        }
        let time = time.max(self.seen);
        let mut vault = rules::apply(self, action, time)?;
        assert!(
            vault.registers.hold(),
            "ascending + descending = control total"
        );
        assert!(
            vault.registers.ascending() >= self.registers.ascending()
                && vault.registers.pieces() >= self.registers.pieces(),
            "ascending and piece count never fall"
        );
        let place = (self.id, self.journal_size, self.head);
        let record = JournalRecord::new(place, time, user, action, &vault.registers);
        let bytes = record.encode();
        if !matches!(action, Action::Receive(_)) {
            vault.seen = time;
        }
        vault.journal_size = self
            .journal_size
            .checked_add(1)
            .ok_or(VaultRefusal::Exhausted)?;
        vault.head = record_hash(&bytes);
        Ok(Step {
            vault,
            record,
            bytes,
        })
    }

    /// Follows a record written elsewhere; the vault afterwards is the one that wrote it.
    ///
    /// # Errors
    /// See [`ReplayFault`].
    pub fn replay(&self, bytes: &[u8]) -> Result<Self, ReplayFault> {
        let sequence = self.journal_size;
        let unreadable = |source| ReplayFault::Unreadable { sequence, source };
        let record = JournalRecord::decode(bytes).map_err(unreadable)?;
        let action = record.action().map_err(unreadable)?;
        let step = self
            .act(&action, record.time, &record.user)
            .map_err(|source| ReplayFault::Refused { sequence, source })?;
        if step.bytes != bytes {
            return Err(ReplayFault::Differs { sequence });
        }
        Ok(step.vault)
    }

    /// Replays a whole journal from its first record.
    ///
    /// # Errors
    /// See [`ReplayFault`].
    pub fn replay_all<'a>(
        records: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Option<Self>, ReplayFault> {
        let mut vault: Option<Self> = None;
        for bytes in records {
            vault = Some(match vault {
                Some(vault) => vault.replay(bytes)?,
                None => Self::replay_first(bytes)?,
            });
        }
        Ok(vault)
    }

    /// Follows the first record of a journal.
    fn replay_first(bytes: &[u8]) -> Result<Self, ReplayFault> {
        let unreadable = |source| ReplayFault::Unreadable {
            sequence: 0,
            source,
        };
        let record = JournalRecord::decode(bytes).map_err(unreadable)?;
        let Action::Enrol(enrolment) = record.action().map_err(unreadable)? else {
            return Err(ReplayFault::Differs { sequence: 0 });
        };
        let step =
            Self::enrol(record.log, enrolment, record.time, &record.user).map_err(|source| {
                ReplayFault::Refused {
                    sequence: 0,
                    source,
                }
            })?;
        if step.bytes != bytes {
            return Err(ReplayFault::Differs { sequence: 0 });
        }
        Ok(step.vault)
    }

    /// What a debit of `postage` would sign: serial, registers afterwards and key.
    ///
    /// # Errors
    /// The rule that forbids the debit.
    pub fn prospect(
        &self,
        postage: Mills,
        date: jiff::civil::Date,
        booked: jiff::civil::Date,
        now: UnixSeconds,
    ) -> Result<Prospect, VaultRefusal> {
        self.foresee(postage, date, booked, now)
            .map(|foreseen| foreseen.prospect)
    }

    /// What a debit that amends an earlier piece would sign.
    ///
    /// # Errors
    /// The rule that forbids the debit.
    pub fn prospect_of_amendment(
        &self,
        amends: Amends,
        postage: Mills,
        date: jiff::civil::Date,
        booked: jiff::civil::Date,
        now: UnixSeconds,
    ) -> Result<Prospect, VaultRefusal> {
        let debit = Debit {
            amends: Some(amends),
            ..self.planned(postage, date, booked)?
        };
        self.foresee_debit(debit, now)
            .map(|foreseen| foreseen.prospect)
    }

    /// What a debit of `postage` would sign, and the vault that the next debit after it would start
    /// from: for whoever plans several debits before the first is made.
    ///
    /// # Errors
    /// The rule that forbids the debit.
    pub fn foresee(
        &self,
        postage: Mills,
        date: jiff::civil::Date,
        booked: jiff::civil::Date,
        now: UnixSeconds,
    ) -> Result<Foreseen, VaultRefusal> {
        self.foresee_debit(self.planned(postage, date, booked)?, now)
    }

    /// A debit that was not drawn yet.
    fn planned(
        &self,
        postage: Mills,
        date: jiff::civil::Date,
        booked: jiff::civil::Date,
    ) -> Result<Debit, VaultRefusal> {
        Ok(Debit {
            counter: self.next_counter()?,
            postage,
            date,
            booked,
            category: *b"    ",
            raster: [0; 32],
            amends: None,
        })
    }

    fn foresee_debit(&self, debit: Debit, now: UnixSeconds) -> Result<Foreseen, VaultRefusal> {
        let time = now.max(self.seen);
        let mut vault = rules::apply(self, &Action::Debit(debit), time)?;
        let key = self.grant.ok_or(VaultRefusal::NeverRefilled)?.key;
        let serial = PieceSerial {
            psd: self.enrolment.psd,
            counter: debit.counter,
        };
        vault.seen = time;
        vault.journal_size = self
            .journal_size
            .checked_add(1)
            .ok_or(VaultRefusal::Exhausted)?;
        Ok(Foreseen {
            prospect: Prospect {
                serial,
                after: vault.registers,
                key,
            },
            sequence: self.journal_size,
            time,
            vault,
        })
    }

    /// The piece counter the next piece gets.
    ///
    /// # Errors
    /// [`VaultRefusal::Exhausted`] after 2³² − 1 pieces.
    pub fn next_counter(&self) -> Result<u32, VaultRefusal> {
        self.counter.checked_add(1).ok_or(VaultRefusal::Exhausted)
    }

    /// What the vault can do at `now`.
    #[must_use]
    pub fn state(&self, now: UnixSeconds) -> VaultState {
        let now = now.max(self.seen);
        match (self.ended, &self.grant) {
            (Some(Ended::Frozen), _) => VaultState::Frozen,
            (Some(Ended::Withdrawn), _) => VaultState::Withdrawn,
            (None, None) => VaultState::New,
            (None, Some(_)) if self.lock_at().is_none_or(|lock_at| now >= lock_at) => {
                VaultState::Locked
            }
            (None, Some(_)) if self.warn_at().is_some_and(|warn_at| now >= warn_at) => {
                VaultState::Warned
            }
            (None, Some(_)) => VaultState::Active,
        }
    }

    /// From when printing is locked: the receipt's word, or a month before the key ends.
    #[must_use]
    pub fn lock_at(&self) -> Option<UnixSeconds> {
        let receipt = self.receipt?.lock_at;
        let key_end = self.grant?.key.until.plus_days(-PRINT_MARGIN_DAYS);
        Some(receipt.min(key_end))
    }

    /// From when the clerk is warned.
    #[must_use]
    pub fn warn_at(&self) -> Option<UnixSeconds> {
        self.receipt.map(|receipt| receipt.warn_at)
    }

    /// Whether a renewal is due at the next contact: the key is older than [`RENEWAL_AGE_DAYS`].
    #[must_use]
    pub fn renewal_due(&self, now: UnixSeconds) -> bool {
        let now = now.max(self.seen);
        self.ended.is_none()
            && self
                .grant
                .is_some_and(|grant| now >= grant.key.from.plus_days(RENEWAL_AGE_DAYS))
    }

    /// Until when unspent value may still turn up on paper: the newest certificate's end and ten
    /// days more (`hold_until` of the protocol).
    #[must_use]
    pub fn hold_until(&self) -> Option<UnixSeconds> {
        self.grant.map(|grant| grant.key.until.plus_days(HOLD_DAYS))
    }

    /// The vault's identity, which is also its journal's.
    #[must_use]
    pub const fn id(&self) -> VaultId {
        self.id
    }

    /// The PSD number.
    #[must_use]
    pub const fn psd(&self) -> PsdId {
        self.enrolment.psd
    }

    /// The station that holds the vault.
    #[must_use]
    pub const fn station(&self) -> StationId {
        self.enrolment.station
    }

    /// The data center that refills it.
    #[must_use]
    pub const fn data_center(&self) -> DataCenterId {
        self.enrolment.data_center
    }

    /// The registers.
    #[must_use]
    pub const fn registers(&self) -> Registers {
        self.registers
    }

    /// Whether the date of a piece can still be corrected.
    #[must_use]
    pub fn may_correct(&self, counter: u32) -> bool {
        (1..=self.counter).contains(&counter) && !self.corrections.may_have(counter)
    }

    /// Records written so far.
    #[must_use]
    pub const fn journal_size(&self) -> u64 {
        self.journal_size
    }

    /// SHA-256 of the last record.
    #[must_use]
    pub const fn head(&self) -> [u8; 32] {
        self.head
    }

    /// The largest time ever seen.
    #[must_use]
    pub const fn seen(&self) -> UnixSeconds {
        self.seen
    }

    /// The last grant consumed; 0 before the first.
    #[must_use]
    pub const fn last_grant(&self) -> u64 {
        self.last_grant
    }

    /// The terms of the grant in force.
    #[must_use]
    pub const fn grant(&self) -> Option<&GrantTerms> {
        self.grant.as_ref()
    }

    /// The last receipt.
    #[must_use]
    pub const fn receipt(&self) -> Option<&ReceiptTerms> {
        self.receipt.as_ref()
    }
}

/// Whether a date of mailing may be printed: from the booked day to [`MAX_ADVANCE_DAYS`] later,
/// and not past the key.
#[must_use]
pub fn date_allowed(
    date: jiff::civil::Date,
    booked: jiff::civil::Date,
    key_until: UnixSeconds,
) -> bool {
    let latest = booked.checked_add(jiff::Span::new().days(MAX_ADVANCE_DAYS));
    date >= booked && latest.is_ok_and(|latest| date <= latest) && date <= civil_date(key_until)
}
