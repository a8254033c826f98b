//! Printers in use: one piece at a time goes to a device, whatever it is called, and what is left
//! of a roll that is nearly at its end is reckoned here.

use std::net::ToSocketAddrs;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::api::PrinterPort;
use crate::printing::ipp::over_http;
use crate::printing::units::Um;

/// How long a piece waits for the one before it: longer than a label takes, and no longer than a
/// clerk who should rather be told that a batch is on that printer.
pub(crate) const HOLD_WAIT: Duration = Duration::from_secs(20);

/// The most rolls that are reckoned with; of more, the oldest is forgotten.
const ROLLS_MAX: usize = 64;

/// The devices of this program. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Devices(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    held: Vec<String>,
    /// Rolls that are nearly at their end, and what was printed on them since.
    rolls: Vec<(String, Um)>,
}

/// A device that nobody else prints on meanwhile.
#[derive(Debug)]
pub(crate) struct Held {
    devices: Devices,
    device: String,
}

impl Devices {
    /// Holds the device behind a port; nothing when somebody else does for longer than `wait`.
    pub(crate) fn hold(&self, port: &PrinterPort, wait: Duration) -> Option<Held> {
        let device = device(port);
        let freed = self
            .0
            .freed
            .wait_timeout_while(self.state(), wait, |state| state.held.contains(&device));
        let (mut state, waited) = freed.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return None;
        }
        state.held.push(device.clone());
        Some(Held {
            devices: self.clone(),
            device,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Whether a label is surely longer than what is left of a roll that is nearly at its end and
    /// had `reserve` left when it began to be.
    pub(crate) fn may_be_too_long(&self, label: Um, reserve: Um) -> bool {
        let state = self.devices.state();
        let roll = state
            .rolls
            .iter()
            .find(|(device, _)| *device == self.device);
        let printed = roll.map_or(Um::ZERO, |(_, printed)| *printed);
        reserve - printed < label
    }

    /// Notes whether the paper is nearly at its end.
    pub(crate) fn note(&self, near_end: bool) {
        let mut state = self.devices.state();
        let known = state.rolls.iter().any(|(device, _)| *device == self.device);
        match (near_end, known) {
            (true, false) => {
                if state.rolls.len() == ROLLS_MAX {
                    state.rolls.remove(0);
                }
                state.rolls.push((self.device.clone(), Um::ZERO));
            }
            (false, true) => state.rolls.retain(|(device, _)| *device != self.device),
            (true, true) | (false, false) => {}
        }
    }

    /// A label was printed on a roll, which counts when it is nearly at its end.
    pub(crate) fn printed(&self, label: Um) {
        let mut state = self.devices.state();
        for (_, printed) in state
            .rolls
            .iter_mut()
            .filter(|(device, _)| *device == self.device)
        {
            *printed = *printed + label;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.devices.state();
        state.held.retain(|device| *device != self.device);
        self.devices.0.freed.notify_all();
    }
}

/// What stands behind a port, however it is written.
fn device(port: &PrinterPort) -> String {
    if let PrinterPort::Serial { path, .. } | PrinterPort::Device { path } = port {
        let real = std::fs::canonicalize(path);
        return real.map_or_else(|_| path.clone(), |path| path.display().to_string());
    }
    match port {
        PrinterPort::Tcp { address } => first(address).unwrap_or_else(|| port.to_string()),
        PrinterPort::Ipp { uri, .. } => queue(uri).unwrap_or_else(|| uri.clone()),
        PrinterPort::Serial { .. }
        | PrinterPort::Device { .. }
        | PrinterPort::Usb { .. }
        | PrinterPort::Spooler { .. } => port.to_string(),
    }
}

/// The first number behind an address.
fn first(address: impl ToSocketAddrs) -> Option<String> {
    Some(address.to_socket_addrs().ok()?.next()?.to_string())
}

/// A queue, however its host is written and whether or not it is spoken with in secret.
fn queue(uri: &str) -> Option<String> {
    let address = over_http(uri)?;
    let port = address.port_or_known_default()?;
    let host = first((address.host_str()?, port))?;
    Some(format!("{host}{}", address.path()))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn tcp(address: &str) -> PrinterPort {
        PrinterPort::Tcp {
            address: address.to_owned(),
        }
    }

    #[test]
    fn a_device_is_held_by_one_at_a_time_under_whatever_name() {
        let devices = Devices::default();
        let wait = Duration::from_millis(20);
        let held = devices.hold(&tcp("127.0.0.1:9100"), wait).unwrap();
        assert!(devices.hold(&tcp("localhost:9100"), wait).is_none());
        assert!(devices.hold(&tcp("127.0.0.1:9101"), wait).is_some());
        drop(held);
        assert!(devices.hold(&tcp("localhost:9100"), wait).is_some());
    }

    #[test]
    fn a_queue_is_held_under_whatever_name_its_host_has() {
        let ipp = |uri: &str| PrinterPort::Ipp {
            uri: uri.to_owned(),
            certificate: uri.starts_with("ipps").then(|| "ab".repeat(32)),
        };
        let devices = Devices::default();
        let _held = devices.hold(&ipp("ipp://127.0.0.1/ipp/print"), Duration::ZERO);
        for same in [
            "ipps://localhost:631/ipp/print",
            "ipp://localhost/ipp/print",
        ] {
            assert!(devices.hold(&ipp(same), Duration::ZERO).is_none(), "{same}");
        }
        let other = ipp("ipp://127.0.0.1/ipp/other");
        assert!(devices.hold(&other, Duration::ZERO).is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_device_is_that_device() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("lp0"), folder.path().join("by-id"));
        std::fs::write(&real, b"").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let path = |path: &std::path::Path| PrinterPort::Device {
            path: path.display().to_string(),
        };
        let devices = Devices::default();
        let _held = devices.hold(&path(&real), Duration::ZERO).unwrap();
        assert!(devices.hold(&path(&link), Duration::ZERO).is_none());
    }

    #[test]
    fn who_waits_goes_on_as_soon_as_the_device_is_free() {
        let devices = Devices::default();
        let held = devices.hold(&tcp("127.0.0.1:9100"), HOLD_WAIT).unwrap();
        let other = devices.clone();
        let started = Instant::now();
        let waiting = std::thread::spawn(move || {
            let held = other.hold(&tcp("127.0.0.1:9100"), HOLD_WAIT);
            (held.is_some(), started.elapsed())
        });
        std::thread::sleep(Duration::from_millis(30));
        drop(held);
        let (held, waited) = waiting.join().unwrap();
        assert!(held && waited < HOLD_WAIT, "{waited:?}");
    }

    #[test]
    fn a_roll_that_is_nearly_at_its_end_takes_labels_as_long_as_its_reserve_lasts() {
        let devices = Devices::default();
        let held = devices.hold(&tcp("127.0.0.1:9100"), HOLD_WAIT).unwrap();
        let (label, reserve) = (Um::mm(100), Um::mm(250));
        // Nothing is reckoned of a full roll.
        held.printed(label);
        held.note(true);
        for left in [true, true, false] {
            assert_eq!(held.may_be_too_long(label, reserve), !left);
            held.note(true);
            held.printed(label);
        }
        // A new roll.
        held.note(false);
        assert!(!held.may_be_too_long(label, reserve));
        assert!(held.may_be_too_long(label, Um::mm(99)));
    }
}
