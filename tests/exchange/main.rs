//! `pennyblack-exchange`: a telephone exchange whose lines are devices of this machine.
//!
//! Dial-up without hardware: a data center answers one of the devices, a station dials at another.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "devices and calls are what this program tells"
)]

use std::process::ExitCode;
use std::time::Duration;

use system_tests::exchange::{Faults, Speed};
use system_tests::program;

/// The number of the first line; each further line has the next one.
const FIRST_NUMBER: u32 = 5_550_100;
/// More lines than this are a mistake.
const MAX_LINES: u32 = 64;

const HELP: &str = "\
A telephone exchange with a modem on each line, as devices of this machine.

pennyblack-exchange [--lines N] [--bps N] [--delay MS] [--faults LIST] [--seed N]
                    [--speed-up N] [--json]

  --lines N      lines, each with a device and a number (2)
  --bps N        bits a second on a line (33600)
  --delay MS     how long a byte is on its way, milliseconds (75)
  --faults LIST  what is done to every call, such as ber=2e-5,cut=30s (nothing)
  --seed N       the same seed spoils the same bytes (1)
  --speed-up N   dialing, ringing and training go N times faster; the line does not (1)
  --json         one line of JSON for the devices and for each thing that happens

It says where the devices are and then what happens, until it is stopped. Let a data center answer
one (pennyblack-server serve --modem DEVICE) and a station dial at another (pennyblack line set
--device DEVICE --number NUMBER). Closing a device hangs up.

Faults: ";

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Arguments {
    lines: u32,
    speed: Speed,
    faults: Faults,
    seed: u64,
    json: bool,
}

impl Arguments {
    /// Reads the command line; nothing when help is asked for.
    fn read(words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut arguments = Self {
            lines: 2,
            speed: Speed::USUAL,
            faults: Faults::default(),
            seed: 1,
            json: false,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--help" | "-h" => return Ok(None),
                "--json" => arguments.json = true,
                "--lines" => arguments.lines = number(&word, &value()?)?,
                "--bps" => arguments.speed.bits_per_second = number(&word, &value()?)?,
                "--seed" => arguments.seed = number(&word, &value()?)?,
                "--speed-up" => arguments.speed.hurry = number(&word, &value()?)?,
                "--delay" => {
                    arguments.speed.delay = Duration::from_millis(number(&word, &value()?)?);
                }
                "--faults" => {
                    let faults = value()?.parse();
                    arguments.faults =
                        faults.map_err(|bad: system_tests::exchange::BadFaults| bad.to_string())?;
                }
                _ => return Err(format!("{word} is not known here; see --help")),
            }
        }
        let sound = (1..=MAX_LINES).contains(&arguments.lines)
            && arguments.speed.bits_per_second > 0
            && arguments.speed.hurry > 0;
        if sound {
            Ok(Some(arguments))
        } else {
            Err(format!(
                "there are 1 to {MAX_LINES} lines, and speeds are above 0"
            ))
        }
    }
}

fn number<N: std::str::FromStr>(word: &str, value: &str) -> Result<N, String> {
    value
        .parse()
        .map_err(|_| format!("{word} needs a number, not {value:?}"))
}

fn main() -> ExitCode {
    let asked = Arguments::read(std::env::args().skip(1));
    program::run(
        asked,
        &format!("{HELP}{}.\n", Faults::KNOWN),
        "the exchange",
        rim::run,
    )
}

#[cfg(unix)]
mod rim {
    use std::io::{self, Write as _};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use serde_json::json;
    use system_tests::exchange::pty::Devices;
    use system_tests::exchange::{Exchange, Premises};
    use tokio::signal::unix::{SignalKind, signal};

    use super::{Arguments, FIRST_NUMBER};

    /// Lays the lines, says where they are, and lets calls pass until it is stopped.
    pub(super) fn run(arguments: &Arguments) -> io::Result<()> {
        let stop = stop_asked_for()?;
        let mut exchange = Exchange::new(arguments.speed, arguments.seed);
        exchange.set_usual_faults(arguments.faults.clone());
        let mut lines = Vec::new();
        for place in 0..arguments.lines {
            let number = (FIRST_NUMBER + place).to_string();
            lines.push((exchange.lay(&number, Premises::default()), number));
        }
        let mut devices = Devices::new(exchange);
        let mut told = Vec::new();
        for (line, number) in lines {
            let device = devices.open(line)?.display().to_string();
            if !arguments.json {
                println!("{line}: number {number}, device {device}");
            }
            told.push(json!({ "number": number, "device": device }));
        }
        if arguments.json {
            println!("{}", json!({ "lines": told }));
        }
        io::stdout().flush()?;
        while !stop.load(Ordering::SeqCst) {
            let sleep = devices.pass()?;
            while let Some((at, note)) = devices.exchange().next_note() {
                let seconds = at.as_secs_f64();
                if arguments.json {
                    println!(
                        "{}",
                        json!({ "seconds": seconds, "what": note.to_string() })
                    );
                } else {
                    println!("{seconds:9.3} s  {note}");
                }
                io::stdout().flush()?;
            }
            thread::sleep(sleep);
        }
        Ok(())
    }

    /// Becomes true when the program is asked to end.
    fn stop_asked_for() -> io::Result<Arc<AtomicBool>> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (mut terminate, mut interrupt) = {
            let _inside = runtime.enter();
            (
                signal(SignalKind::terminate())?,
                signal(SignalKind::interrupt())?,
            )
        };
        let asked = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&asked);
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            });
            told.store(true, Ordering::SeqCst);
        });
        Ok(asked)
    }
}

#[cfg(not(unix))]
mod rim {
    use std::io;

    use super::Arguments;

    /// There are no pseudo terminals here.
    pub(super) fn run(_: &Arguments) -> io::Result<()> {
        Err(io::Error::other(
            "this system has no pseudo terminals; use a pair of virtual serial ports",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Option<Arguments>, String> {
        Arguments::read(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_command_line_is_read() {
        let words = "--lines 3 --bps 9600 --delay 20 --faults busy --seed 9 --speed-up 50 --json";
        let arguments = read(words).unwrap().unwrap();
        let speed = Speed {
            bits_per_second: 9_600,
            delay: Duration::from_millis(20),
            hurry: 50,
            ..Speed::USUAL
        };
        assert_eq!((arguments.lines, arguments.speed), (3, speed));
        assert_eq!((arguments.seed, arguments.json), (9, true));
        assert_eq!(Ok(arguments.faults), "busy".parse());
        assert_eq!(read("--help"), Ok(None));
        for bad in [
            "--lines",
            "--lines x",
            "--lines 0",
            "--bps 0",
            "--faults dogs",
            "x",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
