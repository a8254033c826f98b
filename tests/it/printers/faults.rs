//! One test for each thing that goes wrong with printers, on every language that can show it: before
//! the debit it is a refusal, afterwards the piece is not printed or unknown.

use super::*;

/// The refusal of a printer that lacks something; a ticket printer is silent then.
fn assert_refused(trial: &Trial, said: Result<Standing, Unready>, expected: &[Hindrance]) {
    let name = trial.name;
    match said {
        Err(Unready::Hindered(hindrance)) => {
            assert!(expected.contains(&hindrance), "{name}: {hindrance:?}");
        }
        Err(Unready::Silent) => assert_eq!(name, "boca-lemur-300"),
        other => panic!("{name}: {other:?}"),
    }
}

/// A label that ended badly after the debit, and that there is a reason in a sentence.
fn assert_doubtful(trial: &Trial, what: &str, outcome: &Outcome, tray: &[Printed]) {
    trial.assert_honest(what, outcome, tray);
    let reason = match outcome {
        Outcome::NotPrinted(proof) => proof.to_string(),
        Outcome::Unknown(doubt) => doubt.to_string(),
        Outcome::Printed | Outcome::Refused(_) => panic!("{}, {what}: {outcome:?}", trial.name),
    };
    assert!(reason.len() > 10 && !reason.ends_with('.'), "{reason}");
}

fn hindered(trouble: Trouble) -> Faults {
    Faults {
        trouble: Some(trouble),
        ..Faults::default()
    }
}

/// Where the commit begins, as a printer counts: from the first byte that is no filler.
fn commit_of(trial: &Trial) -> usize {
    let job = &trial.job;
    let filler = |byte: &&u8| matches!(byte, 0 | b'\r' | b'\n');
    let picture = [job.setup.as_slice(), &job.body].concat();
    picture.len() - picture.iter().take_while(filler).count()
}

/// The last byte without which the label is not printed.
fn last_of(trial: &Trial) -> usize {
    commit_of(trial) + trial.job.commit.trim_ascii_end().len() - 1
}

/// Trouble in the middle of the label.
fn hindered_in(trial: &Trial, trouble: Trouble) -> Faults {
    let middle = trial.job.setup.len() + trial.job.body.len() / 2;
    Faults {
        trouble_at: Some((middle, trouble)),
        ..Faults::default()
    }
}

#[test]
fn no_paper_is_a_refusal_before_the_debit_and_named_in_the_middle_of_a_label() {
    for model in MODELS {
        let trial = Trial::of(model);
        let said = trial.asked(hindered(Trouble::PaperOut));
        assert_refused(&trial, said, &[Hindrance::PaperOut]);
        let (outcome, tray) = trial.sent(hindered_in(&trial, Trouble::PaperOut));
        assert_doubtful(&trial, "no paper", &outcome, &tray);
        if trial.manners.must_answer() {
            let paper_out = Outcome::Unknown(Doubt::Hindered(Hindrance::PaperOut));
            assert_eq!(outcome, paper_out, "{}", trial.name);
        }
    }
}

#[test]
fn an_open_cover_is_a_refusal_before_the_debit_and_in_the_middle_of_a_label_a_doubt() {
    for model in MODELS {
        let trial = Trial::of(model);
        // A LabelWriter has one bit for every error.
        let said = trial.asked(hindered(Trouble::CoverOpen));
        assert_refused(&trial, said, &[Hindrance::CoverOpen, Hindrance::Error]);
        let (outcome, tray) = trial.sent(hindered_in(&trial, Trouble::CoverOpen));
        assert_doubtful(&trial, "cover open", &outcome, &tray);
    }
}

#[test]
fn what_was_given_up_for_want_of_paper_does_not_come_out_when_paper_is_loaded() {
    for model in MODELS {
        let trial = Trial::of(model);
        let device = trial.device(hindered_in(&trial, Trouble::PaperOut));
        let address = device.on_a_socket().unwrap();
        let port = PrinterPort::Tcp { address };
        let (outcome, tray) = trial.sent_over(&device, &port);
        trial.assert_honest("no paper", &outcome, &tray);
        // Whatever the clerk answers, only the next label may come out.
        device.set_faults(Faults::default());
        let (outcome, tray) = trial.sent_over(&device, &port);
        assert_eq!(outcome, trial.success(), "{}", trial.name);
        // What was under the head before may come first, cut off.
        let labels = tray.iter().filter(|sheet| trial.is_the_label(sheet));
        assert_eq!(labels.count(), 1, "{}", trial.name);
        assert!(tray.len() <= 2, "{}: {}", trial.name, tray.len());
    }
}

