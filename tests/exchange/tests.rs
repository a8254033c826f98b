use shared::modem::{CallFailure, Dial, HangUp, Number, Parting, Profile, Progress, Waits};

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);
const STATION: &str = "5550100";
const CENTER: &str = "5550199";

/// An exchange with two lines, and what each port has heard.
struct Desk {
    exchange: Exchange,
    now: Duration,
    station: LineId,
    center: LineId,
}

impl Desk {
    fn new() -> Self {
        Self::with(Premises::default())
    }

    /// The station's line is equipped like this.
    fn with(premises: Premises) -> Self {
        let mut exchange = Exchange::new(Speed::USUAL, 1);
        let station = exchange.lay(STATION, premises);
        let center = exchange.lay(CENTER, Premises::default());
        Self {
            exchange,
            now: Duration::ZERO,
            station,
            center,
        }
    }

    fn say(&mut self, line: LineId, text: &str) {
        let taken = self.exchange.input(self.now, line, text.as_bytes());
        assert_eq!(taken, text.len());
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.exchange.tick(self.now);
    }

    fn heard(&mut self, line: LineId) -> String {
        let bytes = self.exchange.take_output(self.now, line, usize::MAX);
        bytes.into_iter().map(char::from).collect()
    }

    /// What the station's modem answers at once.
    fn told(&mut self, text: &str) -> String {
        self.say(self.station, text);
        self.heard(self.station)
    }

    /// A call between both lines, from the first digit to CONNECT.
    fn connected() -> Self {
        Self::connected_through(Faults::default())
    }

    fn connected_through(faults: Faults) -> Self {
        Self::connected_with(Premises::default(), faults)
    }

    fn connected_with(premises: Premises, faults: Faults) -> Self {
        let mut desk = Self::with(premises);
        desk.exchange.plan(faults);
        desk.say(desk.center, "ATE0S0=1\r");
        desk.say(desk.station, &format!("ATE0DT{CENTER}\r"));
        while !desk.exchange.carrier(desk.station) {
            let next = desk.exchange.wake_at().expect("the call goes on");
            desk.wait(next - desk.now);
            assert!(desk.now < 60 * SECOND);
        }
        let _answers = [desk.heard(desk.station), desk.heard(desk.center)];
        desk
    }

    /// The notes of the exchange without their times.
    fn notes(&mut self) -> Vec<Note> {
        std::iter::from_fn(|| self.exchange.next_note())
            .map(|(_, note)| note)
            .collect()
    }
}

#[test]
fn commands_are_echoed_until_they_shall_not_be() {
    let mut desk = Desk::new();
    assert_eq!(desk.told("AT\r"), "AT\r\r\nOK\r\n");
    assert_eq!(desk.told("ATE0\r"), "ATE0\r\r\nOK\r\n");
    assert_eq!(desk.told("at\r"), "\r\nOK\r\n");
}

#[test]
fn answers_are_words_or_digits_or_nothing() {
    let mut desk = Desk::new();
    assert_eq!(desk.told("ATE0V0\r"), "ATE0V0\r0\r");
    assert_eq!(desk.told("ATJ\r"), "4\r");
    assert_eq!(desk.told("ATQ1\r"), "");
    assert_eq!(desk.told("AT\r"), "");
    assert_eq!(desk.told("ATQ0V1\r"), "\r\nOK\r\n");
}

#[test]
fn a_slash_repeats_the_last_line_and_backspace_takes_a_letter_back() {
    let mut desk = Desk::new();
    let _echo = desk.told("ATE0S8=5\r");
    assert_eq!(desk.told("ATS8?X\x08\r"), "\r\n005\r\n\r\nOK\r\n");
    assert_eq!(desk.told("A/"), "\r\n005\r\n\r\nOK\r\n");
    assert_eq!(desk.told("noise AT\n\r"), "\r\nOK\r\n");
    assert_eq!(desk.told("nothing\r"), "");
}

#[test]
fn settings_are_stored_reset_and_brought_back_from_the_factory() {
    let mut desk = Desk::new();
    let _echo = desk.told("ATE0S7=33&WS7=20\r");
    assert_eq!(desk.told("ATZS7?\r"), "\r\n033\r\n\r\nOK\r\n");
    assert_eq!(desk.told("AT&FE0S7?\r"), "\r\n050\r\n\r\nOK\r\n");
}

