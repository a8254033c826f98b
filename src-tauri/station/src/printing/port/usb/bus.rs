//! The bus by nusb: no library of the system, no driver. Linux's own printer driver is put aside
//! while a port is open and comes back when it closes.

use std::io;
use std::time::Duration;

use nusb::transfer::{
    Buffer, Bulk, ControlIn, ControlType, Direction, In, Out, Recipient, TransferError,
};
use nusb::{DeviceInfo, Endpoint, Interface, MaybeFuture as _};

use super::{Pipe, Plugged, Wanted, choose};

/// The class of printers.
const PRINTER: u8 = 7;

/// Requests of the class.
const GET_DEVICE_ID: u8 = 0;
const GET_PORT_STATUS: u8 = 1;

/// The system's number for a file that is not there (ENOENT).
const NO_SUCH_FILE: u32 = 2;

/// How long a question of the class may take.
const ASK_WAIT: Duration = Duration::from_millis(500);

/// Bytes taken from a printer at once: a multiple of the packets of every speed.
const TAKEN: usize = 4_096;

/// The longest device id.
const MAX_DEVICE_ID: u16 = 1_024;

/// A printer on the bus.
struct OnBus {
    plugged: Plugged,
    info: DeviceInfo,
}

impl AsRef<Plugged> for OnBus {
    fn as_ref(&self) -> &Plugged {
        &self.plugged
    }
}

fn on_bus() -> io::Result<Vec<OnBus>> {
    let devices = match nusb::list_devices().wait() {
        Ok(devices) => devices,
        // There is no USB here at all.
        Err(fault) if fault.os_error() == Some(NO_SUCH_FILE) => return Ok(Vec::new()),
        Err(fault) => return Err(io::Error::other(fault)),
    };
    Ok(devices
        .filter(|info| info.interfaces().any(|one| one.class() == PRINTER))
        .map(|info| OnBus {
            plugged: plugged(&info),
            info,
        })
        .collect())
}

fn plugged(info: &DeviceInfo) -> Plugged {
    let ports: Vec<String> = info.port_chain().iter().map(u8::to_string).collect();
    let names = [info.manufacturer_string(), info.product_string()];
    let names: Vec<&str> = names.into_iter().flatten().map(str::trim).collect();
    Plugged {
        id: (info.vendor_id(), info.product_id()),
        serial: info
            .serial_number()
            .map(|serial| serial.trim().to_owned())
            .filter(|serial| !serial.is_empty()),
        place: format!("{}-{}", bus_name(info.bus_id()), ports.join(".")),
        title: names.join(" "),
    }
}

/// The number of a bus as people write it; other systems call buses by words.
fn bus_name(id: &str) -> String {
    id.parse::<u32>()
        .map_or_else(|_| id.to_owned(), |number| number.to_string())
}

pub(super) fn list() -> io::Result<Vec<Plugged>> {
    Ok(on_bus()?.into_iter().map(|one| one.plugged).collect())
}

pub(super) fn open(wanted: &Wanted<'_>) -> io::Result<UsbPipe> {
    let printers = on_bus()?;
    let chosen = choose(&printers, wanted)?;
    UsbPipe::open(&chosen.info)
}

/// A printer whose interface is taken.
pub(super) struct UsbPipe {
    interface: Interface,
    out: Endpoint<Bulk, Out>,
    /// Missing where a printer only listens.
    back: Option<Endpoint<Bulk, In>>,
    /// Interface and alternate setting, as the class's questions name them.
    index: u16,
}

/// The interface of a printer that has most to say: both ways rather than one.
struct Chosen {
    number: u8,
    alternate: u8,
    out: u8,
    back: Option<u8>,
}

