//! Deletes what is the user's.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "file-wiper",
    summary: "Deletes home, project or system folders",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::High,
    techniques: &["T1485", "T1561"],
    remedy: CONTAIN,
    doc: include_str!("file_wiper.md"),
};

use crate::shell::{Danger, dangers};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c.reached().filter_map(|capability| judge(c, capability));
    let deletes = || c.of(CapabilityId::FsDelete).filter(|delete| is_unasked(delete.trigger));
    let held = deletes().filter_map(|delete| holds_to_ransom(c, delete));
    report_worst(out, &META, cases.chain(held).chain(deletes().filter_map(|delete| empties(c, delete))));
}

/// The home folder is listed, and what is found there is deleted.
fn empties(c: &Contents<'_>, delete: &Capability) -> Option<Case> {
    let is_found =
        class_of(delete) == Some(PathClass::Home) && name_of(delete)?.ends_with("/*") && is_root(name_of(delete)?);
    let lists = |read: &&Capability| {
        class_of(read) == Some(PathClass::Home)
            && name_of(read).is_some_and(|path| !path.contains('*') && is_root(path))
            && read.evidence.location().file == delete.evidence.location().file
    };
    let listing = c.at(delete.trigger, CapabilityId::FsRead).find(lists).filter(|_| is_found)?;
    let title = format!("{} deletes what it finds in the home folder {}", c.label(), when_words(delete.trigger));
    Some(Case::new(DOUBTFUL, title, evidence_of([listing, delete])))
}

/// Every file of the home folder is read, written under another name, and deleted.
fn holds_to_ransom(c: &Contents<'_>, delete: &Capability) -> Option<Case> {
    let is_any = |deed: &&Capability| {
        class_of(deed) == Some(PathClass::Home)
            && name_of(deed).is_some_and(|path| path.contains('*') && is_root(path.split('*').next().unwrap_or(path)))
            && deed.evidence.location().file == delete.evidence.location().file
    };
    let deletes = Some(delete).filter(is_any)?;
    let reads = c.at(delete.trigger, CapabilityId::FsRead).find(is_any)?;
    let writes = c.at(delete.trigger, CapabilityId::FsWrite).find(is_any)?;
    let title = format!(
        "{} replaces the files of the home folder by others of its own {}",
        c.label(),
        when_words(delete.trigger)
    );
    Some(Case::new(HARMFUL, title, evidence_of([reads, writes, deletes])))
}