#[test]
fn paper_that_is_nearly_at_its_end_is_refused_only_when_too_little_is_left() {
    let trial = Trial::of(MODELS[0]);
    let near_end = Faults {
        near_end: true,
        ..Faults::default()
    };
    let standing = trial.asked(near_end).unwrap();
    assert!(standing.near_end && standing.answers);
    let address = trial.device(near_end).on_a_socket().unwrap();
    let mut line = open_as(&PrinterPort::Tcp { address }, trial.serial).unwrap();
    let mut wire = Wire {
        near_end_refuses: true,
        ..trial.wire(line.as_mut(), PATIENCE)
    };
    assert_eq!(
        preflight(&mut wire),
        Err(Unready::Hindered(Hindrance::NearlyOut))
    );
    let (outcome, tray) = trial.sent(near_end);
    assert_eq!((outcome, tray.len()), (Outcome::Printed, 1));
}

#[test]
fn another_paper_than_the_labels_is_a_refusal_before_the_debit() {
    // Only these printers measure what is loaded.
    let trial = Trial::of(("brother-ql-820nwb", "roll-62"));
    let said = trial.asked(Faults {
        roll_mm: Some(29),
        ..Faults::default()
    });
    assert_eq!(said, Err(Unready::Hindered(Hindrance::WrongPaper)));
}

#[test]
fn a_printer_that_is_switched_off_in_the_middle_of_a_label_leaves_no_piece_that_is_called_printed()
{
    for model in MODELS {
        let trial = Trial::of(model);
        let all = last_of(&trial) + 1;
        let commit = commit_of(&trial);
        for at in [1, commit / 2, commit - 1, all - 1] {
            let (outcome, tray) = trial.sent(Faults {
                power_loss_at: Some(at),
                ..Faults::default()
            });
            assert_doubtful(&trial, &format!("off at {at} of {all}"), &outcome, &tray);
        }
    }
}

#[test]
fn of_two_equal_printers_each_prints_its_own_labels() {
    for model in MODELS {
        let trial = Trial::of(model);
        let [one, other] = [
            trial.device(Faults::default()),
            trial.device(Faults::default()),
        ];
        let ports = [&one, &other].map(|device| PrinterPort::Tcp {
            address: device.on_a_socket().unwrap(),
        });
        for _ in 0..2 {
            let (outcome, tray) = trial.sent_over(&one, &ports[0]);
            assert_eq!((outcome, tray.len()), (trial.success(), 1));
            assert_eq!(other.take_sheets(), [], "{}", trial.name);
        }
        let (outcome, tray) = trial.sent_over(&other, &ports[1]);
        assert_eq!((outcome, tray.len()), (trial.success(), 1));
    }
}

#[test]
fn a_label_that_is_larger_than_the_head_is_refused_in_every_language() {
    for model in MODELS {
        let trial = Trial::of(model);
        let language = trial.manners.language;
        let mut image = BitImage::white(trial.sheet.left + trial.sheet.dots + 8, 50);
        assert_eq!(language.check(&image, &trial.sheet), Ok(()), "white");
        image.set(trial.sheet.left + trial.sheet.dots, 10, true);
        let refusal = language.check(&image, &trial.sheet);
        // The model of any receipt printer has any head.
        if trial.name != "esc-pos" {
            let refusal = refusal.unwrap_err().to_string();
            assert!(refusal.contains("wider than"), "{}: {refusal}", trial.name);
        }
    }
}

#[test]
fn a_printer_that_holds_the_line_for_ever_ends_in_a_refusal_or_a_doubt() {
    for model in MODELS {
        let trial = Trial::of(model);
        let device = trial.device(hindered(Trouble::Held));
        let path = device.on_a_serial_line().unwrap();
        let said = trial.asked_over(&PrinterPort::Serial {
            path,
            baud: 115_200,
        });
        if trial.manners.must_answer() {
            let refused = matches!(said, Err(Unready::Silent | Unready::Hindered(_)));
            assert!(refused, "{}: {said:?}", trial.name);
        }
        let device = trial.device(hindered_in(&trial, Trouble::Held));
        let path = device.on_a_serial_line().unwrap();
        let port = PrinterPort::Serial {
            path,
            baud: 115_200,
        };
        let (outcome, tray) = trial.sent_over(&device, &port);
        assert_doubtful(&trial, "held for ever", &outcome, &tray);
    }
}

