//! The targets at the top: what they delegate to, and new keys for roles whose key was stolen or lost.

use shared::clock::UnixSeconds;
use shared::services::repository::AUTHORITIES_TARGET;
use shared::tuf::{Delegations, Document, KeyId, TargetFile, Targets};

use super::publishing::delegated_keys;
use super::role::{Custody, RepositoryRole, next_version};
use super::sign::{ONE, role_of, signed, verify};
use super::store::{self, Stored};
use super::{RepositoryError, keys};
use crate::ca::{Ed25519Key, Origin};
use crate::center::DataCenter;
use crate::db::Tx;
use crate::folder::Folder;

impl DataCenter {
    /// Drafts the next targets at the top: with the certificates of the authorities of today, and
    /// with new keys, made here, in the place of those of `new_keys` that were stolen or lost. What
    /// those roles name is signed again by the new keys when the draft is installed; until then the
    /// keys before count, and a draft that is never installed leaves files that are good for nothing.
    ///
    /// `passphrase` seals new keys of those who publish; without one that which `init` left does.
    ///
    /// # Errors
    /// [`RepositoryError`]: also when one of those who publish keeps a key that the passphrase does
    /// not open, so that nobody needs two.
    pub fn draft_targets(
        &self,
        new_keys: &[RepositoryRole],
        passphrase: Option<&str>,
    ) -> Result<Document, RepositoryError> {
        let (now, epoch) = (self.now(), self.epoch());
        let file = TargetFile::of(self.authority().bundle(now).as_bytes(), None);
        let mut targets: Targets = self.db().read_blocking("targets", |tx| {
            store::needed(tx, RepositoryRole::Targets)?.says()
        })?;
        let is_sealed = |role: &RepositoryRole| role.custody() == Custody::Sealed;
        if new_keys.iter().any(is_sealed) {
            let kept = RepositoryRole::DELEGATED.into_iter().filter(is_sealed);
            for role in kept.filter(|role| !new_keys.contains(role)) {
                let own = self
                    .db()
                    .read_blocking("keys", move |tx| delegated_keys(tx, role))?;
                keys::find(self.folder(), role, &own, passphrase)?;
            }
        }
        for role in new_keys {
            let delegations = targets.delegations.as_mut();
            let delegations = delegations.ok_or(RepositoryError::NotDelegated { role: *role })?;
            replace_key(self.folder(), delegations, *role, passphrase)?;
        }
        targets.version = next_version(Some(targets.version), epoch);
        targets.expires = now.plus_days(RepositoryRole::Targets.days());
        targets.targets.insert(AUTHORITIES_TARGET.to_owned(), file);
        Ok(Document::of(&targets))
    }

    /// Whether the published certificates of the authorities are those of today.
    ///
    /// # Errors
    /// [`RepositoryError`].
    pub fn publishes_its_authorities(&self) -> Result<bool, RepositoryError> {
        let targets = self.named_targets(RepositoryRole::Targets)?;
        let authorities = self.authority().bundle(self.now());
        let file = TargetFile::of(authorities.as_bytes(), None);
        Ok(targets.targets.get(AUTHORITIES_TARGET) == Some(&file))
    }

    /// The roles whose newest word the targets to come no longer believe, each with the key
    /// that signs it again.
    pub(super) fn keys_to_sign_again(
        &self,
        targets: Option<Targets>,
        passphrase: Option<&str>,
    ) -> Result<Vec<(RepositoryRole, Ed25519Key)>, RepositoryError> {
        let Some(targets) = targets else {
            return Ok(Vec::new());
        };
        let Some(all) = targets.delegations else {
            return Ok(Vec::new());
        };
        let mut again = Vec::new();
        for role in RepositoryRole::DELEGATED {
            let name = role.role_name();
            // That each is delegated to is checked when the targets are kept.
            let Some(own) = all.role(&name) else { continue };
            let word = self
                .db()
                .read_blocking("newest", move |tx| store::needed(tx, role))?;
            let document = word.document()?;
            if document
                .check(&name, &own.role, &all.keys, &verify)
                .is_err()
            {
                again.push((
                    role,
                    keys::find(self.folder(), role, &own.role, passphrase)?,
                ));
            }
        }
        Ok(again)
    }
}

/// Puts a new key in the place of those of a role.
fn replace_key(
    folder: &Folder,
    delegations: &mut Delegations,
    role: RepositoryRole,
    passphrase: Option<&str>,
) -> Result<(), RepositoryError> {
    let name = role.role_name();
    let mut roles = delegations.roles.iter_mut();
    let own = roles.find(|one| one.name == name);
    let own = own.ok_or(RepositoryError::NotDelegated { role })?;
    let public = match role.custody() {
        Custody::Open => keys::make_open(folder, role)?.public(),
        Custody::Sealed => {
            let passphrase = keys::passphrase_or_kept(folder, passphrase)?;
            let made = keys::make_sealed(folder, role, (&passphrase, Origin::Chosen))?;
            made.key().public()
        }
        Custody::Offline => return Err(RepositoryError::NotDelegated { role }),
    };
    let (new, names) = role_of(&[public], ONE);
    own.role = names;
    delegations.keys.extend(new);
    let named: Vec<KeyId> = delegations
        .roles
        .iter()
        .flat_map(|one| one.role.keyids.iter().cloned())
        .collect();
    delegations.keys.retain(|id, _| named.contains(id));
    Ok(())
}

/// What a role names, once more and by this key.
pub(super) fn signed_again(
    tx: &Tx<'_>,
    (role, key): (RepositoryRole, &Ed25519Key),
    epoch: u32,
    now: UnixSeconds,
) -> Result<Stored, RepositoryError> {
    let newest = store::needed(tx, role)?;
    let next = Targets {
        version: next_version(Some(newest.version), epoch),
        expires: now.plus_days(role.days()),
        ..newest.says()?
    };
    Ok(Stored {
        role,
        version: next.version,
        content: signed(&next, &[key]).to_bytes(),
        expires: next.expires,
        made: now,
        epoch,
    })
}

/// Checks that the roles this program publishes under are delegated to, may name their paths, and
/// can be signed for here: by one key, which lies in the data folder.
pub(super) fn check_delegations(folder: &Folder, targets: &Targets) -> Result<(), RepositoryError> {
    for role in RepositoryRole::DELEGATED {
        let all = targets.delegations.as_ref();
        let all = all.ok_or(RepositoryError::NotDelegated { role })?;
        let name = role.role_name();
        let found = all.role(&name);
        let found = found.ok_or(RepositoryError::NotDelegated { role })?;
        let is_ours = found.paths.as_ref() == Some(&role.patterns())
            && found.role.threshold == ONE
            && found.role.keyids.iter().all(|id| all.keys.contains_key(id));
        if !is_ours {
            return Err(RepositoryError::NotDelegated { role });
        }
        if !keys::has(folder, role, &found.role) {
            return Err(RepositoryError::NoKey { role });
        }
    }
    Ok(())
}
