//! What lies on a scale, as far as it may be believed, and what a piece weighs by it.
//!
//! A scale that says "stable" may say so in the middle of a slow movement, so a load has come to
//! rest only with two equal stable readings some time apart. It is believed for as long as
//! readings keep coming, and not longer: a figure on a screen whose scale was unplugged is nothing
//! to pay by.

use super::{Figure, Mass, Millis, Reading, Trouble, Unit};
use crate::rates::Weight;

/// Two equal stable readings this far apart are a load at rest.
pub const REST: Millis = 200;

/// A reading is believed for so long. Scales speak several times a second; one that is silent for
/// longer was unplugged, fell asleep or hangs.
pub const FRESH: Millis = 1_500;

/// A load that lost less than so many grams has crept by a division, or a piece is only being
/// lifted: the lightest card weighs about as much, and is weighed by putting it on.
const LEAST_PIECE_GRAMS: i64 = 3;

/// How the weight of a piece comes about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// A piece is put on the scale: it weighs what lies there, less the tare.
    #[default]
    PutOn,
    /// All pieces lie on the scale and are taken off one by one: each weighs what is missing then.
    TakeOff,
}

/// One piece that was weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weighing {
    /// Its number, by which a price refers to it; never used again in the life of a [`Pan`] and of
    /// its successors.
    pub number: u64,
    /// What it weighs.
    pub figure: Figure,
    /// Whether a piece was paid for by it that is gone from the scale: it serves no second one.
    pub is_paid: bool,
}

/// How things stand on a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has said nothing for longer than [`FRESH`].
    Silent,
    /// Not at rest.
    Moving(Option<Figure>),
    /// At rest, and nothing lies on it.
    Empty,
    /// At rest with a load, net of the tare.
    Stable(Figure),
    /// Less than nothing lies on it.
    BelowZero,
    /// Too much lies on it.
    Overload,
    /// It cannot weigh.
    Trouble(Trouble),
}

/// Why a weight is not to be paid by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unweighed {
    /// The scale does not show a load at rest now.
    NotAtRest(Standing),
    /// Another load lies there than the one that was priced.
    Changed,
    /// The piece that was taken off is paid for.
    Paid,
}

/// The pan of a scale.
#[derive(Clone, Debug, Default)]
pub struct Pan {
    last: Option<(Reading, Millis)>,
    /// The first of the equal stable readings that came one after another.
    rest: Option<(Figure, Millis)>,
    /// The load that has come to rest, gross.
    settled: Option<Figure>,
    tare: Mass,
    way: Way,
    /// What lay there when the last piece that was taken off had its postage, gross.
    before: Option<Figure>,
    weighing: Option<Weighing>,
    /// What lies there since that weighing, gross.
    left: Option<Figure>,
    numbers: u64,
}

impl Pan {
    /// The pan of the scale that is used next: it knows nothing of this one but the numbers that
    /// were given, so that no price of the scale before meets a weighing of its own.
    #[must_use]
    pub fn successor(&self) -> Self {
        Self {
            numbers: self.numbers,
            ..Self::default()
        }
    }

    /// Takes a reading.
    pub fn hear(&mut self, reading: Reading, now: Millis) {
        if !self.is_fresh(now) {
            self.forget();
        }
        self.last = Some((reading, now));
        match reading {
            Reading::Stable(figure) => self.stable(figure, now),
            Reading::Moving(_) | Reading::UnderZero | Reading::OverLimit | Reading::Trouble(_) => {
                self.rest = None;
                self.settled = None;
            }
        }
    }

    /// Believes nothing that was said: the scale was lost. What lay on it then may be something
    /// else now.
    pub fn forget(&mut self) {
        self.last = None;
        self.rest = None;
        self.settled = None;
        self.before = None;
        self.weighing = None;
    }

    /// The scale has set itself to zero: what was a tare is in its zero now, and would be taken off
    /// twice.
    pub fn zeroed(&mut self) {
        self.forget();
        self.tare = Mass::ZERO;
    }

    fn is_fresh(&self, now: Millis) -> bool {
        self.last
            .is_some_and(|(_, at)| now.saturating_sub(at) <= FRESH)
    }

    fn stable(&mut self, figure: Figure, now: Millis) {
        match self.rest {
            Some((first, since)) if first == figure => {
                if self.settled.is_none() && now.saturating_sub(since) >= REST {
                    self.settle(figure);
                }
            }
            Some(_) | None => {
                self.rest = Some((figure, now));
                self.settled = None;
            }
        }
    }

    /// A load has come to rest.
    fn settle(&mut self, gross: Figure) {
        self.settled = Some(gross);
        match self.way {
            Way::PutOn => self.weigh(gross.with(gross.mass.less(self.tare))),
            Way::TakeOff => self.take_off(gross),
        }
        self.left = Some(gross);
    }

