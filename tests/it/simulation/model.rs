//! The reference model: what registers and ledger must be, told in a few numbers.
//!
//! It follows the protocol from the outside. A message that the data center got whole is decided
//! on, once; a reply that the station got whole is taken in, once; nothing else moves a mill.

use shared::clock::UnixSeconds;
use system_tests::line::Passed;

/// The most a vault may hold, mills: what the data center gives new vaults.
const MAX_DESCENDING: u64 = 500_000;

/// The most one piece may cost, mills.
const MAX_PIECE: u64 = 100_000;

/// Days after which vault and key lock without a contact.
const LOCK_DAYS: i64 = 28;

/// The sums of the ledger, mills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) payments: i64,
    pub(super) customers: i64,
    pub(super) in_transit: i64,
    pub(super) held: i64,
    pub(super) vaults: i64,
    pub(super) printed: i64,
    pub(super) refunded: i64,
}

impl Sums {
    /// The equation of `protocol.md` G.
    pub(super) fn balance(&self) -> bool {
        let held = self.customers + self.in_transit + self.held + self.vaults;
        self.payments == held + self.printed - self.refunded
    }
}

/// What a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Refill(u64),
    Renewal,
    Statement,
    /// The final statement of a vault that has ended.
    End,
}

/// A message on its way, with what it states.
#[derive(Clone, Copy, Debug)]
struct Message {
    kind: Kind,
    stated: u64,
    grants: u64,
    /// Whether it was made in the contact that is going on.
    fresh: bool,
    /// What the data center has made of it, and when.
    decided: Option<(bool, UnixSeconds)>,
}

/// One station as both sides know it.
#[derive(Clone, Debug, Default)]
struct Both {
    // The station's own.
    ascending: u64,
    descending: u64,
    pieces: u64,
    grants: u64,
    on_its_way: Option<Message>,
    receipt: Option<UnixSeconds>,
    key: Option<UnixSeconds>,
    asked: Option<u64>,
    /// What its vault gave back when it ended.
    returned: Option<u64>,
    // The data center's.
    known: u64,
    control_total: u64,
    known_grants: u64,
    open: Option<u64>,
    /// Whether an admin ordered its end.
    ordered: bool,
    /// Whether its final statement was taken in.
    over: bool,
}

/// All stations and the ledger.
pub(super) struct Model {
    stations: Vec<Both>,
    sums: Sums,
    /// What is still to be paid for returned payments.
    outstanding: u64,
}

impl Model {
    /// `count` stations without value, beside what the ledger holds already.
    pub(super) fn new(count: usize, sums: Sums) -> Self {
        Self {
            stations: vec![Both::default(); count],
            sums,
            outstanding: 0,
        }
    }

    pub(super) fn sums(&self) -> Sums {
        self.sums
    }

    /// Ascending, descending, control total, pieces.
    pub(super) fn registers(&self, index: usize) -> (u64, u64, u64, u64) {
        let one = &self.stations[index];
        let total = one.ascending + one.descending;
        (one.ascending, one.descending, total, one.pieces)
    }

    pub(super) fn deposit(&mut self, mills: u64) {
        self.sums.payments += signed(mills);
        self.sums.customers += signed(mills);
        self.outstanding = self.outstanding.saturating_sub(mills);
    }

    /// The bank takes a payment back: the account may fall below zero by that.
    pub(super) fn take_payment_back(&mut self, mills: u64) {
        self.sums.payments -= signed(mills);
        self.sums.customers -= signed(mills);
        self.outstanding += mills;
    }

    pub(super) fn outstanding(&self) -> u64 {
        self.outstanding
    }

    /// A piece was credited, or its credit taken back.
    pub(super) fn refund(&mut self, mills: u64, back: bool) {
        let mills = if back { -signed(mills) } else { signed(mills) };
        self.sums.customers += mills;
        self.sums.refunded += mills;
    }

    pub(super) fn order_end(&mut self, index: usize) {
        self.stations[index].ordered = true;
    }

    /// Whether a vault has ended, stated or not.
    pub(super) fn has_ended(&self, index: usize) -> bool {
        self.stations[index].returned.is_some()
    }

    /// What a vault gave back, once the data center has taken its final statement in.
    pub(super) fn returned(&self, index: usize) -> Option<u64> {
        let one = &self.stations[index];
        one.returned.filter(|_| one.over)
    }

    /// What was credited at once of a vault that ended; the rest stays held.
    pub(super) fn credit_end(&mut self, credited: u64) {
        self.sums.held -= signed(credited);
        self.sums.customers += signed(credited);
    }

    /// What the vault must answer to a debit. `word` is what it did answer: within a day of the
    /// lock date either is right, because the certificate's first second is not the model's.
    pub(super) fn debit(
        &mut self,
        index: usize,
        mills: u64,
        now: UnixSeconds,
        word: &str,
    ) -> String {
        let one = &mut self.stations[index];
        if one.returned.is_some() {
            return "vault_withdrawn".to_owned();
        }
        let Some(key) = one.key else {
            return "never_refilled".to_owned();
        };
        let since = one.receipt.map_or(key, |receipt| receipt.min(key));
        let locked = now >= since.plus_days(LOCK_DAYS);
        let near = now.seconds_since(since.plus_days(LOCK_DAYS)).abs() <= 86_400;
        if (locked && !near) || (near && word == "vault_locked") {
            return "vault_locked".to_owned();
        }
        if mills > MAX_PIECE {
            return "postage_out_of_range".to_owned();
        }
        if mills > one.descending {
            return "insufficient_funds".to_owned();
        }
        one.ascending += mills;
        one.descending -= mills;
        one.pieces += 1;
        "done".to_owned()
    }

