use std::time::Duration;

use proptest::prelude::*;

use super::*;

const START: Duration = Duration::ZERO;

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

/// Plays a modem: each of its lines answers what it was told; the dialogue as text, and its end.
fn played(profile: Profile, dialed: &str, answers: &[&str]) -> (Vec<String>, Vec<Progress>) {
    let number = Number::parse(dialed).unwrap_or_else(|_| Profile::mobile_number());
    let mut dial = Dial::begin(profile, &number, START);
    let (mut told, mut progress) = (Vec::new(), Vec::new());
    for answer in answers {
        told.push(String::from_utf8(dial.take_wire()).unwrap());
        dial.input(START, answer.as_bytes());
        progress.extend(std::iter::from_fn(|| dial.next_progress()));
    }
    (told, progress)
}

const OK: &str = "\r\nOK\r\n";

#[test]
fn an_analogue_modem_is_reset_set_up_and_dials_through_the_prefix() {
    let profile = Profile {
        prefix: Some(number("9,")),
        ..Profile::analogue(false)
    };
    let answers = [OK, OK, "\r\nCONNECT 33600/ARQ/V34/LAPM\r\n~\x7f}"];
    let (told, progress) = played(profile, "+1 (800) 555-0199", &answers);
    assert_eq!(
        told,
        ["ATZ\r", "ATE0V1Q0&C1&D2X4S7=60\r", "ATDT9,+18005550199\r"]
    );
    let connected = Progress::Connected {
        said: "33600/ARQ/V34/LAPM".to_owned(),
        data: b"~\x7f}".to_vec(),
    };
    assert_eq!(progress, [Progress::Dialing, connected]);
}

#[test]
fn pulses_and_blind_dialing_are_asked_for_where_the_line_needs_them() {
    let profile = Profile {
        pulse: true,
        ..Profile::analogue(true)
    };
    let (told, _) = played(profile, "5550199", &[OK, OK, OK]);
    assert_eq!(told[1..], ["ATE0V1Q0&C1&D2X3S7=60\r", "ATDP5550199\r"]);
}

#[test]
fn echoes_rings_and_reports_between_command_and_answer_do_not_matter() {
    let answers = [
        "ATZ\r\r\n^RSSI: 17\r\n\r\nOK\r\n",
        "ATE0V1Q0\r\r\n+CREG: 1\r\n\r\nOK\r\n",
        "ATDT5550199\r\r\nRING\r\n\r\nRINGING\r\n\r\nCONNECT\r\n",
    ];
    let (_, progress) = played(Profile::analogue(false), "5550199", &answers);
    assert!(matches!(
        progress.last(),
        Some(Progress::Connected { said, .. }) if said.is_empty()
    ));
}

#[test]
fn a_call_stands_whatever_a_modem_says_after_connect() {
    for (line, wanted) in [
        ("CONNECT", ""),
        ("CONNECT 33600", "33600"),
        ("CONNECT/ARQ", "ARQ"),
        ("CONNECT-33600/ARQ", "33600/ARQ"),
        ("CONNECT\t33600", "33600"),
        ("CONNECT:33600", "33600"),
        ("CONNECT33600", "33600"),
        ("CONNECT (33600 bps)", "33600 bps)"),
        ("connect, 14400", "14400"),
        ("CONNECT \u{7f}\u{3b1}", "\u{3b1}"),
    ] {
        let line = format!("\r\n{line}\r\n~");
        let (_, progress) = played(Profile::analogue(false), "5550199", &[OK, OK, &line]);
        let connected = Progress::Connected {
            said: wanted.to_owned(),
            data: b"~".to_vec(),
        };
        assert_eq!(progress.last(), Some(&connected), "{line:?}");
    }
    for other in ["CONNECTING", "CONNECTED", "DISCONNECT 33600"] {
        let line = format!("\r\n{other}\r\n");
        let (_, progress) = played(Profile::analogue(false), "5550199", &[OK, OK, &line]);
        assert_eq!(progress, [Progress::Dialing], "{other}");
    }
}

