use std::collections::HashMap;
use std::convert::Infallible;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;

use super::*;

/// Leaves of the reference tests of Certificate Transparency.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];

/// The roots of their first one to eight leaves.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hash(hex: &str) -> Hash {
    let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
    bytes.try_into().unwrap()
}

fn record(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// A journal whose store keeps every complete subtree.
struct Journal {
    frontier: Frontier,
    nodes: HashMap<Subtree, Hash>,
}

impl Journal {
    fn of(size: u64) -> Self {
        let mut journal = Self {
            frontier: Frontier::new(),
            nodes: HashMap::new(),
        };
        for number in 0..size {
            let completed = journal.frontier.append(leaf_hash(&record(number)));
            journal.nodes.extend(completed.unwrap());
        }
        journal
    }

    fn root(&self, size: u64) -> Hash {
        root_at(size, |subtree| self.kept(subtree)).unwrap()
    }

    fn kept(&self, subtree: Subtree) -> Result<Option<Hash>, Infallible> {
        Ok(self.nodes.get(&subtree).copied())
    }

    /// What a store answers that keeps only the hashes of leaves.
    fn leaf_only(&self, subtree: Subtree) -> Result<Option<Hash>, Infallible> {
        Ok((subtree.level == 0).then(|| self.nodes[&subtree]))
    }
}

/// MTH of RFC 9162, 2.1.1, word for word.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            node_hash(&naive_root(&leaves[..k]), &naive_root(&leaves[k..]))
        }
    }
}

/// SUBPROOF of RFC 9162, 2.1.4.1, word for word.
fn naive_subproof(m: usize, leaves: &[Hash], b: bool) -> Vec<Hash> {
    let n = leaves.len();
    if m == n {
        return if b { vec![] } else { vec![naive_root(leaves)] };
    }
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    if m <= k {
        let mut proof = naive_subproof(m, &leaves[..k], b);
        proof.push(naive_root(&leaves[k..]));
        proof
    } else {
        let mut proof = naive_subproof(m - k, &leaves[k..], false);
        proof.push(naive_root(&leaves[..k]));
        proof
    }
}

#[test]
fn the_reference_tree_has_the_published_roots() {
    let mut frontier = Frontier::new();
    assert_eq!(frontier.root(), EMPTY_ROOT);
    for (leaf, root) in LEAVES.iter().zip(ROOTS) {
        let record = data_encoding::HEXLOWER.decode(leaf.as_bytes()).unwrap();
        frontier.append(leaf_hash(&record)).unwrap();
        assert_eq!(frontier.root(), hash(root));
    }
}

#[test]
fn every_pair_of_sizes_is_proved_as_the_standard_says_and_as_another_program_does() {
    let journal = Journal::of(40);
    let leaves: Vec<Hash> = (0..40).map(|number| leaf_hash(&record(number))).collect();
    for new in 0..=40_u64 {
        let here = usize::try_from(new).unwrap();
        let new_root = journal.root(new);
        assert_eq!(new_root, naive_root(&leaves[..here]));
        let mut foreign = MemoryBackedTree::<Sha256, [u8; 8]>::new();
        (0..new).for_each(|number| foreign.push(record(number)));
        for old in 0..=new {
            let proof = prove_consistency(old, new, |node| journal.kept(node)).unwrap();
            let old_root = journal.root(old);
            verify_consistency((old, &old_root), (new, &new_root), &proof).unwrap();
            if old > 0 {
                let before = usize::try_from(old).unwrap();
                assert_eq!(proof, naive_subproof(before, &leaves[..here], true));
                let theirs = foreign.prove_consistency(here - before);
                assert_eq!(proof.concat(), theirs.as_bytes());
            }
        }
        for index in 0..new {
            let proof = prove_inclusion(index, new, |node| journal.kept(node)).unwrap();
            let leaf = leaf_hash(&record(index));
            verify_inclusion(&leaf, index, (new, &new_root), &proof).unwrap();
            let theirs = foreign.prove_inclusion(usize::try_from(index).unwrap());
            assert_eq!(proof.concat(), theirs.as_bytes());
        }
    }
}

#[test]
fn a_store_of_leaves_alone_gives_the_same_proofs() {
    let journal = Journal::of(77);
    assert_eq!(
        prove_consistency(33, 77, |node| journal.leaf_only(node)),
        prove_consistency(33, 77, |node| journal.kept(node))
    );
    assert_eq!(
        prove_inclusion(70, 77, |node| journal.leaf_only(node)),
        prove_inclusion(70, 77, |node| journal.kept(node))
    );
}

