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

/// One that does not answer is asked ever less often, down to once in so long: the system may wait
/// for seconds then, in which nothing is heard of what the scale says by itself.
const SELDOM: Duration = Duration::from_secs(60);

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
    let name = match name.trim() {
        "" => format!(
            "USB scale {:04x}:{:04x}",
            device.vendor_id(),
            device.product_id()
        ),
        name => name.to_owned(),
    };
    // Two of one model are told apart by it.
    let title = match serial(device) {
        Some(number) => format!("{name}, {number}"),
        None => name,
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
            questions: Questions::new(Instant::now()),
        })),
        // Which of them the clerk means cannot be known.
        [..] => Err(Gone(
            "two equal scales without serial numbers are plugged in".to_owned(),
        )),
    }
}

/// When a scale is asked for its report.
#[derive(Clone, Copy, Debug)]
struct Questions {
    /// When it was heard or asked last.
    last: Instant,
    pause: Duration,
}

impl Questions {
    const fn new(now: Instant) -> Self {
        Self {
            last: now,
            pause: QUIET,
        }
    }

    /// It has said something.
    const fn heard(&mut self, now: Instant) {
        *self = Self::new(now);
    }

    /// Whether it is asked now.
    fn is_due(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) >= self.pause
    }

    /// It was asked, and has not answered.
    fn unanswered(&mut self, now: Instant) {
        self.last = now;
        self.pause = self.pause.saturating_mul(2).min(SELDOM);
    }
}

struct UsbScale {
    device: HidDevice,
    questions: Questions,
}

impl UsbScale {
    /// Takes a report; whether it said something.
    fn take(&mut self, report: &[u8], heard: &mut Vec<Heard>) -> bool {
        let Some(reading) = reading(report) else {
            return false;
        };
        self.questions.heard(Instant::now());
        heard.push(Heard::Reading(reading));
        true
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
                count => {
                    self.take(report.get(..count).unwrap_or(&report), heard);
                }
            }
            // What else is waiting is older than what comes next.
            wait = 0;
        }
        if self.questions.is_due(Instant::now()) {
            report[0] = DATA_REPORT;
            let asked = self.device.get_input_report(&mut report);
            let report = asked.ok().and_then(|count| report.get(..count));
            // Not every scale answers to that; one that does not stays silent.
            if !report.is_some_and(|report| self.take(report, heard)) {
                self.questions.unanswered(Instant::now());
            }
        }
        Ok(())
    }

    /// Their makers do not agree on how that is asked for; each has a key for it.
    fn zero(&mut self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_that_does_not_answer_is_asked_ever_less_often_until_it_is_heard() {
        let start = Instant::now();
        let mut questions = Questions::new(start);
        assert!(!questions.is_due(start + QUIET / 2) && questions.is_due(start + QUIET));
        let (mut now, mut asked) = (start, 0);
        while now < start + Duration::from_secs(600) {
            now += Duration::from_millis(50);
            if questions.is_due(now) {
                questions.unanswered(now);
                asked += 1;
            }
        }
        assert_eq!(asked, 16, "in ten minutes");
        questions.heard(now);
        assert!(questions.is_due(now + QUIET));
    }
}
