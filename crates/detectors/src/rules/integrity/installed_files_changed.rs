//! Installed files differ from the archive.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "installed-files-changed",
    summary: "Installed files are not those of the locked archive",
    category: Category::Integrity,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1554", "T1070.004"],
    remedy: VERIFY,
    doc: include_str!("installed_files_changed.md"),
};

use std::collections::BTreeSet;

use super::installed_differs_from_lock::plain;
use vetch_model::facts::InstalledDifference;
use vetch_model::manifest::Manifest;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    for copy in &facts.installed {
        let Some(difference) = copy.difference.filter(|difference| !difference.is_empty()) else { continue };
        let comparison =
            Comparison { facts, copy, difference, locked: facts.contents.filter(|_| facts.contents_are_locked) };
        let cases = [comparison.rewritten(), comparison.vanished(), comparison.code(), comparison.rest()];
        report_worst(out, &META, cases.into_iter().flatten());
    }
}

/// An installed copy beside the archive of the locked integrity.
struct Comparison<'a> {
    facts: &'a ReleaseFacts<'a>,
    copy: &'a InstalledCopy<'a>,
    difference: &'a InstalledDifference,
    locked: Option<&'a PackageFacts>,
}

impl Comparison<'_> {
    /// The manifest says something else than it did in the archive.
    fn rewritten(&self) -> Option<Case> {
        if !self.difference.changed.iter().any(|path| path == "package.json") {
            return None;
        }
        let (before, after) = (self.locked?.manifest.as_ref()?, self.copy.manifest?);
        let changes = changes(before, after);
        if changes.is_empty() || self.is_other_version(before, after) {
            // Old versions of npm write fields of their own into the manifest. Another version altogether
            // is a stale tree, which `installed-differs-from-lock` speaks of.
            return None;
        }
        let gone = self.gone();
        let lost = before.install_scripts().next().is_some() && after.install_scripts().next().is_none();
        let grade = if gone.is_empty() && !lost { ALARMING } else { CERTAIN };
        let fields: Vec<&str> = changes.iter().map(|(field, ..)| *field).collect();
        let and_gone = if gone.is_empty() { String::new() } else { format!(", and {} is gone", list(&gone)) };
        let title = format!(
            "package.json of {} was rewritten after installation ({}){and_gone}",
            self.facts.package.label(),
            list(&fields)
        );
        let mut evidence: Vec<Evidence> =
            changes.into_iter().map(|(field, before, after)| self.field(field, after, before)).collect();
        evidence.extend(gone.iter().map(|path| self.file(path, "in the archive, run at install, and no longer there")));
        Some(Case::new(grade, title, evidence))
    }

    /// Scripts that ran at install and are no longer there.
    fn vanished(&self) -> Option<Case> {
        let gone = self.gone();
        let title = format!("{} of {} ran at install and is no longer there", list(&gone), self.facts.package.label());
        let evidence: Vec<Evidence> =
            gone.iter().map(|path| self.file(path, "in the archive, run at install, and no longer there")).collect();
        (!evidence.is_empty()).then(|| Case::new(DOUBTFUL, title, evidence))
    }

    /// Code that is not the archive's.
    fn code(&self) -> Option<Case> {
        let changed: Vec<&str> =
            self.difference.changed.iter().map(String::as_str).filter(|path| is_code(path)).collect();
        let extra: Vec<&str> = self
            .difference
            .extra
            .iter()
            .map(String::as_str)
            .filter(|path| is_code(path) && !is_build_output(path))
            .collect();
        let builds = self.locked.is_none_or(|locked| !locked.install_commands.is_empty());
        let stale = self.locked.and_then(|locked| locked.manifest.as_ref()).zip(self.copy.manifest);
        let stale = stale.is_some_and(|(before, after)| self.is_other_version(before, after));
        let written = self.written();
        let grade = match (changed.is_empty(), extra.is_empty()) {
            (true, true) => return None,
            _ if self.copy.patch.is_some() || stale => FACT,
            // What its own install scripts write is theirs to write; what they do is judged by other rules.
            (false, _) if builds && changed.iter().all(|path| written.contains(path)) => FACT,
            (false, _) if builds => ODD,
            (false, _) => DOUBTFUL,
            (true, false) if builds => FACT,
            (true, false) => ODD,
        };
        let title = match (changed.as_slice(), extra.as_slice()) {
            ([], [first, ..]) => format!("{first} of {} is not in the locked archive", self.facts.package.label()),
            ([first], _) => format!("{first} of {} is not the one of the locked archive", self.facts.package.label()),
            (several, _) => format!(
                "{} files of code of {} are not those of the locked archive",
                several.len(),
                self.facts.package.label()
            ),
        };
        let note = match self.copy.patch {
            Some(patch) => format!("changed after it was packed; the project keeps {patch}"),
            None => "changed after it was packed".to_owned(),
        };
        let mut evidence: Vec<Evidence> = changed.iter().take(6).map(|path| self.file(path, &note)).collect();
        evidence.extend(extra.iter().take(6).map(|path| self.file(path, "not in the archive")));
        Some(Case::new(grade, title, evidence))
    }

    /// Documents, data, and what was pruned.
    fn rest(&self) -> Option<Case> {
        let all = self.difference.changed.iter().chain(&self.difference.missing).chain(&self.difference.extra);
        let telling: Vec<&str> =
            all.map(String::as_str).filter(|path| *path != "package.json" && !is_build_output(path)).collect();
        let first = telling.first()?;
        let title = format!(
            "{} files of {} differ from the locked archive, {first} among them",
            telling.len(),
            self.facts.package.label()
        );
        let evidence = telling.iter().take(4).map(|path| self.file(path, "differs from the archive")).collect();
        Some(Case::new((Severity::Info, Confidence::High), title, evidence))
    }

    fn gone(&self) -> Vec<&str> {
        let runs = self.locked.iter().flat_map(|locked| &locked.install_commands).flat_map(|command| &command.runs);
        let mut gone: Vec<&str> =
            runs.map(String::as_str).filter(|run| self.difference.missing.iter().any(|path| path == run)).collect();
        gone.sort_unstable();
        gone.dedup();
        gone
    }

    /// Whether the folder simply holds another version: most of it differs.
    fn is_other_version(&self, before: &Manifest, after: &Manifest) -> bool {
        let other = before.version.as_deref().map(plain) != after.version.as_deref().map(plain);
        let differing = self.difference.changed.len() + self.difference.missing.len();
        let files = self.locked.map_or(0, |locked| locked.files as usize);
        other && differing > 3 && differing * 4 > files
    }

    /// Paths that its own install scripts write.
    fn written(&self) -> BTreeSet<&str> {
        let capabilities = self.locked.iter().flat_map(|locked| &locked.profile.capabilities);
        let writes =
            capabilities.filter(|write| write.id == CapabilityId::FsWrite && write.trigger == Trigger::Install);
        writes.filter_map(own_path).collect()
    }

    fn file(&self, path: &str, note: &str) -> Evidence {
        Evidence::File { location: Location::file(format!("{}/{path}", self.copy.path)), note: note.to_owned() }
    }

    fn field(&self, field: &str, found: String, expected: String) -> Evidence {
        Evidence::Field {
            location: Location::file(format!("{}/package.json", self.copy.path)),
            field: field.to_owned(),
            found,
            expected: Some(expected),
            note: "differs from the archive of the locked integrity".to_owned(),
        }
    }
}

