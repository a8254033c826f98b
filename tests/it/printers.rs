//! Pieces on their way to printers of every language, with the faults that printers have: what the
//! station says of a piece is never more than the paper shows.
#![cfg(unix)]

use std::time::Duration;

use station::api::PrinterPort;
use station::printing::bits::{BitImage, DotRect};
use station::printing::job::{
    Doubt, Manners, Outcome, Patience, Standing, Step, Traceless, Unready, Wire, preflight, send,
};
use station::printing::language::{Acknowledgement, Job, Pace, Sheet};
use station::printing::layout::stock::Stock;
use station::printing::port::{Port, SerialLine, open_as};
use station::printing::profile::Profile;
use station::printing::status::Hindrance;
use station::printing::units::Dpi;
use system_tests::printer::device::{Acknowledging, Device, Faults, Printed, Trouble};
use system_tests::printer::shows;
use system_tests::printer::timed::Timed;

use crate::commands::is_long_run;

mod faults;

/// Waits of tests: printers here answer at once and print a label in a few hundredths.
const PATIENCE: Patience = Patience {
    status: Duration::from_millis(300),
    stall: Duration::from_millis(800),
    ack: Duration::from_millis(700),
    busy: Duration::from_millis(500),
    kilobyte: Duration::ZERO,
};

/// A model of each language with a stock that it takes.
const MODELS: [(&str, &str); 7] = [
    ("esc-pos", "label-4x6"),
    ("zebra-zd421-203", "label-4x6"),
    ("zebra-lp2844", "label-4x6"),
    ("tsc-te210", "label-4x6"),
    ("brother-ql-820nwb", "roll-62"),
    ("dymo-lw-4xl", "label-4x6"),
    ("boca-lemur-300", "label-4x6"),
];

/// A label's counter, from which its tag follows.
const COUNTER: u32 = 42;

/// The port of a device on a socket.
fn on_a_socket(device: &Device) -> PrinterPort {
    let address = device.on_a_socket().unwrap();
    PrinterPort::Tcp { address }
}

/// A model with a label for it.
struct Trial {
    name: &'static str,
    manners: Manners,
    serial: SerialLine,
    sheet: Sheet,
    image: BitImage,
    job: Job,
}

