//! What both vocabularies come down to before it is an inventory: components as
//! stated, and who is linked to whom by reference.

use std::collections::HashSet;

use vetch_model::evidence::Span;
use vetch_model::inventory::{Ecosystem, EdgeKind};

/// An SBOM as stated.
#[derive(Debug, Default)]
pub(super) struct Bom<'d> {
    /// The version of its format.
    pub(super) version: String,
    pub(super) components: Vec<Component<'d>>,
    /// What it is about, if it is about one component.
    pub(super) root: Option<usize>,
    pub(super) links: Vec<Link<'d>>,
    /// References of what is no component: services, files, the document.
    pub(super) bystanders: HashSet<&'d str>,
}

/// A component as stated.
#[derive(Debug, Default)]
pub(super) struct Component<'d> {
    /// `bom-ref`, `SPDXID`, `spdxId`; empty if it has none.
    pub(super) reference: &'d str,
    /// CycloneDX's `type`; empty in SPDX, where all are packages.
    pub(super) kind: &'d str,
    pub(super) group: Option<&'d str>,
    pub(super) name: Option<&'d str>,
    pub(super) version: Option<&'d str>,
    pub(super) purl: Option<Stated<'d>>,
    pub(super) cpe: Option<&'d str>,
    pub(super) hashes: Vec<Hash<'d>>,
    /// Where its archives lie.
    pub(super) distributions: Vec<Distribution<'d>>,
    /// Where its source lies.
    pub(super) vcs: Option<&'d str>,
    /// The ecosystem that a tool's own fields tell, for components without a purl.
    pub(super) ecosystem: Option<Ecosystem>,
    /// Where it is installed.
    pub(super) path: Option<Stated<'d>>,
    /// The name that it is installed by, where a tool says so.
    pub(super) alias: Option<&'d str>,
    /// It is a folder of the project at this path.
    pub(super) workspace: Option<Stated<'d>>,
    pub(super) is_development: bool,
    pub(super) is_optional: bool,
    pub(super) is_bundled: bool,
    pub(super) is_extraneous: bool,
    pub(super) has_install_script: Option<bool>,
    /// The one that is declared, as an expression or by name; none where several are listed.
    pub(super) license: Option<&'d str>,
    pub(super) groups: Vec<&'d str>,
    /// The environment marker under which it is wanted.
    pub(super) marker: Option<&'d str>,
    /// The versions that its dependents take.
    pub(super) range: Option<&'d str>,
    /// The component whose part it is.
    pub(super) parent: Option<usize>,
    pub(super) span: Span,
}

/// A text and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stated<'d> {
    pub(super) text: &'d str,
    pub(super) span: Span,
}

/// One hash as stated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hash<'d> {
    /// `SHA-256`, `SHA256`, `sha256`, `MD5`, …
    pub(super) algorithm: &'d str,
    /// Hexadecimal.
    pub(super) value: &'d str,
    pub(super) span: Span,
}

/// An archive.
#[derive(Debug, Clone)]
pub(super) struct Distribution<'d> {
    pub(super) url: Stated<'d>,
    pub(super) hashes: Vec<Hash<'d>>,
}

/// One reference asks for, or holds, another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link<'d> {
    pub(super) from: &'d str,
    pub(super) to: &'d str,
    pub(super) kind: LinkKind,
    pub(super) span: Span,
}

/// What a link says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkKind {
    /// Asks for it; the components tell how.
    Wants,
    /// Asks for it in this way, under this condition.
    WantsAs(EdgeKind, Option<&'static str>),
    /// Has it as a part.
    Contains,
}
