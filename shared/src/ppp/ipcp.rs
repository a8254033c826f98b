//! IPCP (RFC 1332, RFC 1877): the addresses of both ends, the name servers, and whether headers are
//! shortened.

use std::net::Ipv4Addr;

use super::packet::{Setting, write_setting};
use super::settlement::{Settlement, Verdict};
use super::vj::{self, Slots};

/// The protocol number.
pub(super) const IPCP: u16 = 0x8021;

mod kind {
    pub(super) const SHORT_HEADERS: u8 = 2;
    pub(super) const ADDRESS: u8 = 3;
    pub(super) const FIRST_DNS: u8 = 129;
    pub(super) const SECOND_DNS: u8 = 131;
}

/// What this end does about addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// Takes what the other end gives, as a caller does.
    Asks {
        /// The address the other end is given when it has none to name: some do not (10.64.64.64
        /// is customary), and it says nothing on a line between two.
        peer_without_one: Ipv4Addr,
        /// What the same other end gave before: asked for again, which saves a round trip where it
        /// is given again, and costs none where it is not.
        again: Option<Given>,
    },
    /// Gives them out, as the answering end does.
    Gives {
        /// The address of this end.
        own: Ipv4Addr,
        /// The address of the other end.
        peer: Ipv4Addr,
        /// The name servers, at most two.
        dns: [Option<Ipv4Addr>; 2],
    },
}

/// What an access server has given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    /// The address of this end.
    pub own: Ipv4Addr,
    /// The name servers.
    pub dns: [Option<Ipv4Addr>; 2],
}

/// What is sent for "no address".
const NONE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

/// The slots for short headers as this end would have them.
const ALL_SLOTS: Slots = Slots {
    count: vj::SLOTS,
    may_be_left_out: true,
};

/// Reads how short headers are kept (RFC 1332 §4); nothing where it is another way of shortening.
fn read_slots(value: &[u8]) -> Option<Slots> {
    let [high, low, last, may_be_left_out] = value else {
        return None;
    };
    let is_known = u16::from_be_bytes([*high, *low]) == vj::SHORT;
    is_known.then(|| Slots {
        count: last.saturating_add(1).min(vj::SLOTS),
        may_be_left_out: *may_be_left_out == 1,
    })
}

fn write_slots(slots: Slots, settings: &mut Vec<u8>) {
    let [high, low] = vj::SHORT.to_be_bytes();
    let value = [
        high,
        low,
        slots.count.saturating_sub(1),
        slots.may_be_left_out.into(),
    ];
    write_setting(settings, kind::SHORT_HEADERS, &value);
}

/// The addresses as this end would have them.
#[derive(Debug)]
pub(super) struct Ipcp {
    addresses: Addresses,
    own: Ipv4Addr,
    dns: [Ipv4Addr; 2],
    /// Whether this end may still name its address, and ask for each name server.
    names_own: bool,
    asks_dns: [bool; 2],
    peer: Ipv4Addr,
    /// The slots that this end keeps for short headers; none once the other end will not hear of it.
    keeps: Option<Slots>,
    /// The slots that the other end keeps; none where it takes whole headers only.
    granted: Option<Slots>,
}

impl Ipcp {
    pub(super) const fn new(addresses: Addresses) -> Self {
        Self {
            addresses,
            own: NONE,
            dns: [NONE; 2],
            names_own: true,
            asks_dns: [true; 2],
            peer: NONE,
            keeps: Some(ALL_SLOTS),
            granted: None,
        }
    }

    /// Whether the other end may shorten headers towards us.
    pub(super) const fn keeps_headers(&self) -> bool {
        self.keeps.is_some()
    }

    /// How headers may be shortened towards the other end.
    pub(super) const fn granted(&self) -> Option<Slots> {
        self.granted
    }

    /// The address of this end; unspecified when it was given none.
    pub(super) const fn own(&self) -> Ipv4Addr {
        self.own
    }

    /// The address of the other end.
    pub(super) const fn peer(&self) -> Ipv4Addr {
        self.peer
    }

    /// The name servers that were given.
    pub(super) fn dns(&self) -> Vec<Ipv4Addr> {
        let given = self.dns.iter().zip(self.asks_dns);
        let mut servers: Vec<Ipv4Addr> = given
            .filter(|(server, asked)| *asked && !server.is_unspecified())
            .map(|(server, _)| *server)
            .collect();
        servers.dedup();
        servers
    }

