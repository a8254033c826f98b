//! A station and its scale: what is printed by it and what is not.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::scale::hid::reading;
use shared::scale::{Heard, Millis};

use super::instrument::{Found, Gone, Instrument, Instruments};
use super::kept::Kept;
use crate::api::{
    Call, PieceState, PrintCall, QuoteCall, ScaleAct, ScaleSetup, ScaleState, ScaleView,
    SetLineCall, SetScaleCall, UiError, UseScaleCall, View, WeighCall,
};
use crate::cli;
use crate::station::Station;
use crate::station::fixture::{Desk, letter, runtime};
use crate::station::ports::User;

/// The USB scale of these tests.
fn usb() -> ScaleSetup {
    ScaleSetup::Usb {
        vendor: 0x0922,
        product: 0x8003,
        serial: Some("0070".to_owned()),
    }
}

/// A report in ounces: status and tenths.
fn report(status: u8, tenths: u16) -> Vec<u8> {
    let [low, high] = tenths.to_le_bytes();
    vec![3, status, 0x0B, 0xFF, low, high]
}

/// What is plugged in, and what it says until told otherwise.
#[derive(Clone, Default)]
struct Socket(Arc<Mutex<Plugged>>);

#[derive(Default)]
struct Plugged {
    report: Option<Vec<u8>>,
    /// Whether it can be told to set itself to zero.
    zeroes: bool,
    /// What it says once, about that.
    once: Vec<Heard>,
    /// How long it takes to say anything.
    delay: Duration,
}

impl Socket {
    fn says(&self, status: u8, tenths: u16) {
        self.plugged().report = Some(report(status, tenths));
    }

    fn hangs(&self) {
        self.plugged().report = Some(Vec::new());
    }

    fn is_pulled(&self) {
        self.plugged().report = None;
    }

    fn report(&self) -> Result<Vec<u8>, Gone> {
        let report = self.plugged().report.clone();
        report.ok_or_else(|| Gone("it is not plugged in".to_owned()))
    }

    fn plugged(&self) -> std::sync::MutexGuard<'_, Plugged> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Instruments for Socket {
    fn find(&self) -> Vec<Found> {
        let here = self.report().is_ok();
        let one = Found {
            title: "DYMO M10".to_owned(),
            setup: usb(),
        };
        here.then_some(one).into_iter().collect()
    }

    fn open(&self, setup: &ScaleSetup) -> Result<Box<dyn Instrument>, Gone> {
        self.report()?;
        assert_eq!(*setup, usb());
        Ok(Box::new(self.clone()))
    }
}

impl Instrument for Socket {
    fn listen(&mut self, wait: Duration, _: Millis, heard: &mut Vec<Heard>) -> Result<(), Gone> {
        let delay = self.plugged().delay;
        std::thread::sleep(wait.max(delay));
        heard.append(&mut self.plugged().once);
        heard.extend(reading(&self.report()?).map(Heard::Reading));
        Ok(())
    }

    fn zero(&mut self) -> bool {
        self.plugged().zeroes
    }
}

/// A station that weighs.
struct Counter {
    runtime: tokio::runtime::Runtime,
    desk: Desk,
    station: Station,
    socket: Socket,
    letters: AtomicU32,
}

impl Counter {
    fn new(setup: ScaleSetup) -> Self {
        let (runtime, mut desk, socket) = (runtime(), Desk::new(), Socket::default());
        let station = desk.station.take().unwrap();
        let station = station.with_scales(Arc::new(socket.clone()));
        let counter = Self {
            runtime,
            desk,
            station,
            socket,
            letters: AtomicU32::new(0),
        };
        let set = Call::SetScale(SetScaleCall { setup: Some(setup) });
        counter.view(set).unwrap();
        counter
    }

    fn ask(&self, call: Call) -> Result<View, UiError> {
        self.runtime.block_on(self.station.call(call))
    }

    fn view(&self, call: Call) -> Result<ScaleView, UiError> {
        let view = self.ask(call)?;
        let View::Scale(view) = view else {
            panic!("{view:?}");
        };
        Ok(*view)
    }

    fn act(&self, act: ScaleAct) -> Result<ScaleView, UiError> {
        self.view(Call::UseScale(UseScaleCall { act }))
    }

