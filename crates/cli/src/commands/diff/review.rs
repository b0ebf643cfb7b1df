//! `vetch diff --review`: every release that a change of lockfiles brings in, beside the one that it replaces.

use std::collections::BTreeMap;
use std::path::PathBuf;

use vetch_engine::ScanReport;
use vetch_graph::compare::Comparison;
use vetch_model::change::Change;
use vetch_model::inventory::{Inventory, Package, PackageId, Role};
use vetch_report::changes::ChangeView;
use vetch_report::release_label;

use super::releases::published;
use crate::args::{DiffArgs, Global};
use crate::commands::scanning;
use crate::exit::Failure;
use crate::progress::Reporter;

/// What became of the review.
pub(super) struct Review {
    report: ScanReport,
    /// By release: what differs, and the label of what it replaces.
    changes: Vec<(Option<Change>, String)>,
}

/// Judges what was added or moved to another version.
pub(super) fn run(
    comparison: &Comparison,
    [old, new]: [&Inventory; 2],
    arguments: &DiffArgs,
    global: &Global,
) -> Result<Review, Failure> {
    let progress = Reporter::new(global);
    let place = arguments.new.as_deref().filter(|text| std::path::Path::new(text).exists()).unwrap_or(".");
    let options = scanning::options(&[PathBuf::from(place)], &arguments.contents, &arguments.policy(), &progress)?;
    let changed = changed(comparison, old, new);
    let report = scanning::review(new.clone(), changed, &options, progress)?;
    let changes = report
        .pasts
        .iter()
        .zip(&report.facts)
        .map(|(past, facts)| match (&past.before, facts) {
            (Some((version, before)), Some(facts)) => (Some(Change::between(before, facts)), version.clone()),
            _ => (None, "nothing".to_owned()),
        })
        .collect();
    Ok(Review { report, changes })
}

/// What is new on the new side, each with what it replaces.
fn changed(comparison: &Comparison, old: &Inventory, new: &Inventory) -> BTreeMap<PackageId, Option<Package>> {
    let mut changed = BTreeMap::new();
    for change in &comparison.changes {
        let before = change.old.first().map(|id| old.package(*id)).filter(|package| package.role == Role::Dependency);
        for id in change.new.iter().filter(|id| new.package(**id).role == Role::Dependency) {
            let same_name = before.filter(|package| package.name == new.package(*id).name);
            changed.insert(*id, same_name.cloned());
        }
    }
    changed
}

impl Review {
    /// One view for each release, the worst first.
    pub(super) fn views(&self) -> Vec<ChangeView<'_>> {
        let scan = &self.report.scan;
        let mut views: Vec<ChangeView<'_>> = scan
            .releases
            .iter()
            .zip(&self.changes)
            .enumerate()
            .map(|(number, (release, (change, old)))| ChangeView {
                scan,
                old,
                new: release,
                change: change.as_ref(),
                published: published(&self.report, number),
            })
            .collect();
        views.sort_by_key(|view| (std::cmp::Reverse(view.new.verdict), release_label(&view.new.purl)));
        views
    }
}
