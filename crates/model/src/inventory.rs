//! The inventory: which packages a target has, where each came from, and who asked for it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::capability::stable_ids;
use crate::evidence::Location;
use crate::integrity::Integrity;
use crate::outcome::Incomplete;
use crate::purl::Purl;

/// Index of a package in its [`Inventory`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PackageId(pub u32);

/// Packages and the edges between them, in file order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The lockfile or folder this was read from, relative to the target.
    pub file: String,
    /// Every package, roots and workspaces included.
    pub packages: Vec<Package>,
    /// Who asks for whom.
    pub edges: Vec<Edge>,
    /// Dependencies that are declared but that nothing in the inventory satisfies.
    pub unresolved: Vec<Unresolved>,
}

impl Inventory {
    /// Takes in all of `other`; its ids move up by the packages that were here before.
    pub fn append(&mut self, other: Inventory) {
        let offset = self.packages.len() as u32;
        let moved = |id: PackageId| PackageId(id.0 + offset);
        self.packages.extend(other.packages);
        self.edges.extend(other.edges.into_iter().map(|edge| Edge {
            from: moved(edge.from),
            to: moved(edge.to),
            ..edge
        }));
        self.unresolved.extend(
            other.unresolved.into_iter().map(|unresolved| Unresolved { from: moved(unresolved.from), ..unresolved }),
        );
    }

    /// The package with this id. Ids come from this inventory only.
    pub fn package(&self, id: PackageId) -> &Package {
        &self.packages[id.0 as usize]
    }

    /// Ids and packages.
    pub fn iter(&self) -> impl Iterator<Item = (PackageId, &Package)> {
        self.packages.iter().enumerate().map(|(index, package)| (PackageId(index as u32), package))
    }

    /// Adds a package.
    pub fn push(&mut self, package: Package) -> PackageId {
        self.packages.push(package);
        PackageId(self.packages.len() as u32 - 1)
    }
}

/// A dependency that nothing satisfies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// Who asks.
    pub from: PackageId,
    /// The name asked for.
    pub name: String,
    /// The range asked for.
    pub range: String,
    /// How.
    pub kind: EdgeKind,
}

/// What a package is to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The project itself.
    Root,
    /// A member of its workspaces, or a `file:` folder beside it: the user's own code.
    Workspace,
    /// Someone else's code.
    Dependency,
}

/// The world that a package's name belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// JavaScript: names as npm has them, scope included.
    #[default]
    Npm,
    /// Python: names normalised after PEP 503.
    Pypi,
    /// Another one that an SBOM or `deno.lock` speaks of, by its purl type (`maven`, `deb`, `jsr`, …).
    Other(String),
}

/// One file that a lockfile allows for a release: an sdist, a wheel, an archive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Artifact {
    /// File name, where known: `requests-2.32.0-py3-none-any.whl`.
    pub file: String,
    /// Where it lies, as written.
    pub url: Option<String>,
    /// What it hashes to.
    pub integrity: Option<Integrity>,
    /// In bytes.
    pub size: Option<u64>,
}

/// One package at one place of the dependency tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Whose rules its name and version follow.
    pub ecosystem: Ecosystem,
    /// The purl that an SBOM states for it; it then counts, not what name and version make.
    pub stated_purl: Option<Purl>,
    /// Its own name: for an alias `a → npm:b`, this is `b`. Empty if it has none.
    pub name: String,
    /// Its version, where known.
    pub version: Option<String>,
    /// What it is to the target.
    pub role: Role,
    /// The name it is installed under, if that is not its own (an alias).
    pub alias: Option<String>,
    /// Where it came from.
    pub source: Source,
    /// What its archive hashes to, where the release is one archive (npm).
    pub integrity: Option<Integrity>,
    /// The files allowed for it, where a release has several (PyPI).
    pub artifacts: Vec<Artifact>,
    /// A checksum that is of no registry's archive, as written: yarn's of the archive in
    /// its own cache. It can be compared between lockfiles, not verified.
    pub cache_checksum: Option<String>,
    /// Where it is or would be installed, relative to the target, with `/`:
    /// `node_modules/a/node_modules/b`; empty for the root.
    pub path: String,
    /// Only development needs it.
    pub dev: bool,
    /// Its absence is no error.
    pub optional: bool,
    /// Only a peer dependency asks for it.
    pub peer: bool,
    /// Shipped inside its dependent's archive.
    pub bundled: bool,
    /// Dependency groups and extras that bring it, as their tool calls them
    /// (`docs`, `lint`); without the groups that the flags above tell.
    pub groups: Vec<String>,
    /// Whether the lockfile says that it has install scripts.
    pub has_install_script: Option<bool>,
    /// Platforms it is limited to.
    pub platform: Platform,
    /// Deprecation message.
    pub deprecated: Option<String>,
    /// The licence that it, or the lockfile for it, declares, as written.
    pub license: Option<String>,
    /// Where it is declared in the lockfile or manifest.
    pub declared_at: Option<Location>,
}

