//! What can become of a piece after its debit, as one pure function.
//!
//! `printed` and `spoiled` are ends of the paper's life; `unknown` waits for the clerk, or for a printer
//! that can still prove what became of it, and is never left by itself; only a piece that provably met
//! no ink is sent again, as the identical piece.

use shared::vault::Fate;

use crate::api::PieceState;

/// What happens to a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The first byte is about to leave for the printer.
    FirstByte,
    /// The last byte left; the printer has not acknowledged yet.
    AllSent,
    /// The printer acknowledged, or the files are durable.
    Acknowledged,
    /// It is proved that no ink met paper.
    NoInk,
    /// Nobody can tell what the printer did.
    Lost,
    /// The printer has said all that it will ever say, and that proves nothing.
    LeftInDoubt,
    /// A printer that is asked later proves that it is on paper.
    FoundPrinted,
    /// A printer that is asked later proves that no ink met paper.
    FoundBlank,
    /// The program starts and finds the piece as it was left.
    Restart,
    /// The clerk sends the identical piece again.
    SendAgain,
    /// The clerk says what became of it.
    Answer(Fate),
}

/// A happening that does not go with a piece's state. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a piece that is {} does not go on like that", state.word())]
pub struct PieceRefusal {
    /// The state the piece is in.
    pub state: PieceState,
}

/// The state of a piece after `happening`.
///
/// # Errors
/// [`PieceRefusal`] when the state does not allow it.
pub const fn next(state: PieceState, happening: Happening) -> Result<PieceState, PieceRefusal> {
    use Happening as H;
    use PieceState as S;
    Ok(match (state, happening) {
        (S::Prepared, H::FirstByte) => S::Sending,
        (S::Prepared, H::NoInk | H::Restart) => S::NotPrinted,
        (S::Sending, H::AllSent) => S::Sent,
        (S::Sending | S::Sent, H::NoInk) => S::NotPrinted,
        (S::Sending | S::Sent, H::Lost | H::Restart) => S::Unknown,
        (S::Sending | S::Sent | S::Unknown, H::LeftInDoubt) => S::Unknown,
        (S::Unknown, H::FoundPrinted) => S::Printed,
        (S::Unknown, H::FoundBlank) => S::NotPrinted,
        (S::Sent, H::Acknowledged) => S::Printed,
        (S::NotPrinted, H::SendAgain) => S::Prepared,
        (S::NotPrinted, H::Answer(Fate::Spoiled)) => S::Spoiled,
        (S::Unknown, H::Answer(Fate::Printed)) => S::Printed,
        (S::Unknown, H::Answer(Fate::Spoiled)) => S::Spoiled,
        (S::Unknown, H::Answer(Fate::NotPrinted)) => S::NotPrinted,
        // Paper that was printed well may be torn or wrongly addressed afterwards.
        (S::Printed, H::Answer(Fate::Spoiled)) => S::Spoiled,
        // Nothing is under way: a restart changes nothing.
        (S::Printed | S::NotPrinted | S::Unknown | S::Spoiled, H::Restart) => state,
        (
            S::Prepared
            | S::Sending
            | S::Sent
            | S::Printed
            | S::NotPrinted
            | S::Unknown
            | S::Spoiled,
            H::FirstByte
            | H::AllSent
            | H::Acknowledged
            | H::NoInk
            | H::Lost
            | H::LeftInDoubt
            | H::FoundPrinted
            | H::FoundBlank
            | H::SendAgain
            | H::Answer(_),
        ) => return Err(PieceRefusal { state }),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HAPPENINGS: [Happening; 13] = [
        Happening::FirstByte,
        Happening::AllSent,
        Happening::Acknowledged,
        Happening::NoInk,
        Happening::Lost,
        Happening::LeftInDoubt,
        Happening::FoundPrinted,
        Happening::FoundBlank,
        Happening::Restart,
        Happening::SendAgain,
        Happening::Answer(Fate::Printed),
        Happening::Answer(Fate::Spoiled),
        Happening::Answer(Fate::NotPrinted),
    ];

    #[test]
    fn a_piece_that_goes_well_is_prepared_sending_sent_printed() {
        let mut state = PieceState::Prepared;
        for (happening, then) in [
            (Happening::FirstByte, PieceState::Sending),
            (Happening::AllSent, PieceState::Sent),
            (Happening::Acknowledged, PieceState::Printed),
        ] {
            state = next(state, happening).unwrap();
            assert_eq!(state, then);
        }
    }

    #[test]
    fn a_restart_leaves_nothing_under_way() {
        use PieceState as S;
        for (before, after) in [
            (S::Prepared, S::NotPrinted),
            (S::Sending, S::Unknown),
            (S::Sent, S::Unknown),
            (S::Printed, S::Printed),
            (S::NotPrinted, S::NotPrinted),
            (S::Unknown, S::Unknown),
            (S::Spoiled, S::Spoiled),
        ] {
            assert_eq!(next(before, Happening::Restart), Ok(after), "{before:?}");
        }
    }

    #[test]
    fn only_a_clerk_or_a_later_proof_ends_the_unknown() {
        for happening in HAPPENINGS {
            let moved =
                next(PieceState::Unknown, happening).is_ok_and(|to| to != PieceState::Unknown);
            let may_move = matches!(
                happening,
                Happening::Answer(_) | Happening::FoundPrinted | Happening::FoundBlank
            );
            assert_eq!(moved, may_move, "{happening:?}");
        }
    }

    #[test]
    fn a_later_proof_moves_no_piece_that_is_not_unknown() {
        use PieceState as S;
        for state in [
            S::Prepared,
            S::Sending,
            S::Sent,
            S::Printed,
            S::NotPrinted,
            S::Spoiled,
        ] {
            for late in [Happening::FoundPrinted, Happening::FoundBlank] {
                assert_eq!(next(state, late), Err(PieceRefusal { state }));
            }
        }
    }

    #[test]
    fn a_spoiled_piece_stays_spoiled() {
        for happening in HAPPENINGS {
            if let Ok(state) = next(PieceState::Spoiled, happening) {
                assert_eq!(state, PieceState::Spoiled);
            }
        }
    }

    #[test]
    fn a_piece_without_ink_is_never_called_printed() {
        let answer = Happening::Answer(Fate::Printed);
        assert!(next(PieceState::NotPrinted, answer).is_err());
    }

    proptest! {
        #[test]
        fn no_second_paper_comes_without_proof_that_the_first_met_no_ink(
            steps in prop::collection::vec(0..HAPPENINGS.len(), 0..40),
        ) {
            let mut state = PieceState::Prepared;
            let mut may_hold_ink = false;
            for step in steps {
                let happening = HAPPENINGS[step];
                let Ok(after) = next(state, happening) else { continue };
                if happening == Happening::FirstByte {
                    prop_assert!(!may_hold_ink, "sent while an earlier paper may hold ink");
                    may_hold_ink = true;
                }
                if after == PieceState::NotPrinted {
                    may_hold_ink = false;
                }
                state = after;
            }
        }
    }
}