    /// A load has come to rest that pieces are taken off from. What is missing is held against the
    /// load that lay there when the last piece had its postage, however many steps it is lifted in.
    fn take_off(&mut self, gross: Figure) {
        // In another unit the same load shows another rounded figure.
        let before = self.before.filter(|before| before.unit == gross.unit);
        let least = Mass::of(LEAST_PIECE_GRAMS, 0, Unit::Gram).unwrap_or_default();
        let missing = before.map(|before| before.mass.less(gross.mass));
        let is_paid = self.weighing.is_some_and(|one| one.is_paid);
        match missing {
            Some(missing) if missing >= least => {
                if is_paid {
                    self.weighing = None;
                }
                self.weigh(gross.with(missing));
            }
            // It has crept, or the piece was put back.
            Some(missing) if missing >= Mass::ZERO => {
                self.weighing = self.weighing.filter(|one| one.is_paid);
            }
            // More lies there: what is taken off from now on is missing from that.
            Some(missing) => {
                let is_creep = missing.plus(least) > Mass::ZERO;
                self.before = Some(gross);
                self.weighing = self.weighing.filter(|one| one.is_paid && is_creep);
            }
            None => {
                self.before = Some(gross);
                self.weighing = None;
            }
        }
    }

    /// A piece weighs this; the same as before is the same piece still.
    fn weigh(&mut self, figure: Figure) {
        if figure.mass <= Mass::ZERO {
            self.weighing = None;
        } else if self.weighing.is_none_or(|one| one.figure != figure) {
            self.numbers += 1;
            self.weighing = Some(Weighing {
                number: self.numbers,
                figure,
                is_paid: false,
            });
        }
    }

    /// How things stand.
    #[must_use]
    pub fn standing(&self, now: Millis) -> Standing {
        let Some((reading, _)) = self.last.filter(|_| self.is_fresh(now)) else {
            return Standing::Silent;
        };
        match reading {
            Reading::Stable(gross) if self.settled.is_none() => {
                Standing::Moving(Some(self.net(gross)))
            }
            Reading::Stable(gross) => {
                let net = self.net(gross);
                match net.mass.cmp(&Mass::ZERO) {
                    std::cmp::Ordering::Less => Standing::BelowZero,
                    std::cmp::Ordering::Equal => Standing::Empty,
                    std::cmp::Ordering::Greater => Standing::Stable(net),
                }
            }
            Reading::Moving(gross) => Standing::Moving(gross.map(|gross| self.net(gross))),
            Reading::UnderZero => Standing::BelowZero,
            Reading::OverLimit => Standing::Overload,
            Reading::Trouble(trouble) => Standing::Trouble(trouble),
        }
    }

    /// The load without the tare; pieces that are taken off need none.
    fn net(&self, gross: Figure) -> Figure {
        match self.way {
            Way::PutOn => gross.with(gross.mass.less(self.tare)),
            Way::TakeOff => gross,
        }
    }

    /// The piece that was weighed, while the load that says so is at rest.
    #[must_use]
    pub fn weighing(&self, now: Millis) -> Option<Weighing> {
        self.weighing
            .filter(|_| self.settled.is_some() && self.is_fresh(now))
    }

    /// Looks whether a price by the weighing `number` may be paid: the scale is at rest, and what
    /// it shows is still what was priced.
    ///
    /// # Errors
    /// [`Unweighed`].
    pub fn check(&self, number: u64, priced: Weight, now: Millis) -> Result<(), Unweighed> {
        match self.standing(now) {
            Standing::Stable(_) | Standing::Empty => {}
            // A piece that was taken off is none the lighter for what is left being below zero.
            Standing::BelowZero if self.settled.is_some() => {}
            standing @ (Standing::Silent
            | Standing::Moving(_)
            | Standing::BelowZero
            | Standing::Overload
            | Standing::Trouble(_)) => return Err(Unweighed::NotAtRest(standing)),
        }
        match self.weighing(now) {
            Some(one) if one.number != number => Err(Unweighed::Changed),
            Some(one) if one.is_paid => Err(Unweighed::Paid),
            Some(one) if one.figure.mass.weight() == Ok(priced) => Ok(()),
            Some(_) | None => Err(Unweighed::Changed),
        }
    }

    /// A piece was paid for by the weighing `number`. One that was taken off serves no second one,
    /// and the next is missing from what it has left.
    pub fn paid(&mut self, number: u64) {
        if self.way == Way::TakeOff
            && let Some(one) = self.weighing.as_mut()
            && one.number == number
            && !one.is_paid
        {
            one.is_paid = true;
            self.before = self.left;
        }
    }

    /// What would be the tare if what lies there were one; nothing on an empty scale.
    ///
    /// # Errors
    /// [`Unweighed::NotAtRest`] when the load is not at rest: its mass is not known then.
    pub fn tare_of_load(&self, now: Millis) -> Result<Figure, Unweighed> {
        let gross = self.settled.filter(|_| self.is_fresh(now));
        let gross = gross.ok_or_else(|| Unweighed::NotAtRest(self.standing(now)))?;
        Ok(gross.with(gross.mass.max(Mass::ZERO)))
    }

    /// Sets the tare: so much of what lies there counts as nothing from now on.
    pub fn put_tare(&mut self, tare: Mass) {
        self.tare = tare;
        self.weighing = None;
        if let Some(gross) = self.settled {
            self.before = None;
            self.settle(gross);
        }
    }

    /// How pieces are weighed.
    #[must_use]
    pub const fn way(&self) -> Way {
        self.way
    }

    /// Chooses how pieces are weighed; what lies there now is where taking off begins.
    pub fn choose(&mut self, way: Way) {
        self.way = way;
        self.weighing = None;
        self.before = None;
        if let Some(gross) = self.settled {
            self.settle(gross);
        }
    }
}
