//! Printers in use: one piece at a time goes to a device, whatever it is called, and what is left
//! of a roll that is nearly at its end is reckoned here. The store keeps the rolls, because a command
//! that prints one label is another program each time; a crash leaves out the last label at the most.

use std::net::ToSocketAddrs;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
    held: Vec<Device>,
    rolls: Vec<Roll>,
    /// Whether the store does not know the rolls as they are.
    is_new: bool,
}

/// What stands behind a port, by every name that leads to it: a name may have several addresses, and
/// gives them in any order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Device(Vec<String>);

/// A roll that is nearly at its end, and what was printed on it since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Roll {
    device: Device,
    printed: Um,
}

/// A device that nobody else prints on meanwhile.
#[derive(Debug)]
pub(crate) struct Held {
    devices: Devices,
    device: Device,
}

impl Devices {
    /// Holds the device behind a port; nothing when somebody else does for longer than `wait`.
    pub(crate) fn hold(&self, port: &PrinterPort, wait: Duration) -> Option<Held> {
        self.hold_device(Device::behind(port), wait)
    }

    fn hold_device(&self, device: Device, wait: Duration) -> Option<Held> {
        let is_held = |state: &mut State| state.held.iter().any(|held| held.is(&device));
        let freed = self.0.freed.wait_timeout_while(self.state(), wait, is_held);
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

    /// The rolls as the store keeps them, when they are not as they were when this was asked last.
    pub(crate) fn rolls_to_keep(&self) -> Option<String> {
        let mut state = self.state();
        if !std::mem::take(&mut state.is_new) {
            return None;
        }
        Some(serde_json::to_string(&state.rolls).expect("rolls are strings and numbers"))
    }

    /// Takes the rolls over that the store has kept. What cannot be read is no roll: at worst a label
    /// is begun for which the paper does not last.
    pub(crate) fn recall_rolls(&self, kept: &str) {
        self.state().rolls = serde_json::from_str(kept).unwrap_or_default();
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
        let roll = state.rolls.iter().find(|roll| roll.device.is(&self.device));
        let printed = roll.map_or(Um::ZERO, |roll| roll.printed);
        reserve - printed < label
    }

    /// Notes whether the paper is nearly at its end.
    pub(crate) fn note(&self, near_end: bool) {
        let mut state = self.devices.state();
        let known = state.rolls.iter().any(|roll| roll.device.is(&self.device));
        match (near_end, known) {
            (true, false) => {
                if state.rolls.len() >= ROLLS_MAX {
                    state.rolls.remove(0);
                }
                state.rolls.push(Roll {
                    device: self.device.clone(),
                    printed: Um::ZERO,
                });
            }
            (false, true) => state.rolls.retain(|roll| !roll.device.is(&self.device)),
            (true, true) | (false, false) => return,
        }
        state.is_new = true;
    }

    /// A label was printed on a roll, which counts when it is nearly at its end.
    pub(crate) fn printed(&self, label: Um) {
        let mut state = self.devices.state();
        let roll = state
            .rolls
            .iter_mut()
            .find(|roll| roll.device.is(&self.device));
        if let Some(roll) = roll {
            roll.printed = roll.printed + label;
            state.is_new = true;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.devices.state();
        state.held.retain(|held| !held.is(&self.device));
        self.devices.0.freed.notify_all();
    }
}

impl Device {
    /// What stands behind a port, however it is written.
    fn behind(port: &PrinterPort) -> Self {
        let named = |names: Vec<String>| match names.is_empty() {
            // One that leads nowhere now is known by its name.
            true => Self(vec![port.to_string()]),
            false => Self(names),
        };
        match port {
            PrinterPort::Serial { path, .. } | PrinterPort::Device { path } => {
                let real = std::fs::canonicalize(path);
                Self(vec![real.map_or_else(
                    |_| path.clone(),
                    |path| path.display().to_string(),
                )])
            }
            PrinterPort::Tcp { address } => named(numbers(address)),
            PrinterPort::Ipp { uri, .. } => named(queues(uri)),
            PrinterPort::Usb { .. } | PrinterPort::Spooler { .. } => named(Vec::new()),
        }
    }

    /// Whether some name leads to both.
    fn is(&self, other: &Self) -> bool {
        self.0.iter().any(|name| other.0.contains(name))
    }
}

/// The numbers behind an address.
fn numbers(address: impl ToSocketAddrs) -> Vec<String> {
    let found = address.to_socket_addrs().into_iter().flatten();
    found.map(|one| one.to_string()).collect()
}

/// A queue, however its host is written and whether or not it is spoken with in secret.
fn queues(uri: &str) -> Vec<String> {
    let Some(address) = over_http(uri) else {
        return Vec::new();
    };
    let host = address.host_str().zip(address.port_or_known_default());
    let hosts = host.map(numbers).unwrap_or_default();
    let with_path = |host: String| format!("{host}{}", address.path());
    hosts.into_iter().map(with_path).collect()
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

    #[test]
    fn a_name_with_several_addresses_is_the_device_at_each_of_them() {
        let devices = Devices::default();
        let known_as = |names: &[&str]| Device(names.iter().map(|&name| name.into()).collect());
        let [six, four] = ["[2001:db8::7]:9100", "192.0.2.7:9100"];
        let held = devices.hold_device(known_as(&[six, four]), Duration::ZERO);
        held.as_ref().unwrap().note(true);
        // The same name another time, and the address alone.
        for other in [known_as(&[four, six]), known_as(&[four])] {
            assert!(devices.hold_device(other, Duration::ZERO).is_none());
        }
        drop(held);
        let held = devices
            .hold_device(known_as(&[four]), Duration::ZERO)
            .unwrap();
        held.printed(Um::mm(100));
        assert!(held.may_be_too_long(Um::mm(100), Um::mm(150)));
    }

    #[test]
    fn what_was_printed_on_a_roll_is_known_to_the_next_program() {
        let reserve = Um::mm(250);
        let mut kept: Option<String> = None;
        for left in [true, true, false] {
            let devices = Devices::default();
            if let Some(text) = &kept {
                devices.recall_rolls(text);
            }
            let held = devices.hold(&tcp("127.0.0.1:9100"), HOLD_WAIT).unwrap();
            assert_eq!(held.may_be_too_long(Um::mm(100), reserve), !left);
            held.note(true);
            held.printed(Um::mm(100));
            kept = devices.rolls_to_keep();
            assert!(kept.is_some() && devices.rolls_to_keep().is_none());
        }
        let devices = Devices::default();
        devices.recall_rolls("no rolls");
        let held = devices.hold(&tcp("127.0.0.1:9100"), HOLD_WAIT).unwrap();
        assert!(!held.may_be_too_long(Um::mm(100), reserve));
        held.note(false);
        assert_eq!(devices.rolls_to_keep(), None, "a full roll is not kept");
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
