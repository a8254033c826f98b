//! Whose payment it is: by the account's own reference, by an account the payer paid from before,
//! by the payer's name. The first rule that finds exactly one account decides.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared::ids::AccountId;

use super::Payment;

/// Characters of a creditor reference after `RF` and its check digits.
const REFERENCE_CHARS: usize = 12;

/// Hexadecimal digits of an account's number.
const NUMBER_DIGITS: usize = 32;

/// Letters and digits that are not mistaken for each other.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Which rule found the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The payer wrote the account's reference or number.
    Reference,
    /// The payer paid for this account from the same bank account before.
    Iban,
    /// The payer's name is the account's.
    Name,
    /// An admin said so.
    Admin,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 4] = [Self::Reference, Self::Iban, Self::Name, Self::Admin];

    /// The rule as a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Iban => "iban",
            Self::Name => "name",
            Self::Admin => "admin",
        }
    }

    /// The rule of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.word() == word)
    }
}

/// What customers write on their payments: an ISO 11649 creditor reference that follows from the
/// account's number, with check digits that banks check too.
#[must_use]
pub fn creditor_reference(account: AccountId) -> String {
    let hash = Sha256::new()
        .chain_update(b"pb creditor reference v1")
        .chain_update(account.bytes())
        .finalize();
    let body: String = hash
        .iter()
        .take(REFERENCE_CHARS)
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
        .map(|letter| char::from(*letter))
        .collect();
    let check = 98 - remainder(&format!("{body}RF00"));
    format!("RF{check:02}{body}")
}

/// The remainder modulo 97 of letters and digits as ISO 7064 reads them.
fn remainder(text: &str) -> u32 {
    text.chars().fold(0, |rest, letter| {
        let digit = letter.to_digit(36).unwrap_or(0);
        let shift = if digit < 10 { 10 } else { 100 };
        (rest * shift + digit) % 97
    })
}

/// What accounts are known by.
#[derive(Debug, Default)]
pub struct Known {
    references: HashMap<String, AccountId>,
    ibans: HashMap<String, AccountId>,
    names: HashMap<String, Vec<AccountId>>,
}

impl Known {
    /// Adds an account.
    pub fn add(&mut self, account: AccountId, name: &str) {
        self.references.insert(creditor_reference(account), account);
        let number = account.to_string().replace('-', "").to_uppercase();
        self.references.insert(number, account);
        self.names.entry(folded(name)).or_default().push(account);
    }

    /// Adds a bank account that a customer pays from.
    pub fn add_iban(&mut self, iban: String, account: AccountId) {
        self.ibans.insert(iban, account);
    }

    /// Whose payment this is.
    #[must_use]
    pub fn account_of(&self, payment: &Payment) -> Option<(AccountId, Rule)> {
        let written = self.written(&payment.text);
        match written.len() {
            0 => {}
            1 => return written.into_iter().next().map(|one| (one, Rule::Reference)),
            // Two references: only a person can tell how it is meant.
            _ => return None,
        }
        if let Some(account) = self.ibans.get(&payment.payer_iban) {
            return Some((*account, Rule::Iban));
        }
        let payer = folded(&payment.payer);
        if payer.is_empty() {
            return None;
        }
        match self.names.get(&payer).map(Vec::as_slice) {
            Some([account]) => Some((*account, Rule::Name)),
            Some(_) | None => None,
        }
    }

    /// The accounts whose references stand in a text, which people break with spaces as they like.
    fn written(&self, text: &str) -> HashSet<AccountId> {
        let letters: String = text
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_uppercase();
        let mut found = HashSet::new();
        for length in [REFERENCE_CHARS + 4, NUMBER_DIGITS] {
            for begin in 0..=letters.len().saturating_sub(length) {
                let part = letters.get(begin..begin + length);
                found.extend(part.and_then(|part| self.references.get(part)).copied());
            }
        }
        found
    }
}

/// A name without what people write differently.
fn folded(name: &str) -> String {
    let words: Vec<String> = name
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join(" ")
}
