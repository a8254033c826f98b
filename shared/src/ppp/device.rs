//! An engine as a network device of smoltcp: Internet packets in and out, one at a time.

use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

use super::engine::Engine;
use super::stack::Asking;

/// Lends an engine to the TCP/IP stack for one step, and notes what leaves.
pub(super) struct Wire<'e>(pub(super) &'e mut Engine, pub(super) &'e mut Asking);

/// A packet that has arrived.
pub(super) struct Arrived(Vec<u8>);

/// Leave to send one packet.
pub(super) struct Leave<'a>(&'a mut Engine, &'a mut Asking);

impl Device for Wire<'_> {
    type RxToken<'a>
        = Arrived
    where
        Self: 'a;
    type TxToken<'a>
        = Leave<'a>
    where
        Self: 'a;

    fn receive(&mut self, _now: Instant) -> Option<(Arrived, Leave<'_>)> {
        let packet = self.0.receive()?;
        Some((Arrived(packet), Leave(self.0, self.1)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Leave<'_>> {
        Some(Leave(self.0, self.1))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = usize::from(self.0.mtu());
        capabilities
    }
}

impl RxToken for Arrived {
    fn consume<R, F>(self, read: F) -> R
    where
        F: FnOnce(&[u8]) -> R,
    {
        read(&self.0)
    }
}

impl TxToken for Leave<'_> {
    fn consume<R, F>(self, length: usize, write: F) -> R
    where
        F: FnOnce(&mut [u8]) -> R,
    {
        let mut packet = vec![0; length];
        let result = write(&mut packet);
        self.1.leaves(&mut packet);
        // Sent also where little room is left: the stack looks for room before it lets its streams
        // speak, each of them once, and what it answers to a stray packet is short.
        let _dropped = self.0.send_beyond_room(&packet);
        result
    }
}