impl Package {
    /// A dependency of which nothing is known but this; its source is unknown.
    pub fn new(ecosystem: Ecosystem, name: impl Into<String>, version: Option<&str>) -> Package {
        Package {
            ecosystem,
            stated_purl: None,
            name: name.into(),
            version: version.map(str::to_owned),
            role: Role::Dependency,
            alias: None,
            source: Source::Unknown { text: String::new() },
            integrity: None,
            artifacts: Vec::new(),
            cache_checksum: None,
            path: String::new(),
            dev: false,
            optional: false,
            peer: false,
            bundled: false,
            groups: Vec::new(),
            has_install_script: None,
            platform: Platform::default(),
            deprecated: None,
            license: None,
            declared_at: None,
        }
    }

    /// Its purl; a package without a name gets `pkg:generic/<last path segment>`.
    pub fn purl(&self) -> Purl {
        if let Some(purl) = &self.stated_purl {
            return purl.clone();
        }
        if self.name.is_empty() {
            return Purl::generic(self.path.rsplit('/').next().unwrap_or_default());
        }
        let version = self.version.as_deref();
        match &self.ecosystem {
            Ecosystem::Npm => Purl::npm(&self.name, version),
            Ecosystem::Pypi => Purl::pypi(&self.name, version),
            Ecosystem::Other(kind) => Purl::other(kind, &self.name, version),
        }
    }

    /// `name@version`, as people write it.
    pub fn label(&self) -> String {
        let name = if self.name.is_empty() { "(unnamed)" } else { &self.name };
        match &self.version {
            Some(version) => format!("{name}@{version}"),
            None => name.to_owned(),
        }
    }
}

/// `os`, `cpu` and `libc` fields of a manifest; entries may be negated with `!`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`, `darwin`, `win32`, …
    pub os: Vec<String>,
    /// `x64`, `arm64`, …
    pub cpu: Vec<String>,
    /// `glibc`, `musl`.
    pub libc: Vec<String>,
}

impl Platform {
    /// Whether the package asks for a particular platform at all.
    pub fn is_limited(&self) -> bool {
        !(self.os.is_empty() && self.cpu.is_empty() && self.libc.is_empty())
    }
}

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A registry; the tarball's URL where the lockfile records it.
    Registry {
        /// The archive's URL (`resolved`), as written.
        url: Option<String>,
        /// The registry itself, where the lockfile names it: a Simple index
        /// (`https://pypi.org/simple`), a named source.
        index: Option<String>,
    },
    /// A git repository.
    Git {
        /// The URL as written, without the commit.
        url: String,
        /// The commit it is locked to.
        commit: Option<String>,
    },
    /// An archive at a URL that is no registry's.
    Tarball {
        /// The URL.
        url: String,
    },
    /// A local archive (`file:x.tgz`).
    File {
        /// Path relative to the target.
        path: String,
    },
    /// A folder: the root, a workspace, a link.
    Folder {
        /// Path relative to the target.
        path: String,
    },
    /// The entry does not say, or says nonsense.
    Unknown {
        /// As written.
        text: String,
    },
}

stable_ids! {
    /// How one package asks for another.
    EdgeKind {
        /// `dependencies`
        Production = "production",
        /// `devDependencies`
        Development = "development",
        /// `optionalDependencies`
        Optional = "optional",
        /// `peerDependencies`
        Peer = "peer",
        /// `peerDependencies` marked optional
        PeerOptional = "peer-optional",
        /// A workspace member, from the root
        Workspace = "workspace",
        /// Installed, but nobody declares it
        Extraneous = "extraneous",
        /// `build-system.requires`: needed to build it
        Build = "build",
    }
}

/// One package asks for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Who asks.
    pub from: PackageId,
    /// Who answers.
    pub to: PackageId,
    /// The declared name (the alias, where there is one).
    pub name: String,
    /// The declared range, as written.
    pub range: String,
    /// How.
    pub kind: EdgeKind,
    /// When it holds, as written: an environment marker (`python_version < "3.9"`),
    /// an extra or a dependency group of the asking package (`extra == "socks"`).
    pub condition: Option<String>,
    /// Shipped inside the asking package's archive.
    pub bundled: bool,
}

impl Edge {
    /// An unconditional edge.
    pub fn new(
        from: PackageId,
        to: PackageId,
        name: impl Into<String>,
        range: impl Into<String>,
        kind: EdgeKind,
    ) -> Edge {
        Edge { from, to, name: name.into(), range: range.into(), kind, condition: None, bundled: false }
    }
}

/// What is on disk at one place: the manifest's claims, not yet the contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledPackage {
    /// Relative to the target, with `/`.
    pub path: String,
    /// The manifest, unless it is missing or unreadable.
    pub manifest: Option<crate::manifest::Manifest>,
    /// For a symbolic link: what it points to, relative to the target.
    pub link_target: Option<String>,
}

/// An installed tree: every package folder found, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstalledTree {
    /// By path relative to the target.
    pub packages: BTreeMap<String, InstalledPackage>,
    /// What could not be read.
    pub incomplete: Vec<Incomplete>,
}
