//! A [`BehaviourLock`] → the text of a `vetch.lock`: one capability a line, in a fixed order, so that
//! a change of what a release may do is a line of a diff.

use std::fmt::Write;

use vetch_model::lock::{BehaviourLock, Coverage, FORMAT_VERSION, LOCKED_TRIGGERS, LockedRelease};
use vetch_model::purl::Purl;
use vetch_model::text::is_hidden;

const HEAD: &str = "\
# What every release that this project depends on may do. Written by `vetch lock`: commit it, and
# review a new line as you review code. `vetch lock --check` fails on what is not in it.
";

/// The text of the lock. The same lock gives the same bytes.
pub fn write(lock: &BehaviourLock) -> String {
    let mut out = format!("{HEAD}\nversion = {FORMAT_VERSION}\nanalysis = {}\n", Quoted(&lock.analysis));
    for (purl, release) in &lock.releases {
        // Writing to a `String` does not fail.
        let _ = entry(&mut out, purl, release);
    }
    out
}

fn entry(out: &mut String, purl: &Purl, release: &LockedRelease) -> std::fmt::Result {
    writeln!(out, "\n[[package]]\npurl = {}", Quoted(purl.as_str()))?;
    match release.integrity.iter().collect::<Vec<_>>().as_slice() {
        [] => {}
        [one] => writeln!(out, "integrity = {}", Quoted(one))?,
        several => list(out, "integrity", several.iter().map(|one| one.as_str()))?,
    }
    if release.coverage != Coverage::Complete {
        writeln!(out, "profile = {}", Quoted(release.coverage.as_str()))?;
    }
    for trigger in LOCKED_TRIGGERS {
        let here = release.capabilities.iter().filter(|capability| capability.trigger == trigger);
        let texts: Vec<String> = here.map(ToString::to_string).collect();
        if !texts.is_empty() {
            list(out, trigger.as_str(), texts.iter().map(String::as_str))?;
        }
    }
    Ok(())
}

fn list<'t>(out: &mut String, key: &str, values: impl Iterator<Item = &'t str>) -> std::fmt::Result {
    writeln!(out, "{key} = [")?;
    for value in values {
        writeln!(out, "    {},", Quoted(value))?;
    }
    out.write_str("]\n")
}

/// A basic string of TOML 1.0. What a reader of the file would not see (controls, marks that
/// reorder or hide text) is escaped as well.
struct Quoted<'t>(&'t str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_char('"')?;
        for char in self.0.chars() {
            match char {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\t' => f.write_str("\\t")?,
                shown if !is_hidden(shown) => f.write_char(shown)?,
                hidden if u32::from(hidden) <= 0xFFFF => write!(f, "\\u{:04X}", u32::from(hidden))?,
                hidden => write!(f, "\\U{:08X}", u32::from(hidden))?,
            }
        }
        f.write_char('"')
    }
}
