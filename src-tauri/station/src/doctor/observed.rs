//! What was seen on the way to the data center. Facts only: what they mean is said elsewhere.

use std::time::Duration;

use shared::clock::UnixSeconds;

/// Something that was tried, and how long it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tried<T, E> {
    pub(super) outcome: Result<T, E>,
    pub(super) took: Duration,
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// A name or the digits of an address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Place {
    /// The place an `https` address leads to.
    pub(super) fn of(server: &str) -> Option<Self> {
        let address = reqwest::Url::parse(server).ok()?;
        if address.scheme() != "https" {
            return None;
        }
        let host = address.host_str()?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Some(Self {
            host: host.to_owned(),
            port: address.port_or_known_default()?,
        })
    }

    /// Host and port as they stand in an address.
    pub(super) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Whether the host is the digits of an address, which nobody has to be asked for.
    pub(super) fn is_literal(&self) -> bool {
        self.host.parse::<std::net::IpAddr>().is_ok()
    }
}

/// Why a name was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameFault {
    /// Somebody answered: there is no such name.
    Unknown,
    /// Nobody answered.
    Silent,
}

/// Why a port was not reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PortFault {
    /// Somebody answered: nothing listens there.
    Refused,
    /// Nobody answered.
    Silent,
    /// This computer knows no way there.
    NoWay,
    /// The proxy answered with this status instead of a way through.
    Proxy(u16),
    /// Anything else, as the operating system says it.
    Other(String),
}

/// Whose certificate was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The data center's: it goes back to the root in the enrolment.
    Own,
    /// It goes back to the root, and is good only from or until another time: seconds.
    OutOfTime {
        from: UnixSeconds,
        until: UnixSeconds,
    },
    /// It goes back to the root and is of another name.
    OtherName,
    /// Somebody else's; who issued it.
    Foreign(String),
    /// No root is known before enrolment: it could not be held against anything.
    Unjudged,
}

/// Why no encrypted session came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TlsFault {
    /// What answered does not speak TLS.
    Plain,
    /// The connection was closed or reset in the middle.
    Cut,
    /// Nothing more came.
    Silent,
    /// Anything else, as the library says it.
    Other(String),
}

/// What the data center answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The time it has.
    pub(super) date: Option<UnixSeconds>,
}

/// A page that answers in the data center's place where nothing is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Portal {
    /// The host it leads to.
    pub(super) host: String,
}

/// From when until when the station's own certificate is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) from: UnixSeconds,
    pub(super) until: UnixSeconds,
}

/// Everything that was seen. What was not tried is `None`: something before it failed, or it does
/// not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Observed {
    pub(super) now: UnixSeconds,
    pub(super) place: Option<Place>,
    /// The proxy this computer is set to use for it.
    pub(super) proxy: Option<Place>,
    pub(super) name: Option<Tried<usize, NameFault>>,
    pub(super) port: Option<Tried<(), PortFault>>,
    pub(super) portal: Option<Portal>,
    pub(super) tls: Option<Tried<Shown, TlsFault>>,
    pub(super) answer: Option<Tried<Answer, TlsFault>>,
    /// `None` before enrolment.
    pub(super) own: Option<Validity>,
}