#[test]
fn a_line_of_endless_length_is_an_error() {
    let mut desk = Desk::new();
    let _echo = desk.told("ATE0\r");
    let long = format!("AT{}\r", "M0".repeat(100));
    assert_eq!(desk.told(&long), "\r\nERROR\r\n");
    assert_eq!(desk.told("AT\r"), "\r\nOK\r\n");
}

#[test]
fn one_modem_dials_the_other_rings_and_answers_and_both_are_connected() {
    let mut desk = Desk::new();
    desk.say(desk.center, "ATE0\r");
    desk.say(desk.station, &format!("ATE0DT{CENTER}\r"));
    let _answers = [desk.heard(desk.station), desk.heard(desk.center)];
    desk.wait(5 * SECOND);
    assert_eq!(desk.heard(desk.center), "\r\nRING\r\n");
    desk.wait(6 * SECOND);
    assert_eq!(desk.heard(desk.center), "\r\nRING\r\n");
    desk.say(desk.center, "ATA\r");
    desk.wait(11 * SECOND);
    assert!(!desk.exchange.carrier(desk.center));
    desk.wait(2 * SECOND);
    assert_eq!(desk.heard(desk.station), "\r\nCONNECT 33600\r\n");
    assert_eq!(desk.heard(desk.center), "\r\nCONNECT 33600\r\n");
    assert!(desk.exchange.carrier(desk.station) && desk.exchange.carrier(desk.center));
    let (caller, answerer) = (desk.station, desk.center);
    assert_eq!(
        desk.notes(),
        [
            Note::Dials {
                caller,
                digits: CENTER.to_owned()
            },
            Note::Rings { answerer },
            Note::Rings { answerer },
            Note::Connected { caller, answerer },
        ]
    );
}

#[test]
fn a_modem_answers_by_itself_after_as_many_rings_as_it_was_told() {
    let mut desk = Desk::new();
    desk.say(desk.center, "ATE0S0=3\r");
    desk.say(desk.station, &format!("ATD{CENTER}\r"));
    desk.wait(45 * SECOND);
    assert_eq!(
        desk.heard(desk.center).matches("RING").count(),
        3,
        "rings before the answer"
    );
    assert!(desk.exchange.carrier(desk.center));
}

#[test]
fn bytes_pass_both_ways_at_the_speed_of_the_line() {
    let mut desk = Desk::connected();
    desk.say(desk.station, &"a".repeat(336));
    desk.say(desk.center, "b");
    desk.wait(76 * MS);
    assert_eq!(desk.heard(desk.station), "b");
    desk.wait(50 * MS);
    let there = desk.heard(desk.center).len();
    assert!((165..=175).contains(&there), "{there}");
    desk.wait(60 * MS);
    assert_eq!(desk.heard(desk.center).len(), 336 - there);
}

#[test]
fn a_modem_whose_buffer_is_full_takes_no_more() {
    let mut desk = Desk::connected();
    let text = [b'x'; 2_000];
    assert_eq!(desk.exchange.input(desk.now, desk.station, &text), 512);
    desk.wait(100 * MS);
    let more = desk.exchange.input(desk.now, desk.station, &text);
    assert!((330..=340).contains(&more), "{more}");
}

#[test]
fn a_port_that_does_not_read_stops_the_sender() {
    let mut desk = Desk::connected();
    let mut sent = 0;
    for _ in 0..100 {
        sent += desk.exchange.input(desk.now, desk.station, &[b'x'; 1_000]);
        desk.wait(SECOND);
    }
    assert!(sent < 6_000, "{sent}");
    let mut heard = 0;
    for _ in 0..100 {
        heard += desk.heard(desk.center).len();
        desk.wait(SECOND);
    }
    assert_eq!(heard, sent);
}

#[test]
fn the_escape_needs_silence_around_it() {
    let mut desk = Desk::connected();
    desk.say(desk.station, "a+++b");
    desk.wait(2 * SECOND);
    assert_eq!(desk.heard(desk.station), "");
    desk.say(desk.station, "+++");
    desk.wait(900 * MS);
    assert_eq!(desk.heard(desk.station), "");
    desk.wait(200 * MS);
    assert_eq!(desk.heard(desk.station), "\r\nOK\r\n");
    assert_eq!(desk.heard(desk.center), "a+++b+++");
    assert!(desk.exchange.carrier(desk.station));
}