    /// A contact begins; whether a refill is asked for or on its way.
    pub(super) fn begin_contact(&mut self, index: usize, refill: Option<u64>) -> bool {
        let one = &mut self.stations[index];
        one.asked = refill;
        if let Some(message) = &mut one.on_its_way {
            message.fresh = false;
        }
        let waits = one.on_its_way.map(|message| message.kind);
        refill.is_some() || matches!(waits, Some(Kind::Refill(_)))
    }

    /// A message to the funds service, and what the line did to it.
    pub(super) fn passed(&mut self, index: usize, passed: &Passed, now: UnixSeconds) {
        let statement = passed.path.ends_with("/sync");
        let end = passed.path.ends_with("/withdraw");
        let one = &mut self.stations[index];
        if end && one.returned.is_none() {
            // The key is destroyed before the first byte of the final statement.
            one.returned = Some(std::mem::take(&mut one.descending));
        }
        let mut message = match one.on_its_way.take() {
            Some(message) => message,
            None => Message {
                kind: match (end, statement, one.asked) {
                    (true, _, _) => Kind::End,
                    (false, true, _) => Kind::Statement,
                    (false, false, Some(mills)) => Kind::Refill(mills),
                    (false, false, None) => Kind::Renewal,
                },
                stated: one.ascending,
                grants: one.grants,
                fresh: true,
                decided: None,
            },
        };
        assert_eq!(message.kind == Kind::Statement, statement, "{message:?}");
        assert_eq!(message.kind == Kind::End, end, "{message:?}");
        if passed.delivered && message.decided.is_none() {
            message.decided = Some((self.decide(index, &message), now));
        }
        if !passed.sent && message.fresh {
            // Taken back: the stream goes on as if it had never been.
            return;
        }
        match message.decided {
            Some((granted, when)) if passed.reply.is_some() => {
                self.take_in(index, message.kind, granted, when);
            }
            _ => self.stations[index].on_its_way = Some(message),
        }
    }

    /// The data center's side, done once for each message.
    fn decide(&mut self, index: usize, message: &Message) -> bool {
        let (one, sums) = (&mut self.stations[index], &mut self.sums);
        if message.grants > one.known_grants {
            let arrived = one.open.take().expect("a grant that arrived was open");
            one.known_grants = message.grants;
            one.control_total += arrived;
            sums.in_transit -= signed(arrived);
            sums.vaults += signed(arrived);
        }
        let printed = message.stated - one.known;
        one.known = message.stated;
        sums.vaults -= signed(printed);
        sums.printed += signed(printed);
        let amount = match message.kind {
            Kind::Statement => return true,
            Kind::End => {
                let never_arrived = one.open.take().unwrap_or(0);
                let returned = one.control_total - one.known;
                sums.in_transit -= signed(never_arrived);
                sums.vaults -= signed(returned);
                sums.held += signed(never_arrived) + signed(returned);
                one.control_total = one.known;
                one.over = true;
                return true;
            }
            Kind::Renewal => 0,
            Kind::Refill(mills) => mills,
        };
        let refused = amount > 0 && (one.ordered || self.outstanding > 0);
        let descending = one.control_total - one.known;
        let fits = amount == 0 || descending + amount <= MAX_DESCENDING;
        let covered = amount == 0 || signed(amount) <= sums.customers;
        let granted = one.open.is_none() && fits && covered && !refused;
        if granted {
            one.open = Some(amount);
            sums.customers -= signed(amount);
            sums.in_transit += signed(amount);
        }
        granted
    }

    /// The station's side, done once for each message.
    fn take_in(&mut self, index: usize, kind: Kind, granted: bool, when: UnixSeconds) {
        let one = &mut self.stations[index];
        if kind != Kind::End {
            one.receipt = one.receipt.max(Some(when));
        }
        let amount = match kind {
            Kind::End | Kind::Statement => return,
            Kind::Renewal => 0,
            Kind::Refill(mills) => {
                // What was answered is not asked for once more in the same contact.
                if one.asked == Some(mills) {
                    one.asked = None;
                }
                mills
            }
        };
        if granted {
            one.descending += amount;
            one.grants += 1;
            one.key = Some(when);
        }
    }

    /// Nothing is on its way, and the data center knows every register.
    pub(super) fn assert_agreed(&self) {
        for one in &self.stations {
            assert!(one.open.is_none() && one.on_its_way.is_none(), "{one:?}");
            assert_eq!(one.known, one.ascending, "{one:?}");
            assert_eq!(one.control_total, one.ascending + one.descending, "{one:?}");
        }
    }
}

fn signed(mills: u64) -> i64 {
    i64::try_from(mills).unwrap()
}
