use super::*;
use crate::printing::layout::samples::{lottery_face, ticket_symbol};

fn label(face: &LotteryFace, stock: &str) -> Result<Label, LayoutRefusal> {
    lottery_label(
        face,
        &ticket_symbol(),
        &Stock::by_name(stock).unwrap(),
        Dpi::D203,
    )
}

#[test]
fn a_ticket_shows_what_the_rules_of_electronic_lotteries_ask_for() {
    let label = label(&lottery_face(), "roll-80").unwrap();
    let lines: Vec<&str> = label.lines().collect();
    // What belongs together is not broken at these spaces.
    let said = lines.join("\n").replace('\u{a0}', " ");
    insta::assert_snapshot!(said, @r"
    Lone Star 5/69
    DEMO GAME - NO PRIZE VALUE
    Draw
    Wed, Nov 25, 2026 10:59 PM
    A  04 17 23 48 66 + 09
    B  01 12 30 31 69 + 26 QP
    Cost
    $4.00
    Game
    0117
    Sold
    Nov 22, 2026 5:04:31 PM
    Terminal
    ZZ010000000042
    Prizes until
    May 24, 2027
    0471 1882 9300 1452 3397
    Sign the back. Whoever holds this ticket owns it.
    ");
}

#[test]
fn a_ticket_of_a_game_with_prizes_is_no_demo() {
    let real = LotteryFace {
        demo: false,
        ..lottery_face()
    };
    assert!(
        label(&real, "roll-62")
            .unwrap()
            .lines()
            .all(|line| line != DEMO)
    );
}

#[test]
fn ten_panels_fit_and_eleven_are_refused() {
    let with = |panels: usize| LotteryFace {
        panels: vec![lottery_face().panels[1].clone(); panels],
        ..lottery_face()
    };
    assert!(label(&with(MAX_PANELS), "roll-62").is_ok());
    let refusal = label(&with(MAX_PANELS + 1), "roll-62").unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the play does not fit on the roll 62 mm"
    );
}
