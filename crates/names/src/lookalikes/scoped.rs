//! Scopes of npm: who owns one owns all names in it, so only a lookalike of the scope can deceive.

use std::collections::HashMap;

use vetch_model::inventory::Ecosystem;

use super::{How, Lookalike, Names};
use crate::form::{letters, scope_of, squeezed, tokens};
use crate::index::Near;

/// Scopes of popular packages.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    /// In the order of their most popular package.
    names: Vec<String>,
    /// That package.
    best: Vec<u32>,
    near: Near,
    /// Popular packages by their name with the scope as part of it.
    joined: HashMap<String, u32>,
    /// How many popular packages are in each.
    sizes: Vec<u32>,
}

impl Scopes {
    fn new(names: &[String]) -> Scopes {
        let mut scopes = Scopes::default();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (id, name) in (0..).zip(names) {
            let Some((scope, base)) = scope_of(name) else { continue };
            let place = *known.entry(scope).or_insert_with(|| {
                scopes.names.push(scope.to_owned());
                scopes.best.push(id);
                scopes.sizes.push(0);
                scopes.names.len() - 1
            });
            scopes.sizes[place] += 1;
            scopes.joined.entry(format!("{scope}-{base}")).or_insert(id);
        }
        scopes.near = Near::new(&scopes.names, |scope| letters(scope) >= 4);
        scopes
    }
}

impl Names {
    fn scopes(&self) -> &Scopes {
        self.scopes.get_or_init(|| Scopes::new(self.names(&Ecosystem::Npm)))
    }

    /// What an unlisted `@scope/base` may be mistaken for.
    pub(super) fn of_scoped(&self, scope: &str, base: &str) -> Vec<Lookalike> {
        let scopes = self.scopes();
        if letters(scope) < 4 || scopes.names.iter().any(|known| known == scope) {
            return Vec::new();
        }
        let names = &scopes.names;
        let slips = scopes.near.one_slip(names, scope).into_iter().map(|(place, _)| place);
        let same = [scopes.near.same_looks(names, scope), scopes.near.same_letters(names, scope)];
        let mut places: Vec<u32> = same.into_iter().flatten().chain(slips).collect();
        places.sort_unstable();
        places.dedup();
        let lookalike = |place: u32| {
            let near = names.get(place as usize)?;
            let meant = self.listed(&Ecosystem::Npm, &format!("@{near}/{base}"));
            let best = scopes.best.get(place as usize).copied()?;
            let differs: Vec<&str> = tokens(scope).filter(|token| tokens(near).all(|other| other != *token)).collect();
            let is_word = !differs.is_empty() && differs.iter().all(|token| self.words().knows(token));
            // Two owners may have names as near as this; packages of one name in both are no chance.
            let is_strong = meant.is_some() && (!is_word || squeezed(scope) == squeezed(near));
            Some(self.lookalike(&Ecosystem::Npm, meant.unwrap_or(best), How::Scope, is_strong))
        };
        places.into_iter().filter_map(lookalike).collect()
    }

    /// The popular package whose scope an unscoped name of npm's has as its first word.
    pub(super) fn scope_in_name(&self, name: &str) -> Option<Lookalike> {
        let id = *self.scopes().joined.get(&tokens(name).collect::<Vec<_>>().join("-"))?;
        Some(self.lookalike(&Ecosystem::Npm, id, How::ScopeInName, false))
    }
}
