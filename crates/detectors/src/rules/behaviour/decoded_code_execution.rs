//! Decodes data that it carries and executes it.

use vetch_model::facts::{DecodedLayer, MAX_LAYER_TEXT};

use crate::opacity::is_seen_through;
use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "decoded-code-execution",
    summary: "Executes code that it carries in encoded form",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1027", "T1140", "T1059.007"],
    remedy: CONTAIN,
    doc: include_str!("decoded_code_execution.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c.decoded_evals().map(|eval| judge(c, eval));
    let media = c.flows().filter_map(|flow| from_media(c, &flow.source, &flow.sink, when(flow)));
    report_worst(out, &META, cases.chain(media));
}

/// Pictures, sounds and fonts of the package that are code in truth, and packed files that build it.
fn from_media(c: &Contents<'_>, read: &Capability, eval: &Capability, trigger: Trigger) -> Option<Case> {
    const MEDIA: [&str; 12] = ["png", "jpg", "jpeg", "gif", "bmp", "ico", "webp", "wav", "mp3", "ttf", "woff", "woff2"];
    if read.id != CapabilityId::FsRead || eval.id != CapabilityId::CodeEval || !is_unasked(trigger) {
        return None;
    }
    let path = own_path(read)?;
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase())?;
    let title = format!("{} runs what it reads from {path} as code {}", c.label(), when_words(trigger));
    // A package may come with packed data; to build itself from what nobody can read in it is another thing.
    let is_packed = ["xz", "lzma", "gz", "bz2", "zst", "lz4"].contains(&ending.as_str());
    let grade = match (MEDIA.contains(&ending.as_str()), is_packed && trigger == Trigger::Install) {
        (true, _) => HARMFUL,
        (false, true) => DOUBTFUL,
        (false, false) => return None,
    };
    Some(Case::new(grade, title, evidence_of([read, eval])))
}

/// Whether the code that is run could be looked at: every layer that it gave was parsed.
fn is_open(c: &Contents<'_>, eval: &Capability) -> bool {
    let place = eval.evidence.location();
    let mut layers = c.facts.layers.iter().filter(|layer| {
        layer.location.file == place.file && layer.location.line == place.line && layer.layer > eval.layer
    });
    layers.next().is_some_and(|first| first.is_understood) && layers.all(|layer| layer.is_understood)
}

/// Whether the code that is run was seen as a whole and can reach nothing: a template that was put together.
fn is_harmless(c: &Contents<'_>, eval: &Capability) -> bool {
    let place = eval.evidence.location();
    let here = |layer: &&DecodedLayer| layer.location.file == place.file && layer.location.line == place.line;
    let is_plain = |layer: &DecodedLayer| {
        layer.bytes <= MAX_LAYER_TEXT as u64
            && !["import", "__", "exec", "eval", "open"].iter().any(|word| layer.text.contains(word))
    };
    is_open(c, eval) && c.facts.layers.iter().filter(here).all(is_plain)
}

fn judge(c: &Contents<'_>, eval: &Capability) -> Case {
    let file = &eval.evidence.location().file;
    let inner: Vec<&Capability> = c
        .reached()
        .filter(|inner| inner.layer > 0 && inner.evidence.location().file == *file && !is_same(inner, eval))
        .collect();
    let hostile: Vec<&Capability> = inner.iter().copied().filter(|inner| is_hostile(inner)).collect();
    let connects = inner.iter().copied().filter(|inner| is_network(inner.id)).collect::<Vec<_>>();
    let is_python = file.ends_with(".py");
    let evaluates = |inner: &&&Capability| inner.id == CapabilityId::CodeEval && is_unasked(inner.trigger);
    let is_constant = |inner: &&Capability| inner.resource == Resource::Eval(EvalSource::Constant);
    // A program that was in the code, put aside and started.
    let starts = c
        .at(eval.trigger, CapabilityId::ProcessSpawn)
        .any(|spawn| spawn.layer == eval.layer && spawn.evidence.location() == eval.evidence.location());
    let hides_more =
        eval.layer > 0 || starts && is_python || inner.iter().filter(evaluates).any(|inner| !is_constant(inner));
    let picture = c.flows().find(|flow| {
        flow.source.id == CapabilityId::FsRead
            && flow.sink.id == CapabilityId::CodeEval
            && is_media(&flow.source)
            && flow.sink.evidence.location() == eval.evidence.location()
    });
    let grade = match eval.trigger {
        // Nobody runs pictures for an honest reason.
        Trigger::Install | Trigger::Import if picture.is_some() => HARMFUL,
        _ if picture.is_some() => DOUBTFUL,
        // Everything is decoded in obfuscated code; of that the code is known and does nothing.
        Trigger::Install if hostile.is_empty() && connects.is_empty() && is_seen_through(c, file, &[eval]) => ODD,
        Trigger::Install if !hostile.is_empty() || !connects.is_empty() => CERTAIN,
        // What builds a package is hidden from those who build it.
        Trigger::Install if is_python && (!is_open(c, eval) || hides_more) => HARMFUL,
        Trigger::Install => DOUBTFUL,
        Trigger::Import if !hostile.is_empty() => HARMFUL,
        // Python has no such reason; nor for hiding what is hidden already.
        Trigger::Import if is_python && (!connects.is_empty() || hides_more) => HARMFUL,
        Trigger::Import if is_python && is_harmless(c, eval) => ODD,
        Trigger::Import if is_python => DOUBTFUL,
        // Workers and WebAssembly loaders are shipped as base64 and fetch their data.
        Trigger::Import => ODD,
        _ if !hostile.is_empty() && !connects.is_empty() => DOUBTFUL,
        _ if !hostile.is_empty() => ODD,
        _ => FACT,
    };
    let does = hostile.iter().chain(&connects).map(|inner| inner.id.as_str()).collect::<Vec<_>>();
    let does = match unique(does).as_slice() {
        [] => String::new(),
        ids => format!("; the hidden code uses {}", list(ids)),
    };
    let title = format!("{file} of {} decodes data and executes it {}{does}", c.label(), when_words(eval.trigger));
    let mut evidence = vec![eval.evidence.clone()];
    evidence.extend(picture.map(|flow| flow.source.evidence.clone()));
    evidence.extend(evidence_of(hostile.into_iter().chain(connects)));
    Case::new(grade, title, evidence)
}