impl Trial {
    fn of((name, stock): (&'static str, &str)) -> Self {
        let profile = Profile::by_name(name).unwrap();
        let dpi = Dpi::from_number(profile.dpi[0]).unwrap();
        let sheet = profile.sheet(&Stock::by_name(stock).unwrap(), dpi).unwrap();
        let manners = profile.manners(&sheet, true);
        let mut image = BitImage::white(sheet.left + 400, 300);
        for (x, y, width, height) in [(20, 5, 300, 2), (20, 30, 3, 200), (100, 40, 90, 250)] {
            image.fill(DotRect {
                x: sheet.left + x,
                y,
                width,
                height,
            });
        }
        let tag = manners.tag(COUNTER);
        let job = manners
            .language
            .job(&image, &sheet, Pace::Fast, tag)
            .unwrap();
        Self {
            name,
            manners,
            serial: profile.serial,
            sheet,
            image,
            job,
        }
    }

    fn device(&self, faults: Faults) -> Device {
        let rows = self.image.height();
        Device::new(self.manners.language, self.sheet, rows, faults)
    }

    /// Sends the label over a port; what the station says, and what is in the tray.
    fn sent_over(&self, device: &Device, port: &PrinterPort) -> (Outcome, Vec<Printed>) {
        self.sent_with(device, port, PATIENCE)
    }

    /// As [`Self::sent_over`], with some patience.
    fn sent_with(
        &self,
        device: &Device,
        port: &PrinterPort,
        patience: Patience,
    ) -> (Outcome, Vec<Printed>) {
        let mut line = open_as(port, self.serial).unwrap();
        let mut wire = self.wire(line.as_mut(), patience);
        let tag = self.manners.tag(COUNTER);
        let outcome = send(&mut wire, &self.job, tag, &mut Traceless);
        drop(line);
        (outcome, device.take_sheets())
    }

    fn wire<'a>(&self, port: &'a mut dyn Port, patience: Patience) -> Wire<'a> {
        Wire {
            port,
            manners: self.manners,
            patience,
            step: Step::Unsure,
            near_end_refuses: false,
        }
    }

    /// What the station learns before the debit.
    fn asked_over(&self, port: &PrinterPort) -> Result<Standing, Unready> {
        let mut line = self.opened(port);
        preflight(&mut self.wire(line.as_mut(), PATIENCE))
    }

    fn opened(&self, port: &PrinterPort) -> Box<dyn Port + Send> {
        open_as(port, self.serial).unwrap()
    }

    fn asked(&self, faults: Faults) -> Result<Standing, Unready> {
        self.asked_over(&on_a_socket(&self.device(faults)))
    }

    fn sent(&self, faults: Faults) -> (Outcome, Vec<Printed>) {
        let device = self.device(faults);
        self.sent_over(&device, &on_a_socket(&device))
    }

    /// The outcome of a label with which nothing goes wrong.
    fn success(&self) -> Outcome {
        match self.manners.proof {
            Acknowledgement::None => Outcome::Unknown(Doubt::NeverAcknowledges),
            Acknowledgement::Tag
            | Acknowledgement::Odometer
            | Acknowledgement::Done
            | Acknowledgement::Watched => Outcome::Printed,
        }
    }

    /// Whether a sheet is the whole label.
    fn is_the_label(&self, sheet: &Printed) -> bool {
        let wanted = self.image.crop(DotRect {
            x: self.sheet.left,
            y: 0,
            width: self.sheet.dots.min(self.image.width() - self.sheet.left),
            height: self.image.height(),
        });
        sheet.whole && shows(&sheet.picture, &wanted, self.job.shift)
    }

    /// What may never be, whatever went wrong.
    fn assert_honest(&self, what: &str, outcome: &Outcome, tray: &[Printed]) {
        let name = self.name;
        let whole = tray.iter().filter(|sheet| self.is_the_label(sheet)).count();
        assert!(
            whole <= 1,
            "{name}, {what}: the label is {whole} times on paper"
        );
        match outcome {
            Outcome::Printed => assert_eq!(whole, 1, "{name}, {what}: no paper"),
            Outcome::NotPrinted(_) | Outcome::Refused(_) => {
                let ink = tray.iter().any(|sheet| sheet.picture.black_dots() > 0);
                assert!(!ink, "{name}, {what}: {outcome:?}, and there is ink");
            }
            Outcome::Unknown(_) => {}
        }
    }
}

/// Tries each model, all at once: what takes time here is waiting.
fn of_each_model(attempt: impl Fn(&Trial) + Sync) {
    let attempt = &attempt;
    std::thread::scope(|scope| {
        for model in MODELS {
            scope.spawn(move || attempt(&Trial::of(model)));
        }
    });
}

#[test]
fn a_label_is_on_the_paper_of_every_printer_on_a_socket_and_on_a_serial_line() {
    for model in MODELS {
        let trial = Trial::of(model);
        let (outcome, tray) = trial.sent(Faults::default());
        assert_eq!(outcome, trial.success(), "{}", trial.name);
        assert!(
            tray.len() == 1 && trial.is_the_label(&tray[0]),
            "{}",
            trial.name
        );

        let device = trial.device(Faults::default());
        let path = device.on_a_serial_line().unwrap();
        let serial = PrinterPort::Serial {
            path,
            baud: 115_200,
        };
        let (outcome, tray) = trial.sent_over(&device, &serial);
        assert_eq!(outcome, trial.success(), "{} on a serial line", trial.name);
        assert!(
            tray.len() == 1 && trial.is_the_label(&tray[0]),
            "{}",
            trial.name
        );
    }
}

