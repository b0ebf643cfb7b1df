//! `setup.cfg` of setuptools: what a project declares where it has no lockfile.
//! Keys: <https://setuptools.pypa.io/en/latest/userguide/declarative_config.html>.

use vetch_model::evidence::Location;
use vetch_model::inventory::EdgeKind;
use vetch_model::outcome::Outcome;
use vetch_model::purl::normalised;

use super::build::{self, Indexes};
use super::gaps::Gaps;
use super::ini::{Ini, IniLine, IniSetting};
use super::project::MAX_BYTES;
use super::wanted::{self, Wanted};
use crate::error::{ReadError, ReadErrorKind, short};
use crate::files::Files;
use crate::format::{Format, Reading, required};
use crate::json::{Lines, conflict_marker};
use vetch_model::evidence::Span;

const MEND: &str = "mend the entry as setuptools wants it";

/// Most dependencies of one manifest.
const MAX_WANTED: usize = 100_000;

/// The keys of `options`.
const OPTIONS: &[&str] = &[
    "zip_safe",
    "setup_requires",
    "install_requires",
    "extras_require",
    "python_requires",
    "entry_points",
    "scripts",
    "eager_resources",
    "dependency_links",
    "tests_require",
    "include_package_data",
    "packages",
    "package_dir",
    "package_data",
    "exclude_package_data",
    "namespace_packages",
    "py_modules",
    "data_files",
    "test_suite",
    "test_loader",
    "use_2to3",
    "use_2to3_fixers",
    "use_2to3_exclude_fixers",
    "convert_2to3_doctests",
];

/// Reads the `setup.cfg` of a tree.
///
/// # Errors
/// When the file as a whole cannot be read: too large, no UTF-8, an unfinished merge.
pub fn read_in(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    let bytes = required(files, file, MAX_BYTES as u64)?;
    let text = checked_text(&bytes, file)?;
    let ini = Ini::read(text, file);
    let mut reader = Reader { files, file, ini: &ini, gaps: Gaps::default(), wanted: Vec::new() };
    for line in &ini.odd {
        let why = "the line is neither a section nor a setting";
        reader.gaps.tell(&format!("`{}`", short(line.text)), why, MEND, ini.location(line.span));
    }
    reader.check_keys();
    for (key, kind) in [
        ("install_requires", EdgeKind::Production),
        ("setup_requires", EdgeKind::Build),
        ("tests_require", EdgeKind::Development),
    ] {
        let group = (key == "tests_require").then_some("test");
        let values = ini.get("options", key).unwrap_or_default();
        reader.list(values, kind, group);
    }
    for setting in ini.settings.iter().filter(|setting| setting.section == "options.extras_require") {
        reader.list(&setting.values, EdgeKind::Optional, Some(setting.key));
    }
    let value = |key| ini.get("metadata", key).and_then(<[_]>::first);
    let name = value("name");
    // `attr:` and `file:` say where the version stands, not what it is.
    let version = value("version").map(|line| line.text).filter(|version| !version.contains(':'));
    let place = name.map_or_else(|| Location::file(file), |line| ini.location(line.span));
    let root = build::root(name.map(|line| line.text), version, place);
    let inventory = build::inventory(file, root, reader.wanted, &Indexes::default());
    let reading = Reading { format: Format::SetupCfg, format_version: String::new(), inventory, notes: Vec::new() };
    Ok(Outcome { value: reading, incomplete: reader.gaps.finish(file, MEND) })
}

fn checked_text<'b>(bytes: &'b [u8], file: &str) -> Result<&'b str, ReadError> {
    let place = |at: usize| {
        let (line, column) = Lines::of(bytes).position(at as u32);
        Location { file: file.to_owned(), line, column, span: Span { start: at as u32, end: at as u32 } }
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let problem = "it holds a byte that is no UTF-8";
        ReadError::new(ReadErrorKind::Syntax, place(error.valid_up_to()), problem, "save the file as UTF-8")
    })?;
    match conflict_marker(bytes) {
        Some(at) => {
            let problem = "an unfinished merge left its conflict markers here";
            Err(ReadError::new(ReadErrorKind::Conflict, place(at), problem, "finish the merge"))
        }
        None => Ok(text),
    }
}

/// A setting of setuptools in a section with a misspelt name.
fn is_astray(setting: &IniSetting<'_>) -> bool {
    const OWN: &[&str] = &["install_requires", "setup_requires", "tests_require", "extras_require"];
    setting.section.ends_with("extras_require") || OWN.iter().any(|key| setting.key.eq_ignore_ascii_case(key))
}

struct Reader<'r, 't> {
    files: &'r dyn Files,
    file: &'r str,
    ini: &'r Ini<'t>,
    gaps: Gaps,
    wanted: Vec<Wanted>,
}

impl Reader<'_, '_> {
    /// A key of `options` that setuptools does not know may be a misspelt one that holds dependencies.
    fn check_keys(&mut self) {
        const SECTIONS: &[&str] =
            &["extras_require", "packages.find", "entry_points", "package_data", "exclude_package_data", "data_files"];
        for setting in &self.ini.settings {
            let is_known = match setting.section.strip_prefix("options") {
                Some("") => OPTIONS.iter().any(|known| setting.key.replace('-', "_").eq_ignore_ascii_case(known)),
                Some(rest) => rest.strip_prefix('.').is_some_and(|rest| SECTIONS.contains(&rest) || rest.contains(':')),
                // Sections of other tools stand beside it, but this is what no other one has.
                None => !is_astray(setting),
            };
            if !is_known {
                let span = setting.values.first().map(|line| line.span).unwrap_or_default();
                let why = format!("setuptools knows no such key in `{}`, so it is not read", short(setting.section));
                self.gaps.tell(&format!("`{}`", short(setting.key)), why, MEND, self.ini.location(span));
            }
        }
    }

    /// A list of requirements: one a line, or several with `;` as in old files.
    fn list(&mut self, values: &[IniLine<'_>], kind: EdgeKind, group: Option<&str>) {
        let folder = self.file.rsplit_once('/').map_or("", |(folder, _)| folder);
        for line in values {
            let place = self.ini.location(line.span);
            let what = format!("`{}`", short(line.text));
            if let Some(path) = line.text.strip_prefix("file:") {
                let why = format!("the requirements are read from `{}` when it is built", short(path.trim()));
                self.gaps.tell(&what, why, "scan that file on its own", place);
                continue;
            }
            if self.wanted.len() >= MAX_WANTED {
                let why = format!("it asks for more than {MAX_WANTED} packages");
                return self.gaps.tell(&what, why, MEND, place);
            }
            // A whole-line comment is gone already; setuptools knows this one too.
            let text = line.text.split(" #").next().unwrap_or(line.text).trim();
            let mut wanted = wanted::read(self.files, text, false, folder);
            for fault in &wanted.faults {
                self.gaps.tell(&what, fault.as_str(), MEND, place.clone());
            }
            if let (Some(extra), EdgeKind::Optional) = (group, kind) {
                wanted.only_when(&format!("extra == \"{}\"", normalised(extra)));
            }
            self.wanted.push(Wanted { place, kind, group: group.map(normalised), ..wanted });
        }
    }
}
