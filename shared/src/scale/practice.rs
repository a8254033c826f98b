//! A scale that is not there: for practice, demonstrations and tests.

use super::{Figure, Mass, Millis, Reading, Unit};

/// How long a load swings after it was put on.
const SWING: Millis = 400;
/// The most it weighs, pounds: what the heaviest parcel may weigh.
const CAPACITY_POUNDS: i64 = 70;

/// A scale that shows what somebody says lies on it.
#[derive(Clone, Copy, Debug)]
pub struct Practice {
    load: Figure,
    before: Figure,
    /// When somebody put it there.
    since: Option<Millis>,
    is_shaken: bool,
}

impl Practice {
    /// A scale with a load that has come to rest.
    #[must_use]
    pub const fn with(load: Figure) -> Self {
        Self {
            load,
            before: load,
            since: None,
            is_shaken: false,
        }
    }

    /// A scale with a load that never comes to rest.
    #[must_use]
    pub const fn shaken(load: Figure) -> Self {
        Self {
            is_shaken: true,
            ..Self::with(load)
        }
    }

    /// An empty scale.
    #[must_use]
    pub const fn empty() -> Self {
        let nothing = Figure {
            mass: Mass::ZERO,
            unit: Unit::Ounce,
        };
        Self::with(nothing)
    }

    /// What lies on it.
    #[must_use]
    pub const fn load(&self) -> Figure {
        self.load
    }

    /// Puts this on instead of what lies there; a shaken scale does not come to rest.
    pub const fn put(&mut self, load: Figure, is_shaken: bool, now: Millis) {
        self.before = self.load;
        self.load = load;
        self.since = Some(now);
        self.is_shaken = is_shaken;
    }

    /// What it says.
    #[must_use]
    pub fn reading(&self, now: Millis) -> Reading {
        let passed = self.since.map_or(SWING, |since| now.saturating_sub(since));
        if self.is_shaken || passed < SWING {
            let is_early = passed % SWING < SWING / 2;
            let shown = if is_early { self.before } else { self.load };
            return Reading::Moving(Some(shown));
        }
        let capacity = Mass::of(CAPACITY_POUNDS, 0, Unit::Pound).unwrap_or_default();
        if self.load.mass < Mass::ZERO {
            Reading::UnderZero
        } else if self.load.mass > capacity {
            Reading::OverLimit
        } else {
            Reading::Stable(self.load)
        }
    }
}
