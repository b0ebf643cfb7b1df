//! Hand-built facts for unit tests.

use vetch_model::capability::{Attributes, Capability, CapabilityId, EvalSource, PathClass, Resource, Trigger};
use vetch_model::evidence::{Evidence, Location, Span};
use vetch_model::facts::{ImportedPackage, InstallCommand, InstalledDifference, PackageFacts, Signal, SignalKind};
use vetch_model::finding::Finding;
use vetch_model::inventory::{Ecosystem, Edge, EdgeKind, Inventory, Package, PackageId, Role, Source};
use vetch_model::manifest::{Manifest, Script};
use vetch_model::profile::Flow;
use vetch_model::verdict::Verdict;

use crate::input::{Dependent, InstalledCopy, Note, ReleaseFacts, TargetFacts};

/// A line of code.
pub(crate) fn code(file: &str, line: u32, excerpt: &str, layer: u8) -> Evidence {
    let location = Location { file: file.to_owned(), line, column: 1, span: Span::default() };
    Evidence::Code { location, excerpt: excerpt.to_owned(), highlight: Span::default(), layer, note: String::new() }
}

/// A capability at install, as shipped, in `setup.js`.
pub(crate) fn cap(id: CapabilityId, resource: Resource) -> Capability {
    let excerpt = format!("{id} {resource}");
    let evidence = code("setup.js", 1, &excerpt, 0);
    Capability { id, resource, attributes: Attributes::default(), trigger: Trigger::Install, layer: 0, evidence }
}

fn path(class: PathClass, path: &str) -> Resource {
    Resource::Path { class, path: (!path.is_empty()).then(|| path.to_owned()) }
}

/// `fs.read`; an empty path is an unknown one.
pub(crate) fn read(class: PathClass, at: &str) -> Capability {
    cap(CapabilityId::FsRead, path(class, at))
}

/// `fs.write`.
pub(crate) fn write(class: PathClass, at: &str) -> Capability {
    cap(CapabilityId::FsWrite, path(class, at))
}

/// `fs.delete`.
pub(crate) fn delete(class: PathClass, at: &str) -> Capability {
    cap(CapabilityId::FsDelete, path(class, at))
}

/// `net.connect`; `*` is an unknown host.
pub(crate) fn net(host: &str) -> Capability {
    cap(CapabilityId::NetConnect, named(host))
}

/// `process.spawn`.
pub(crate) fn spawn(command: &str) -> Capability {
    cap(CapabilityId::ProcessSpawn, named(command))
}

/// `env.read`.
pub(crate) fn env(variable: &str) -> Capability {
    cap(CapabilityId::EnvRead, named(variable))
}

/// `env.enumerate`.
pub(crate) fn enumerate() -> Capability {
    cap(CapabilityId::EnvEnumerate, Resource::None)
}

/// `system.info`.
pub(crate) fn system(item: &str) -> Capability {
    cap(CapabilityId::SystemInfo, named(item))
}

/// `code.eval`.
pub(crate) fn eval(source: EvalSource) -> Capability {
    cap(CapabilityId::CodeEval, Resource::Eval(source))
}

/// `*` or a name.
pub(crate) fn named(name: &str) -> Resource {
    if name == "*" { Resource::Any } else { Resource::Named(name.to_owned()) }
}

/// Changes to a capability.
pub(crate) trait With {
    fn at(self, trigger: Trigger) -> Self;
    fn layer(self, layer: u8) -> Self;
    fn detached(self) -> Self;
}

impl With for Capability {
    fn at(mut self, trigger: Trigger) -> Self {
        self.trigger = trigger;
        self
    }
    fn layer(mut self, layer: u8) -> Self {
        self.layer = layer;
        self.evidence = code(&self.evidence.location().file, 1, &self.label(), layer);
        self
    }
    fn detached(mut self) -> Self {
        self.attributes = Attributes { shell: false, detached: true, hidden: true };
        self
    }
}

/// A flow at the later of its ends' triggers.
pub(crate) fn flow(source: Capability, sink: Capability) -> Flow {
    let (trigger, layer) = (source.trigger, sink.layer);
    Flow { source, sink, trigger, layer }
}

/// A package of the inventory.
pub(crate) fn package(name: &str, version: &str) -> Package {
    Package {
        source: Source::Registry { url: None, index: None },
        path: format!("node_modules/{name}"),
        declared_at: Some(Location::file("package-lock.json")),
        ..Package::new(Ecosystem::Npm, name, Some(version))
    }
}

/// A manifest with these scripts.
pub(crate) fn manifest(name: &str, version: &str, scripts: &[(&str, &str)]) -> Manifest {
    let script = |&(name, command): &(&str, &str)| Script {
        name: name.to_owned(),
        command: command.to_owned(),
        location: Location { file: "package.json".to_owned(), line: 3, column: 5, span: Span::default() },
    };
    Manifest {
        name: Some(name.to_owned()),
        version: Some(version.to_owned()),
        scripts: scripts.iter().map(script).collect(),
        ..Manifest::default()
    }
}

