//! From a map to the public types of `vetch.graph/1`.

use std::collections::HashSet;

use vetch_graph::risks::RiskPoint;

use super::merge::Merged;
use super::types::{GraphEdge, GraphFile, GraphPackage, GraphReport, GraphRisk, GraphRiskReason, GraphUnresolved};
use super::words::public;
use super::{MapView, SCHEMA_ID};
use crate::ToolInfo;
use crate::json;

pub(super) fn report(view: &MapView<'_>, tool: &ToolInfo) -> GraphReport {
    let merged = Merged::new(view);
    let edges = edges(view, &merged);
    let unresolved = unresolved(view, &merged);
    let risks = view.risks.map(|risks| &risks.points).into_iter().flatten();
    let risks = risks.filter_map(|point| risk(&merged, point)).collect();
    let of_risks = |count: fn(&vetch_graph::risks::Risks) -> usize| view.risks.map_or(0, count);
    GraphReport {
        schema: SCHEMA_ID,
        tool: json::tool(tool),
        target: view.target.to_owned(),
        files: view.files.iter().map(file).collect(),
        edges,
        unresolved,
        incomplete: view.incomplete.iter().map(json::incomplete).collect(),
        risks,
        risks_left_out: of_risks(|risks| risks.more),
        files_without_integrity: view.risks.map(|risks| risks.files_without_integrity.clone()).unwrap_or_default(),
        packages: merged.packages,
    }
}

fn file(file: &super::MapFile) -> GraphFile {
    GraphFile {
        file: file.file.clone(),
        format: file.format.clone(),
        version: Some(file.version.clone()).filter(|version| !version.is_empty()),
        packages: file.packages,
    }
}

/// An id that a purl alone does not tell.
fn id(package: &GraphPackage) -> Option<String> {
    (package.id != package.purl).then(|| package.id.clone())
}

/// In file order; those that the same release declares at several places once.
pub(super) fn edges(view: &MapView<'_>, merged: &Merged) -> Vec<GraphEdge> {
    let mut seen = HashSet::with_capacity(view.inventory.edges.len());
    let edges = view.inventory.edges.iter().filter_map(|edge| {
        let (from, to) = (merged.of(edge.from)?, merged.of(edge.to)?);
        let key = (from.id.as_str(), to.id.as_str(), &edge.range, edge.kind, &edge.condition, &edge.name);
        seen.insert(key).then(|| GraphEdge {
            from: from.purl.clone(),
            to: to.purl.clone(),
            range: public(&edge.range).into_owned(),
            kind: edge.kind.as_str(),
            condition: edge.condition.clone(),
            name: edge.name.clone(),
            from_id: id(from),
            to_id: id(to),
        })
    });
    edges.collect()
}

fn unresolved(view: &MapView<'_>, merged: &Merged) -> Vec<GraphUnresolved> {
    let mut seen = HashSet::new();
    let all = view.inventory.unresolved.iter().filter_map(|missing| {
        let from = merged.of(missing.from)?;
        let key = (from.id.as_str(), &missing.name, &missing.range, missing.kind);
        seen.insert(key).then(|| GraphUnresolved {
            from: from.purl.clone(),
            name: missing.name.clone(),
            range: public(&missing.range).into_owned(),
            kind: missing.kind.as_str(),
        })
    });
    all.collect()
}

fn risk(merged: &Merged, point: &RiskPoint) -> Option<GraphRisk> {
    let package = merged.of(*point.packages.first()?)?;
    Some(GraphRisk {
        purl: package.purl.clone(),
        score: point.score,
        reasons: point
            .reasons
            .iter()
            .map(|reason| GraphRiskReason {
                kind: reason.kind.as_str(),
                points: reason.points,
                text: reason.text.clone(),
            })
            .collect(),
        depth: point.depth,
        leaving: point.leaving,
        direct_dependants: point.direct_dependants,
        dependants: point.dependants,
        projects: point.projects,
    })
}
