use proptest::prelude::*;
use shared::clock::UnixSeconds;
use shared::ids::{AccountId, DataCenterId, NodeId};
use shared::money::Mills;
use shared::services::accounts::{Budgets, Month, NodeKind};
use tempfile::TempDir;

use super::tree::{self, Gardener, StoredNode, Surcharge, TreeError};
use crate::db::{Db, Tx};
use crate::ledger::test_accounts::opened;
use crate::ledger::{self, Ledger};

/// 15 January 2027.
const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const CENTER: DataCenterId = DataCenterId::from_bytes([9; 16]);
const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
const OTHER: AccountId = AccountId::from_bytes([2; 16]);

struct Garden {
    db: Db,
    _keep: TempDir,
}

impl Garden {
    fn new() -> Self {
        let (db, keep) = opened(NOW, [(ACCOUNT, "Boise"), (OTHER, "Salem")]);
        Self { db, _keep: keep }
    }

    fn change(
        &self,
        work: impl FnOnce(&Gardener<'_, '_>) -> Result<StoredNode, TreeError> + Send + 'static,
    ) -> Result<StoredNode, TreeError> {
        self.db.write_blocking("tree", move |tx| {
            let book = Ledger::new(CENTER);
            work(&Gardener {
                tx,
                book: &book,
                now: NOW,
            })
        })
    }

    fn make(
        &self,
        number: u8,
        kind: NodeKind,
        name: &str,
        parent: Option<&StoredNode>,
    ) -> Result<StoredNode, TreeError> {
        let (name, parent) = (name.to_owned(), parent.cloned());
        let id = NodeId::from_bytes([number; 16]);
        self.change(move |garden| garden.make(id, ACCOUNT, kind, &name, parent.as_ref()))
    }

    fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, crate::db::DbError> + Send + 'static,
    ) -> T {
        self.db.read_blocking("look", work).unwrap()
    }
}

#[test]
fn a_tree_is_made_moved_and_closed_and_tells_only_what_changed() {
    let garden = Garden::new();
    let office = garden
        .make(1, NodeKind::Office, "Boise Main", None)
        .unwrap();
    let post = garden
        .make(2, NodeKind::Department, "Post room", Some(&office))
        .unwrap();
    let centre = garden
        .make(3, NodeKind::CostCentre, "Marketing", Some(&office))
        .unwrap();
    let known = garden.read(|tx| tree::version(tx, ACCOUNT));
    assert_eq!(known, 3);
    let moved = {
        let (centre, post) = (centre.clone(), post.clone());
        garden
            .change(move |garden| garden.shift(&centre, Some(&post)))
            .unwrap()
    };
    let path = garden.read(move |tx| tree::path(tx, &moved.node));
    assert_eq!(path, ["Boise Main", "Post room", "Marketing"]);
    let changed = garden.read(move |tx| tree::changed(tx, ACCOUNT, known, 10));
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].node.name, "Marketing");
    let open = garden.change({
        let post = post.clone();
        move |garden| garden.close(&post)
    });
    assert!(matches!(open, Err(TreeError::NotEmpty { count: 1, .. })));
    garden.change(move |garden| garden.close(&centre)).unwrap();
    assert!(garden.change(move |garden| garden.close(&post)).is_ok());
    let records = garden.read(|tx| Ok(ledger::head(tx)?.unwrap().0));
    assert_eq!(records + 1, 6, "each change is a record");
}