#[test]
fn labels_follow_each_other_on_one_line() {
    for model in MODELS {
        let trial = Trial::of(model);
        let device = trial.device(Faults::default());
        let address = device.on_a_socket().unwrap();
        let mut line = open_as(&PrinterPort::Tcp { address }, trial.serial).unwrap();
        let mut wire = trial.wire(line.as_mut(), PATIENCE);
        for _ in 0..3 {
            let outcome = send(
                &mut wire,
                &trial.job,
                trial.manners.tag(COUNTER),
                &mut Traceless,
            );
            assert_eq!(outcome, trial.success(), "{}", trial.name);
        }
        drop(line);
        let tray = device.take_sheets();
        assert_eq!(tray.len(), 3, "{}", trial.name);
        assert!(
            tray.iter().all(|sheet| trial.is_the_label(sheet)),
            "{}",
            trial.name
        );
    }
}

/// The benchmarks print on it: a question that it leaves unanswered ends them.
#[test]
fn the_printer_that_only_keeps_time_proves_every_label() {
    let trial = Trial::of(("esc-pos", "label-4x6"));
    let (quick, slow) = (Timed::default(), Timed::default());
    let address = quick.on_a_socket().unwrap();
    let path = slow.on_a_serial_line(115_200).unwrap();
    let baud = 115_200;
    for (printer, port) in [
        (quick, PrinterPort::Tcp { address }),
        (slow, PrinterPort::Serial { path, baud }),
    ] {
        let mut line = trial.opened(&port);
        let mut wire = trial.wire(line.as_mut(), PATIENCE);
        for _ in 0..2 {
            let _before = printer.take();
            let tag = trial.manners.tag(COUNTER);
            let outcome = send(&mut wire, &trial.job, tag, &mut Traceless);
            assert_eq!(outcome, Outcome::Printed, "{port:?}");
            let noticed = printer.take();
            assert!(noticed.first.is_some(), "{port:?}: no label began");
            assert!(noticed.bytes > trial.job.bytes().len(), "{port:?}");
        }
    }
}

#[test]
fn a_printer_that_lacks_something_gets_nothing() {
    for (trouble, hindrance) in [
        (Trouble::PaperOut, Hindrance::PaperOut),
        (Trouble::CoverOpen, Hindrance::CoverOpen),
    ] {
        for model in MODELS {
            let trial = Trial::of(model);
            let (outcome, tray) = trial.sent(Faults {
                trouble_at: Some((0, trouble)),
                ..Faults::default()
            });
            // It is noticed at the first byte at the earliest; the second label is refused.
            trial.assert_honest("trouble from the first byte", &outcome, &tray);
            assert_ne!(outcome, Outcome::Printed, "{}", trial.name);
            match outcome {
                // A ticket printer knows no cover.
                Outcome::Unknown(Doubt::Hindered(Hindrance::Jam)) => {
                    assert_eq!(trial.name, "boca-lemur-300");
                }
                Outcome::Unknown(Doubt::Hindered(said)) => assert_eq!(said, hindrance),
                Outcome::Refused(Unready::Hindered(said)) => assert_eq!(said, hindrance),
                Outcome::Refused(_) | Outcome::NotPrinted(_) | Outcome::Unknown(_) => {}
                Outcome::Printed => unreachable!(),
            }
        }
    }
}

#[test]
fn another_roll_than_the_labels_is_refused_before_anything_is_sent() {
    let trial = Trial::of(("brother-ql-820nwb", "roll-62"));
    let (outcome, tray) = trial.sent(Faults {
        roll_mm: Some(29),
        ..Faults::default()
    });
    let refused = Outcome::Refused(Unready::Hindered(Hindrance::WrongPaper));
    assert_eq!((outcome, tray), (refused, vec![]));
}