/// A picture, a font or a sound of the package.
fn is_media(read: &Capability) -> bool {
    const MEDIA: &[&str] =
        &["png", "jpg", "jpeg", "gif", "webp", "bmp", "ico", "svg", "woff", "woff2", "ttf", "mp3", "wav"];
    own_path(read).and_then(|path| path.rsplit_once('.')).is_some_and(|(_, extension)| MEDIA.contains(&extension))
}

fn is_same(a: &Capability, b: &Capability) -> bool {
    std::ptr::eq(a, b)
}

fn unique(mut ids: Vec<&str>) -> Vec<&str> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// What nobody hides for an honest reason.
fn is_hostile(inner: &Capability) -> bool {
    match inner.id {
        CapabilityId::ProcessSpawn
        | CapabilityId::ProcessInject
        | CapabilityId::EnvEnumerate
        | CapabilityId::FsDelete
        | CapabilityId::Persist
        | CapabilityId::RegistryPublish
        | CapabilityId::AgentDrive
        | CapabilityId::HostProbe
        | CapabilityId::CryptoMine
        | CapabilityId::Evade => true,
        CapabilityId::FsRead => reads_secrets(inner),
        CapabilityId::FsWrite => {
            !matches!(class_of(inner), Some(PathClass::Package | PathClass::Temp | PathClass::Cache) | None)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "decoded-code-execution";

    fn decoded(trigger: Trigger, inner: Option<Capability>) -> Verdict {
        let inner = inner.map(|inner| inner.at(trigger).layer(1));
        Facts::new().caps([eval(EvalSource::Decoded).at(trigger)]).caps(inner).verdict(RULE)
    }

    #[test]
    fn hidden_processes_are_malicious() {
        assert_eq!(decoded(Trigger::Install, Some(spawn("sh"))), Verdict::Malicious);
        assert_eq!(decoded(Trigger::Install, Some(net("*"))), Verdict::Malicious);
        assert_eq!(decoded(Trigger::Import, Some(spawn("sh"))), Verdict::Malicious);
        assert_eq!(decoded(Trigger::Import, Some(enumerate())), Verdict::Malicious);
    }

    #[test]
    fn what_is_not_understood_is_suspicious_at_install_only() {
        assert_eq!(decoded(Trigger::Install, None), Verdict::Suspicious);
        assert_eq!(decoded(Trigger::Import, None), Verdict::Notable);
    }

    #[test]
    fn what_builds_a_python_package_is_not_hidden() {
        let decoded = |trigger, layer| {
            let eval = Capability { evidence: code("setup.py", 1, "exec(x)", 0), ..eval(EvalSource::Decoded) };
            Facts::new().caps([eval.at(trigger).layer(layer)]).verdict(RULE)
        };
        assert_eq!(decoded(Trigger::Install, 0), Verdict::Malicious);
        assert_eq!(decoded(Trigger::Import, 0), Verdict::Suspicious);
        assert_eq!(decoded(Trigger::Import, 1), Verdict::Malicious);
    }

    #[test]
    fn pictures_do_not_run() {
        let run = |from: &str, trigger| {
            let eval = eval(EvalSource::Decoded).at(trigger);
            Facts::new().caps([eval.clone()]).flow(read(PathClass::Package, from).at(trigger), eval).verdict(RULE)
        };
        assert_eq!(run("<package>/logo.png", Trigger::Import), Verdict::Malicious);
        assert_eq!(run("<package>/data.bin", Trigger::Import), Verdict::Notable);
    }

    #[test]
    fn packed_files_do_not_build_a_package() {
        let run = |from: &str, trigger| {
            let eval = eval(EvalSource::Dynamic).at(trigger);
            Facts::new().flow(read(PathClass::Package, from).at(trigger), eval).verdict(RULE)
        };
        assert_eq!(run("<package>/tests/bad.lzma", Trigger::Install), Verdict::Suspicious);
        assert_eq!(run("<package>/tests/bad.lzma", Trigger::Import), Verdict::Clean);
        assert_eq!(run("<package>/version.py", Trigger::Install), Verdict::Clean);
    }

    #[test]
    fn inlined_workers_are_notable() {
        assert_eq!(decoded(Trigger::Import, Some(net("*"))), Verdict::Notable);
        assert_eq!(decoded(Trigger::Call, Some(net("*"))), Verdict::Notable);
    }

    #[test]
    fn development_bundles_evaluate_literals() {
        let facts = Facts::new()
            .caps([eval(EvalSource::Constant).at(Trigger::Import), spawn("sh").at(Trigger::Import).layer(1)]);
        assert_eq!(facts.verdict(RULE), Verdict::Clean);
    }
}
