//! What an answerer is set up with.

use std::time::Duration;

use crate::modem::Profile;
use crate::ppp::Terms;

/// What a line may be used for.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How long a call may last, from CONNECT.
    pub longest: Duration,
    /// How long a call may last without a stream.
    pub idle: Duration,
    /// Calls in an hour that may end before the caller has proved its name and got its address.
    pub failures: usize,
    /// How long the line rings unanswered when there were more.
    pub rest: Duration,
}

impl Bounds {
    /// What a data center bears: a station's own calls end after ten minutes at the latest, and
    /// leave no stream for long. A stranger who calls again and again holds up a line for five
    /// minutes of each ten at most.
    pub const USUAL: Self = Self {
        longest: Duration::from_secs(15 * 60),
        idle: Duration::from_secs(60),
        failures: 20,
        rest: Duration::from_secs(5 * 60),
    };
}

/// Bytes that have passed on the wire of a call, with the framing of packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// From the caller.
    pub received: u64,
    /// To the caller.
    pub sent: u64,
}

/// What an answerer is set up with.
#[derive(Clone, Debug)]
pub struct Post {
    /// How the modem is brought up; see [`Profile::answering`].
    pub profile: Profile,
    /// What is brought to each link; its seed is changed from call to call, and how long packets
    /// may be follows from what the modem says of the line.
    pub terms: Terms,
    /// The ports that streams may lead to, at whatever address of this end.
    pub ports: Vec<u16>,
    /// Whether the port has the lines of a modem.
    pub has_lines: bool,
    /// What the line may be used for.
    pub bounds: Bounds,
}
