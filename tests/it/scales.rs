//! Scales on serial lines, in both languages, with a real station at the other end: what they show
//! is printed by only while it is so, and each of their faults is one sentence.
#![cfg(unix)]

use std::time::{Duration, Instant};

use shared::scale::hid::USAGE_PAGE;
use shared::scale::talk::Language;
use station::api::{
    Call, PieceState, PrintCall, ScaleAct, ScaleSetup, ScaleState, ScaleView, SetScaleCall,
    UiError, UseScaleCall, View, WeighCall,
};
use station::station::Station;
use system_tests::scale::{Manner, SerialScale};
use system_tests::town::{Counter, Town};

/// How long a scale may take to be heard, taken up again, or missed.
const PATIENCE: Duration = Duration::from_secs(8);

fn rests(text: &str) -> Manner {
    Manner::Rests(text.to_owned())
}

/// A refilled station with a scale on a serial line.
struct Weighed {
    town: Town,
    counter: Counter,
    scale: SerialScale,
    _folder: tempfile::TempDir,
}

impl Weighed {
    async fn with(language: Language) -> Self {
        let town = Town::with_deposit("100.00").await;
        let counter = town.enrolled("counter").await;
        counter.refill("20.00").await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let scale = SerialScale::plug_in(folder.path(), language, rests("0.9 oz")).unwrap();
        let weighed = Self {
            town,
            counter,
            scale,
            _folder: folder,
        };
        let setup = ScaleSetup::Serial {
            path: weighed.scale.path(),
            language: language.word().to_owned(),
            baud: 9_600,
            frame: "8n1".to_owned(),
        };
        let set = Call::SetScale(SetScaleCall { setup: Some(setup) });
        weighed.ask(set).await.unwrap();
        weighed
    }

    fn station(&self) -> &Station {
        &self.counter.station
    }

    async fn ask(&self, call: Call) -> Result<ScaleView, UiError> {
        let view = self.station().call(call).await?;
        let View::Scale(view) = view else {
            panic!("{view:?}");
        };
        Ok(*view)
    }

    async fn weigh(&self) -> ScaleView {
        let call = Call::Weigh(WeighCall { seconds: Some(8) });
        self.ask(call).await.unwrap()
    }

    /// Waits until the scale stands so.
    async fn until(&self, state: ScaleState) -> ScaleView {
        let what = format!("{state:?}");
        self.until_it(&what, |view| view.state == state).await
    }