#[test]
fn every_result_of_a_call_has_its_own_name() {
    let cases = [
        ("NO DIALTONE", CallFailure::NoDialTone),
        ("NO DIAL TONE", CallFailure::NoDialTone),
        ("BUSY", CallFailure::Busy),
        ("NO ANSWER", CallFailure::NoAnswer),
        ("NO CARRIER", CallFailure::NoCarrier),
        ("DELAYED", CallFailure::Delayed),
        ("DELAYED 00:02:00", CallFailure::Delayed),
        ("BLACKLISTED", CallFailure::Blacklisted),
        ("BLACKLIST FULL", CallFailure::Blacklisted),
        ("ERROR", CallFailure::CommandRefused),
        ("+CME ERROR: 30", CallFailure::NoNetwork),
        ("+CME ERROR: 148", CallFailure::NoNetwork),
        ("+CME ERROR: no network service", CallFailure::NoNetwork),
        ("+CME ERROR: 11", CallFailure::CardLocked),
        ("+CME ERROR: SIM PIN required", CallFailure::CardLocked),
        ("+CME ERROR: 4", CallFailure::CommandRefused),
        (
            "+CME ERROR: operation not supported",
            CallFailure::CommandRefused,
        ),
    ];
    for (said, failure) in cases {
        let line = format!("\r\n{said}\r\n");
        let (_, progress) = played(Profile::analogue(false), "5550199", &[OK, OK, &line]);
        assert_eq!(progress.last(), Some(&Progress::Failed(failure)), "{said}");
    }
}

/// A card that asks for its PIN.
const ASKS: &str = "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n";
/// One that asks for none, or no more.
const READY: &str = "\r\n+CPIN: READY\r\n\r\nOK\r\n";

#[test]
fn the_pin_is_entered_only_where_the_card_asks_for_it() {
    let mobile = || Profile::mobile("internet.example", Some("1234")).unwrap();
    let (told, _) = played(mobile(), "", &[OK, OK, OK, ASKS, OK, OK, OK]);
    assert_eq!(
        told,
        [
            "ATZ\r",
            "ATE0V1Q0\r",
            "AT+CMEE=1\r",
            "AT+CPIN?\r",
            "AT+CPIN=\"1234\"\r",
            "AT+CGDCONT=1,\"IP\",\"internet.example\"\r",
            "ATD*99#\r"
        ]
    );
    let (told, _) = played(mobile(), "", &[OK, OK, OK, READY, OK, OK]);
    assert_eq!(told[4], "AT+CGDCONT=1,\"IP\",\"internet.example\"\r");
    let locked = Some(Progress::Failed(CallFailure::CardLocked));
    let (_, progress) = played(mobile(), "", &[OK, OK, OK, "\r\n+CPIN: SIM PUK\r\n"]);
    assert_eq!(progress.last().cloned(), locked);
    let wrong = "\r\n+CME ERROR: 16\r\n";
    for refused in [wrong, "\r\nERROR\r\n", "\r\n+CME ERROR: 12\r\n"] {
        let (told, progress) = played(mobile(), "", &[OK, OK, OK, ASKS, refused, OK]);
        let not_taken = Some(Progress::Failed(CallFailure::PinNotTaken));
        assert_eq!(progress.last().cloned(), not_taken, "{refused:?}");
        assert_eq!(told[5], "");
    }
    let busy = "\r\n+CME ERROR: 14\r\n";
    let (_, progress) = played(mobile(), "", &[OK, OK, OK, ASKS, busy, OK]);
    assert_eq!(progress.last().cloned(), locked, "it has looked at no PIN");
}

#[test]
fn a_card_that_asks_for_a_pin_which_nobody_set_is_locked_and_not_another_kind_of_modem() {
    let mobile = || Profile::mobile("internet.example", None).unwrap();
    let locked = [Progress::Failed(CallFailure::CardLocked)];
    for answer in [
        ASKS,
        "\r\n+CPIN: SIM PUK\r\n",
        "\r\n+CME ERROR: 10\r\n",
        "\r\n+CME ERROR: 11\r\n",
        "\r\n+CME ERROR: SIM not inserted\r\n",
    ] {
        let (told, progress) = played(mobile(), "", &[OK, OK, OK, answer]);
        assert_eq!(progress, locked, "{answer:?}");
        assert_eq!(told[3], "AT+CPIN?\r");
    }
    let (told, _) = played(mobile(), "", &[OK, OK, OK, READY, OK, OK]);
    assert_eq!(told[5], "ATD*99#\r");
}

#[test]
fn a_modem_without_cards_dials_all_the_same() {
    let mobile = |pin| Profile::mobile("internet.example", pin).unwrap();
    let no = "\r\nERROR\r\n";
    let (told, progress) = played(mobile(None), "", &[OK, OK, no, no, OK, OK]);
    assert_eq!(told[5], "ATD*99#\r");
    assert_eq!(progress, [Progress::Dialing]);
    let (_, progress) = played(mobile(Some("1234")), "", &[OK, OK, no, no]);
    assert_eq!(progress, [Progress::Failed(CallFailure::CardLocked)]);
}

