//! Scales on USB. Linux lets a program at them by the udev rule in `packaging/linux`; Windows and
//! macOS do without a driver.

use std::time::{Duration, Instant};

use hidapi::{DeviceInfo, HidApi, HidDevice};
use shared::scale::hid::{DATA_REPORT, USAGE_PAGE, reading};
use shared::scale::{Heard, Millis};

use super::instrument::{Found, Gone, Instrument};
use crate::api::ScaleSetup;

/// Room for a report; the one with the weight has six bytes.
const REPORT_BYTES: usize = 64;

/// Reports that the system keeps for a reader that is late: no more can be waiting.
const MAX_WAITING: usize = 64;

/// A scale that tells only what changes is asked for its report after so long.
const QUIET: Duration = Duration::from_millis(400);

/// The scales that are plugged in.
pub(super) fn find() -> Vec<Found> {
    HidApi::new().map_or_else(|_| Vec::new(), |api| scales(&api).map(found).collect())
}

/// Each device of the usage page once: one with several collections is listed for each.
fn scales(api: &HidApi) -> impl Iterator<Item = &DeviceInfo> {
    let mut seen = Vec::new();
    api.device_list()
        .filter(|device| device.usage_page() == USAGE_PAGE)
        .filter(move |device| {
            let is_new = !seen.contains(&device.path());
            seen.push(device.path());
            is_new
        })
}

fn found(device: &DeviceInfo) -> Found {
    let names = [device.manufacturer_string(), device.product_string()];
    let names: Vec<&str> = names.into_iter().flatten().map(str::trim).collect();
    let name = names.join(" ");
    let title = match name.trim() {
        "" => format!(
            "USB scale {:04x}:{:04x}",
            device.vendor_id(),
            device.product_id()
        ),
        name => name.to_owned(),
    };
    Found {
        title,
        setup: ScaleSetup::Usb {
            vendor: device.vendor_id(),
            product: device.product_id(),
            serial: serial(device).map(str::to_owned),
        },
    }
}

fn serial(device: &DeviceInfo) -> Option<&str> {
    device
        .serial_number()
        .map(str::trim)
        .filter(|serial| !serial.is_empty())
}

/// Opens the scale of a model and a serial number.
pub(super) fn open(
    (vendor, product): (u16, u16),
    number: Option<&str>,
) -> Result<Box<dyn Instrument>, Gone> {
    let gone = |fault: hidapi::HidError| Gone(fault.to_string());
    let api = HidApi::new().map_err(gone)?;
    let same: Vec<&DeviceInfo> = scales(&api)
        .filter(|device| (device.vendor_id(), device.product_id()) == (vendor, product))
        .filter(|device| serial(device) == number)
        .collect();
    match same.as_slice() {
        [] => Err(Gone("it is not plugged in".to_owned())),
        [device] => Ok(Box::new(UsbScale {
            device: device.open_device(&api).map_err(gone)?,
            heard: Instant::now(),
        })),
        // Which of them the clerk means cannot be known.
        [..] => Err(Gone(
            "two equal scales without serial numbers are plugged in".to_owned(),
        )),
    }
}

struct UsbScale {
    device: HidDevice,
    heard: Instant,
}

impl UsbScale {
    fn take(&mut self, report: &[u8], heard: &mut Vec<Heard>) {
        if let Some(reading) = reading(report) {
            self.heard = Instant::now();
            heard.push(Heard::Reading(reading));
        }
    }
}

impl Instrument for UsbScale {
    fn listen(&mut self, wait: Duration, _now: Millis, heard: &mut Vec<Heard>) -> Result<(), Gone> {
        let mut report = [0; REPORT_BYTES];
        let mut wait = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        for _ in 0..MAX_WAITING {
            let read = self.device.read_timeout(&mut report, wait);
            match read.map_err(|fault| Gone(fault.to_string()))? {
                0 => break,
                count => self.take(report.get(..count).unwrap_or(&report), heard),
            }
            // What else is waiting is older than what comes next.
            wait = 0;
        }
        if self.heard.elapsed() >= QUIET {
            report[0] = DATA_REPORT;
            // Not every scale answers to that; one that does not stays silent.
            if let Ok(count) = self.device.get_input_report(&mut report) {
                self.take(report.get(..count).unwrap_or(&report), heard);
            }
        }
        Ok(())
    }

    /// Their makers do not agree on how that is asked for; each has a key for it.
    fn zero(&mut self) -> bool {
        false
    }
}