#[test]
fn a_shrunk_or_rewritten_journal_is_found_out() {
    let journal = Journal::of(9);
    let (old, new) = (journal.root(6), journal.root(9));
    let proof = prove_consistency(6, 9, |node| journal.kept(node)).unwrap();
    assert_eq!(
        verify_consistency((9, &new), (6, &old), &proof),
        Err(ProofRefusal::Shrunk {
            old_size: 9,
            new_size: 6
        })
    );
    assert_eq!(
        verify_consistency((6, &new), (9, &new), &proof),
        Err(ProofRefusal::Rewritten)
    );
    assert_eq!(
        verify_consistency((6, &old), (9, &new), &proof[1..]),
        Err(ProofRefusal::WrongLength {
            found: proof.len() - 1
        })
    );
    assert_eq!(
        verify_consistency((9, &old), (9, &new), &[]),
        Err(ProofRefusal::Rewritten)
    );
    assert_eq!(
        verify_consistency((0, &old), (9, &new), &[]),
        Err(ProofRefusal::Rewritten)
    );
    assert_eq!(
        verify_inclusion(&leaf_hash(b"never written"), 3, (9, &new), &proof),
        Err(ProofRefusal::Rewritten)
    );
    assert_eq!(
        verify_inclusion(&leaf_hash(&record(9)), 9, (9, &new), &proof),
        Err(ProofRefusal::OutOfRange { size: 9, index: 9 })
    );
}

#[test]
fn a_store_that_lacks_a_leaf_or_fails_is_reported() {
    let journal = Journal::of(5);
    let absent: Result<_, ProveError> = prove_inclusion(4, 7, |node| journal.kept(node));
    assert_eq!(absent, Err(ProveError::MissingLeaf { index: 6 }));
    let beyond: Result<_, ProveError> = prove_inclusion(5, 5, |node| journal.kept(node));
    assert_eq!(beyond, Err(ProveError::OutOfRange { size: 5, asked: 5 }));
    assert_eq!(
        prove_consistency(2, 5, |_| Err("disk")),
        Err(ProveError::Store("disk"))
    );
}

#[test]
fn the_longest_proof_is_one_kibibyte() {
    let some = |_| Ok::<_, Infallible>(Some([7; 32]));
    let longest = prove_consistency(MAX_LEAVES - 1, MAX_LEAVES, some).unwrap();
    assert_eq!(longest.len(), MAX_PROOF_HASHES);
    assert_eq!(longest.concat().len(), 1_024);
    let beyond = prove_consistency(1, MAX_LEAVES + 1, some);
    assert!(matches!(beyond, Err(ProveError::OutOfRange { .. })));
}

#[test]
fn a_full_tree_takes_no_more_leaves() {
    let mut bytes = MAX_LEAVES.to_be_bytes().to_vec();
    bytes.extend_from_slice(&[1; 32]);
    let mut full = Frontier::from_bytes(&bytes).unwrap();
    assert_eq!(full.append([0; 32]), Err(FrontierError::Full));
}

proptest! {
    #[test]
    fn a_frontier_is_read_back_and_goes_on(size in 0_u64..300, more in 0_u64..20) {
        let mut frontier = Frontier::from_bytes(&Journal::of(size).frontier.bytes()).unwrap();
        for number in size..size + more {
            frontier.append(leaf_hash(&record(number))).unwrap();
        }
        prop_assert_eq!(frontier, Journal::of(size + more).frontier);
    }

    #[test]
    fn any_flipped_bit_of_proof_or_root_is_found_out(
        (old, new) in (1_u64..60).prop_flat_map(|old| (Just(old), old..120)),
        bit in any::<prop::sample::Index>(),
    ) {
        let journal = Journal::of(new);
        let roots = [journal.root(old), journal.root(new)];
        let mut hashes = prove_consistency(old, new, |node| journal.kept(node)).unwrap();
        hashes.extend(roots);
        let bit = bit.index(hashes.len() * 256);
        hashes[bit / 256][bit % 256 / 8] ^= 1 << (bit % 8);
        let new_root = hashes.pop().unwrap();
        let old_root = hashes.pop().unwrap();
        prop_assert_eq!(
            verify_consistency((old, &old_root), (new, &new_root), &hashes),
            Err(ProofRefusal::Rewritten)
        );
    }

    #[test]
    fn no_proof_makes_the_verifiers_panic(
        old in 0_u64..u64::MAX, new in 0_u64..u64::MAX,
        small in any::<bool>(),
        proof in prop::collection::vec(any::<[u8; 32]>(), 0..40),
    ) {
        let (old, new) = if small { (old % 64, new % 64) } else { (old, new) };
        let root = [9; 32];
        let consistent = verify_consistency((old, &root), (new, &root), &proof);
        prop_assert_eq!(consistent.is_ok(), old == new && old > 0 && old <= MAX_LEAVES && proof.is_empty());
        prop_assert!(verify_inclusion(&[1; 32], old, (new, &root), &proof).is_err());
    }

    #[test]
    fn no_bytes_make_the_frontier_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(frontier) = Frontier::from_bytes(&bytes) {
            prop_assert_eq!(frontier.bytes(), bytes);
        }
    }
}