#[test]
fn a_card_that_is_busy_is_asked_again() {
    let busy = "\r\n+CME ERROR: 14\r\n";
    let profile = || Profile::mobile("internet.example", None).unwrap();
    let mut dial = Dial::begin(profile(), &Profile::mobile_number(), START);
    for answer in [OK, OK, OK, busy] {
        let _told = dial.take_wire();
        dial.input(START, answer.as_bytes());
    }
    assert_eq!((dial.take_wire(), dial.next_progress()), (Vec::new(), None));
    dial.tick(Duration::from_secs(5));
    assert_eq!(dial.take_wire(), b"AT+CPIN?\r");
    dial.input(START, READY.as_bytes());
    assert!(dial.take_wire().starts_with(b"AT+CGDCONT"));

    let mut dial = Dial::begin(profile(), &Profile::mobile_number(), START);
    for answer in [OK, OK, OK, busy, busy, busy] {
        let at = dial.wake_at().unwrap();
        dial.input(START, answer.as_bytes());
        if answer == busy {
            dial.tick(at);
        }
    }
    let locked = Progress::Failed(CallFailure::CardLocked);
    assert_eq!(dial.next_progress(), Some(locked));
}

#[test]
fn a_network_that_turns_a_mobile_modem_down_is_said_to_do_so() {
    let mobile = || Profile::mobile("elsewhere.example", None).unwrap();
    for answer in ["NO CARRIER", "+CME ERROR: 30", "+CME ERROR: 133"] {
        let line = format!("\r\n{answer}\r\n");
        let (_, progress) = played(mobile(), "", &[OK, OK, OK, READY, OK, &line]);
        let failed = Progress::Failed(CallFailure::NoNetwork);
        assert_eq!(progress.last(), Some(&failed), "{answer}");
    }
}

#[test]
fn a_pin_that_is_not_answered_is_not_said_again() {
    let profile = Profile::mobile("a", Some("1234")).unwrap();
    let mut dial = Dial::begin(profile, &Profile::mobile_number(), START);
    for answer in [OK, OK, OK, ASKS] {
        let _told = dial.take_wire();
        dial.input(START, answer.as_bytes());
    }
    assert_eq!(dial.take_wire(), b"AT+CPIN=\"1234\"\r");
    dial.tick(Duration::from_secs(5));
    assert_eq!(dial.take_wire(), b"");
    assert_eq!(
        dial.next_progress(),
        Some(Progress::Failed(CallFailure::PinNotTaken))
    );
}

#[test]
fn a_modem_that_does_not_answer_is_asked_three_times_and_given_up() {
    let mut dial = Dial::begin(Profile::analogue(false), &number("1"), START);
    let mut told = Vec::new();
    while let Some(at) = dial.wake_at() {
        told.extend(dial.take_wire());
        dial.tick(at);
    }
    assert_eq!(told, b"ATZ\rATZ\rATZ\r");
    assert_eq!(
        dial.next_progress(),
        Some(Progress::Failed(CallFailure::ModemSilent))
    );
}

#[test]
fn a_call_that_leads_nowhere_is_broken_off() {
    let mut dial = Dial::begin(Profile::analogue(false), &number("1"), START);
    dial.input(START, OK.as_bytes());
    dial.input(START, OK.as_bytes());
    let _told = dial.take_wire();
    assert_eq!(dial.wake_at(), Some(Duration::from_secs(75)));
    dial.tick(Duration::from_secs(75));
    assert_eq!(dial.take_wire(), b"\r");
    dial.input(Duration::from_secs(76), b"\r\nNO CARRIER\r\n");
    assert_eq!(dial.next_progress(), Some(Progress::Dialing));
    assert_eq!(
        dial.next_progress(),
        Some(Progress::Failed(CallFailure::TimedOut))
    );
}

#[test]
fn a_number_carries_no_commands() {
    for bad in ["", "W", "1;+CPIN?", "1\rATH", "12a", "1!", &"1".repeat(61)] {
        assert_eq!(Number::parse(bad), Err(BadNumber), "{bad:?}");
    }
    assert_eq!(number("0w,(0)800-1").as_str(), "0W,08001");
    assert!(Profile::mobile("a\",\"b", None).is_err());
    assert!(Profile::mobile("a", Some("12\"4")).is_err());
}

