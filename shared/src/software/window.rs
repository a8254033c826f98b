//! Whether a release may be installed at this moment.

use jiff::civil::DateTime;

use super::{OpeningHours, Platform, Release};

/// What a station is in the middle of. Nothing is installed then, whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// A piece is being printed, or a batch.
    Printing,
    /// A refill is on its way.
    Value,
    /// The station meets the data center.
    Contact,
    /// Somebody's call is not answered yet.
    Call,
    /// A piece may have met ink, and the clerk has not said so yet.
    Question,
}

/// Why a release waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The platform's packages cannot be put back by the station.
    NoWayBack,
    /// The repository's metadata has expired: nothing is installed until it is fresh again.
    Expired,
    /// What the repository has newest is not believed, or was never read.
    NotBelieved,
    /// Something is going on.
    Busy(Busy),
    /// The office is open.
    Open,
    /// It could not be installed, for no fault of its own, less than a day ago.
    PutOff,
}

impl Hold {
    /// The reason as a person reads it, to stand after "it waits, because".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoWayBack => "packages of this kind are installed by an admin",
            Self::Expired => "the repository's signatures have expired; they come with a contact",
            Self::NotBelieved => "what the data center publishes is not believed at the moment",
            Self::Busy(Busy::Printing) => "something is being printed",
            Self::Busy(Busy::Value) => "a refill is on its way",
            Self::Busy(Busy::Contact) => "the station meets the data center",
            Self::Busy(Busy::Call) => "somebody is doing something at the station",
            Self::Busy(Busy::Question) => "a piece waits for the answer whether it is on paper",
            Self::Open => "the office is open",
            Self::PutOff => "it could not be installed today, and is tried again tomorrow",
        }
    }
}

/// Whether the repository is believed at a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// As of now.
    Fresh,
    /// It was, and that has expired by its own date.
    Expired,
    /// What it has newest is not, or it was never read.
    Not,
}

/// The moment at a station.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// What the clock on the wall shows.
    pub local: DateTime,
    /// When the office is open.
    pub hours: &'a OpeningHours,
    /// What it is in the middle of.
    pub busy: Option<Busy>,
    /// Whether the repository is believed.
    pub belief: Belief,
    /// The kind of package.
    pub platform: Platform,
}

impl Moment<'_> {
    /// Whether a release may be installed now. That it is urgent changes nothing in opening hours;
    /// only an admin's word for this release does, and nothing lets it in between a debit and its
    /// label.
    ///
    /// # Errors
    /// [`Hold`]: what it waits for.
    pub fn allows(&self, release: &Release) -> Result<(), Hold> {
        if !self.platform.can_go_back() {
            return Err(Hold::NoWayBack);
        }
        match self.belief {
            Belief::Fresh => {}
            Belief::Expired => return Err(Hold::Expired),
            Belief::Not => return Err(Hold::NotBelieved),
        }
        if let Some(busy) = self.busy {
            return Err(Hold::Busy(busy));
        }
        if self.hours.is_open(self.local) && !release.during_hours {
            return Err(Hold::Open);
        }
        Ok(())
    }
}
