//! What a contact may cost, and where a service stands in it.

use core::time::Duration;

/// How much one contact over a line may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes of requests and replies; none for as many as there are.
    pub bytes: Option<u64>,
    /// How long new requests are made; none for as long as there are any.
    pub time: Option<Duration>,
}

impl Budget {
    /// For a line that costs nothing by the byte or minute: the Internet.
    pub const UNLIMITED: Self = Self {
        bytes: None,
        time: None,
    };

    /// For a telephone call: what a modem line carries in about a minute.
    pub const CALL: Self = Self {
        bytes: Some(64 * 1_024),
        time: Some(Duration::from_secs(60)),
    };

    pub(super) const fn is_limited(&self) -> bool {
        self.bytes.is_some() || self.time.is_some()
    }
}

/// Why a service has to wait for a later contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deferral {
    /// Its next message does not fit into what is left of the contact's bytes.
    Bytes,
    /// The contact's time is over.
    Time,
    /// It has made [`super::REQUESTS_MAX`] requests and has more.
    Requests,
    /// Somebody waits for the line.
    Others,
}

/// What came of a service in a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It had something to do, and it is done.
    Served,
    /// It had nothing to do.
    Nothing,
    /// It has to wait for a later contact.
    Deferred(Deferral),
    /// The other side said no.
    Refused,
    /// Something broke.
    Failed,
}

impl Outcome {
    /// The outcome as it is stored and shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Nothing => "nothing",
            Self::Deferred(_) => "deferred",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Where a service stands in a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It was told that it can be served now, and is to be asked for its next request.
    Signalled,
    /// It is being asked, or its request is on its way.
    Running,
    /// It is done for this contact, unless it is signalled again.
    Rested(Outcome),
}

/// What came of asking a service once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It had nothing to ask.
    Nothing,
    /// Its request was answered and the reply taken in.
    Exchanged,
    /// Its next message is larger than the room it was given; it was not made.
    TooLarge,
    /// What it has gives way to money, which is still on its way: it is asked again when that is
    /// done or has stalled.
    GivesWay,
    /// It leaves the line to somebody who waits for it.
    Yielded,
    /// The other side said no.
    Refused,
    /// Something broke.
    Failed,
}
