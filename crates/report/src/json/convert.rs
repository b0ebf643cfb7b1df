//! From the model to the public types.

use vetch_model as model;
use vetch_model::scan::{self, Scan};

use super::SCHEMA_ID;
use super::types::*;
use crate::{TOOL_NAME, ToolInfo};

pub(super) fn report(scan: &Scan, tool: &ToolInfo) -> Report {
    let reason = |what: &str, why: &str| Reason { what: what.to_owned(), why: why.to_owned() };
    Report {
        schema: SCHEMA_ID,
        tool: self::tool(tool),
        targets: scan.targets.iter().map(|t| Target { path: t.path.clone(), kind: t.kind.as_str() }).collect(),
        files: scan.files.iter().map(read_file).collect(),
        summary: summary(scan),
        releases: scan.releases.iter().map(release).collect(),
        findings: scan
            .findings
            .iter()
            .map(|f| TargetFinding { target: f.target, finding: finding(&f.finding) })
            .collect(),
        incomplete: scan.incomplete.iter().map(incomplete).collect(),
        skipped: scan.skipped.iter().map(|s| reason(&s.what, &s.why)).collect(),
        unavailable: scan.unavailable.iter().map(|u| reason(&u.what, &u.why)).collect(),
        intelligence: scan.intelligence.map(|state| Intelligence {
            records: state.records,
            indicators: state.indicators,
            imported: rfc_3339(state.imported),
            newest: rfc_3339(state.newest),
        }),
    }
}

pub(crate) fn tool(tool: &ToolInfo) -> Tool {
    Tool { name: TOOL_NAME, version: tool.version.clone(), analysis: tool.analysis.clone() }
}

fn read_file(file: &scan::ReadFile) -> ReadFile {
    ReadFile {
        target: file.target,
        file: file.file.clone(),
        format: file.format,
        version: Some(file.version.clone()).filter(|version| !version.is_empty()),
        packages: file.packages,
    }
}

fn summary(scan: &Scan) -> Summary {
    let mut summary = Summary::default();
    for release in &scan.releases {
        *match release.verdict {
            model::Verdict::Malicious => &mut summary.malicious,
            model::Verdict::Suspicious => &mut summary.suspicious,
            model::Verdict::Incomplete => &mut summary.incomplete,
            model::Verdict::Notable => &mut summary.notable,
            model::Verdict::Clean => &mut summary.clean,
        } += 1;
    }
    summary
}

pub(crate) fn release(release: &scan::ReleaseResult) -> Release {
    Release {
        purl: release.purl.to_string(),
        verdict: release.verdict.as_str(),
        score: release.score,
        content_hash: release.content_hash.map(|hash| hash.to_string()),
        locations: release.locations.iter().map(location).collect(),
        paths: release.paths.iter().map(|path| path.iter().map(step).collect()).collect(),
        more_paths: release.more_paths,
        findings: release.findings.iter().map(finding).collect(),
        excepted: release
            .excepted
            .iter()
            .map(|(f, reason)| Excepted { rule: f.rule, title: f.title.clone(), reason: reason.clone() })
            .collect(),
        advisories: release.advisories.iter().map(advisory).collect(),
        indicators: release.indicators.iter().flat_map(indicators).collect(),
        campaigns: release.campaigns.iter().map(campaign).collect(),
        usage: release.usage.as_ref().map(usage),
        way_out: release.way_out.as_ref().map(way_out),
        profile: profile(&release.profile),
        incomplete: release.incomplete.iter().map(incomplete).collect(),
    }
}

fn advisory(advisory: &model::advisory::Advisory) -> Advisory {
    let rating = advisory.rating.as_ref();
    Advisory {
        kind: advisory.kind.as_str(),
        id: advisory.id.clone(),
        aliases: advisory.aliases.clone(),
        summary: advisory.summary.clone(),
        reach: advisory.reach.as_str(),
        affected: advisory.affected.clone(),
        safe: advisory.safe.clone(),
        severity: rating.map(|rating| rating.severity.as_str()),
        score: rating.and_then(|rating| Some(f32::from(rating.score?) / 10.0)),
        exploited_since: advisory.exploited.as_ref().map(|exploited| exploited.since.clone()),
        exploit_probability: advisory.probability.map(|probability| f64::from(probability) / 100_000.0),
        modified: rfc_3339(advisory.modified),
        imported: rfc_3339(advisory.imported),
        counted: !advisory.is_silenced(),
        vex: advisory.vex.statements.iter().map(vex_statement).collect(),
    }
}

fn vex_statement(one: &model::vex::VexStatement) -> VexStatement {
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    VexStatement {
        status: one.status.as_str(),
        justification: some(&one.justification),
        statement: some(&one.statement),
        author: one.author.clone(),
        document: one.document.clone(),
        time: rfc_3339(one.time),
        vulnerability: one.vulnerability.clone(),
        product: one.product.clone(),
        within: some(&one.within),
        applies: one.applies,
    }
}

fn usage(usage: &model::advisory::Usage) -> Usage {
    match usage {
        model::advisory::Usage::Imported { at, through } => {
            Usage { imported: true, file: Some(at.file.clone()), line: at.line, through: through.clone() }
        }
        model::advisory::Usage::NotImported => Usage { imported: false, file: None, line: 0, through: Vec::new() },
    }
}