#[test]
fn what_comes_while_a_modem_is_told_commands_waits_for_the_way_back() {
    let mut desk = Desk::connected();
    desk.wait(2 * SECOND);
    desk.say(desk.station, "+++");
    desk.wait(2 * SECOND);
    desk.say(desk.center, "late");
    desk.wait(SECOND);
    assert_eq!(desk.heard(desk.station), "\r\nOK\r\n");
    assert_eq!(desk.told("ATO\r"), "\r\nCONNECT\r\n");
    desk.wait(SECOND);
    assert_eq!(desk.heard(desk.station), "late");
}

#[test]
fn hanging_up_is_heard_at_the_other_end_after_the_loss_of_the_carrier() {
    let mut desk = Desk::connected();
    desk.say(desk.station, "bye");
    desk.wait(2 * SECOND);
    desk.say(desk.station, "+++");
    desk.wait(2 * SECOND);
    desk.say(desk.station, "ATH\r");
    assert!(!desk.exchange.carrier(desk.station));
    desk.wait(1_400 * MS);
    assert!(desk.exchange.carrier(desk.center));
    desk.wait(100 * MS);
    assert!(!desk.exchange.carrier(desk.center));
    assert_eq!(desk.heard(desk.center), "bye+++\r\nNO CARRIER\r\n");
    assert_eq!(desk.heard(desk.station), "\r\nOK\r\n\r\nOK\r\n");
    let how = Ending::HungUp(desk.station);
    assert!(matches!(
        desk.notes().last(),
        Some(Note::Ended { how: told, carried: [6, 0], .. }) if *told == how
    ));
}

#[test]
fn dropping_dtr_hangs_up_unless_the_modem_does_not_look_at_it() {
    let mut desk = Desk::connected();
    desk.exchange.set_dtr(desk.now, desk.station, false);
    assert!(!desk.exchange.carrier(desk.station));
    desk.wait(2 * SECOND);
    assert!(!desk.exchange.carrier(desk.center));

    let deaf = Premises {
        ignores_dtr: true,
        ..Premises::default()
    };
    let mut desk = Desk::connected_with(deaf, Faults::default());
    desk.exchange.set_dtr(desk.now, desk.station, false);
    desk.wait(2 * SECOND);
    assert!(desk.exchange.carrier(desk.station) && desk.exchange.carrier(desk.center));
}

#[test]
fn the_carrier_line_is_always_up_where_it_does_not_follow_the_carrier() {
    let mut desk = Desk::new();
    assert!(!desk.exchange.carrier(desk.station));
    let _echo = desk.told("AT&C0\r");
    assert!(desk.exchange.carrier(desk.station));
}

#[test]
fn any_character_breaks_dialing_off_but_not_the_line_feed_behind_it() {
    let mut desk = Desk::new();
    let _echo = desk.told(&format!("ATE0DT{CENTER}\r\n"));
    desk.wait(SECOND);
    assert_eq!(desk.told(" "), "\r\nNO CARRIER\r\n");
    desk.wait(20 * SECOND);
    assert_eq!(desk.heard(desk.center), "");
    assert_eq!(desk.told("AT\r"), "\r\nOK\r\n");
}

#[test]
fn a_modem_tells_only_the_tones_it_listens_for() {
    let told = |level: u8, fate: Fate| {
        let mut desk = Desk::new();
        desk.exchange.plan(Faults::fate(fate));
        let _echo = desk.told(&format!("ATE0X{level}DT{CENTER}\r"));
        desk.wait(60 * SECOND);
        desk.heard(desk.station).trim().to_owned()
    };
    assert_eq!(
        [0, 1, 2, 3, 4].map(|level| told(level, Fate::Busy)),
        ["NO CARRIER", "NO CARRIER", "NO CARRIER", "BUSY", "BUSY"]
    );
    assert_eq!(
        [0, 1, 2, 3, 4].map(|level| told(level, Fate::NoDialTone)),
        [
            "NO CARRIER",
            "NO CARRIER",
            "NO DIALTONE",
            "NO CARRIER",
            "NO DIALTONE"
        ]
    );
    let mut desk = Desk::new();
    desk.say(desk.center, "ATS0=1\r");
    let _echo = desk.told(&format!("ATE0X0DT{CENTER}\r"));
    desk.wait(40 * SECOND);
    assert_eq!(desk.heard(desk.station), "\r\nCONNECT\r\n");
}