    fn put(&self, load: &str) {
        let load = load.to_owned();
        let act = ScaleAct::Practice {
            load,
            shaken: false,
        };
        self.act(act).unwrap();
    }

    fn weigh(&self) -> Result<ScaleView, UiError> {
        self.view(Call::Weigh(WeighCall { seconds: Some(3) }))
    }

    fn show(&self) -> ScaleView {
        self.view(Call::Scale).unwrap()
    }

    /// Waits until the scale stands so.
    fn until(&self, state: ScaleState) -> ScaleView {
        self.until_it(|view| view.state == state)
    }

    fn until_it(&self, is_so: impl Fn(&ScaleView) -> bool) -> ScaleView {
        for _ in 0..400 {
            let view = self.show();
            if is_so(&view) {
                return view;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("never so: {:?}", self.show());
    }

    /// A letter of this weight, priced by a weighing.
    fn letter(&self, weight: &str, weighing: Option<u64>) -> PrintCall {
        let number = self.letters.fetch_add(1, Ordering::Relaxed);
        let call = letter(&self.desk, &format!("letter-{number}"));
        PrintCall {
            quote: QuoteCall {
                weight: weight.to_owned(),
                ..call.quote
            },
            weighing,
            ..call
        }
    }

    /// Prints it; what is refused has debited nothing.
    fn print(&self, call: PrintCall) -> Result<(), String> {
        let before = self.spent();
        match self.ask(Call::Print(call)) {
            Ok(View::Piece(piece)) => {
                assert_eq!(piece.state, PieceState::Printed);
                assert!(self.spent() > before);
                Ok(())
            }
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                assert_eq!(self.spent(), before, "{error:?}");
                Err(error.code)
            }
        }
    }

    /// The scale as the next start of the program finds it.
    fn restarted(&self) -> ScaleView {
        let again = self.station.clone();
        let again = again.with_scales(Arc::new(self.socket.clone()));
        let view = self.runtime.block_on(again.call(Call::Scale)).unwrap();
        let View::Scale(view) = view else {
            panic!("{view:?}");
        };
        *view
    }

    fn spent(&self) -> u64 {
        let Ok(View::Status(status)) = self.ask(Call::Status) else {
            panic!("no status");
        };
        status.registers.ascending
    }
}

#[test]
fn a_piece_is_printed_by_the_scale_only_while_its_load_lies_there() {
    let counter = Counter::new(ScaleSetup::Practice);
    counter.put("0.9oz");
    let weighing = counter.weigh().unwrap().weighing.unwrap();
    assert_eq!(weighing.weight, "0.9oz");
    assert!(
        (weighing.weight_grams - 25.515).abs() < 1e-9,
        "{weighing:?}"
    );
    let number = Some(weighing.number);
    assert_eq!(counter.print(counter.letter("0.9oz", number)), Ok(()));

    let print = |weight| counter.print(counter.letter(weight, number));
    assert_eq!(print("0.8oz"), Err("load_changed".to_owned()), "typed over");
    counter.put("1.9oz");
    assert_eq!(print("0.9oz"), Err("scale_moving".to_owned()));
    counter.weigh().unwrap();
    assert_eq!(print("0.9oz"), Err("load_changed".to_owned()));
    counter.put("0oz");
    counter.until(ScaleState::Empty);
    assert_eq!(print("0.9oz"), Err("load_changed".to_owned()));
    assert_eq!(
        counter.print(counter.letter("0.9oz", None)),
        Ok(()),
        "typed"
    );
}

#[test]
fn a_scale_that_falls_silent_or_is_pulled_prints_nothing_and_comes_back_by_itself() {
    let counter = Counter::new(usb());
    counter.socket.says(4, 9);
    let number = counter.weigh().unwrap().weighing.unwrap().number;
    let print = || counter.print(counter.letter("0.9oz", Some(number)));

    counter.socket.hangs();
    counter.until(ScaleState::Silent);
    assert_eq!(print(), Err("scale_silent".to_owned()));

    counter.socket.is_pulled();
    let away = counter.until(ScaleState::Away);
    let fault = away.fault.unwrap();
    assert_eq!(
        fault.message,
        "USB scale 0922:8003, 0070 cannot be reached: it is not plugged in. Nothing was debited."
    );
    assert_eq!(print(), Err("scale_away".to_owned()));

    counter.socket.says(4, 9);
    let again = counter.weigh().unwrap().weighing.unwrap();
    assert_ne!(again.number, number, "nobody saw what lay there meanwhile");
    assert_eq!(print(), Err("load_changed".to_owned()));
    let now = counter.letter("0.9oz", Some(again.number));
    assert_eq!(counter.print(now), Ok(()));
}

#[test]
fn every_complaint_of_a_scale_is_one_sentence_and_no_price() {
    let counter = Counter::new(usb());
    for (status, state, code) in [
        (1, ScaleState::Trouble, "scale_broken"),
        (3, ScaleState::Moving, "scale_moving"),
        (5, ScaleState::BelowZero, "scale_below_zero"),
        (6, ScaleState::Overload, "scale_overload"),
        (7, ScaleState::Trouble, "scale_not_calibrated"),
        (8, ScaleState::Trouble, "scale_needs_zero"),
        (99, ScaleState::Trouble, "scale_not_understood"),
    ] {
        counter.socket.says(status, 9);
        counter.until_it(|view| {
            let told = view.fault.as_ref().map(|fault| fault.code.as_str());
            view.state == state && told.is_none_or(|told| told == code)
        });
        let refused = counter.view(Call::Weigh(WeighCall { seconds: Some(0) }));
        assert_eq!(refused.unwrap_err().code, code);
        let print = counter.print(counter.letter("0.9oz", Some(1)));
        assert_eq!(print, Err(code.to_owned()));
    }
    counter.socket.says(2, 0);
    counter.until(ScaleState::Empty);
    let zero = counter.act(ScaleAct::Zero).unwrap_err();
    assert_eq!(zero.code, "scale_zero_by_hand");
}

#[test]
fn pieces_taken_off_one_by_one_are_paid_once_each() {
    let counter = Counter::new(ScaleSetup::Practice);
    counter.put("10oz");
    counter.weigh().unwrap();
    assert!(counter.act(ScaleAct::TakeOff).unwrap().take_off);
    let nothing = counter.view(Call::Weigh(WeighCall { seconds: Some(0) }));
    assert_eq!(nothing.unwrap_err().code, "nothing_taken_off");

    counter.put("9.1oz");
    let first = counter.weigh().unwrap().weighing.unwrap();
    assert_eq!(first.shown, "0.9 oz");
    let print = |number| counter.print(counter.letter("0.9oz", Some(number)));
    assert_eq!(print(first.number), Ok(()));
    assert!(counter.show().weighing.unwrap().paid);
    assert_eq!(print(first.number), Err("weighing_paid".to_owned()));
    let paid = counter.view(Call::Weigh(WeighCall { seconds: Some(0) }));
    assert_eq!(paid.unwrap_err().code, "weighing_paid");

    counter.put("8.2oz");
    counter.until(ScaleState::Moving);
    let second = counter.weigh().unwrap().weighing.unwrap();
    assert_eq!((second.shown.as_str(), second.paid), ("0.9 oz", false));
    assert_ne!(second.number, first.number);
    assert_eq!(print(second.number), Ok(()));
}

#[test]
fn a_tare_is_kept_and_shown_until_it_is_taken_away() {
    let counter = Counter::new(ScaleSetup::Practice);
    counter.put("1.2oz");
    let tared = counter.act(ScaleAct::Tare).unwrap();
    assert_eq!(tared.tare.as_deref(), Some("1.2 oz"));
    counter.put("2.1oz");
    assert_eq!(counter.weigh().unwrap().weighing.unwrap().weight, "0.9oz");

    let view = counter.restarted();
    assert_eq!(view.tare.as_deref(), Some("1.2 oz"), "after a restart");
    assert_eq!(view.load.as_deref(), Some("0.9 oz"));

    counter.put("0oz");
    let below = counter.until(ScaleState::BelowZero);
    assert_eq!(below.fault.unwrap().code, "scale_below_zero");
    let untared = counter.act(ScaleAct::Untare).unwrap();
    assert_eq!((untared.tare, untared.state), (None, ScaleState::Empty));

    counter.put("3oz");
    counter.weigh().unwrap();
    counter.act(ScaleAct::Tare).unwrap();
    let zeroed = counter.act(ScaleAct::Zero).unwrap();
    assert_eq!(zeroed.tare, None, "a scale set to zero has no tare");
}

#[test]
fn a_scale_that_is_chosen_again_has_no_tare_shown_kept_or_taken_off() {
    for setup in [ScaleSetup::Practice, usb()] {
        let counter = Counter::new(setup.clone());
        let puts = |tenths: u16| match setup {
            ScaleSetup::Practice => counter.put(&format!("{}g", u32::from(tenths) * 3)),
            ScaleSetup::Usb { .. } | ScaleSetup::Serial { .. } => counter.socket.says(4, tenths),
        };
        puts(12);
        counter.weigh().unwrap();
        let tared = counter.act(ScaleAct::Tare).unwrap();
        assert!(tared.tare.is_some());
        puts(21);
        let net = counter.until(ScaleState::Stable);
        let before = net.weighing.unwrap();
        let again = counter.view(Call::SetScale(SetScaleCall {
            setup: Some(setup.clone()),
        }));
        assert_eq!(again.unwrap().tare, None);
        let whole = counter.weigh().unwrap();
        let now = whole.weighing.unwrap();
        assert!(now.weight_grams > before.weight_grams, "{now:?}");
        assert!(now.number > before.number, "a price of before is of before");
        let old = counter.letter(&before.weight, Some(before.number));
        assert_eq!(counter.print(old), Err("load_changed".to_owned()));
        assert_eq!(counter.restarted().tare, None);
    }
}

#[test]
fn a_scale_that_sets_itself_to_zero_late_or_not_leaves_no_tare_to_be_taken_off_twice() {
    let counter = Counter::new(usb());
    counter.socket.says(4, 12);
    counter.socket.plugged().zeroes = true;
    counter.weigh().unwrap();
    let tare = || counter.act(ScaleAct::Tare).unwrap().tare;
    assert_eq!(tare().as_deref(), Some("1.2 oz"));

    // It says that it has not: nothing is another.
    let refused = std::thread::scope(|scope| {
        let asked = scope.spawn(|| counter.act(ScaleAct::Zero));
        std::thread::sleep(Duration::from_millis(500));
        counter.socket.plugged().once.push(Heard::NotZeroed);
        asked.join().unwrap()
    });
    assert_eq!(refused.unwrap_err().code, "scale_not_zeroed");
    assert_eq!(counter.show().tare.as_deref(), Some("1.2 oz"));
    assert_eq!(counter.restarted().tare.as_deref(), Some("1.2 oz"));

    // It says nothing, and the clerk is told that no tare is used.
    let silent = counter.act(ScaleAct::Zero).unwrap_err();
    assert_eq!(silent.code, "scale_zero_unanswered");
    assert_eq!(counter.show().tare, None);
    assert_eq!(counter.restarted().tare, None);

    // It says so when a tare was taken anew.
    assert_eq!(tare().as_deref(), Some("1.2 oz"));
    counter.socket.plugged().once.push(Heard::Zeroed);
    let zeroed = counter.until_it(|view| view.tare.is_none());
    assert_eq!(zeroed.tare, None);
    assert_eq!(counter.weigh().unwrap().weighing.unwrap().weight, "1.2oz");
    assert_eq!(counter.restarted().tare, None);
}

#[test]
fn a_tare_that_cannot_be_kept_is_not_used_either() {
    let counter = Counter::new(usb());
    counter.socket.says(4, 12);
    counter.weigh().unwrap();
    let folder = counter.desk.data();
    let kept = counter.runtime.block_on(counter.station.apply(|owner| {
        let refusing = "CREATE TRIGGER full BEFORE UPDATE ON settings \
            BEGIN SELECT RAISE(ABORT, 'disk full'); END";
        owner.store().sql().execute_batch(refusing).unwrap();
        Ok(())
    }));
    kept.unwrap();
    let refused = counter.act(ScaleAct::Tare).unwrap_err();
    assert_ne!(refused.code, "scale_moving", "{folder:?}");
    let view = counter.show();
    assert_eq!((view.tare, view.load.as_deref()), (None, Some("1.2 oz")));
}

#[test]
fn a_scale_that_hangs_is_shown_as_silent_while_it_does() {
    let counter = Counter::new(usb());
    counter.socket.says(4, 9);
    counter.until(ScaleState::Stable);
    let mut events = counter.station.subscribe();
    counter.socket.plugged().delay = Duration::from_secs(6);
    let told = counter.runtime.block_on(async {
        let silent = async {
            loop {
                let event = events.recv().await.unwrap();
                if let crate::api::Event::Scale { scale } = event {
                    return scale.state;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(4), silent).await
    });
    counter.socket.plugged().delay = Duration::ZERO;
    assert_eq!(told, Ok(ScaleState::Silent));
}

#[test]
fn scale_for_a_weight_weighs_what_lies_there() {
    let counter = Counter::new(ScaleSetup::Practice);
    let print = counter.letter("scale", None);
    let Err(error) = counter.ask(Call::Quote(print.quote.clone())) else {
        panic!("priced without a load");
    };
    assert_eq!(error.code, "scale_empty");
    counter.put("1.9oz");
    let Ok(View::Quote(quote)) = counter.ask(Call::Quote(print.quote.clone())) else {
        panic!("not priced");
    };
    let typed = counter.letter("1.9oz", None);
    let Ok(View::Quote(same)) = counter.ask(Call::Quote(typed.quote)) else {
        panic!("not priced");
    };
    assert_eq!(quote.price_mills, same.price_mills);
    let Ok(View::Preview(preview)) = counter.ask(Call::Preview(print.clone())) else {
        panic!("not shown");
    };
    assert_eq!(preview.quote.price_mills, same.price_mills);
    let job_key = Some("job".to_owned());
    let print = PrintCall { job_key, ..print };
    assert_eq!(counter.print(print.clone()), Ok(()));
    // Whoever asks again after the answer was lost has taken the piece off meanwhile.
    counter.put("0oz");
    counter.until(ScaleState::Empty);
    let before = counter.spent();
    let Ok(View::Piece(piece)) = counter.ask(Call::Print(print)) else {
        panic!("the job has no piece");
    };
    assert_eq!(piece.state, PieceState::Printed);
    assert_eq!(counter.spent(), before);
}

#[test]
fn without_a_scale_nobody_waits_for_one() {
    let counter = Counter::new(usb());
    let off = Call::SetScale(SetScaleCall { setup: None });
    counter.view(off).unwrap();
    let started = std::time::Instant::now();
    let seconds = Some(30);
    let refused = counter.view(Call::Weigh(WeighCall { seconds }));
    assert_eq!(refused.unwrap_err().code, "no_scale");
    let quote = counter.letter("scale", None).quote;
    let Err(refused) = counter.ask(Call::Quote(quote)) else {
        panic!("priced without a scale");
    };
    assert_eq!(refused.code, "no_scale");
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_scale_is_found_chosen_and_left() {
    let counter = Counter::new(usb());
    counter.socket.says(2, 0);
    let Ok(View::Scales(found)) = counter.ask(Call::FindScales) else {
        panic!("nothing found");
    };
    assert_eq!(found.scales.len(), 1);
    assert!(found.scales[0].used && found.scales[0].title == "DYMO M10");
    let off = counter.view(Call::SetScale(SetScaleCall { setup: None }));
    assert_eq!(off.unwrap().state, ScaleState::None);
    assert_eq!(counter.weigh().unwrap_err().code, "no_scale");
    assert_eq!(counter.act(ScaleAct::Tare).unwrap_err().code, "no_scale");

    let serial = |path: &str, language: &str, baud, frame: &str| {
        let setup = ScaleSetup::Serial {
            path: path.to_owned(),
            language: language.to_owned(),
            baud,
            frame: frame.to_owned(),
        };
        counter.view(Call::SetScale(SetScaleCall { setup: Some(setup) }))
    };
    for bad in [
        serial("", "nci", 9_600, "8n1"),
        serial("/dev/ttyS0", "esperanto", 9_600, "8n1"),
        serial("/dev/ttyS0", "nci", 1, "8n1"),
        serial("/dev/ttyS0", "nci", 9_600, "9x9"),
    ] {
        assert_eq!(bad.unwrap_err().code, "bad_input");
    }
    let load = ScaleAct::Practice {
        load: "1oz".to_owned(),
        shaken: false,
    };
    let set = Call::SetScale(SetScaleCall { setup: Some(usb()) });
    counter.view(set).unwrap();
    assert_eq!(counter.act(load).unwrap_err().code, "not_practice_scale");
}

#[test]
fn whoever_looks_for_a_modem_or_a_scale_leaves_the_ports_of_others_alone() {
    let serial = ScaleSetup::Serial {
        path: "/dev/no-such-scale".to_owned(),
        language: "nci".to_owned(),
        baud: 9_600,
        frame: "8n1".to_owned(),
    };
    let counter = Counter::new(usb());
    let line = SetLineCall {
        device: Some("/dev/no-such-modem".to_owned()),
        ..SetLineCall::default()
    };
    counter.ask(Call::SetLine(line)).unwrap();
    let kept = Kept {
        setup: Some(serial),
        ..Kept::default()
    };
    let ports = counter.station.apply(move |owner| {
        super::kept::put(owner, &kept)?;
        let of = |user| owner.ports_of_others(user);
        Ok((of(User::Modem)?, of(User::Scale)?))
    });
    let (modem, scale) = counter.runtime.block_on(ports).unwrap();
    assert_eq!(modem, ["/dev/no-such-scale"]);
    assert_eq!(scale, ["/dev/no-such-modem"]);
}

#[test]
fn the_window_is_told_when_the_scale_shows_something_else() {
    let counter = Counter::new(ScaleSetup::Practice);
    counter.until(ScaleState::Empty);
    let mut events = counter.station.subscribe();
    counter.put("0.9oz");
    let stable = counter.runtime.block_on(async {
        loop {
            let event = events.recv().await.unwrap();
            if let crate::api::Event::Scale { scale } = event
                && scale.state == ScaleState::Stable
            {
                return scale;
            }
        }
    });
    assert_eq!(stable.words, "stable");
    assert!(stable.practice);
    std::thread::sleep(Duration::from_millis(300));
    assert!(events.try_recv().is_err(), "nothing changed any more");
}

/// What a command says.
fn pennyblack(desk: &Desk, words: &[&str]) -> (u8, String) {
    let data = desk.data();
    let data = data.to_str().unwrap();
    let all = ["pennyblack", "--data", data].into_iter();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = cli::Streams {
        out: &mut out,
        err: &mut err,
        watched: false,
        coloured: false,
        answers: None,
    };
    let words = all.chain(words.iter().copied()).map(Into::into);
    let code = cli::run(words, &mut streams);
    let said = [out, err].concat();
    (code, String::from_utf8(said).unwrap())
}

#[test]
fn the_command_chooses_loads_reads_and_tares_a_practice_scale() {
    let mut desk = Desk::new();
    desk.stop();
    let mut said = String::new();
    for words in [
        &["scale", "show"][..],
        &["scale", "read"],
        &["scale", "use", "abacus"],
        &["scale", "use", "usb:no-such-number"],
        &["scale", "use", "virtual"],
        &["scale", "virtual", "heavy"],
        &["scale", "virtual", "1.2oz"],
        &["scale", "tare"],
        &["scale", "virtual", "1lb2oz"],
        &["scale", "read"],
        &["scale", "read", "--json"],
        &["scale", "tare", "--clear"],
        &["scale", "virtual", "71lb"],
        &["scale", "read", "--wait", "1"],
        &["scale", "virtual", "1oz", "--shaken"],
        &["scale", "read", "--wait", "1", "--json"],
        &["scale", "zero"],
        &["scale", "off"],
    ] {
        let (code, answer) = pennyblack(&desk, words);
        let words = words.join(" ");
        said.push_str(&format!("$ pennyblack {words}\n{answer}[{code}]\n\n"));
    }
    insta::assert_snapshot!("the_scale_command", said);
}