#[test]
fn a_slow_printer_is_waited_for_as_long_as_its_label_is() {
    let patience = Patience {
        ack: Duration::from_millis(250),
        kilobyte: Duration::from_millis(400),
        ..PATIENCE
    };
    for model in MODELS {
        let trial = Trial::of(model);
        let kilobytes = u32::try_from(trial.job.bytes().len() >> 10).unwrap();
        let slow = Faults {
            // Half a second beyond what is waited for any label, where it is long enough.
            drain: Some(Duration::from_micros(if kilobytes > 1 { 250 } else { 100 })),
            ..Faults::default()
        };
        let device = trial.device(slow);
        let address = device.on_a_socket().unwrap();
        let (outcome, tray) = trial.sent_with(&device, &PrinterPort::Tcp { address }, patience);
        assert_eq!(outcome, trial.success(), "{}", trial.name);
        assert!(
            tray.len() == 1 && trial.is_the_label(&tray[0]),
            "{}",
            trial.name
        );
    }
}

#[test]
fn a_word_too_many_of_an_earlier_label_proves_nothing_when_the_paper_runs_out() {
    for model in MODELS {
        let trial = Trial::of(model);
        for at in [trial.job.setup.len() + 20, last_of(&trial)] {
            let (outcome, tray) = trial.sent(Faults {
                acknowledging: Acknowledging::Early,
                trouble_at: Some((at, Trouble::PaperOut)),
                ..Faults::default()
            });
            assert_doubtful(&trial, "a word too many", &outcome, &tray);
        }
    }
}

/// A label, and then lines that are cut off in another one: after each, the label comes out whole and
/// nothing of the other one.
fn assert_nothing_of_what_was_cut_off(trial: &Trial, faults: Faults) {
    let device = trial.device(faults);
    let port = on_a_socket(&device);
    let job = &trial.job;
    let picture = [job.setup.clone(), job.body.clone()].concat();
    let parts = if is_long_run() { 20 } else { 4 };
    let early = (0..24).step_by(24 / parts.min(24));
    let ends = early.chain((1..parts).map(|part| picture.len() * part / parts));
    for end in ends.chain([picture.len()]) {
        let mut line = trial.opened(&port);
        line.write(&picture[..end], PATIENCE.stall).unwrap();
        drop(line);
        let (outcome, tray) = trial.sent_over(&device, &port);
        assert_eq!(outcome, trial.success(), "{} cut at {end}", trial.name);
        let labels = tray.iter().filter(|sheet| trial.is_the_label(sheet));
        let strips = tray.iter().filter(|sheet| sheet.whole).count() - 1;
        assert!(
            labels.count() == 1 && (strips == 0 || !job.held),
            "{} cut at {end} of {}: {} sheets",
            trial.name,
            picture.len(),
            tray.len()
        );
    }
}

#[test]
fn a_label_after_a_line_that_was_cut_off_anywhere_is_whole_and_alone() {
    of_each_model(|trial| {
        // A LabelWriter has printed a line of the other label on this one; the clerk is asked.
        if trial.manners.must_answer() {
            assert_nothing_of_what_was_cut_off(trial, Faults::default());
        }
    });
}

#[test]
fn what_was_cut_off_and_never_printed_comes_out_with_no_later_label_though_nobody_believes_the_printer()
 {
    // Where a piece that was cut off is called not printed, its symbol must not come out any more.
    of_each_model(|trial| {
        if !trial.job.held {
            return;
        }
        let unproven = Trial {
            manners: Manners {
                proof: Acknowledgement::None,
                ..trial.manners
            },
            ..Trial::of((trial.name, "label-4x6"))
        };
        assert_nothing_of_what_was_cut_off(&unproven, Faults::default());
        let silent = Faults {
            silent: true,
            ..Faults::default()
        };
        assert_nothing_of_what_was_cut_off(&unproven, silent);
    });
}

#[test]
fn a_ticket_that_is_late_and_a_printer_that_is_ready_again_are_no_proof_of_the_next_one() {
    let trial = Trial::of(("boca-lemur-300", "label-4x6"));
    // The strips flow for longer than it takes the printer to say that it is ready again.
    let bytes = u32::try_from(trial.job.bytes().len()).unwrap();
    let faults = Faults {
        acknowledging: Acknowledging::Early,
        drain: Some(Duration::from_millis(400) / bytes),
        trouble_at: Some((last_of(&trial), Trouble::PaperOut)),
        ..Faults::default()
    };
    let (outcome, tray) = trial.sent(faults);
    assert_doubtful(&trial, "X-ON in between", &outcome, &tray);
}