#[test]
fn a_line_that_is_taken_is_busy_for_others() {
    let mut desk = Desk::connected();
    let third = desk.exchange.lay("5550101", Premises::default());
    desk.say(third, &format!("ATE0D{CENTER}\r"));
    desk.wait(10 * SECOND);
    assert!(desk.heard(third).ends_with("\r\nBUSY\r\n"));
    assert!(desk.exchange.carrier(desk.center));
}

#[test]
fn two_calls_stand_at_the_same_time() {
    let mut desk = Desk::connected();
    let third = desk.exchange.lay("5550101", Premises::default());
    let fourth = desk.exchange.lay("5550102", Premises::default());
    desk.say(fourth, "ATE0S0=1\r");
    desk.say(third, "ATE0D5550102\r");
    desk.wait(30 * SECOND);
    assert!(desk.heard(third).ends_with("\r\nCONNECT 33600\r\n"));
    let _answers = desk.heard(fourth);
    desk.say(third, "one");
    desk.say(desk.station, "two");
    desk.wait(SECOND);
    assert_eq!(desk.heard(fourth), "one");
    assert_eq!(desk.heard(desk.center), "two");
}

#[test]
fn behind_a_branch_exchange_a_number_without_the_outside_digit_is_busy() {
    let premises = Premises {
        outside_digit: Some('9'),
        foreign_tone: true,
        ..Premises::default()
    };
    let told = |text: &str| {
        let mut desk = Desk::with(premises.clone());
        desk.say(desk.center, "ATS0=1\r");
        let _echo = desk.told(&format!("ATE0{text}\r"));
        desk.wait(45 * SECOND);
        desk.heard(desk.station).trim().to_owned()
    };
    assert_eq!(told("X4DT9,5550199"), "NO DIALTONE");
    assert_eq!(told("X3DT5550199"), "BUSY");
    assert_eq!(told("X3DT9,5550199"), "CONNECT 33600");
}

#[test]
fn a_modem_under_a_redial_law_refuses_the_third_call() {
    let premises = Premises {
        law: true,
        ..Premises::default()
    };
    let mut desk = Desk::with(premises);
    let mut told = Vec::new();
    for _ in 0..3 {
        desk.exchange.plan(Faults::fate(Fate::Busy));
        desk.say(desk.station, &format!("ATV0E0D{CENTER}\r"));
        desk.wait(10 * SECOND);
        let heard = desk.heard(desk.station);
        told.push(
            heard
                .trim_end()
                .rsplit('\r')
                .next()
                .unwrap_or_default()
                .to_owned(),
        );
    }
    assert_eq!(told, ["7", "7", "32"], "busy twice, then blacklisted");
    desk.wait(180 * SECOND);
    desk.exchange.plan(Faults::fate(Fate::Busy));
    let _echo = desk.told(&format!("ATD{CENTER}\r"));
    desk.wait(10 * SECOND);
    assert_eq!(desk.heard(desk.station), "7\r");
}

#[test]
fn a_cut_lets_exactly_so_many_bytes_through_and_both_ends_notice() {
    for bytes in [0, 1, 7, 300] {
        let cut = Faults::cut(Cut::AfterBytes(bytes));
        let mut desk = Desk::connected_through(cut);
        desk.say(desk.station, &"a".repeat(200));
        desk.say(desk.center, &"b".repeat(200));
        desk.wait(5 * SECOND);
        let [there, back] = [desk.heard(desk.center), desk.heard(desk.station)];
        let passed = there.matches('a').count() + back.matches('b').count();
        assert_eq!(u64::try_from(passed), Ok(bytes));
        assert!(there.ends_with("NO CARRIER\r\n") && back.ends_with("NO CARRIER\r\n"));
    }
}

