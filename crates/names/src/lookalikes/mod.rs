//! A name → the popular packages that it may be mistaken for, and why.

mod made_up;
mod scoped;
mod spelling;

use std::fmt;
use std::sync::OnceLock;

use vetch_model::inventory::Ecosystem;

use crate::distance::Slip;
use crate::form::{normal, scope_of};
use crate::index::{Exact, Near, is_long_enough};
use crate::list::{LONGEST, Lists};
use crate::words::Words;
use scoped::Scopes;

/// Why a name may be mistaken for another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// It looks the same: letters of other scripts, `rn` for `m`, `0` for `o`, `1` for `l`.
    Looks,
    /// A slip of the finger, or two.
    Slip(Slip),
    /// The same letters, separated otherwise: `crossenv`, `discord-js`.
    Separators,
    /// The same words in another order.
    WordOrder,
    /// Its scope may be mistaken for the target's: `@typescript_eslint/parser`.
    Scope,
    /// The target's scope as part of the name: `types-node`, for `@types/node`.
    ScopeInName,
    /// The target with a word that says nothing: `requests-python`.
    Affix(String),
    /// The target with a version behind it: `axios2`.
    Version,
    /// Only words of popular packages, the target's name among them: what a language model makes up.
    MadeUp,
    /// The target's name in another ecosystem, and no popular one in its own.
    OtherEcosystem,
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            How::Looks => "looks the same",
            How::Slip(slip) => match slip {
                Slip::Lookalike => "one letter is another that looks like it",
                Slip::Swapped => "two letters are swapped",
                Slip::Repeated => "a letter is doubled, or a double one is single",
                Slip::NeighbouringKey => "one letter is that of the key beside it",
                Slip::Omitted => "one letter is left out",
                Slip::FlippedBit => "one bit of one letter differs",
                Slip::Added => "one letter is added",
                Slip::Replaced => "one letter is another",
                Slip::Two => "two letters differ",
            },
            How::Separators => "the same letters, separated otherwise",
            How::WordOrder => "the same words in another order",
            How::Scope => "the scope looks like another",
            How::ScopeInName => "the scope is part of the name",
            How::Affix(word) => return write!(f, "the same with `{word}`"),
            How::Version => "the same with a number behind it",
            How::MadeUp => "put together from names of popular packages",
            How::OtherEcosystem => "a popular name of another ecosystem",
        })
    }
}

/// A popular package that a name may be mistaken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookalike {
    /// Why.
    pub how: How,
    /// The popular package's name.
    pub target: String,
    /// Whose name that is.
    pub ecosystem: Ecosystem,
    /// Its place by downloads, 1 for the most downloaded.
    pub rank: u32,
    /// Whether honest names are seldom like this. What is weak counts only together with other signs.
    pub is_strong: bool,
}

/// Popular names, ready to be asked. What is costly to prepare is prepared when it is first needed.
#[derive(Debug)]
pub struct Names {
    lists: OnceLock<Lists>,
    exact: [OnceLock<Exact>; 2],
    near: [OnceLock<Near>; 2],
    scopes: OnceLock<Scopes>,
    words: OnceLock<Words>,
}

/// Most packages that one name is said to be mistaken for.
const MOST: usize = 3;

impl Names {
    /// With these lists.
    pub fn new(lists: Lists) -> Names {
        Names { lists: OnceLock::from(lists), ..Names::of_shipped() }
    }

    fn of_shipped() -> Names {
        Names {
            lists: OnceLock::new(),
            exact: Default::default(),
            near: Default::default(),
            scopes: OnceLock::new(),
            words: OnceLock::new(),
        }
    }

