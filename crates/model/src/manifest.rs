//! A package's manifest (`package.json`), as far as behaviour and graph need it.

use serde::{Deserialize, Serialize};

use crate::evidence::{Location, Span};
use crate::inventory::{EdgeKind, Platform};

/// The manifest of one package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// `name`
    pub name: Option<String>,
    /// `version`
    pub version: Option<String>,
    /// `description`
    pub description: Option<String>,
    /// `repository` (its URL)
    pub repository: Option<String>,
    /// `author` (as text)
    pub author: Option<String>,
    /// `homepage`
    pub homepage: Option<String>,
    /// `license`
    pub license: Option<String>,
    /// `type: "module"`
    pub is_module: bool,
    /// `gypfile`, where present.
    pub gypfile: Option<bool>,
    /// `private: true`
    pub is_private: bool,
    /// `scripts`, in file order.
    pub scripts: Vec<Script>,
    /// Files that run or load when the package is used, in file order.
    pub entries: Vec<Entry>,
    /// Whether there is an `exports` field, which closes the package to other paths.
    pub has_exports: bool,
    /// All dependency fields, in file order.
    pub dependencies: Vec<Dependency>,
    /// `bundleDependencies`
    pub bundled: Vec<String>,
    /// `files`, where present.
    pub files: Option<Vec<String>>,
    /// `workspaces` patterns.
    pub workspaces: Vec<String>,
    /// `os`, `cpu`, `libc`
    pub platform: Platform,
    /// Fields of a wrong type, and other things that npm would not accept.
    pub problems: Vec<String>,
}

/// One entry of `scripts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// `postinstall`, …
    pub name: String,
    /// The shell line.
    pub command: String,
    /// Where.
    pub location: Location,
}

/// What kind of entry point a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// `main`, `module`, `exports`, `browser`, `react-native`, …
    Import,
    /// `bin`
    Bin,
    /// `types`, `typings`: never executed.
    Types,
}

/// One file that the manifest names as an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// `main`, `exports["./x"].import`, `bin.name`, …
    pub field: String,
    /// Path as written; may hold one `*` for `exports` patterns.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
}

/// One declared dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The declared name (the alias, where there is one).
    pub name: String,
    /// The declared range, as written.
    pub range: String,
    /// Which field it stands in.
    pub kind: EdgeKind,
    /// Where.
    pub span: Span,
    /// 1-based line.
    pub line: u32,
}

/// The lifecycle events that npm runs when a package is installed as a dependency.
pub const INSTALL_EVENTS: &[&str] = &["preinstall", "install", "postinstall"];

/// The events that npm runs in addition for git dependencies, linked folders and the root.
pub const PREPARE_EVENTS: &[&str] = &["preprepare", "prepare", "postprepare", "prepublish"];

impl Manifest {
    /// The shell line of a script.
    pub fn script(&self, name: &str) -> Option<&Script> {
        self.scripts.iter().find(|script| script.name == name)
    }

    /// The scripts that npm runs when this package is installed as a dependency.
    pub fn install_scripts(&self) -> impl Iterator<Item = &Script> {
        self.scripts.iter().filter(|script| INSTALL_EVENTS.contains(&script.name.as_str()))
    }
}