#[test]
fn a_half_open_line_carries_nothing_and_keeps_its_carrier() {
    let faults = Faults {
        half_open: Some(SECOND),
        ..Faults::default()
    };
    let mut desk = Desk::connected_through(faults);
    desk.say(desk.station, "before");
    desk.wait(2 * SECOND);
    desk.say(desk.station, "after");
    desk.say(desk.center, "after");
    desk.wait(100 * SECOND);
    assert_eq!(desk.heard(desk.center), "before");
    assert_eq!(desk.heard(desk.station), "");
    assert!(desk.exchange.carrier(desk.station));
}

#[test]
fn a_stalled_line_goes_on_later() {
    let faults = Faults {
        stall: Some((SECOND, 10 * SECOND)),
        ..Faults::default()
    };
    let mut desk = Desk::connected_through(faults);
    desk.wait(1_001 * MS);
    desk.say(desk.station, "x");
    desk.wait(9 * SECOND);
    assert_eq!(desk.heard(desk.center), "");
    desk.wait(2 * SECOND);
    assert_eq!(desk.heard(desk.center), "x");
}

#[test]
fn a_looped_line_sends_back_what_is_sent() {
    let faults = Faults {
        looped: true,
        ..Faults::default()
    };
    let mut desk = Desk::connected_through(faults);
    desk.say(desk.station, "hello");
    desk.say(desk.center, "unheard");
    desk.wait(SECOND);
    assert_eq!(desk.heard(desk.station), "hello");
    assert_eq!(desk.heard(desk.center), "");
}

#[test]
fn a_banner_comes_before_anything_else() {
    let faults: Faults = "banner,connect=CONNECT 115200/V42BIS".parse().unwrap();
    let mut desk = Desk::connected_through(faults);
    desk.say(desk.center, "~");
    desk.wait(SECOND);
    let heard = desk.heard(desk.station);
    assert!(heard.ends_with("login: ~"), "{heard:?}");
}

#[test]
fn a_modem_that_is_pulled_out_takes_and_says_nothing() {
    let mut desk = Desk::connected();
    desk.exchange.unplug(desk.now, desk.station);
    assert!(!desk.exchange.is_plugged(desk.station));
    assert_eq!(desk.exchange.input(desk.now, desk.station, b"AT\r"), 0);
    desk.wait(2 * SECOND);
    assert_eq!(desk.heard(desk.station), "");
    assert_eq!(desk.heard(desk.center), "\r\nNO CARRIER\r\n");
    desk.exchange.plug(desk.now, desk.station);
    assert_eq!(desk.told("AT\r"), "AT\r\r\nOK\r\n");
}

#[test]
fn a_port_without_a_modem_takes_calls_and_hears_only_their_bytes() {
    let mut exchange = Exchange::new(Speed::USUAL, 1);
    let station = exchange.lay(STATION, Premises::default());
    let premises = Premises {
        apparatus: Apparatus::Port,
        ..Premises::default()
    };
    let center = exchange.lay(CENTER, premises);
    let mut desk = Desk {
        exchange,
        now: Duration::ZERO,
        station,
        center,
    };
    desk.say(center, "early");
    let _echo = desk.told(&format!("ATE0D{CENTER}\r"));
    desk.wait(30 * SECOND);
    assert_eq!(desk.heard(station), "\r\nCONNECT 33600\r\n");
    desk.say(station, "data");
    desk.say(center, "back");
    desk.wait(SECOND);
    assert_eq!(desk.heard(center), "data");
    assert_eq!(desk.heard(station), "back");
    desk.exchange.set_dtr(desk.now, center, false);
    desk.wait(2 * SECOND);
    assert_eq!(desk.heard(station), "\r\nNO CARRIER\r\n");
}

/// Lets the station's own dialer drive its modem; how it ends, and when.
fn dialed(desk: &mut Desk, profile: &Profile, number: &Number) -> (Progress, Duration) {
    let mut dial = Dial::begin(profile.clone(), number, desk.now);
    loop {
        dial.tick(desk.now);
        let wire = dial.take_wire();
        desk.exchange.input(desk.now, desk.station, &wire);
        let heard = desk.exchange.take_output(desk.now, desk.station, 4_096);
        dial.input(desk.now, &heard);
        while let Some(progress) = dial.next_progress() {
            if progress != Progress::Dialing {
                return (progress, desk.now);
            }
        }
        let wakes = [dial.wake_at(), desk.exchange.wake_at()];
        let next = wakes.into_iter().flatten().min().unwrap();
        // What was heard may be answered at once.
        desk.now = if heard.is_empty() {
            next.max(desk.now)
        } else {
            desk.now + MS
        };
    }
}