#[test]
fn a_node_does_not_lie_below_itself_a_cost_centre_or_another_account() {
    let garden = Garden::new();
    let office = garden.make(1, NodeKind::Office, "Main", None).unwrap();
    let part = garden
        .make(2, NodeKind::Office, "Branch", Some(&office))
        .unwrap();
    let below = {
        let (office, part) = (office.clone(), part.clone());
        garden.change(move |garden| garden.shift(&office, Some(&part)))
    };
    assert!(matches!(below, Err(TreeError::WrongPlace { .. })));
    let itself = {
        let office = office.clone();
        garden.change(move |garden| garden.shift(&office, Some(&office)))
    };
    assert!(matches!(itself, Err(TreeError::WrongPlace { .. })));
    let centre = garden
        .make(3, NodeKind::CostCentre, "Sales", Some(&part))
        .unwrap();
    let below = garden.make(4, NodeKind::CostCentre, "More", Some(&centre));
    assert!(matches!(below, Err(TreeError::WrongPlace { .. })));
    let foreign = garden.change(move |garden| {
        let id = NodeId::from_bytes([5; 16]);
        garden.make(id, OTHER, NodeKind::CostCentre, "Theirs", Some(&office))
    });
    assert!(matches!(foreign, Err(TreeError::WrongPlace { .. })));
}

#[test]
fn open_cost_centres_of_an_account_have_different_names() {
    let garden = Garden::new();
    let sales = garden.make(1, NodeKind::CostCentre, "Sales", None).unwrap();
    let again = garden.make(2, NodeKind::CostCentre, " SALES ", None);
    assert!(matches!(again, Err(TreeError::NameTaken { .. })));
    for name in [
        "",
        "  ",
        "a\u{7}b",
        &"x".repeat(65),
        &NodeId::from_bytes([7; 16]).to_string(),
    ] {
        let bad = garden.make(2, NodeKind::Office, name, None);
        assert!(matches!(bad, Err(TreeError::BadName)), "{name:?}");
    }
    garden.change(move |garden| garden.close(&sales)).unwrap();
    assert!(garden.make(2, NodeKind::CostCentre, "Sales", None).is_ok());
    let found = garden
        .db
        .read_blocking("find", |tx| tree::find(tx, "Sales"));
    assert_eq!(found.unwrap().node.id, NodeId::from_bytes([2; 16]));
}

#[test]
fn budgets_and_surcharges_belong_to_open_cost_centres_and_never_to_past_months() {
    let garden = Garden::new();
    let office = garden.make(1, NodeKind::Office, "Main", None).unwrap();
    let centre = garden.make(2, NodeKind::CostCentre, "Sales", None).unwrap();
    let refused = garden.change(move |garden| garden.budget(&office, Budgets::default()));
    assert!(matches!(refused, Err(TreeError::NotACostCentre { .. })));
    let month = |text: &str| text.parse::<Month>().unwrap();
    let surcharge = |basis_points| Surcharge {
        basis_points,
        fixed: Mills::new(50).unwrap(),
    };
    let set = |from: Month, basis_points: u32| {
        let centre = centre.clone();
        garden.change(move |garden| garden.surcharge(&centre, from, surcharge(basis_points)))
    };
    assert!(matches!(
        set(month("2026-12"), 100),
        Err(TreeError::PastMonth { .. })
    ));
    set(month("2027-01"), 250).unwrap();
    set(month("2027-03"), 500).unwrap();
    let id = centre.node.id;
    let points = |at: &str| {
        let at = month(at);
        garden
            .read(move |tx| tree::surcharge_in(tx, id, at))
            .basis_points
    };
    assert_eq!(
        ["2026-12", "2027-01", "2027-02", "2027-03"].map(points),
        [0, 250, 250, 500]
    );
}

proptest! {
    #[test]
    fn a_surcharge_is_the_percentage_rounded_to_the_mill_and_a_fixed_sum_a_piece(
        points in 0..=tree::MAX_BASIS_POINTS, fixed in 0..1_000_u64,
        pieces in 0..100_000_u64, postage in 0..1_000_000_000_u64,
    ) {
        let surcharge = Surcharge { basis_points: points, fixed: Mills::new(fixed).unwrap() };
        let on = surcharge.on(pieces, Mills::new(postage).unwrap()).unwrap().mills();
        let shares = (on - fixed * pieces) * 10_000;
        let exact = postage * u64::from(points);
        prop_assert!(shares.abs_diff(exact) <= 5_000, "{} {}", shares, exact);
    }
}