#[test]
fn a_modem_that_obeys_dtr_is_hung_up_by_it() {
    let mut hang_up = HangUp::begin(Waits::USUAL, true, START);
    assert_eq!(hang_up.next_parting(), Some(Parting::DropDtr));
    hang_up.input(b"\x7e\xff\x03\r\n");
    hang_up.carrier_lost();
    assert_eq!(hang_up.next_parting(), Some(Parting::RaiseDtr));
    assert_eq!(hang_up.next_parting(), Some(Parting::Done));
    assert_eq!((hang_up.next_parting(), hang_up.wake_at()), (None, None));
    assert_eq!(hang_up.take_wire(), b"");
}

#[test]
fn words_that_the_other_end_may_have_sent_keep_no_modem_from_being_told() {
    for has_lines in [true, false] {
        let mut hang_up = HangUp::begin(Waits::USUAL, has_lines, START);
        let mut told = Vec::new();
        while !told.ends_with(b"ATH\r") {
            hang_up.input(b"\r\nNO CARRIER\r\n\r\nNO CARRIER\r\n\r\nOK\r\n");
            let at = hang_up.wake_at().expect("it is not over");
            hang_up.tick(at);
            told.extend(hang_up.take_wire());
        }
        assert_eq!(told, b"+++ATH\r");
        hang_up.input(b"\r\nNO CARRIER\r\n");
        assert_eq!(hang_up.wake_at(), None);
        let last = std::iter::from_fn(|| hang_up.next_parting()).last();
        assert_eq!(last, Some(Parting::Done));
    }
}

#[test]
fn a_modem_that_ignores_dtr_is_told_between_two_silences() {
    let mut hang_up = HangUp::begin(Waits::USUAL, true, START);
    let mut times = Vec::new();
    while let Some(at) = hang_up.wake_at() {
        hang_up.tick(at);
        let wire = hang_up.take_wire();
        if !wire.is_empty() {
            times.push((at.as_millis(), String::from_utf8(wire).unwrap()));
        }
        if times.len() == 2 {
            hang_up.input(b"\r\nOK\r\n");
        }
    }
    assert_eq!(
        times,
        [(3_200, "+++".to_owned()), (4_400, "ATH\r".to_owned())]
    );
    let all: Vec<Parting> = std::iter::from_fn(|| hang_up.next_parting()).collect();
    assert_eq!(all, [Parting::DropDtr, Parting::RaiseDtr, Parting::Done]);
}

#[test]
fn a_modem_that_hears_nothing_is_left_after_two_tries() {
    let mut hang_up = HangUp::begin(Waits::USUAL, false, START);
    let mut told = Vec::new();
    while let Some(at) = hang_up.wake_at() {
        hang_up.tick(at);
        told.extend(hang_up.take_wire());
        assert!(at < Duration::from_secs(20));
    }
    assert_eq!(told, b"+++ATH\r+++ATH\r");
    assert_eq!(hang_up.next_parting(), Some(Parting::Unheard));
}

proptest! {
    #[test]
    fn whatever_a_modem_says_the_dialogue_ends(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                prop::sample::select(vec![
                    "\r\nOK\r\n", "\r\nCONNECT 9600\r\n", "\r\nNO CARRIER\r\n", "\r\nERROR\r\n",
                    "\r\n+CPIN: SIM PIN\r\n", "\r\nRING\r\n",
                ]).prop_map(|line| line.as_bytes().to_vec()),
            ],
            0..30,
        ),
    ) {
        let profile = Profile::mobile("a", Some("1234")).unwrap();
        let mut dial = Dial::begin(profile, &Profile::mobile_number(), START);
        let mut hang_up = HangUp::begin(Waits::USUAL, true, START);
        for piece in pieces {
            dial.input(START, &piece);
            hang_up.input(&piece);
        }
        let mut last = START;
        while let Some(at) = dial.wake_at() {
            dial.tick(at);
            last = at;
        }
        while let Some(at) = hang_up.wake_at() {
            hang_up.tick(at);
            last = at.max(last);
        }
        prop_assert!(last < Duration::from_secs(200));
        let told = String::from_utf8(dial.take_wire()).unwrap();
        prop_assert!(told.matches("CPIN=").count() <= 1);
        let ends = std::iter::from_fn(|| dial.next_progress())
            .filter(|progress| *progress != Progress::Dialing)
            .count();
        prop_assert_eq!(ends, 1);
    }
}
