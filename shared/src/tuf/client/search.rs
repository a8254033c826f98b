//! Who may name a target, and what it says.

use std::collections::BTreeSet;

use super::checks::Authority;
use super::{Ask, Client, DELEGATIONS_MAX, Stage};
use crate::tuf::TARGETS_MAX_BYTES;
use crate::tuf::fault::TufFault;
use crate::tuf::key::Verifier;
use crate::tuf::metadata::{TargetFile, Targets};
use crate::tuf::path::{RoleName, TargetPath};

/// A target that a role which may name it does name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its path.
    pub path: TargetPath,
    /// Length, hashes and what else is said of it.
    pub file: TargetFile,
    /// Who named it.
    pub role: RoleName,
}

/// A walk through the delegations, each role before those it delegates to, in their order.
#[derive(Clone, Debug)]
pub(super) struct Search {
    path: TargetPath,
    /// Roles still to be asked, the next one last.
    waiting: Vec<(RoleName, Authority)>,
    visited: BTreeSet<RoleName>,
}

impl Search {
    pub(super) fn begin(path: TargetPath, top: Authority) -> Self {
        Self {
            path,
            waiting: vec![(RoleName::targets(), top)],
            visited: BTreeSet::new(),
        }
    }

    /// The role whose document is being fetched.
    pub(super) fn asked(&self) -> Option<&RoleName> {
        self.waiting.last().map(|(name, _)| name)
    }

    pub(super) fn take_asked(&mut self) -> Option<(RoleName, Authority)> {
        self.waiting.pop()
    }
}

impl Client {
    /// Visits the roles that are held, until one has to be fetched or the search is over.
    pub(super) fn next_search(
        &mut self,
        mut search: Search,
        verify: Verifier<'_>,
    ) -> Result<Option<Ask>, TufFault> {
        let Some((name, authority)) = search.waiting.pop() else {
            return Ok(None);
        };
        if search.visited.contains(&name) {
            self.stage = Stage::Searching(search);
            return Ok(None);
        }
        if search.visited.len() > DELEGATIONS_MAX {
            return Err(TufFault::TooManyDelegations {
                target: search.path.to_string(),
                limit: DELEGATIONS_MAX,
            });
        }
        let top = self.targets.clone().filter(|_| name == RoleName::targets());
        let meta = self.meta_of(&name)?;
        let held = top.or_else(|| self.usable(&name, &authority, &meta, verify));
        if let Some(targets) = held {
            self.visit(search, name, &targets)?;
            return Ok(None);
        }
        let ask = self.ask_for(name.clone(), &meta, TARGETS_MAX_BYTES);
        search.waiting.push((name, authority));
        self.stage = Stage::Searching(search);
        Ok(Some(ask))
    }

    /// Asks a role for the target, and notes those it delegates to before all that wait. A
    /// terminating delegation is the last that is followed.
    pub(super) fn visit(
        &mut self,
        mut search: Search,
        name: RoleName,
        targets: &Targets,
    ) -> Result<(), TufFault> {
        if let Some(file) = targets.target(&search.path) {
            self.found = Some(Found {
                path: search.path,
                file: file.clone(),
                role: name,
            });
            self.stage = Stage::Fresh;
            return Ok(());
        }
        search.visited.insert(name);
        let mut next = Vec::new();
        if let Some(delegations) = &targets.delegations {
            for to in &delegations.roles {
                if !to.covers(&search.path) {
                    continue;
                }
                next.push((to.name.clone(), Authority::delegated(delegations, to)));
                if to.terminating {
                    search.waiting.clear();
                    break;
                }
                if next.len() > DELEGATIONS_MAX {
                    return Err(TufFault::TooManyDelegations {
                        target: search.path.to_string(),
                        limit: DELEGATIONS_MAX,
                    });
                }
            }
        }
        next.reverse();
        search.waiting.extend(next);
        self.stage = Stage::Searching(search);
        Ok(())
    }

    /// Reads a role's list from what is held, or says what to fetch. A role that nobody delegates
    /// to names nothing.
    pub(super) fn next_list(
        &mut self,
        role: RoleName,
        verify: Verifier<'_>,
    ) -> Result<Option<Ask>, TufFault> {
        let Some(authority) = self.listed_authority(&role) else {
            self.listed = Some(Vec::new());
            return Ok(None);
        };
        let meta = self.meta_of(&role)?;
        if let Some(targets) = self.usable(&role, &authority, &meta, verify) {
            self.put_list(&role, &targets);
            return Ok(None);
        }
        self.stage = Stage::Listing(role.clone());
        Ok(Some(self.ask_for(role, &meta, TARGETS_MAX_BYTES)))
    }

    pub(super) fn listed_authority(&self, role: &RoleName) -> Option<Authority> {
        if *role == RoleName::targets() {
            return Some(Authority::top(&self.root, role));
        }
        let delegations = self.targets.as_ref()?.delegations.as_ref()?;
        let to = delegations.role(role)?;
        Some(Authority::delegated(delegations, to))
    }

    /// Keeps what the role may name. What the top names itself, or a role before this one, is not
    /// for it to say.
    pub(super) fn put_list(&mut self, role: &RoleName, targets: &Targets) {
        let top = self
            .targets
            .as_ref()
            .filter(|_| *role != RoleName::targets());
        let roles = top.and_then(|top| top.delegations.as_ref());
        let first = |path: &TargetPath| {
            let covering = roles.and_then(|all| all.roles.iter().find(|one| one.covers(path)));
            covering.map(|one| &one.name)
        };
        let may_name = |path: &TargetPath| {
            top.is_none_or(|top| top.target(path).is_none() && first(path) == Some(role))
        };
        let named = targets.targets.iter().filter_map(|(path, file)| {
            let path = TargetPath::new(path).ok()?;
            may_name(&path).then(|| (path, file.clone()))
        });
        self.listed = Some(named.collect());
        self.stage = Stage::Fresh;
    }
}