#[test]
fn a_printer_that_says_nothing_or_speaks_another_language_prints_nothing_of_value() {
    of_each_model(|trial| {
        let silent = Faults {
            silent: true,
            ..Faults::default()
        };
        let (outcome, tray) = trial.sent(silent);
        if trial.manners.must_answer() {
            assert_eq!(outcome, Outcome::Refused(Unready::Silent), "{}", trial.name);
            assert_eq!(tray, [], "{}", trial.name);
        }
        for other in MODELS.into_iter().filter(|other| other.0 != trial.name) {
            let other = Trial::of(other);
            let device = other.device(Faults::default());
            let address = device.on_a_socket().unwrap();
            let (outcome, _) = trial.sent_over(&device, &PrinterPort::Tcp { address });
            let refused = matches!(outcome, Outcome::Refused(_));
            assert!(
                refused || !trial.manners.must_answer(),
                "{} to {}: {outcome:?}",
                trial.name,
                other.name
            );
            assert_ne!(outcome, Outcome::Printed);
        }
    });
}

#[test]
fn a_word_that_is_lost_old_late_or_doubled_proves_nothing_that_is_not_so() {
    for model in MODELS {
        let trial = Trial::of(model);
        for acknowledging in [
            Acknowledging::Lost,
            Acknowledging::Old,
            Acknowledging::Doubled,
            Acknowledging::Early,
            Acknowledging::Late(Duration::from_millis(200)),
            Acknowledging::Late(Duration::from_secs(2)),
        ] {
            let (outcome, tray) = trial.sent(Faults {
                acknowledging,
                ..Faults::default()
            });
            let what = format!("{acknowledging:?}");
            trial.assert_honest(&what, &outcome, &tray);
            let proves_by_words = matches!(
                trial.manners.proof,
                Acknowledgement::Tag | Acknowledgement::Done
            );
            let never = matches!(acknowledging, Acknowledging::Lost | Acknowledging::Old);
            if proves_by_words && never {
                assert!(
                    matches!(outcome, Outcome::Unknown(_)),
                    "{}: {outcome:?}",
                    trial.name
                );
            }
        }
    }
}

#[test]
fn noise_on_the_line_neither_hides_nor_makes_a_word() {
    // Bytes that mean nothing in these languages; TSPL and FGL have a meaning for nearly every one.
    for model in [MODELS[0], MODELS[1], MODELS[4]] {
        let trial = Trial::of(model);
        let (outcome, tray) = trial.sent(Faults {
            noise: b"\x80\xffx7\"!\x00\r\n",
            ..Faults::default()
        });
        assert_eq!(outcome, Outcome::Printed, "{}", trial.name);
        trial.assert_honest("noise", &outcome, &tray);
    }
}

#[test]
fn whatever_fails_wherever_the_station_never_says_more_than_the_paper_shows() {
    let rounds = if is_long_run() { 40 } else { 4 };
    let mut dice: u64 = 7;
    let mut draw = |below: usize| {
        dice = dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(dice >> 33).unwrap() % below
    };
    let (mut labels, mut not_printed, mut unknown) = (0, 0, 0);
    for model in MODELS {
        let trial = Trial::of(model);
        let all = trial.job.bytes().len();
        for _ in 0..rounds {
            // Near the end as often as anywhere.
            let at = [draw(all), all.saturating_sub(1 + draw(12))][draw(2)];
            let trouble = [Trouble::PaperOut, Trouble::CoverOpen][draw(2)];
            let faults = [
                Faults {
                    trouble_at: Some((at, trouble)),
                    acknowledging: Acknowledging::Early,
                    ..Faults::default()
                },
                Faults {
                    power_loss_at: Some(at),
                    ..Faults::default()
                },
                Faults {
                    trouble_at: Some((at, trouble)),
                    ..Faults::default()
                },
                Faults {
                    trouble_at: Some((at, trouble)),
                    acknowledging: Acknowledging::Lost,
                    ..Faults::default()
                },
            ][draw(4)];
            let (outcome, tray) = trial.sent(faults);
            trial.assert_honest(&format!("{faults:?}"), &outcome, &tray);
            labels += 1;
            match outcome {
                Outcome::NotPrinted(_) => not_printed += 1,
                Outcome::Unknown(_) => unknown += 1,
                Outcome::Printed | Outcome::Refused(_) => {}
            }
        }
    }
    println!("{labels} labels: {not_printed} provably not printed, {unknown} unknown");
}