impl UsbPipe {
    fn open(info: &DeviceInfo) -> io::Result<Self> {
        let device = info.open().wait().map_err(explained)?;
        let chosen = best(&device).ok_or(io::ErrorKind::Unsupported)?;
        let interface = device
            .detach_and_claim_interface(chosen.number)
            .wait()
            .map_err(explained)?;
        if chosen.alternate != 0 {
            interface
                .set_alt_setting(chosen.alternate)
                .wait()
                .map_err(explained)?;
        }
        let out = interface.endpoint(chosen.out).map_err(explained)?;
        let back = match chosen.back {
            Some(address) => Some(interface.endpoint(address).map_err(explained)?),
            None => None,
        };
        Ok(Self {
            out,
            back,
            index: u16::from_be_bytes([chosen.number, chosen.alternate]),
            interface,
        })
    }

    fn ask(&self, request: u8, index: u16, length: u16) -> io::Result<Vec<u8>> {
        let question = ControlIn {
            control_type: ControlType::Class,
            recipient: Recipient::Interface,
            request,
            value: 0,
            index,
            length,
        };
        let answer = self.interface.control_in(question, ASK_WAIT).wait();
        answer.map_err(io::Error::from)
    }
}

/// The printer's setting with pipes both ways, or one that only listens.
fn best(device: &nusb::Device) -> Option<Chosen> {
    let configuration = device.active_configuration().ok()?;
    let settings = configuration
        .interface_alt_settings()
        .filter(|setting| setting.class() == PRINTER);
    let settings = settings.filter_map(|setting| {
        let bulk = |direction: Direction| {
            setting.endpoints().find(|endpoint| {
                endpoint.direction() == direction
                    && endpoint.transfer_type() == nusb::descriptors::TransferType::Bulk
            })
        };
        Some(Chosen {
            number: setting.interface_number(),
            alternate: setting.alternate_setting(),
            out: bulk(Direction::Out)?.address(),
            back: bulk(Direction::In).map(|endpoint| endpoint.address()),
        })
    });
    settings.min_by_key(|setting| (setting.back.is_none(), setting.number, setting.alternate))
}

/// A refusal of the system, with what to do about the most usual one.
fn explained(fault: nusb::Error) -> io::Error {
    if fault.kind() == nusb::ErrorKind::PermissionDenied {
        let what = "this user may not open it; on Linux install the udev rules that come with the \
                    program, or add the user to the group lp";
        return io::Error::new(io::ErrorKind::PermissionDenied, what);
    }
    fault.into()
}

/// A transfer that was taken back because its time was up is a pause, and no fault.
fn ended(status: Result<(), TransferError>) -> io::Result<()> {
    match status {
        Ok(()) => Ok(()),
        Err(TransferError::Cancelled) => Err(io::ErrorKind::TimedOut.into()),
        Err(fault) => Err(fault.into()),
    }
}

impl Pipe for UsbPipe {
    fn send(&mut self, bytes: &[u8], wait: Duration) -> (usize, io::Result<()>) {
        let done = self.out.transfer_blocking(bytes.to_vec().into(), wait);
        if done.status == Err(TransferError::Stall) {
            // The next piece may go on; this one failed.
            drop(self.out.clear_halt().wait());
        }
        (done.actual_len, ended(done.status))
    }

    fn receive(&mut self, wait: Duration) -> io::Result<Vec<u8>> {
        let Some(back) = &mut self.back else {
            std::thread::sleep(wait);
            return Ok(Vec::new());
        };
        let done = back.transfer_blocking(Buffer::new(TAKEN), wait);
        let heard = done.buffer.get(..done.actual_len).unwrap_or_default();
        match ended(done.status) {
            Err(fault) if heard.is_empty() && fault.kind() != io::ErrorKind::TimedOut => Err(fault),
            Ok(()) | Err(_) => Ok(heard.to_vec()),
        }
    }

    fn status(&mut self) -> io::Result<u8> {
        let [number, _] = self.index.to_be_bytes();
        let answer = self.ask(GET_PORT_STATUS, number.into(), 1)?;
        answer
            .first()
            .copied()
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn device_id(&mut self) -> io::Result<Vec<u8>> {
        self.ask(GET_DEVICE_ID, self.index, MAX_DEVICE_ID)
    }
}