fn judge(c: &Contents<'_>, capability: &Capability) -> Option<Case> {
    let target = target_of(capability)?;
    let hidden = c.concealment(capability);
    let aimed = c
        .at(capability.trigger, CapabilityId::Evade)
        .filter(|evade| evade.evidence.location().file == capability.evidence.location().file)
        .find(|evade| evades(evade, &["locale", "geo", "timezone", "country"]));
    let grade = match (target.is_whole, capability.trigger) {
        (true, Trigger::Install | Trigger::Import) => CERTAIN,
        (true, _) if hidden.is_some() || aimed.is_some() => HARMFUL,
        // All that a user has: no function needs that.
        (true, _) if target.is_home => HARMFUL,
        (true, _) => UNCLEAR,
        (false, Trigger::Install | Trigger::Import) if hidden.is_some() || aimed.is_some() => HARMFUL,
        (false, Trigger::Install) => UNCLEAR,
        (false, Trigger::Import) if target.is_source => DOUBTFUL,
        (false, _) => return None,
    };
    let aim = if aimed.is_some() { ", depending on where the machine is" } else { "" };
    let title = format!("{} deletes {} {}{aim}", c.label(), target.words, when_words(capability.trigger));
    let mut evidence = evidence_of([capability].into_iter().chain(aimed));
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

struct Target {
    words: &'static str,
    /// A whole folder of the user's, rather than a path that is not known.
    is_whole: bool,
    /// The home folder itself.
    is_home: bool,
    /// Whatever lies in a folder of sources of the project.
    is_source: bool,
}

fn target_of(capability: &Capability) -> Option<Target> {
    if capability.id == CapabilityId::ProcessSpawn {
        let line = name_of(capability)?;
        // A part that is not known is written `*` as well.
        let is_whole = !line.contains('*');
        return dangers(line).contains(&Danger::Wipe).then_some(Target {
            words: "a home folder or a root",
            is_whole,
            is_home: false,
            is_source: false,
        });
    }
    if capability.id == CapabilityId::FsWrite {
        let is_disk = name_of(capability).is_some_and(is_disk);
        return is_disk.then_some(Target {
            words: "a disk as a whole",
            is_whole: true,
            is_home: false,
            is_source: false,
        });
    }
    if capability.id != CapabilityId::FsDelete {
        return None;
    }
    let is_all = name_of(capability).is_none_or(is_root);
    let is_whole = is_all && name_of(capability).is_some_and(|path| !path.contains('*'));
    let is_source = class_of(capability) == Some(PathClass::Project) && name_of(capability).is_some_and(is_any_source);
    let words = match class_of(capability)? {
        PathClass::Home => "files of the home folder",
        PathClass::System => "system files",
        PathClass::Credentials => "stored credentials",
        PathClass::Project if is_whole => "the project",
        PathClass::Project if is_source => "the sources of the project",
        _ => return None,
    };
    // A named file or folder below home is a tool's own.
    let is_home = is_whole && class_of(capability) == Some(PathClass::Home);
    (is_all || is_source).then_some(Target { words, is_whole, is_home, is_source })
}

/// Any file of a folder that developers write: what is made is elsewhere (`dist`, `.cache`).
fn is_any_source(path: &str) -> bool {
    const SOURCES: &[&str] = &["src", "app", "lib", "pages", "components", "routes", "public", ".git"];
    let rest = path.strip_prefix("<project>/").unwrap_or(path);
    rest.split_once('/').is_some_and(|(folder, file)| SOURCES.contains(&folder) && file == "*")
}

/// A device that stands for a disk, or a part of one.
fn is_disk(path: &str) -> bool {
    let path = path.to_ascii_lowercase().replace('\\', "/");
    let is_unix = path.strip_prefix("/dev/").is_some_and(|device| {
        ["sd", "hd", "vd", "xvd", "nvme", "mmcblk", "disk", "rdisk"].iter().any(|kind| device.starts_with(kind))
    });
    is_unix || path.contains("//./physicaldrive") || path.contains("//./c:")
}

fn is_root(path: &str) -> bool {
    if path.starts_with('*') {
        return false;
    }
    let path = path.trim_end_matches(['*', '/', '\\']).to_ascii_lowercase();
    let path = path.strip_prefix("<home>").map_or_else(|| path.clone(), |rest| format!("~{rest}"));
    matches!(path.as_str(), "" | "~" | "." | "<project>" | "c:" | "$home" | "~/documents" | "~/desktop" | "~/.ssh")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "file-wiper";

    #[test]
    fn whole_folders_are_malicious() {
        assert_eq!(Facts::new().caps([delete(PathClass::Home, "<home>/")]).verdict(RULE), Verdict::Malicious);
        assert_eq!(Facts::new().caps([delete(PathClass::System, "/")]).verdict(RULE), Verdict::Malicious);
        assert_eq!(
            Facts::new().caps([delete(PathClass::Project, ".").at(Trigger::Import)]).verdict(RULE),
            Verdict::Malicious
        );
        assert_eq!(Facts::new().caps([spawn("rm -rf $HOME")]).verdict(RULE), Verdict::Malicious);
        let aimed = Facts::new().caps([delete(PathClass::Home, ""), cap(CapabilityId::Evade, named("locale"))]);
        assert_eq!(aimed.verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn what_is_found_in_the_home_folder_is_suspicious() {
        let found = || delete(PathClass::Home, "<home>/*").at(Trigger::Import);
        let listing = |path: &str| read(PathClass::Home, path).at(Trigger::Import);
        assert_eq!(Facts::new().caps([found(), listing("<home>")]).verdict(RULE), Verdict::Suspicious);
        assert_eq!(Facts::new().caps([found(), listing("<home>/.tool/log")]).verdict(RULE), Verdict::Clean);
        assert_eq!(Facts::new().caps([found().at(Trigger::Call), listing("<home>")]).verdict(RULE), Verdict::Clean);
    }

    #[test]
    fn cleaning_up_is_nothing() {
        assert_eq!(Facts::new().caps([delete(PathClass::Home, "~/.cache/tool")]).verdict(RULE), Verdict::Clean);
        assert_eq!(Facts::new().caps([delete(PathClass::Project, "dist")]).verdict(RULE), Verdict::Clean);
        assert_eq!(Facts::new().caps([delete(PathClass::Unknown, "").at(Trigger::Call)]).verdict(RULE), Verdict::Clean);
    }

    #[test]
    fn what_is_not_known_is_notable() {
        assert_eq!(Facts::new().caps([delete(PathClass::Home, "")]).verdict(RULE), Verdict::Notable);
        assert_eq!(Facts::new().caps([delete(PathClass::Home, "<home>/*")]).verdict(RULE), Verdict::Notable);
        assert_eq!(Facts::new().caps([spawn("rm -rf ~/*")]).verdict(RULE), Verdict::Notable);
        assert_eq!(Facts::new().caps([spawn("rm -rf *")]).verdict(RULE), Verdict::Clean);
        assert_eq!(Facts::new().caps([spawn("rm -rf */*")]).verdict(RULE), Verdict::Clean);
    }
}