fn center_number() -> Number {
    Number::parse(CENTER).unwrap()
}

fn connected(said: &str) -> Progress {
    Progress::Connected {
        said: said.to_owned(),
        data: Vec::new(),
    }
}

#[test]
fn the_dialer_gets_through_to_a_modem_that_answers() {
    let mut desk = Desk::new();
    desk.say(desk.center, "ATS0=1\r");
    let (progress, at) = dialed(&mut desk, &Profile::analogue(false), &center_number());
    assert_eq!(progress, connected("33600"));
    assert!((15..20).contains(&at.as_secs()), "{at:?}");
    let blind = Profile {
        pulse: true,
        prefix: Some(Number::parse("9,").unwrap()),
        ..Profile::analogue(true)
    };
    let mut desk = Desk::with(Premises {
        outside_digit: Some('9'),
        foreign_tone: true,
        slowness: 300 * MS,
        unsolicited: Some((700 * MS, "^RSSI: 17".to_owned())),
        ..Premises::default()
    });
    desk.say(desk.center, "ATS0=1\r");
    let (progress, _) = dialed(&mut desk, &blind, &center_number());
    assert_eq!(progress, connected("33600"));
}

#[test]
fn the_dialer_learns_why_there_is_no_call() {
    let cases = [
        (Fate::NoDialTone, CallFailure::NoDialTone),
        (Fate::Busy, CallFailure::Busy),
        (Fate::NoAnswer, CallFailure::NoAnswer),
        (Fate::Voice, CallFailure::NoCarrier),
        (Fate::Fax, CallFailure::NoCarrier),
        (Fate::Delayed, CallFailure::Delayed),
        (Fate::Blacklisted, CallFailure::Blacklisted),
    ];
    for (fate, failure) in cases {
        let mut desk = Desk::new();
        desk.exchange.plan(Faults::fate(fate));
        let (progress, _) = dialed(&mut desk, &Profile::analogue(false), &center_number());
        assert_eq!(progress, Progress::Failed(failure), "{fate:?}");
    }
    let mut desk = Desk::new();
    let (progress, _) = dialed(&mut desk, &Profile::analogue(false), &center_number());
    assert_eq!(progress, Progress::Failed(CallFailure::NoAnswer));
    let wrong = Number::parse("5550000").unwrap();
    let (progress, _) = dialed(&mut desk, &Profile::analogue(false), &wrong);
    assert_eq!(progress, Progress::Failed(CallFailure::NoCarrier));
    desk.exchange.unplug(desk.now, desk.station);
    let (progress, _) = dialed(&mut desk, &Profile::analogue(false), &wrong);
    assert_eq!(progress, Progress::Failed(CallFailure::ModemSilent));
}

#[test]
fn a_mobile_modem_needs_its_pin_its_access_point_and_a_network() {
    let card = Card {
        pin: Some("1234".to_owned()),
        access_point: "internet.example".to_owned(),
        in_reach: true,
    };
    let call = |card: &Card, access_point: &str, pin: Option<&str>| {
        let mut exchange = Exchange::new(Speed::USUAL, 1);
        let premises = |apparatus| Premises {
            apparatus,
            unsolicited: Some((900 * MS, "+CREG: 1".to_owned())),
            ..Premises::default()
        };
        let station = exchange.lay(STATION, premises(Apparatus::Mobile(card.clone())));
        let center = exchange.lay("*99#", premises(Apparatus::Port));
        let mut desk = Desk {
            exchange,
            now: Duration::ZERO,
            station,
            center,
        };
        let profile = Profile::mobile(access_point, pin).unwrap();
        dialed(&mut desk, &profile, &Profile::mobile_number()).0
    };
    let right = call(&card, "internet.example", Some("1234"));
    assert_eq!(right, connected("150000000"));
    let wrong_pin = call(&card, "internet.example", Some("4321"));
    assert_eq!(wrong_pin, Progress::Failed(CallFailure::PinNotTaken));
    let no_pin = call(&card, "internet.example", None);
    assert_eq!(no_pin, Progress::Failed(CallFailure::CardLocked));
    let wrong_point = call(&card, "elsewhere.example", Some("1234"));
    assert_eq!(wrong_point, Progress::Failed(CallFailure::NoNetwork));
    let away = Card {
        in_reach: false,
        ..card
    };
    let no_network = call(&away, "internet.example", Some("1234"));
    assert_eq!(no_network, Progress::Failed(CallFailure::NoNetwork));
}