struct OwnedDependent {
    package: Package,
    edge: Edge,
    contents: Option<PackageFacts>,
}

struct OwnedCopy {
    path: String,
    manifest: Option<Manifest>,
    contents: Option<PackageFacts>,
    difference: Option<InstalledDifference>,
    patch: Option<String>,
}

/// Builds the facts of one release.
pub(crate) struct Facts {
    pub(crate) package: Package,
    pub(crate) contents: Option<PackageFacts>,
    locked: bool,
    dependents: Vec<OwnedDependent>,
    copies: Vec<OwnedCopy>,
    mismatch: bool,
    /// Installed or in a wheel, and what differs.
    recorded: Vec<(bool, crate::input::RecordDifference)>,
    name: crate::input::NameFacts,
    intel: crate::input::IntelFacts,
}

impl Facts {
    /// A release without contents.
    pub(crate) fn new() -> Facts {
        Facts {
            package: package("tool", "1.0.0"),
            contents: None,
            locked: false,
            dependents: Vec::new(),
            copies: Vec::new(),
            mismatch: false,
            recorded: Vec::new(),
            name: crate::input::NameFacts::default(),
            intel: crate::input::IntelFacts::default(),
        }
    }

    /// An internal name.
    pub(crate) fn internal(mut self, version: &str, internal: crate::input::InternalRelease) -> Facts {
        self.package.version = Some(version.to_owned());
        self.name.internal = Some(internal);
        self
    }

    /// What is known of it.
    pub(crate) fn intel(
        mut self,
        advisories: Vec<vetch_model::advisory::Advisory>,
        doubt: Option<vetch_model::advisory::Doubt>,
    ) -> Facts {
        self.intel = crate::input::IntelFacts { advisories, doubt, indicators: Vec::new(), usage: None };
        self
    }

    /// Indicators that it meets.
    pub(crate) fn indicators(mut self, indicators: Vec<vetch_model::indicator::IndicatorHit>) -> Facts {
        self.intel.indicators = indicators;
        self
    }

    fn facts(&mut self) -> &mut PackageFacts {
        self.contents.get_or_insert_default()
    }

    pub(crate) fn caps(mut self, capabilities: impl IntoIterator<Item = Capability>) -> Facts {
        self.facts().profile.capabilities.extend(capabilities);
        self
    }

    /// Adds a flow and its ends.
    pub(crate) fn flow(mut self, source: Capability, sink: Capability) -> Facts {
        let profile = &mut self.facts().profile;
        profile.capabilities.extend([source.clone(), sink.clone()]);
        profile.flows.push(flow(source, sink));
        self
    }

    pub(crate) fn signal(mut self, kind: SignalKind, trigger: Trigger, file: &str, strength: u8) -> Facts {
        let evidence = code(file, 1, "signal", 0);
        self.facts().signals.push(Signal { kind, trigger, evidence, strength });
        self
    }

    pub(crate) fn install(mut self, event: &str, command: &str, runs: &[&str]) -> Facts {
        let location = Location { file: "package.json".to_owned(), line: 4, column: 5, span: Span::default() };
        let runs = runs.iter().map(|file| (*file).to_owned()).collect();
        let (event, command) = (event.to_owned(), command.to_owned());
        self.facts().install_commands.push(InstallCommand { event, command, location, runs, for_dependents: true });
        self
    }

