//! Holding reported pieces against the ascending register.

use crate::money::{Mills, MillsSum};

/// What a station has signed: at this size of its journal, so much was printed.
/// The default is the beginning, where nothing was printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Journal records.
    pub size: u64,
    /// The ascending register.
    pub ascending: Mills,
}

/// Where reported pieces do not add up to the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Up to this record they did.
    pub from: u64,
    /// Up to this record they do not.
    pub to: u64,
    /// What the station has signed at `to`.
    pub stated: Mills,
    /// What its pieces add up to.
    pub reported: MillsSum,
}

/// What a walk has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walked {
    /// The last mark that holds.
    pub held: Mark,
    /// The first difference.
    pub difference: Option<Difference>,
    /// The first mark whose pieces are not all told of yet.
    pub missing: Option<Mark>,
}

/// A walk along a vault's marks and pieces, both in the order of its journal.
#[derive(Clone, Debug)]
pub struct Reconciling<'m> {
    marks: &'m [Mark],
    heard: u64,
    reported: MillsSum,
    walked: Walked,
}

impl<'m> Reconciling<'m> {
    /// Begins after `begun`, a mark that held before. `heard` is the first record not told of yet:
    /// at marks beyond it pieces may still be on their way. They are missing when the register has
    /// risen, and not when only other records follow.
    #[must_use]
    pub fn after(begun: Mark, marks: &'m [Mark], heard: u64) -> Self {
        let first = marks.partition_point(|mark| mark.size <= begun.size);
        Self {
            marks: &marks[first..],
            heard,
            reported: begun.ascending.into(),
            walked: Walked {
                held: begun,
                difference: None,
                missing: None,
            },
        }
    }

    /// The next piece: the number of its debit's record, and what was debited.
    pub fn piece(&mut self, sequence: u64, postage: Mills) {
        self.pass(sequence);
        // A sum that no number holds equals no register either.
        let sum = self.reported.plus(postage.into());
        self.reported = sum.unwrap_or(MillsSum::MOST);
    }

    /// What was found.
    #[must_use]
    pub fn end(mut self) -> Walked {
        self.pass(u64::MAX);
        self.walked
    }

    /// Looks at the marks up to and at a record.
    fn pass(&mut self, sequence: u64) {
        while let Some((mark, rest)) = self.marks.split_first()
            && mark.size <= sequence
        {
            self.marks = rest;
            let holds = self.reported == MillsSum::from(mark.ascending);
            let walked = &mut self.walked;
            if holds && walked.difference.is_none() && walked.missing.is_none() {
                walked.held = *mark;
            } else if mark.size > self.heard {
                walked.missing = walked.missing.or((!holds).then_some(*mark));
            } else if walked.difference.is_none() {
                walked.difference = Some(Difference {
                    from: walked.held.size,
                    to: mark.size,
                    stated: mark.ascending,
                    reported: self.reported,
                });
            }
        }
    }
}