    async fn until_it(&self, what: &str, is_so: impl Fn(&ScaleView) -> bool) -> ScaleView {
        let began = Instant::now();
        loop {
            let view = self.ask(Call::Scale).await.unwrap();
            if is_so(&view) {
                return view;
            }
            assert!(began.elapsed() < PATIENCE, "never {what}: {view:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Prints a letter by a weighing, or says by what code it is refused.
    async fn print(&self, weight: &str, weighing: u64) -> Result<(), String> {
        let call = PrintCall {
            weighing: Some(weighing),
            ..self.counter.letter(weight, "10001")
        };
        let before = self.counter.status().await.registers;
        let printed = self.station().call(Call::Print(call)).await;
        let after = self.counter.status().await.registers;
        match printed {
            Ok(View::Piece(piece)) => {
                assert_eq!(piece.state, PieceState::Printed);
                assert_eq!(after.ascending - before.ascending, piece.postage_mills);
                Ok(())
            }
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                assert_eq!(after, before, "{error:?}");
                Err(error.code)
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_paid_by_what_a_serial_scale_shows_and_only_while_it_does() {
    for language in Language::ALL {
        let weighed = Weighed::with(language).await;
        let one = weighed.weigh().await.weighing.unwrap();
        assert_eq!(
            (one.weight.as_str(), one.shown.as_str()),
            ("0.9oz", "0.9 oz")
        );
        assert_eq!(weighed.print("0.9oz", one.number).await, Ok(()));

        weighed.scale.does(Manner::Moves("1.4 oz".to_owned()));
        let moving = weighed.until(ScaleState::Moving).await;
        assert_eq!(moving.words, "moving");
        let refused = weighed.print("0.9oz", one.number).await;
        assert_eq!(refused, Err("scale_moving".to_owned()));

        weighed.scale.does(rests("1.9 oz"));
        let other = weighed.weigh().await.weighing.unwrap();
        let refused = weighed.print("0.9oz", one.number).await;
        assert_eq!(refused, Err("load_changed".to_owned()));
        assert_eq!(weighed.print("1.9oz", other.number).await, Ok(()));
        weighed.town.assert_books_hold().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_serial_scale_is_told_and_pays_nothing() {
    for language in Language::ALL {
        let weighed = Weighed::with(language).await;
        let number = weighed.weigh().await.weighing.unwrap().number;
        let uncalibrated = match language {
            Language::MtSics => "scale_busy",
            Language::Nci => "scale_not_calibrated",
        };
        for (manner, state, code) in [
            (Manner::Overloaded, ScaleState::Overload, "scale_overload"),
            (Manner::Lifted, ScaleState::BelowZero, "scale_below_zero"),
            (rests("-0.5 oz"), ScaleState::BelowZero, "scale_below_zero"),
            (Manner::Uncalibrated, ScaleState::Trouble, uncalibrated),
            (Manner::Noise, ScaleState::Trouble, "scale_not_understood"),
            (rests("3 tael"), ScaleState::Trouble, "scale_foreign_unit"),
            (Manner::Silent, ScaleState::Silent, "scale_silent"),
        ] {
            weighed.scale.does(manner.clone());
            let is_told = |view: &ScaleView| {
                let told = view.fault.as_ref().map(|fault| fault.code.as_str());
                view.state == state && told == Some(code)
            };
            weighed
                .until_it(&format!("{language:?} {manner:?}"), is_told)
                .await;
            let refused = weighed.print("0.9oz", number).await;
            assert_eq!(refused, Err(code.to_owned()), "{language:?} {manner:?}");
        }
        weighed.scale.does(rests("0.9 oz"));
        let again = weighed.weigh().await.weighing.unwrap();
        assert_eq!(weighed.print("0.9oz", again.number).await, Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scale_that_never_rests_twice_on_the_same_figure_is_never_paid_by() {
    for language in Language::ALL {
        let weighed = Weighed::with(language).await;
        weighed.weigh().await;
        for manner in [
            Manner::Flickers(["0.9 oz".to_owned(), "1.0 oz".to_owned()]),
            Manner::Torn,
        ] {
            weighed.scale.does(manner.clone());
            tokio::time::sleep(Duration::from_millis(300)).await;
            let until = Instant::now() + Duration::from_secs(1);
            while Instant::now() < until {
                let view = weighed.ask(Call::Scale).await.unwrap();
                assert_eq!(view.weighing, None, "{language:?} {manner:?}");
                assert_ne!(view.state, ScaleState::Stable, "{language:?} {manner:?}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scale_that_is_pulled_out_is_missed_at_once_and_taken_up_again() {
    for language in Language::ALL {
        let weighed = Weighed::with(language).await;
        let number = weighed.weigh().await.weighing.unwrap().number;
        weighed.scale.pull();
        let away = weighed.until(ScaleState::Away).await;
        assert_eq!(away.words, "not there");
        let refused = weighed.print("0.9oz", number).await;
        assert_eq!(refused, Err("scale_away".to_owned()));

        weighed.scale.plug_in_again().unwrap();
        let again = weighed.weigh().await.weighing.unwrap();
        let refused = weighed.print("0.9oz", number).await;
        assert_eq!(refused, Err("load_changed".to_owned()));
        assert_eq!(weighed.print("0.9oz", again.number).await, Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scale_sets_itself_to_zero_when_it_is_told() {
    for language in Language::ALL {
        let weighed = Weighed::with(language).await;
        weighed.weigh().await;
        let zero = |act| Call::UseScale(UseScaleCall { act });
        let view = weighed.ask(zero(ScaleAct::Zero)).await.unwrap();
        assert_eq!(weighed.scale.zeroed(), 1);
        assert_eq!((view.state, view.weighing), (ScaleState::Empty, None));
        weighed.scale.does(Manner::Silent);
        let refused = weighed.ask(zero(ScaleAct::Zero)).await.unwrap_err();
        assert_eq!(refused.code, "scale_zero_unanswered");
    }
}

/// What stands between quotes after a word of a udev rule.
fn quoted<'a>(rule: &'a str, word: &str) -> &'a str {
    let (_, rest) = rule.split_once(word).expect(word);
    rest.split('"').nth(1).expect(word)
}

#[test]
fn the_udev_rule_knows_a_scale_by_its_usage_page() {
    let rules = include_str!("../../packaging/linux/70-pennyblack-scales.rules");
    let rule = rules
        .lines()
        .find(|line| line.starts_with("PROGRAM"))
        .unwrap();
    assert!(rule.ends_with("TAG+=\"uaccess\""), "{rule}");
    let program = quoted(rule, "PROGRAM=");
    let wanted = quoted(rule, "RESULT==").strip_prefix('*').unwrap();
    let folder = tempfile::tempdir().unwrap();
    let descriptor = folder.path().join("report_descriptor");
    let place = descriptor.to_str().unwrap();
    let command = program.replace("/sys%p/device/report_descriptor", place);
    assert_ne!(command, program);
    let command = command.strip_prefix("/bin/sh -c '").unwrap();
    let command = command.strip_suffix('\'').unwrap();
    let page = u8::try_from(USAGE_PAGE).unwrap();
    // Usage page, usage, collection: a scale, and a keyboard.
    for (begins, is_scale) in [
        ([5, page, 9, 0x20, 0xA1, 1], true),
        ([5, 1, 9, 6, 0xA1, 1], false),
    ] {
        std::fs::write(&descriptor, begins).unwrap();
        let told = std::process::Command::new("/bin/sh")
            .args(["-c", command])
            .output()
            .unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        assert_eq!(told.trim_end().ends_with(wanted), is_scale, "{told:?}");
    }
}
