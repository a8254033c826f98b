//! What an end brings to a call.

use std::net::Ipv4Addr;
use std::time::Duration;

use zeroize::Zeroizing;

use super::ipcp::{Addresses, Given};
use super::lcp::DEFAULT_MRU;
use super::proof::{Credentials, Method};

/// The fastest line, in bits per second, on which packets are kept short.
const SLOW_BITS_PER_SECOND: u32 = 14_400;
/// The longest packet on a slow line, in bytes: it holds the line for half a second at 9,600 bit/s,
/// where one of 1500 bytes outlasts the first retransmission time of TCP.
pub(super) const SLOW_MRU: u16 = 576;
/// The address given to an access server that has none to name: nothing rests on it here, and SLiRP,
/// which leaves when it is given another, has this one.
const ADDRESS_OF_THE_NAMELESS: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);

/// The control characters to have escaped on a line whose flow is controlled by XON and XOFF.
pub const FLOW_CONTROL_ACCM: u32 = 1 << 0x11 | 1 << 0x13;

/// The longest packet for a line of this speed in bits per second, in bytes. For a speed nobody
/// knows, 0 serves: packets are then kept short.
#[must_use]
pub const fn mru_for(bits_per_second: u32) -> u16 {
    if bits_per_second <= SLOW_BITS_PER_SECOND {
        SLOW_MRU
    } else {
        DEFAULT_MRU
    }
}

/// Who proves a name, and how.
#[derive(Clone, Debug)]
pub enum Proof {
    /// This end, when the other asks: with these credentials, in one of these ways, the best
    /// first. Without credentials a link that asks for them ends as
    /// [`NoCommonProof`](super::Failure::NoCommonProof).
    Offered {
        /// The name and its secret.
        credentials: Option<Credentials>,
        /// The ways this end may use; leaving out PAP keeps the secret from whoever answers.
        methods: Vec<Method>,
    },
    /// The other end must, before any packet passes.
    Demanded {
        /// What the other end is told about who asks.
        own_name: String,
        /// The ways it may use, the best first; never empty in earnest, since an empty list
        /// demands nothing.
        methods: Vec<Method>,
    },
}

/// How long an end waits, and how often it tries.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time between two tries of anything.
    pub restart_period: Duration,
    /// Tries for a request or a proof.
    pub request_tries: u32,
    /// Tries for a good-bye.
    pub goodbye_tries: u32,
    /// Time to the first packet of the other end.
    pub first_answer: Duration,
    /// Time from the first byte to the agreed addresses, and again whenever the link is agreed on
    /// anew.
    pub setup: Duration,
    /// Silence after which the other end is asked whether it is still there.
    pub echo_period: Duration,
    /// Such questions without an answer before the line is given up.
    pub echo_tries: u32,
}

impl Limits {
    /// RFC 1661 §4.6 for the tries; the rest from practice with access servers.
    pub const USUAL: Self = Self {
        restart_period: Duration::from_secs(3),
        request_tries: 10,
        goodbye_tries: 2,
        first_answer: Duration::from_secs(10),
        setup: Duration::from_secs(30),
        echo_period: Duration::from_secs(10),
        echo_tries: 3,
    };
}

/// What an end brings to a call.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Longest packet to be sent and to be asked for, in bytes; see [`mru_for`].
    pub mru: u16,
    /// Control characters the other end shall escape, bit n for the character n: none on a line
    /// that carries all bytes, [`FLOW_CONTROL_ACCM`] where the modem eats those.
    pub accm: u32,
    /// Who proves a name.
    pub proof: Proof,
    /// What this end does about addresses.
    pub addresses: Addresses,
    /// How long it waits.
    pub limits: Limits,
    /// Bytes of the system's random source, new for each call.
    pub seed: Zeroizing<[u8; 32]>,
}

impl Terms {
    /// The terms of a station that dials: it proves its name when asked and takes the addresses it
    /// is given. `bits_per_second` is the speed of the line.
    #[must_use]
    pub fn caller(
        bits_per_second: u32,
        credentials: Option<Credentials>,
        seed: Zeroizing<[u8; 32]>,
    ) -> Self {
        Self {
            mru: mru_for(bits_per_second),
            accm: 0,
            proof: Proof::Offered {
                credentials,
                methods: Method::ALL.to_vec(),
            },
            addresses: Addresses::Asks {
                peer_without_one: ADDRESS_OF_THE_NAMELESS,
                again: None,
            },
            limits: Limits::USUAL,
            seed,
        }
    }

    /// The same for a caller whom the same access server has given this before.
    #[must_use]
    pub const fn again(mut self, given: Option<Given>) -> Self {
        if let Addresses::Asks { again, .. } = &mut self.addresses {
            *again = given;
        }
        self
    }

    /// The terms of a data center's line: the caller proves its name by CHAP, never by saying its
    /// secret aloud, and gets the address `peer`.
    #[must_use]
    pub fn answerer(
        bits_per_second: u32,
        own_name: &str,
        own: Ipv4Addr,
        peer: Ipv4Addr,
        seed: Zeroizing<[u8; 32]>,
    ) -> Self {
        Self {
            mru: mru_for(bits_per_second),
            accm: 0,
            proof: Proof::Demanded {
                own_name: own_name.to_owned(),
                methods: vec![Method::MsChapV2, Method::ChapMd5],
            },
            addresses: Addresses::Gives {
                own,
                peer,
                // A second that is not there would be refused, and that takes a round trip.
                dns: [Some(own), Some(own)],
            },
            limits: Limits::USUAL,
            seed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_short_on_slow_lines_and_on_lines_of_unknown_speed() {
        assert_eq!(
            [0, 9_600, 14_400, 16_800, 33_600].map(mru_for),
            [576, 576, 576, 1500, 1500]
        );
    }
}
