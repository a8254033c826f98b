//! IPCP (RFC 1332, RFC 1877): the addresses of both ends and the name servers.

use std::net::Ipv4Addr;

use super::packet::{Setting, write_setting};
use super::settlement::{Settlement, Verdict};

/// The protocol number.
pub(super) const IPCP: u16 = 0x8021;

mod kind {
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
        }
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
        wishes
    }

    fn judge(&mut self, theirs: &[Setting<'_>]) -> Verdict {
        let mut rejected = Vec::new();
        let mut wished = Vec::new();
        for setting in theirs {
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
    }

    fn naked(&mut self, ours: &[Setting<'_>]) {
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
                kind::ADDRESS => self.names_own = false,
                kind::FIRST_DNS => self.asks_dns[0] = false,
                kind::SECOND_DNS => self.asks_dns[1] = false,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
    const PEER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
    const DNS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 53);
    const ELSE: Ipv4Addr = Ipv4Addr::new(10, 64, 64, 64);

    fn giving() -> Ipcp {
        let mut ipcp = Ipcp::new(Addresses::Gives {
            own: OWN,
            peer: PEER,
            dns: [Some(DNS), None],
        });
        ipcp.begin();
        ipcp
    }

    fn asking() -> Ipcp {
        let mut ipcp = Ipcp::new(Addresses::Asks {
            peer_without_one: ELSE,
            again: None,
        });
        ipcp.begin();
        ipcp
    }

    fn settings(list: &[(u8, Ipv4Addr)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (kind, address) in list {
            write_setting(&mut bytes, *kind, &address.octets());
        }
        bytes
    }

    #[test]
    fn a_peer_that_names_no_address_is_given_one() {
        let none = settings(&[(3, NONE)]);
        let theirs = Setting::read_all(&none).unwrap();
        assert_eq!(
            asking().judge(&theirs),
            Verdict::Nak(settings(&[(3, ELSE)]))
        );
        assert_eq!(
            giving().judge(&theirs),
            Verdict::Nak(settings(&[(3, PEER)]))
        );
        assert_eq!(giving().judge(&[]), Verdict::Nak(settings(&[(3, PEER)])));
        assert_eq!(asking().judge(&[]), Verdict::Ack);
    }

    #[test]
    fn a_caller_cannot_choose_its_address_and_gets_only_the_name_servers_there_are() {
        let wish = settings(&[(3, Ipv4Addr::new(192, 168, 7, 7)), (129, NONE)]);
        let theirs = Setting::read_all(&wish).unwrap();
        assert_eq!(
            giving().judge(&theirs),
            Verdict::Nak(settings(&[(3, PEER), (129, DNS)]))
        );
        let wish = settings(&[(3, PEER), (129, DNS), (131, NONE)]);
        let theirs = Setting::read_all(&wish).unwrap();
        assert_eq!(
            giving().judge(&theirs),
            Verdict::Reject(settings(&[(131, NONE)]))
        );
        let good = settings(&[(3, PEER), (129, DNS)]);
        assert_eq!(
            giving().judge(&Setting::read_all(&good).unwrap()),
            Verdict::Ack
        );
    }

    #[test]
    fn what_was_given_before_is_asked_for_again_and_given_up_for_what_is_given_now() {
        let mut ipcp = Ipcp::new(Addresses::Asks {
            peer_without_one: ELSE,
            again: Some(Given {
                own: PEER,
                dns: [Some(DNS), None],
            }),
        });
        ipcp.begin();
        let wishes = ipcp.wishes();
        assert_eq!(wishes, settings(&[(3, PEER), (129, DNS)]));
        let theirs = Setting::read_all(&wishes).unwrap();
        assert_eq!(giving().judge(&theirs), Verdict::Ack);
        let other = settings(&[(3, ELSE)]);
        ipcp.naked(&Setting::read_all(&other).unwrap());
        assert_eq!(ipcp.wishes(), settings(&[(3, ELSE), (129, DNS)]));
    }

    #[test]
    fn header_compression_and_what_else_is_unknown_is_rejected() {
        let mut wish = Vec::new();
        write_setting(&mut wish, 2, &[0x00, 0x2d, 15, 1]);
        let theirs = Setting::read_all(&wish).unwrap();
        assert_eq!(asking().judge(&theirs), Verdict::Reject(wish.clone()));
        let odd = [3, 4, 1, 2];
        let theirs = Setting::read_all(&odd).unwrap();
        assert_eq!(
            asking().judge(&theirs),
            Verdict::Nak(settings(&[(3, ELSE)]))
        );
    }

    #[test]
    fn what_is_given_is_taken_and_what_is_rejected_is_not_asked_again() {
        let mut ipcp = asking();
        let given = settings(&[(3, PEER), (129, DNS)]);
        ipcp.naked(&Setting::read_all(&given).unwrap());
        let rejected = settings(&[(131, NONE)]);
        ipcp.rejected(&Setting::read_all(&rejected).unwrap());
        assert_eq!(ipcp.wishes(), given);
        assert_eq!((ipcp.own(), ipcp.dns()), (PEER, vec![DNS]));
    }
}
