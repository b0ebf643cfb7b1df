//! From a comparison to the public types of `vetch.diff/1`.

use std::collections::BTreeSet;

use vetch_graph::compare::{Ask, Change, ChangeKind, Difference, RangeChange};
use vetch_model::inventory::{Ecosystem, Inventory, PackageId};

use super::types::{
    DiffAsk, DiffChange, DiffDifference, DiffIncomplete, DiffPackage, DiffRange, DiffReport, DiffSide, DiffSummary,
};
use super::{DiffView, SCHEMA_ID, Side};
use crate::ToolInfo;
use crate::changes::ChangeView;
use crate::graph::merge::source;
use crate::graph::types::{Declared, GraphFile};
use crate::graph::words::public;
use crate::json;
use crate::json::types::PathStep;

pub(super) fn report(view: &DiffView<'_>, tool: &ToolInfo) -> DiffReport {
    let incomplete = view.incomplete().map(|(side, one)| {
        let json::types::Incomplete { what, why, hint, file, line } = json::incomplete(one);
        DiffIncomplete { side, what, why, hint, file, line }
    });
    let looked_at = |all: &[ChangeView<'_>]| all.iter().map(|one| crate::changes::convert::report(one, tool)).collect();
    DiffReport {
        schema: SCHEMA_ID,
        tool: json::tool(tool),
        old: side(&view.old),
        new: side(&view.new),
        summary: summary(view),
        changes: view.comparison.changes.iter().map(|one| change(view, one)).collect(),
        ranges: view.comparison.ranges.iter().map(|one| range(view, one)).collect(),
        incomplete: incomplete.collect(),
        own_source: view.own.map(looked_at),
        releases: view.reviews.map(looked_at),
    }
}

fn side(side: &Side<'_>) -> DiffSide {
    let file = |file: &crate::graph::MapFile| GraphFile {
        file: file.file.clone(),
        format: file.format.clone(),
        version: Some(file.version.clone()).filter(|version| !version.is_empty()),
        packages: file.packages,
    };
    DiffSide {
        target: side.target.to_owned(),
        commit: side.commit.map(str::to_owned),
        files: side.files.iter().map(file).collect(),
        packages: side.inventory.packages.len(),
    }
}

fn summary(view: &DiffView<'_>) -> DiffSummary {
    let count = |kind| view.comparison.count(kind);
    DiffSummary {
        added: count(ChangeKind::Added),
        removed: count(ChangeKind::Removed),
        upgraded: count(ChangeKind::Upgraded),
        downgraded: count(ChangeKind::Downgraded),
        other_version: count(ChangeKind::OtherVersion),
        replaced: count(ChangeKind::Replaced),
        same_version: count(ChangeKind::SameVersion),
        ranges: view.comparison.ranges.len(),
        alarming: view.comparison.changes.iter().filter(|change| change.is_alarming).count(),
        unchanged: view.comparison.unchanged,
    }
}

fn change(view: &DiffView<'_>, change: &Change) -> DiffChange {
    let way = view.comparison.way(change);
    let inventory = view.side_of(change).inventory;
    let path = way.steps.iter().map(|step| PathStep {
        label: inventory.package(step.package).label(),
        range: step
            .edge
            .and_then(|edge| inventory.edges.get(edge))
            .map(|edge| public(&edge.range).into_owned())
            .unwrap_or_default(),
    });
    DiffChange {
        kind: change.kind.as_str(),
        alarming: change.is_alarming,
        ecosystem: match &change.ecosystem {
            Ecosystem::Npm => "npm".to_owned(),
            Ecosystem::Pypi => "pypi".to_owned(),
            Ecosystem::Other(kind) => kind.clone(),
        },
        name: change.name.clone(),
        old: package(view.old.inventory, &change.old),
        new: package(view.new.inventory, &change.new),
        differences: change.differences.iter().map(difference).collect(),
        path: path.collect(),
        path_left_out: way.left_out,
    }
}

/// All places of a package as one.
fn package(inventory: &Inventory, ids: &[PackageId]) -> Option<DiffPackage> {
    let first = inventory.package(*ids.first()?);
    let mut integrity = BTreeSet::new();
    let mut declared = BTreeSet::new();
    let mut installed = BTreeSet::new();
    for package in ids.iter().map(|id| inventory.package(*id)) {
        let artifacts = package.artifacts.iter().filter_map(|artifact| artifact.integrity.as_ref());
        integrity.extend(package.integrity.iter().chain(artifacts).map(|integrity| integrity.text.clone()));
        integrity.extend(package.cache_checksum.clone());
        declared.extend(package.declared_at.iter().map(|at| (at.file.clone(), at.line, at.column)));
        installed.extend(Some(package.path.clone()).filter(|path| !path.is_empty()));
    }
    let declared = declared.into_iter().map(|(file, line, column)| Declared {
        file,
        line: Some(line).filter(|line| *line > 0),
        column: Some(column).filter(|column| *column > 0),
    });
    Some(DiffPackage {
        purl: first.purl().as_str().to_owned(),
        version: first.version.clone(),
        source: source(&first.source),
        integrity: integrity.into_iter().collect(),
        declared_in: declared.collect(),
        installed_at: installed.into_iter().collect(),
    })
}

fn difference(difference: &Difference) -> DiffDifference {
    match difference.clone() {
        Difference::Integrity { file, old, new } => {
            DiffDifference::Integrity { file: Some(file).filter(|file| !file.is_empty()), old, new }
        }
        Difference::IntegrityRemoved { old } => DiffDifference::IntegrityRemoved { old },
        Difference::Source { old, new, concerns } => DiffDifference::Source {
            old: old.as_ref().map(source).map(Box::new),
            new: Box::new(source(&new)),
            concerns: concerns.into_iter().map(|concern| concern.as_str()).collect(),
        },
        Difference::InstallScript => DiffDifference::InstallScript {},
        Difference::Groups { old, new } => DiffDifference::Groups { old, new },
        Difference::Artifacts { added, removed } => DiffDifference::Artifacts { added, removed },
    }
}

fn range(view: &DiffView<'_>, change: &RangeChange) -> DiffRange {
    let ask = |ask: &Ask| DiffAsk {
        range: public(&ask.range).into_owned(),
        kind: ask.kind.as_str(),
        condition: ask.condition.clone(),
    };
    DiffRange {
        project: view.new.inventory.package(change.new_project).purl().as_str().to_owned(),
        name: change.name.clone(),
        old: change.old.as_ref().map(ask),
        new: change.new.as_ref().map(ask),
    }
}
