//! Whether a claim is credited at once, waits for a second person, or is refused: pure.

use jiff::ToSpan as _;
use jiff::civil::Date;
use shared::money::Mills;
use shared::rule_pack::RulePack;
use shared::services::funds::refunds::RefundReason;

/// What a claim is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// What was paid for the piece.
    pub postage: Mills,
    /// The date of mailing printed on it.
    pub printed: Date,
    /// Today.
    pub today: Date,
    /// Whether it was seen in the mail.
    pub is_scanned: bool,
    /// What the account was credited at once in the window.
    pub credited_lately: Mills,
    /// What the account's stations have printed in the window. It matters only above the floor
    /// ([`rests_on_printing`]).
    pub printed_lately: Mills,
}

/// Whether a claim after `credited_lately` is above what every account has, so that it rests on what the
/// account has printed.
#[must_use]
pub fn rests_on_printing(rules: &RulePack, postage: Mills, credited_lately: Mills) -> bool {
    credited_lately
        .plus(postage)
        .is_ok_and(|sum| sum > rules.refund_floor)
}

/// What becomes of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is credited at once.
    Credit,
    /// A second person decides.
    Wait,
    /// It is refused.
    Refuse(RefundReason),
}

/// Judges a claim.
#[must_use]
pub fn judge(rules: &RulePack, claim: &Claim) -> Verdict {
    if claim.is_scanned {
        return Verdict::Refuse(RefundReason::Scanned);
    }
    let last = claim.printed.checked_add(rules.refund_claim_days.days());
    if last.is_ok_and(|last| claim.today > last) {
        return Verdict::Refuse(RefundReason::TooLate);
    }
    let share = claim.printed_lately.permille(rules.refund_postage_permille);
    let most = rules.refund_floor.max(share.unwrap_or(Mills::ZERO));
    let with_this = claim.credited_lately.plus(claim.postage);
    if claim.postage <= rules.refund_piece && with_this.is_ok_and(|sum| sum <= most) {
        Verdict::Credit
    } else {
        Verdict::Wait
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn mills(mills: u64) -> Mills {
        Mills::new(mills).unwrap()
    }

    fn claim(postage: u64) -> Claim {
        Claim {
            postage: mills(postage),
            printed: date(2026, 11, 22),
            today: date(2026, 11, 22),
            is_scanned: false,
            credited_lately: Mills::ZERO,
            printed_lately: Mills::ZERO,
        }
    }

    #[test]
    fn a_piece_is_credited_at_once_up_to_twenty_and_above_it_waits() {
        let rules = RulePack::us();
        assert_eq!(judge(rules, &claim(20_000)), Verdict::Credit);
        assert_eq!(judge(rules, &claim(20_001)), Verdict::Wait);
    }

    #[test]
    fn an_account_has_twenty_a_month_or_one_percent_of_what_it_posts() {
        let rules = RulePack::us();
        let lately = |credited: u64, printed: u64| {
            let claim = Claim {
                credited_lately: mills(credited),
                printed_lately: mills(printed),
                ..claim(5_000)
            };
            judge(rules, &claim)
        };
        assert_eq!(lately(15_000, 0), Verdict::Credit);
        assert_eq!(lately(15_001, 0), Verdict::Wait);
        assert_eq!(lately(25_000, 3_000_000), Verdict::Credit);
        assert_eq!(lately(25_001, 3_000_000), Verdict::Wait);
    }

    #[test]
    fn a_claim_is_good_for_sixty_days_from_the_printed_date() {
        let rules = RulePack::us();
        let on = |today| {
            judge(
                rules,
                &Claim {
                    today,
                    ..claim(780)
                },
            )
        };
        assert_eq!(on(date(2027, 1, 21)), Verdict::Credit);
        let late = Verdict::Refuse(RefundReason::TooLate);
        assert_eq!(on(date(2027, 1, 22)), late);
        let seen = Claim {
            is_scanned: true,
            ..claim(780)
        };
        assert_eq!(judge(rules, &seen), Verdict::Refuse(RefundReason::Scanned));
    }

    proptest! {
        /// Claims one after the other: what is credited at once never passes the account's limit.
        #[test]
        fn any_claims_credit_no_more_at_once_than_the_account_may(
            postages in prop::collection::vec(1_u64..30_000, 1..40), printed in 0_u64..9_000_000
        ) {
            let rules = RulePack::us();
            let mut credited = Mills::ZERO;
            for postage in postages {
                let one = Claim {
                    credited_lately: credited,
                    printed_lately: mills(printed),
                    ..claim(postage)
                };
                if judge(rules, &one) == Verdict::Credit {
                    prop_assert!(postage <= 20_000);
                    credited = credited.plus(one.postage).unwrap();
                }
            }
            prop_assert!(credited.mills() <= 20_000_u64.max(printed / 100));
        }
    }
}
