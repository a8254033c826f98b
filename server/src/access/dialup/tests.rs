use std::sync::Arc;

use shared::clock::UnixSeconds;
use shared::ids::StationId;
use shared::security::dial_in::DialIn;
use shared::security::enrolment_code::EnrolmentCode;
use tempfile::TempDir;

use super::claims::{Whose, secret_of};
use crate::admin::call::AdminCall;
use crate::admin::perform::perform;
use crate::center::{DataCenter, InitTerms};
use crate::clock::HandClock;
use crate::folder::Folder;
use crate::stations::{self, CODE_SECONDS, StationState};

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

struct Center {
    center: DataCenter,
    clock: Arc<HandClock>,
    station: StationId,
    /// SHA-256 of the secret of its enrolment code.
    code: [u8; 32],
    _keep: TempDir,
}

/// A data center with a station that has its code and is not enrolled.
fn center() -> Center {
    let keep = TempDir::new().unwrap();
    let folder = Folder::new(keep.path().join("data"));
    let clock = Arc::new(HandClock::new(NOW));
    DataCenter::init(&folder, &InitTerms::default(), clock.as_ref()).unwrap();
    let hand: Arc<HandClock> = Arc::clone(&clock);
    let center = DataCenter::open(&folder, hand).unwrap();
    let shown = |call| {
        let mut shown = Vec::new();
        perform(&center, call, &mut |view| {
            shown.push(serde_json::from_str::<serde_json::Value>(&view.json()).unwrap());
            true
        })
        .unwrap();
        shown.remove(0)
    };
    shown(AdminCall::AccountNew {
        name: "Demo".to_owned(),
    });
    let new = shown(AdminCall::StationNew {
        account: "Demo".to_owned(),
        zip: String::new(),
    });
    let code: EnrolmentCode = new["code"].as_str().unwrap().parse().unwrap();
    Center {
        station: new["station"].as_str().unwrap().parse().unwrap(),
        code: code.secret_hash(),
        center,
        clock,
        _keep: keep,
    }
}

impl Center {
    fn of_station(&self) -> DialIn {
        self.center.authority().dial_in().of_station(self.station)
    }

    fn set_state(&self, state: StationState) {
        let station = self.station;
        let set = self
            .center
            .db()
            .write_blocking("state", move |tx| stations::set_state(tx, station, state));
        set.unwrap();
    }
}

#[test]
fn a_station_has_a_name_from_its_enrolment_on_whatever_becomes_of_it() {
    let center = center();
    let right = center.of_station();
    let (given, whose) = secret_of(&center.center, &right.name).unwrap();
    assert_eq!(whose, Whose::Nobody);
    assert_ne!(given.secret, right.secret);
    for state in [
        StationState::Active,
        StationState::Locked,
        StationState::Frozen,
        // Its reply may have been lost, and a final statement is heard from everybody.
        StationState::Withdrawn,
    ] {
        center.set_state(state);
        let found = secret_of(&center.center, &right.name).unwrap();
        assert_eq!(found, (right.clone(), Whose::Known), "{state}");
    }
}

#[test]
fn a_code_opens_a_line_for_as_long_as_it_is_good() {
    let center = center();
    let right = DialIn::of_code(&center.code);
    let found = secret_of(&center.center, &right.name).unwrap();
    assert_eq!(found, (right.clone(), Whose::Known));
    center.clock.turn_to(NOW.plus_seconds(CODE_SECONDS + 1));
    let (given, whose) = secret_of(&center.center, &right.name).unwrap();
    assert_eq!(whose, Whose::Nobody);
    assert_ne!(given.secret, right.secret);
}

#[test]
fn a_name_that_nobody_has_gets_a_secret_that_nobody_knows_and_always_the_same() {
    let center = center();
    let nobody = StationId::from_bytes([9; 16]).to_string();
    for name in ["", "admin", "code-0011223344556677", &nobody] {
        let (given, whose) = secret_of(&center.center, name).unwrap();
        assert_eq!(whose, Whose::Nobody, "{name}");
        assert_eq!(given.secret.len(), 32);
        assert_eq!(secret_of(&center.center, name).unwrap().0, given);
        let guessed = center.center.authority().dial_in();
        assert_ne!(
            given.secret,
            guessed.of_station(StationId::from_bytes([9; 16])).secret
        );
    }
}

#[test]
fn a_name_may_call_thirty_times_an_hour() {
    let center = center();
    center.set_state(StationState::Active);
    let right = center.of_station();
    for _ in 0..30 {
        let (_, whose) = secret_of(&center.center, &right.name).unwrap();
        assert_eq!(whose, Whose::Known);
    }
    let (given, whose) = secret_of(&center.center, &right.name).unwrap();
    assert_eq!(whose, Whose::TooOften);
    assert_ne!(given.secret, right.secret);
    center.clock.turn_to(NOW.plus_seconds(3_600));
    let found = secret_of(&center.center, &right.name).unwrap();
    assert_eq!(found, (right, Whose::Known));
}

#[cfg(unix)]
#[test]
fn a_pty_is_a_port_without_the_lines_of_a_modem_and_says_when_it_is_gone() {
    use std::io::{Read as _, Write as _};
    use std::time::Duration;

    use serialport::SerialPort as _;
    use shared::call::ModemPort as _;

    use super::port::Serial;

    let (mut modem, other) = serialport::TTYPort::pair().unwrap();
    let name = other.name().unwrap();
    drop(other);
    let mut port = Serial::open(&name, 115_200).unwrap();
    assert!(!port.has_lines());
    assert_eq!(port.carrier(), Ok(None));
    port.set_dtr(false).unwrap();
    let wait = Duration::from_millis(20);
    let mut to = [0; 16];
    assert_eq!(port.read(&mut to, wait), Ok(0));
    modem.write_all(b"\r\nRING\r\n").unwrap();
    let mut heard = Vec::new();
    while heard.len() < 8 {
        let count = port.read(&mut to, Duration::from_secs(5)).unwrap();
        heard.extend_from_slice(&to[..count]);
    }
    assert_eq!(heard, b"\r\nRING\r\n");
    assert!(port.room() > 0);
    assert_eq!(port.write(b"ATA\r"), Ok(4));
    let mut told = [0; 4];
    modem.read_exact(&mut told).unwrap();
    assert_eq!(&told, b"ATA\r");
    drop(modem);
    assert!(port.read(&mut to, wait).is_err());
    assert!(Serial::open("/nowhere/ttyS0", 115_200).is_err());
}
