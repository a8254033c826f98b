//! Jobs whose end nobody heard, asked for later.

use super::super::{Later, ask_later};
use super::*;

/// The job that is asked for.
const NAME: &str = "ZZ010000000000-000007 00c0ffee";

fn left(jobs: &[Left]) -> Printer {
    Printer::playing(Script {
        left: jobs.to_vec(),
        ..Script::of(Does::Counts(1))
    })
}

fn asked_as(printer: &Printer, is_trusted: bool) -> Later {
    let told = ask_later(&printer.uri, None, is_trusted, &[NAME], HURRY).unwrap();
    let [later] = <[Later; 1]>::try_from(told).unwrap();
    later
}

const fn unknown(doubt: Doubt) -> Later {
    Later::Over(Outcome::Unknown(doubt))
}

#[test]
fn what_a_printer_says_later_proves_what_it_would_have_proved_at_the_time() {
    let job = |state| Left::of(9, NAME, state);
    let uncounted = Left {
        pages: 0,
        ..job(JobState::Completed)
    };
    let two_pages = Left {
        pages: 2,
        ..job(JobState::Completed)
    };
    let never_begun = |state| Left {
        begun: false,
        ..job(state)
    };
    let printed_in_part = Left {
        pages: 1,
        ..never_begun(JobState::Aborted)
    };
    let no_ink = || Later::Over(Outcome::NotPrinted(NoInk::NeverBegun));
    for (job, wanted) in [
        (job(JobState::Completed), Later::Over(Outcome::Printed)),
        (uncounted, unknown(Doubt::Uncounted)),
        (two_pages, unknown(Doubt::Miscounted)),
        (job(JobState::Aborted), unknown(Doubt::Aborted)),
        (job(JobState::Canceled), unknown(Doubt::Canceled)),
        (printed_in_part, unknown(Doubt::Aborted)),
        (never_begun(JobState::Aborted), no_ink()),
        (never_begun(JobState::Canceled), no_ink()),
    ] {
        let printer = left(std::slice::from_ref(&job));
        assert_eq!(asked_as(&printer, true), wanted, "{job:?}");
        assert_eq!(printer.times(Operation::CancelJob), 0);
    }
    let printer = left(&[job(JobState::Completed)]);
    let wanted = unknown(Doubt::NeverAcknowledges);
    assert_eq!(asked_as(&printer, false), wanted, "nobody believes it");
}

#[test]
fn a_job_that_still_waits_is_cancelled_and_one_that_is_printed_has_its_time() {
    let job = |state| Left::of(9, NAME, state);
    for waits in [JobState::Pending, JobState::PendingHeld] {
        let printer = left(&[job(waits)]);
        let wanted = Later::Over(Outcome::NotPrinted(NoInk::NeverBegun));
        assert_eq!(asked_as(&printer, true), wanted);
        assert_eq!(printer.times(Operation::CancelJob), 1);
    }
    let stands = left(&[job(JobState::ProcessingStopped)]);
    assert_eq!(asked_as(&stands, true), unknown(Doubt::Canceled));
    let stays = Left {
        ends: false,
        ..job(JobState::Pending)
    };
    assert_eq!(asked_as(&left(&[stays]), true), Later::Going);
    let printing = left(&[job(JobState::Processing)]);
    assert_eq!(asked_as(&printing, true), Later::Going);
    assert_eq!(printing.times(Operation::CancelJob), 0);
}

#[test]
fn no_other_job_is_taken_for_the_one_that_is_asked_for() {
    let done = |number, name| Left::of(number, name, JobState::Completed);
    let others = left(&[
        // The same piece, sent another time.
        done(3, "ZZ010000000000-000007 0badcafe"),
        done(4, "ZZ010000000000-000007"),
        Left::of(5, "ZZ010000000000-000008 00c0ffee", JobState::Pending),
    ]);
    assert_eq!(asked_as(&others, true), unknown(Doubt::Forgotten));
    assert_eq!(others.times(Operation::CancelJob), 0);
    let two = left(&[done(3, NAME), done(4, NAME)]);
    assert_eq!(asked_as(&two, true), unknown(Doubt::Miscounted));
    // One that is told in both lists is one job.
    let twice = left(&[done(3, NAME), done(3, NAME)]);
    assert_eq!(asked_as(&twice, true), Later::Over(Outcome::Printed));
}

#[test]
fn a_printer_that_does_not_tell_is_asked_no_more_and_one_that_does_not_answer_is() {
    let refusing = |operation, status| {
        let printer = left(&[Left::of(9, NAME, JobState::Completed)]);
        printer.script.lock().unwrap().refuses = vec![(operation, status)];
        printer
    };
    let no_list = refusing(
        Operation::GetJobs,
        StatusCode::ServerErrorOperationNotSupported,
    );
    assert_eq!(asked_as(&no_list, true), unknown(Doubt::Forgotten));
    let gone = refusing(Operation::GetJobAttributes, StatusCode::ClientErrorNotFound);
    assert_eq!(asked_as(&gone, true), unknown(Doubt::Forgotten));
    for (operation, status) in [
        (Operation::GetJobs, StatusCode::ServerErrorBusy),
        (Operation::GetJobAttributes, StatusCode::ServerErrorBusy),
        (
            Operation::GetJobAttributes,
            StatusCode::ServerErrorInternalError,
        ),
    ] {
        let printer = refusing(operation, status);
        let told = ask_later(&printer.uri, None, true, &[NAME], HURRY);
        assert!(told.is_err(), "{operation:?}: {told:?}");
    }
    let dead = left(&[]);
    dead.script.lock().unwrap().is_dead = true;
    assert!(ask_later(&dead.uri, None, true, &[NAME], HURRY).is_err());
    assert!(ask_later("ipp://127.0.0.1:1/p", None, true, &[NAME], HURRY).is_err());
}
