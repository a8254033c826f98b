//! Internet packets, there and back.

use super::super::terms::SLOW_MRU;
use super::super::vj::{self, Expander, Shortener};
use super::{Engine, IP, NotSent, Phase, WIRE_LIMIT_BYTES};

/// Bytes waiting for the line at which no further Internet packet is taken: what waits here would
/// only look to TCP like a slower line, and a word of LCP would have to wait behind it.
const DATA_WAITING_BYTES: usize = 1_024;
/// The same on a slow line, where as much would take longer than TCP waits for an answer: the next
/// packet comes when the last one is all but gone.
const SLOW_DATA_WAITING_BYTES: usize = 64;
/// Internet packets kept for whoever is to take them; more are dropped, as on any line.
const RECEIVED_LIMIT: usize = 64;

impl Engine {
    /// The next Internet packet, the oldest first.
    pub fn receive(&mut self) -> Option<Vec<u8>> {
        self.received.pop_front()
    }

    /// Whether an Internet packet would be taken now.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let most = if self.is_slow() {
            SLOW_DATA_WAITING_BYTES
        } else {
            DATA_WAITING_BYTES
        };
        self.phase == Phase::Up && self.wire.len() < most
    }

    /// Whether the line is one on which TCP needs patience: slow, and not seen to lose anything.
    pub(in crate::ppp) fn needs_patience(&self) -> bool {
        self.is_slow() && !self.spoils
    }

    /// Whether packets are kept short, as on a slow line.
    fn is_slow(&self) -> bool {
        self.mtu() <= SLOW_MRU
    }

    /// Longest Internet packet that may be sent now, in bytes.
    #[must_use]
    pub fn mtu(&self) -> u16 {
        self.lcp.settlement.granted.mru.min(self.terms.mru)
    }

    /// Sends an Internet packet.
    ///
    /// # Errors
    /// [`NotSent`] when the link is down or busy, or the packet is longer than [`Engine::mtu`];
    /// nothing was sent then.
    pub fn send(&mut self, packet: &[u8]) -> Result<(), NotSent> {
        if self.phase == Phase::Up && !self.has_room() {
            return Err(NotSent::Busy);
        }
        self.send_beyond_room(packet)
    }

    /// Sends an Internet packet even where enough waits, up to the limit of all that waits.
    pub(in crate::ppp) fn send_beyond_room(&mut self, packet: &[u8]) -> Result<(), NotSent> {
        if self.phase != Phase::Up {
            return Err(NotSent::Down);
        }
        if packet.len() > usize::from(self.mtu()) {
            return Err(NotSent::TooLong);
        }
        // What is dropped here must not be what the next header is compared with.
        if self.wire.len() < WIRE_LIMIT_BYTES {
            let (protocol, information) = match &mut self.shortener {
                Some(shortener) => shortener.shorten(packet),
                None => (IP, packet.to_vec()),
            };
            self.write(protocol, &information);
        }
        Ok(())
    }

    /// Whether something that the other end sent is missing: a frame was spoiled, or a header could
    /// not be made whole after one. Says so once.
    pub(in crate::ppp) const fn take_missing(&mut self) -> bool {
        std::mem::replace(&mut self.misses, false)
    }

    /// Begins with short headers as they were agreed on.
    pub(super) fn begin_headers(&mut self) {
        let is_slow = self.is_slow();
        let ipcp = &self.ipcp.settlement;
        self.shortener = ipcp.granted().map(|slots| {
            let shortener = Shortener::new(slots);
            if is_slow {
                shortener
            } else {
                shortener.whole_behind()
            }
        });
        self.expander = ipcp.keeps_headers().then(Expander::new);
    }

    /// A frame was spoiled. What comes before the link is up, such as a banner, says nothing about the
    /// line.
    pub(super) fn spoiled(&mut self) {
        if self.phase == Phase::Up {
            self.spoils = true;
            self.misses = true;
            // On a line with noise a spoiled frame must not cost those behind it as well.
            self.shortener = None;
            if let Some(expander) = &mut self.expander {
                expander.lose();
            }
        }
    }

    /// Keeps a packet for whoever is to take it.
    fn keep(&mut self, packet: Vec<u8>) {
        if self.received.len() < RECEIVED_LIMIT {
            self.received.push_back(packet);
        }
    }

    /// Takes a packet whose header was never shortened. Where it could have been, the other end has met
    /// noise, and so may we.
    pub(super) fn plain(&mut self, packet: Vec<u8>) {
        if vj::could_be_short(&packet) {
            self.shortener = None;
        }
        self.keep(packet);
    }

    /// Makes a packet whole.
    pub(super) fn expand(&mut self, protocol: u16, information: &[u8]) {
        let Some(expander) = &mut self.expander else {
            return;
        };
        let packet = if protocol == vj::WHOLE {
            expander.whole(information)
        } else {
            expander.short(information)
        };
        match packet {
            Some(packet) => self.keep(packet),
            None => {
                self.misses = true;
                self.shortener = None;
            }
        }
    }
}