fn way_out(way: &model::way_out::WayOut) -> WayOut {
    let to = way.to.as_ref();
    let passed_over = way.passed_over.iter();
    WayOut {
        because: way.because.clone(),
        version: to.map(|good| good.version.clone()),
        in_ranges: to.is_some_and(|good| good.is_in_ranges),
        published: to.and_then(|good| good.published).map(rfc_3339),
        still: to.map(|good| good.still.clone()).unwrap_or_default(),
        passed_over: passed_over
            .map(|(version, why)| PassedOver { version: version.clone(), why: why.clone() })
            .collect(),
    }
}

fn campaign(one: &model::campaign::Correlation) -> Campaign {
    Campaign {
        id: one.id.clone(),
        name: one.name.clone(),
        likelihood: one.likelihood.as_str(),
        shared: one.shared.clone(),
        uncertainty: one.uncertainty.clone(),
        reported_by: one.reported_by.clone(),
        attributed: one.attributed.iter().map(|one| Attribution { by: one.by.clone(), to: one.to.clone() }).collect(),
    }
}

fn indicators(hit: &model::indicator::IndicatorHit) -> impl Iterator<Item = Indicator> + '_ {
    use model::indicator::Seen;
    hit.indicators.iter().map(|one| Indicator {
        kind: one.kind.as_str(),
        value: one.value.clone(),
        shown: hit.value.clone(),
        seen: match hit.seen {
            Seen::Used => "used",
            Seen::Own => "own",
            Seen::Decoded => "decoded",
            Seen::Written => "written",
        },
        trigger: hit.trigger.as_str(),
        source: one.source.clone(),
        record: one.record.clone(),
        description: one.description.clone(),
        context: one
            .context
            .iter()
            .map(|context| IndicatorContext { kind: context.kind.as_str(), name: context.name.clone() })
            .collect(),
        confidence: one.confidence,
        valid_until: one.until.map(rfc_3339),
        imported: rfc_3339(one.imported),
        evidence: evidence(&hit.evidence),
    })
}

fn rfc_3339(time: model::history::Time) -> String {
    jiff::Timestamp::from_second(time.0).map_or_else(|_| time.0.to_string(), |moment| moment.to_string())
}

fn location(location: &scan::ReleaseLocation) -> ReleaseLocation {
    let declared = location.declared_at.as_ref();
    ReleaseLocation {
        target: location.target,
        path: location.path.clone(),
        file: declared.map(|at| at.file.clone()),
        line: declared.and_then(|at| known(at.line)),
    }
}

pub(crate) fn step(step: &scan::PathStep) -> PathStep {
    PathStep { label: step.label.clone(), range: step.range.clone() }
}

fn finding(finding: &model::Finding) -> Finding {
    Finding {
        rule: finding.rule,
        title: finding.title.clone(),
        severity: finding.severity.as_str(),
        confidence: finding.confidence.as_str(),
        category: finding.category.as_str(),
        evidence: finding.evidence.iter().map(evidence).collect(),
        techniques: finding.techniques.to_vec(),
        remedy: finding.remedy.clone(),
    }
}

pub(crate) fn evidence(evidence: &model::Evidence) -> Evidence {
    let at = evidence.location();
    let (file, line, column) = (at.file.clone(), known(at.line), known(at.column));
    match evidence.clone() {
        model::Evidence::Code { excerpt, highlight, layer, note, .. } => {
            let highlight = Highlight { start: highlight.start, end: highlight.end };
            Evidence::Code { file, line, column, excerpt, highlight, layer, note }
        }
        model::Evidence::Field { field, found, expected, note, .. } => {
            Evidence::Field { file, line, column, field, found, expected, note }
        }
        model::Evidence::File { note, .. } => Evidence::File { file, line, note },
    }
}

fn profile(profile: &model::Profile) -> Profile {
    Profile {
        capabilities: profile.capabilities.iter().map(capability).collect(),
        flows: profile.flows.iter().map(flow).collect(),
    }
}

pub(crate) fn flow(flow: &model::profile::Flow) -> Flow {
    Flow { source: flow.source.label(), sink: flow.sink.label(), trigger: flow.trigger.as_str(), layer: flow.layer }
}

pub(crate) fn capability(capability: &model::Capability) -> Capability {
    let flags = capability.attributes;
    let attributes = [(flags.shell, "shell"), (flags.detached, "detached"), (flags.hidden, "hidden")];
    Capability {
        id: capability.id.as_str(),
        resource: match &capability.resource {
            model::Resource::None => None,
            resource => Some(resource.to_string()),
        },
        attributes: attributes.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect(),
        trigger: capability.trigger.as_str(),
        layer: capability.layer,
        evidence: evidence(&capability.evidence),
    }
}

pub(crate) fn incomplete(incomplete: &model::Incomplete) -> Incomplete {
    let at = incomplete.location.as_ref();
    Incomplete {
        what: incomplete.what.clone(),
        why: incomplete.why.clone(),
        hint: incomplete.hint.clone(),
        file: at.map(|at| at.file.clone()),
        line: at.and_then(|at| known(at.line)),
    }
}

/// The model writes "the whole file" as 0, which a reader would take for a place.
pub(crate) fn known(number: u32) -> Option<u32> {
    (number > 0).then_some(number)
}