/// What a manifest says that npm or Node.js acts on: field, before, after.
fn changes(before: &Manifest, after: &Manifest) -> Vec<(&'static str, String, String)> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    let scripts = |manifest: &Manifest| {
        let lines: Vec<String> =
            manifest.install_scripts().map(|script| format!("{}: {}", script.name, script.command)).collect();
        if lines.is_empty() { "none".to_owned() } else { lines.join("; ") }
    };
    let entries = |manifest: &Manifest| {
        let mut entries: Vec<String> =
            manifest.entries.iter().map(|entry| format!("{}: {}", entry.field, entry.path)).collect();
        entries.sort_unstable();
        entries.join("; ")
    };
    let dependencies = |manifest: &Manifest| {
        let wanted = manifest.dependencies.iter().filter(|dependency| matches!(dependency.kind, EdgeKind::Production));
        let mut wanted: Vec<String> =
            wanted.map(|dependency| format!("{} {}", dependency.name, dependency.range)).collect();
        wanted.sort_unstable();
        wanted.join("; ")
    };
    let fields = [
        ("name", text(&before.name), text(&after.name)),
        ("version", text(&before.version), text(&after.version)),
        ("scripts", scripts(before), scripts(after)),
        ("entry points", entries(before), entries(after)),
        ("dependencies", dependencies(before), dependencies(after)),
    ];
    fields.into_iter().filter(|(_, before, after)| before != after).collect()
}