    /// The wish about one setting of the other end, when it does not suit: `Some(None)` when we
    /// will not hear of it.
    fn objection(&self, setting: Setting<'_>) -> Option<Option<Ipv4Addr>> {
        let named = setting.u32().map_or(NONE, Ipv4Addr::from_bits);
        let wish = match (setting.kind, self.addresses) {
            (
                kind::ADDRESS,
                Addresses::Asks {
                    peer_without_one, ..
                },
            ) => {
                if !named.is_unspecified() {
                    return None;
                }
                Some(peer_without_one)
            }
            (kind::ADDRESS, Addresses::Gives { peer, .. }) => Some(peer),
            (kind::FIRST_DNS, Addresses::Gives { dns, .. }) => dns[0],
            (kind::SECOND_DNS, Addresses::Gives { dns, .. }) => dns[1],
            _ => None,
        };
        (wish.is_none() || wish != Some(named)).then_some(wish)
    }
}

impl Settlement for Ipcp {
    const PROTOCOL: u16 = IPCP;
    const FIRST_OPTIONAL_CODE: u8 = 8;

    fn begin(&mut self) {
        let anew = Self::new(self.addresses);
        *self = match self.addresses {
            Addresses::Asks {
                peer_without_one,
                again: None,
            } => Self {
                peer: peer_without_one,
                ..anew
            },
            Addresses::Asks {
                peer_without_one,
                again: Some(given),
            } => Self {
                own: given.own,
                dns: given.dns.map(|server| server.unwrap_or(NONE)),
                asks_dns: given.dns.map(|server| server.is_some()),
                peer: peer_without_one,
                ..anew
            },
            Addresses::Gives { own, peer, .. } => Self {
                own,
                peer,
                asks_dns: [false; 2],
                ..anew
            },
        };
    }

    fn wishes(&self) -> Vec<u8> {
        let mut wishes = Vec::new();
        if self.names_own {
            write_setting(&mut wishes, kind::ADDRESS, &self.own.octets());
        }
        let kinds = [kind::FIRST_DNS, kind::SECOND_DNS];
        for ((kind, asked), server) in kinds.into_iter().zip(self.asks_dns).zip(self.dns) {
            if asked {
                write_setting(&mut wishes, kind, &server.octets());
            }
        }
        if let Some(slots) = self.keeps {
            write_slots(slots, &mut wishes);
        }
        wishes
    }

    fn judge(&mut self, theirs: &[Setting<'_>]) -> Verdict {
        let mut rejected = Vec::new();
        let mut wished = Vec::new();
        for setting in theirs {
            if setting.kind == kind::SHORT_HEADERS && read_slots(setting.value).is_some() {
                continue;
            }
            match self.objection(*setting) {
                None => {}
                Some(None) => setting.write(&mut rejected),
                Some(Some(address)) => {
                    write_setting(&mut wished, setting.kind, &address.octets());
                }
            }
        }
        // A caller that names no address at all is told the one it has.
        if let Addresses::Gives { peer, .. } = self.addresses
            && !theirs.iter().any(|setting| setting.kind == kind::ADDRESS)
        {
            write_setting(&mut wished, kind::ADDRESS, &peer.octets());
        }
        if !rejected.is_empty() {
            Verdict::Reject(rejected)
        } else if !wished.is_empty() {
            Verdict::Nak(wished)
        } else {
            Verdict::Ack
        }
    }

    fn grant(&mut self, theirs: &[Setting<'_>]) {
        let named = theirs
            .iter()
            .find(|setting| setting.kind == kind::ADDRESS)
            .and_then(|setting| setting.u32());
        if let Some(address) = named {
            self.peer = Ipv4Addr::from_bits(address);
        }
        let keeps = theirs.iter().find(|one| one.kind == kind::SHORT_HEADERS);
        self.granted = keeps.and_then(|setting| read_slots(setting.value));
    }

    fn naked(&mut self, ours: &[Setting<'_>]) {
        if let Some(wish) = ours.iter().find(|one| one.kind == kind::SHORT_HEADERS) {
            self.keeps = self.keeps.and_then(|_| read_slots(wish.value));
        }
        if matches!(self.addresses, Addresses::Gives { .. }) {
            return;
        }
        for setting in ours {
            let Some(address) = setting.u32().map(Ipv4Addr::from_bits) else {
                continue;
            };
            match setting.kind {
                kind::ADDRESS => self.own = address,
                kind::FIRST_DNS => self.dns[0] = address,
                kind::SECOND_DNS => self.dns[1] = address,
                _ => {}
            }
        }
    }

    fn rejected(&mut self, ours: &[Setting<'_>]) {
        for setting in ours {
            match setting.kind {
                kind::SHORT_HEADERS => self.keeps = None,
                kind::ADDRESS => self.names_own = false,
                kind::FIRST_DNS => self.asks_dns[0] = false,
                kind::SECOND_DNS => self.asks_dns[1] = false,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