    pub(crate) fn manifest(mut self, manifest: Manifest) -> Facts {
        self.facts().manifest = Some(manifest);
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut PackageFacts)) -> Facts {
        change(self.facts());
        self
    }

    pub(crate) fn locked(mut self) -> Facts {
        self.locked = true;
        self.facts();
        self
    }

    /// Says how installed Python files differ from what was recorded.
    pub(crate) fn recorded(mut self, difference: crate::input::RecordDifference) -> Facts {
        self.recorded.push((true, difference));
        self
    }

    /// Says how the files of a wheel differ from what was recorded.
    pub(crate) fn recorded_in_wheel(mut self, difference: crate::input::RecordDifference) -> Facts {
        self.recorded.push((false, difference));
        self
    }

    pub(crate) fn mismatch(mut self) -> Facts {
        self.mismatch = true;
        self
    }

    /// Adds a dependent of that role; `imports` is what its contents import, `None` if they are not known.
    pub(crate) fn dependent(mut self, role: Role, kind: EdgeKind, imports: Option<&[&str]>) -> Facts {
        let mut asking = package("app", "2.0.0");
        asking.role = role;
        let name = self.package.name.clone();
        let edge = Edge::new(PackageId(0), PackageId(1), name, "^1.0.0", kind);
        let contents = imports.map(|names| PackageFacts {
            imports: names.iter().map(|name| imported(name)).collect(),
            ..PackageFacts::default()
        });
        self.dependents.push(OwnedDependent { package: asking, edge, contents });
        self
    }

    /// Adds an installed copy.
    pub(crate) fn copy(mut self, manifest: Option<Manifest>, difference: Option<(&[&str], &[&str], &[&str])>) -> Facts {
        let owned = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        let difference = difference.map(|(changed, missing, extra)| InstalledDifference {
            changed: owned(changed),
            missing: owned(missing),
            extra: owned(extra),
        });
        let path = format!("node_modules/tool{}", self.copies.len());
        self.copies.push(OwnedCopy { path, manifest, contents: None, difference, patch: None });
        self
    }

    /// Says that the project keeps a patch for the last copy.
    pub(crate) fn patched(mut self) -> Facts {
        self.copies.last_mut().expect("a copy").patch = Some("patches/tool+1.0.0.patch".to_owned());
        self
    }

    /// Gives the last copy contents.
    pub(crate) fn copy_contents(mut self, contents: PackageFacts) -> Facts {
        self.copies.last_mut().expect("a copy").contents = Some(contents);
        self
    }

    /// Judges by every rule.
    pub(crate) fn judge_release<T>(&self, look: impl FnOnce(&[Finding]) -> T) -> T {
        self.with_release(|facts| look(&crate::judge_release(facts)))
    }

    /// The facts as rules are given them.
    pub(crate) fn with_release<T>(&self, look: impl FnOnce(&ReleaseFacts<'_>) -> T) -> T {
        let mismatch =
            crate::input::Mismatch { source: "https://registry.invalid/tool", expected: "sha512-a", found: "sha512-b" };
        let facts = ReleaseFacts {
            package: &self.package,
            contents: self.contents.as_ref(),
            contents_are_locked: self.locked,
            installed: self.copies.iter().map(OwnedCopy::borrowed).collect(),
            dependents: self
                .dependents
                .iter()
                .map(|owned| Dependent {
                    package: &owned.package,
                    edge: &owned.edge,
                    contents: owned.contents.as_ref(),
                })
                .collect(),
            mismatches: if self.mismatch { vec![mismatch] } else { Vec::new() },
            recorded: self
                .recorded
                .iter()
                .map(|(is_installed, difference)| crate::input::Recorded {
                    path: "tool-1.0.dist-info",
                    is_installed: *is_installed,
                    difference,
                })
                .collect(),
            lineage: None,
            before: None,
            dependencies: Vec::new(),
            name: self.name.clone(),
            intel: self.intel.clone(),
        };
        look(&facts)
    }

    /// The worst verdict that one rule carries.
    pub(crate) fn verdict(&self, rule: &str) -> Verdict {
        assert!(crate::find_rule(rule).is_some(), "no rule {rule}");
        self.judge_release(|findings| {
            findings.iter().filter(|finding| finding.rule == rule).map(Finding::verdict).max().unwrap_or(Verdict::Clean)
        })
    }

    /// The worst verdict of all.
    pub(crate) fn overall(&self) -> Verdict {
        self.judge_release(|findings| crate::verdict_of(findings, false))
    }
}

impl OwnedCopy {
    fn borrowed(&self) -> InstalledCopy<'_> {
        InstalledCopy {
            path: &self.path,
            manifest: self.manifest.as_ref(),
            contents: self.contents.as_ref(),
            difference: self.difference.as_ref(),
            patch: self.patch.as_deref(),
        }
    }
}

fn imported(name: &str) -> ImportedPackage {
    let location = Location::file("index.js");
    ImportedPackage { name: name.to_owned(), specifier: name.to_owned(), location, trigger: Trigger::Import }
}

/// What the target rules say about these packages and notes: rule and verdict.
pub(crate) fn judge_packages(packages: Vec<Package>, notes: &[(&str, &str)]) -> Vec<(&'static str, Verdict)> {
    let inventory = Inventory { file: "package-lock.json".to_owned(), packages, ..Inventory::default() };
    let location = Location::file("package-lock.json");
    let note = |&(kind, found)| Note { kind, field: "x", found, expected: None, location: &location };
    let notes = notes.iter().map(note).collect();
    let findings = crate::judge_target(&TargetFacts {
        inventory: &inventory,
        format: "package-lock",
        notes,
        environment: None,
        unbound: Vec::new(),
    });
    findings.iter().map(|finding| (finding.rule, finding.verdict())).collect()
}

/// What the target rules say about an environment with one package.
pub(crate) fn judge_environment(environment: &crate::input::EnvironmentFacts) -> Vec<(&'static str, Verdict)> {
    let inventory = Inventory { packages: vec![package("tool", "1.0")], ..Inventory::default() };
    let facts = TargetFacts {
        inventory: &inventory,
        format: "site-packages",
        notes: Vec::new(),
        environment: Some(environment),
        unbound: Vec::new(),
    };
    crate::judge_target(&facts).iter().map(|finding| (finding.rule, finding.verdict())).collect()
}