/// Whether a file can run.
pub(crate) fn is_code(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let code = [
        "js", "cjs", "mjs", "jsx", "ts", "cts", "mts", "tsx", "node", "wasm", "sh", "py", "ps1", "bat", "cmd", "exe",
        "dll", "so", "dylib", "gyp",
    ];
    match name.rsplit_once('.') {
        Some((_, extension)) => code.contains(&extension) && !name.ends_with(".d.ts"),
        None => path.starts_with("bin/") || path.contains("/bin/"),
    }
}

/// Where builds and nested installations put what they make.
fn is_build_output(path: &str) -> bool {
    ["build/", "prebuilds/", "node_modules/", "obj.target/", ".cache/"]
        .iter()
        .any(|folder| path.starts_with(folder) || path.contains(&format!("/{folder}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "installed-files-changed";

    fn locked(scripts: &[(&str, &str)]) -> Facts {
        Facts::new().manifest(manifest("tool", "1.0.1", scripts)).locked().with(|facts| facts.files = 20)
    }

    fn dropper() -> Facts {
        locked(&[("postinstall", "node setup.js")]).install("postinstall", "node setup.js", &["setup.js"])
    }

    #[test]
    fn the_traces_of_a_dropper_are_malicious() {
        let swapped = Some(manifest("tool", "1.0.0", &[]));
        let facts = dropper().copy(swapped.clone(), Some((&["package.json"], &["setup.js"], &[])));
        assert_eq!(facts.verdict(RULE), Verdict::Malicious);
        let kept = dropper().copy(swapped, Some((&["package.json"], &[], &[])));
        assert_eq!(kept.verdict(RULE), Verdict::Malicious);
        let only_gone = dropper().copy(
            Some(manifest("tool", "1.0.1", &[("postinstall", "node setup.js")])),
            Some((&[], &["setup.js"], &[])),
        );
        assert_eq!(only_gone.verdict(RULE), Verdict::Suspicious);
    }

    #[test]
    fn changed_code_is_suspicious_unless_it_is_patched_or_built() {
        let changed =
            |facts: Facts| facts.copy(Some(manifest("tool", "1.0.1", &[])), Some((&["lib/index.js"], &[], &[])));
        assert_eq!(changed(locked(&[])).verdict(RULE), Verdict::Suspicious);
        assert_eq!(changed(locked(&[])).patched().verdict(RULE), Verdict::Notable);
        let built = locked(&[])
            .install("install", "node build.js", &[])
            .caps([write(PathClass::Package, "<package>/lib/index.js")]);
        assert_eq!(changed(built).verdict(RULE), Verdict::Notable);
    }

    #[test]
    fn honest_differences_are_nothing() {
        let same = || Some(manifest("tool", "1.0.1", &[]));
        let npm_fields = locked(&[]).copy(same(), Some((&["package.json"], &[], &[])));
        assert_eq!(npm_fields.verdict(RULE), Verdict::Clean);
        let pruned = locked(&[]).copy(same(), Some((&["README.md"], &["docs/a.md", "index.d.ts"], &[])));
        assert_eq!(pruned.verdict(RULE), Verdict::Clean);
        let native = locked(&[])
            .install("binding.gyp", "node-gyp rebuild", &[])
            .copy(same(), Some((&[], &[], &["build/Release/a.node"])));
        assert_eq!(native.verdict(RULE), Verdict::Clean);
    }

    #[test]
    fn a_stale_tree_is_no_tampering() {
        let files: Vec<String> = (0..15).map(|index| format!("lib/{index}.js")).collect();
        let mut changed: Vec<&str> = files.iter().map(String::as_str).collect();
        changed.push("package.json");
        let facts = locked(&[]).copy(Some(manifest("tool", "0.9.0", &[])), Some((&changed, &[], &[])));
        assert_eq!(facts.verdict(RULE), Verdict::Notable);
    }

    #[test]
    fn planted_files_are_notable() {
        let facts = locked(&[]).copy(Some(manifest("tool", "1.0.1", &[])), Some((&[], &[], &["lib/x.js"])));
        assert_eq!(facts.verdict(RULE), Verdict::Notable);
    }
}
