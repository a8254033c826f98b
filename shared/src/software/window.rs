//! Whether a release may be installed at this moment.

use jiff::civil::DateTime;

use super::{OpeningHours, Platform, Release};

/// What a station is in the middle of. Nothing is installed then, whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// A piece is being printed, or a batch.
    Printing,
    /// A refill or another exchange of value is on its way.
    Value,
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
    /// Something is going on.
    Busy(Busy),
    /// The office is open.
    Open,
}

impl Hold {
    /// The reason as a person reads it, to stand after "it waits, because".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoWayBack => "packages of this kind are installed by an admin",
            Self::Expired => "the repository's signatures have expired; they come with a contact",
            Self::Busy(Busy::Printing) => "something is being printed",
            Self::Busy(Busy::Value) => "a refill is on its way",
            Self::Busy(Busy::Question) => "a piece waits for the answer whether it is on paper",
            Self::Open => "the office is open",
        }
    }
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
    /// Whether the repository's metadata is still good by its own date.
    pub fresh: bool,
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
        if !self.fresh {
            return Err(Hold::Expired);
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
