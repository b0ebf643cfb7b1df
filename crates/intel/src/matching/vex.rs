//! What all statements about one vulnerability of one release come to.

use std::collections::{BTreeMap, BTreeSet};

use vetch_model::history::Time;
use vetch_model::vex::{Vex, VexOutcome, VexStatement, VexStatus};

use crate::vex::{Own, Part, Statement};

/// Statements that are told of one advisory.
const MAX_TOLD: usize = 16;

/// A statement, with who makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) statement: Statement,
    pub(crate) author: String,
    pub(crate) document: String,
}

impl Made {
    pub(crate) fn shown(&self, applies: bool) -> VexStatement {
        let Statement { ids, product, status, justification, text, time } = &self.statement;
        VexStatement {
            status: *status,
            vulnerability: ids.first().cloned().unwrap_or_default(),
            product: product.purl.clone(),
            within: product.within.as_ref().map(|whole| whole.shown.clone()).unwrap_or_default(),
            justification: justification.clone(),
            statement: text.clone(),
            author: self.author.clone(),
            document: self.document.clone(),
            time: Time(*time),
            applies,
        }
    }
}

/// Judges a release that comes in by these projects: by each one of the products in `ways`, any of which may be named.
///
/// Of one author the newest statement counts; statements of the same moment all do. A statement about a part of a product
/// counts where that product is scanned, and the vulnerability is taken off the list only if it is for every way in.
pub(crate) fn judged(all: &[Made], part: &Part<'_>, ways: &[Vec<Own>]) -> Vex {
    let meant: Vec<&Made> = all.iter().filter(|made| made.statement.product.is(part)).collect();
    if meant.is_empty() {
        return Vex::default();
    }
    let applies = |made: &Made, way: &[Own]| match &made.statement.product.within {
        None => true,
        Some(whole) => way.iter().any(|own| whole.is(own)),
    };
    // What lies in no project has one way in, by which no other product is meant.
    let none = [Vec::new()];
    let ways = if ways.is_empty() { &none } else { ways };
    let mut told: BTreeSet<usize> = BTreeSet::new();
    let mut outcome = VexOutcome::Silenced;
    for way in ways {
        let own = meant.iter().enumerate().filter(|(_, made)| applies(made, way));
        let newest = newest(own.map(|(number, made)| (number, *made)));
        let says = |wanted: &dyn Fn(VexStatus) -> bool| {
            newest.iter().any(|number| meant.get(*number).is_some_and(|made| wanted(made.statement.status)))
        };
        let here = match (says(&VexStatus::is_relief), says(&|status| status == VexStatus::Affected)) {
            (true, true) => VexOutcome::Contradicted,
            (true, false) => VexOutcome::Silenced,
            (false, _) => VexOutcome::Stands,
        };
        // One author who takes back what he said is no contradiction, but one who says two things at once does not help.
        outcome = match (outcome, here) {
            (VexOutcome::Contradicted, _) | (_, VexOutcome::Contradicted) => VexOutcome::Contradicted,
            (VexOutcome::Stands, _) | (_, VexOutcome::Stands) => VexOutcome::Stands,
            _ => VexOutcome::Silenced,
        };
        told.extend(newest);
    }
    let elsewhere = meant.iter().enumerate().filter(|(_, made)| !ways.iter().any(|way| applies(made, way)));
    let elsewhere = newest(elsewhere.map(|(number, made)| (number, *made)));
    let shown = |numbers: BTreeSet<usize>, applies: bool| {
        let mut all: Vec<VexStatement> =
            numbers.into_iter().filter_map(|number| meant.get(number)).map(|made| made.shown(applies)).collect();
        all.sort_by(|a, b| (b.time, &a.author, &a.document).cmp(&(a.time, &b.author, &b.document)));
        all
    };
    let mut statements = shown(told, true);
    statements.extend(shown(elsewhere.into_iter().collect(), false));
    statements.truncate(MAX_TOLD);
    Vex { outcome, statements }
}

/// The numbers of the newest statements of each author.
fn newest<'m>(all: impl Iterator<Item = (usize, &'m Made)>) -> Vec<usize> {
    let mut authors: BTreeMap<&str, (i64, Vec<usize>)> = BTreeMap::new();
    for (number, made) in all {
        let time = made.statement.time;
        let (newest, numbers) = authors.entry(&made.author).or_insert((time, Vec::new()));
        if time > *newest {
            (*newest, *numbers) = (time, Vec::new());
        }
        if time == *newest {
            numbers.push(number);
        }
    }
    authors.into_values().flat_map(|(_, numbers)| numbers).collect()
}
