//! The bus by `usbprint.sys`, the driver that Windows gives to every printer: nothing has to be
//! replaced. It says nothing of serial numbers but in the path of the device, hands no answers of the
//! printer back, and waits for as long as it likes; so a printer is driven by a thread of its own, and
//! counts as one that cannot acknowledge.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use escpos::driver::{Driver as _, WindowsUsbPrintDriver, WindowsUsbPrintInfo};

use super::{Pipe, Plugged, Wanted, choose};

/// A printer that Windows lists.
struct Listed {
    plugged: Plugged,
    path: String,
}

impl AsRef<Plugged> for Listed {
    fn as_ref(&self) -> &Plugged {
        &self.plugged
    }
}

fn listed() -> io::Result<Vec<Listed>> {
    let printers = WindowsUsbPrintDriver::list().map_err(io::Error::other)?;
    Ok(printers.into_iter().filter_map(of_info).collect())
}

/// A path is `\\?\usb#vid_04b8&pid_0e28#SERIAL#{class}`; where a printer has no serial number, Windows
/// puts one together from the port, and marks it with an ampersand.
fn of_info(info: WindowsUsbPrintInfo) -> Option<Listed> {
    let id = (info.vendor_id?, info.product_id?);
    let instance = info.device_path.split('#').nth(2).unwrap_or_default();
    let is_place = instance.contains('&');
    Some(Listed {
        plugged: Plugged {
            id,
            serial: (!is_place && !instance.is_empty()).then(|| instance.to_ascii_uppercase()),
            place: instance.to_owned(),
            title: format!("USB printer {:04x}:{:04x}", id.0, id.1),
        },
        path: info.device_path,
    })
}

pub(super) fn list() -> io::Result<Vec<Plugged>> {
    Ok(listed()?.into_iter().map(|one| one.plugged).collect())
}

pub(super) fn open(wanted: &Wanted<'_>) -> io::Result<UsbPipe> {
    let printers = listed()?;
    let chosen = choose(&printers, wanted)?;
    let driver = WindowsUsbPrintDriver::open(&chosen.path).map_err(io::Error::other)?;
    UsbPipe::drive(driver)
}

/// A printer whose driver is on a thread of its own.
pub(super) struct UsbPipe {
    driver: WindowsUsbPrintDriver,
    work: Sender<Vec<u8>>,
    done: Receiver<io::Result<()>>,
    /// Whether a write has not come back: nothing more goes out behind it.
    is_stuck: bool,
}

impl UsbPipe {
    fn drive(driver: WindowsUsbPrintDriver) -> io::Result<Self> {
        let (work, taken) = mpsc::channel::<Vec<u8>>();
        let (tell, done) = mpsc::channel();
        let writer = driver.clone();
        thread::Builder::new()
            .name("usbprint".to_owned())
            .spawn(move || {
                for bytes in taken {
                    let written = writer.write(&bytes).map_err(io::Error::other);
                    if tell.send(written).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self {
            driver,
            work,
            done,
            is_stuck: false,
        })
    }
}

impl Pipe for UsbPipe {
    /// The driver does not say how far it came: of a write that fails or stalls, all may have left.
    fn send(&mut self, bytes: &[u8], wait: Duration) -> (usize, io::Result<()>) {
        if self.is_stuck || self.work.send(bytes.to_vec()).is_err() {
            return (0, Err(io::ErrorKind::BrokenPipe.into()));
        }
        match self.done.recv_timeout(wait) {
            Ok(written) => (bytes.len(), written),
            Err(RecvTimeoutError::Timeout) => {
                self.is_stuck = true;
                (bytes.len(), Err(io::ErrorKind::BrokenPipe.into()))
            }
            Err(RecvTimeoutError::Disconnected) => (0, Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn receive(&mut self, wait: Duration) -> io::Result<Vec<u8>> {
        thread::sleep(wait);
        Ok(Vec::new())
    }

    fn status(&mut self) -> io::Result<u8> {
        if self.is_stuck {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let status = self.driver.lpt_status().map_err(io::Error::other)?;
        status
            .to_le_bytes()
            .first()
            .copied()
            .ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn device_id(&mut self) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