/// Lets the station's own hang-up drive its modem; how it ends.
fn hung_up(desk: &mut Desk, has_lines: bool) -> Parting {
    let mut hang_up = HangUp::begin(Waits::USUAL, has_lines, desk.now);
    loop {
        while let Some(parting) = hang_up.next_parting() {
            match parting {
                Parting::DropDtr => desk.exchange.set_dtr(desk.now, desk.station, false),
                Parting::RaiseDtr => desk.exchange.set_dtr(desk.now, desk.station, true),
                done @ (Parting::Done | Parting::Unheard) => return done,
            }
        }
        if has_lines && !desk.exchange.carrier(desk.station) {
            hang_up.carrier_lost();
            continue;
        }
        let wire = hang_up.take_wire();
        desk.exchange.input(desk.now, desk.station, &wire);
        hang_up.input(&desk.exchange.take_output(desk.now, desk.station, 4_096));
        let wakes = [hang_up.wake_at(), desk.exchange.wake_at()];
        desk.now = wakes.into_iter().flatten().min().unwrap_or(desk.now);
        hang_up.tick(desk.now);
    }
}

#[test]
fn the_hang_up_ends_a_call_by_dtr_or_by_the_escape() {
    for (ignores_dtr, has_lines) in [(false, true), (true, true), (false, false)] {
        let premises = Premises {
            ignores_dtr,
            ..Premises::default()
        };
        let mut desk = Desk::connected_with(premises, Faults::default());
        assert_eq!(hung_up(&mut desk, has_lines), Parting::Done);
        desk.wait(2 * SECOND);
        assert_eq!(
            desk.heard(desk.center),
            match has_lines && !ignores_dtr {
                true => "\r\nNO CARRIER\r\n",
                false => "+++\r\nNO CARRIER\r\n",
            }
        );
    }
}

#[test]
fn the_same_seed_spoils_the_same_bits() {
    let heard = |seed: u64| {
        let mut desk = Desk::new();
        desk.exchange = Exchange::new(Speed::USUAL, seed);
        desk.station = desk.exchange.lay(STATION, Premises::default());
        desk.center = desk.exchange.lay(CENTER, Premises::default());
        let noisy: Faults = "ber=1e-2,drop=1e-2,insert=1e-2".parse().unwrap();
        desk.exchange.set_usual_faults(noisy);
        desk.say(desk.center, "ATE0S0=1\r");
        desk.say(desk.station, &format!("ATE0D{CENTER}\r"));
        desk.wait(30 * SECOND);
        let _answers = desk.heard(desk.center);
        desk.say(desk.station, &"x".repeat(500));
        desk.wait(SECOND);
        desk.heard(desk.center)
    };
    assert_eq!(heard(1), heard(1));
    assert_ne!(heard(1), heard(2));
    assert_ne!(heard(1), "x".repeat(500));
}

#[test]
fn dialing_ringing_and_training_can_be_hurried_but_not_the_line() {
    let speed = Speed {
        hurry: 100,
        ..Speed::USUAL
    };
    let mut exchange = Exchange::new(speed, 1);
    let station = exchange.lay(STATION, Premises::default());
    let center = exchange.lay(CENTER, Premises::default());
    let mut desk = Desk {
        exchange,
        now: Duration::ZERO,
        station,
        center,
    };
    desk.say(center, "ATE0S0=1\r");
    desk.say(station, &format!("ATE0D{CENTER}\r"));
    desk.wait(SECOND);
    assert!(desk.exchange.carrier(station));
    let _answers = desk.heard(center);
    desk.say(station, &"x".repeat(336));
    desk.wait(100 * MS);
    assert!(desk.heard(center).len() < 100);
}