    /// With the lists that this program comes with.
    pub fn shipped() -> &'static Names {
        static SHIPPED: OnceLock<Names> = OnceLock::new();
        SHIPPED.get_or_init(Names::of_shipped)
    }

    /// The lists.
    pub fn lists(&self) -> &Lists {
        self.lists.get_or_init(Lists::shipped)
    }

    /// The name's place by downloads, 1 for the most downloaded; `None` if it is on no list.
    pub fn rank(&self, ecosystem: &Ecosystem, name: &str) -> Option<u32> {
        self.listed(ecosystem, &normal(ecosystem, name)).map(|id| id + 1)
    }

    /// The popular packages that a name may be mistaken for, the most likely first. Of a popular one, none: it is
    /// what people mean. Nor of very short ones, which are near to everything.
    pub fn lookalikes(&self, ecosystem: &Ecosystem, name: &str) -> Vec<Lookalike> {
        let is_known = matches!(ecosystem, Ecosystem::Npm | Ecosystem::Pypi);
        if !is_known || name.len() > LONGEST || !is_long_enough(name) {
            return Vec::new();
        }
        let name = normal(ecosystem, name);
        // Some letters take more bytes in lower case.
        if name.len() > LONGEST || self.listed(ecosystem, &name).is_some() {
            return Vec::new();
        }
        self.unlisted(ecosystem, &name)
    }

    /// As [`Names::lookalikes`] would say if this name were not on the list: how often it is wrong.
    #[doc(hidden)]
    pub fn if_it_were_not_listed(&self, ecosystem: &Ecosystem, name: &str) -> Vec<Lookalike> {
        if !is_long_enough(name) {
            return Vec::new();
        }
        let name = normal(ecosystem, name);
        let rank = self.listed(ecosystem, &name).map_or(u32::MAX, |id| id + 1);
        let mut found = self.unlisted(ecosystem, &name);
        // Of two names, the less popular one is mistaken for the other.
        found.retain(|lookalike| lookalike.ecosystem != *ecosystem || lookalike.rank < rank);
        found
    }

    fn unlisted(&self, ecosystem: &Ecosystem, name: &str) -> Vec<Lookalike> {
        let mut found = match (ecosystem, scope_of(name)) {
            (Ecosystem::Npm, Some((scope, base))) => self.of_scoped(scope, base),
            _ => {
                let mut found = self.of_spelling(ecosystem, name);
                if found.is_empty() {
                    found = self.of_making(ecosystem, name);
                }
                found
            }
        };
        found.sort_by(|a, b| (!a.is_strong, &a.how, a.rank).cmp(&(!b.is_strong, &b.how, b.rank)));
        found.dedup_by(|a, b| a.target == b.target);
        found.truncate(MOST);
        found
    }

    fn names(&self, ecosystem: &Ecosystem) -> &[String] {
        self.lists().of(ecosystem)
    }

    fn listed(&self, ecosystem: &Ecosystem, name: &str) -> Option<u32> {
        let names = self.names(ecosystem);
        let exact = self.exact.get(place(ecosystem))?.get_or_init(|| Exact::new(names));
        exact.get(names, name)
    }

    fn near(&self, ecosystem: &Ecosystem) -> &Near {
        let names = self.names(ecosystem);
        // Who owns a scope owns all names in it: only names without one can be taken by somebody else.
        let wanted = |name: &str| is_long_enough(name) && !name.starts_with('@');
        self.near[place(ecosystem).min(1)].get_or_init(|| Near::new(names, wanted))
    }

    fn words(&self) -> &Words {
        self.words.get_or_init(|| Words::new(self.lists()))
    }

    fn lookalike(&self, ecosystem: &Ecosystem, id: u32, how: How, is_strong: bool) -> Lookalike {
        let target = self.names(ecosystem).get(id as usize).cloned().unwrap_or_default();
        Lookalike { how, target, ecosystem: ecosystem.clone(), rank: id + 1, is_strong }
    }
}

/// Where the parts of an ecosystem are kept.
const fn place(ecosystem: &Ecosystem) -> usize {
    match ecosystem {
        Ecosystem::Npm => 0,
        Ecosystem::Pypi => 1,
        Ecosystem::Other(_) => usize::MAX,
    }
}
