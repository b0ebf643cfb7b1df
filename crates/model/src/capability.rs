//! Capabilities: what code can do, to what, and when.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;

/// Declares an enum whose variants have a stable textual id, with `as_str`,
/// `ALL`, `Display` and `FromStr`, so that the id is written in one place.
#[macro_export]
macro_rules! stable_ids {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $id:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// Every value, in the order of the vocabulary.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The stable id.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $id,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::capability::UnknownId;
            fn from_str(s: &str) -> Result<Self, $crate::capability::UnknownId> {
                match s { $($id => Ok($name::$variant),)+ _ => Err($crate::capability::UnknownId(s.to_owned())) }
            }
        }
    };
}
pub use crate::stable_ids;

/// A word that is not one of the vocabulary's ids.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a known id")]
pub struct UnknownId(pub String);

stable_ids! {
    /// What a piece of code can do (the vocabulary's capability ids).
    CapabilityId {
        /// HTTP, sockets, WebSocket. Resource: `host[:port]` or `*`.
        NetConnect = "net.connect",
        /// Resource: port or `*`.
        NetListen = "net.listen",
        /// Look-ups made by name alone, e.g. covert labels.
        NetDns = "net.dns",
        /// Resource: path class, path where known.
        FsRead = "fs.read",
        /// Resource: path class, path where known.
        FsWrite = "fs.write",
        /// Resource: path class, path where known.
        FsDelete = "fs.delete",
        /// Resource: command or `*`.
        ProcessSpawn = "process.spawn",
        /// Memory reading and writing, debuggers.
        ProcessInject = "process.inject",
        /// Resource: target or `*`.
        ProcessKill = "process.kill",
        /// Resource: variable name.
        EnvRead = "env.read",
        /// Reads the environment as a whole.
        EnvEnumerate = "env.enumerate",
        /// `eval`, `Function`, `exec`, `compile`, `vm`. Resource: [`EvalSource`].
        CodeEval = "code.eval",
        /// Import of a computed name. Resource: module name or `*`.
        CodeLoad = "code.load",
        /// Native modules, ctypes, WebAssembly, bundled executables.
        CodeNative = "code.native",
        /// Puts code between another module and its callers; the resource is what it replaces.
        CodeHook = "code.hook",
        /// What a function is handed by its callers flows somewhere: a key, by the name of the parameter, or a request.
        CallGiven = "call.given",
        /// Host, user, network interfaces, locale. Resource: item.
        SystemInfo = "system.info",
        /// Reads the keyboard.
        InputKeyboard = "input.keyboard",
        /// Captures the screen.
        InputScreen = "input.screen",
        /// Reads the clipboard.
        InputClipboard = "input.clipboard",
        /// Uses the camera.
        InputCamera = "input.camera",
        /// Uses the microphone.
        InputMicrophone = "input.microphone",
        /// fetch/XHR, wallet objects, cookies, storage, form data.
        BrowserHook = "browser.hook",
        /// Run keys, launch agents, systemd, cron, shell profiles, login items.
        Persist = "persist",
        /// Publishes or edits other packages.
        RegistryPublish = "registry.publish",
        /// Drives local AI command-line tools.
        AgentDrive = "agent.drive",
        /// Network scanning, SSH to others, container sockets, cloud metadata.
        HostProbe = "host.probe",
        /// Mines cryptocurrency.
        CryptoMine = "crypto.mine",
        /// Sandbox/debugger/locale/CI checks, delays, self-deletion, log suppression.
        Evade = "evade",
    }
}

stable_ids! {
    /// Where a path lies, as far as harm is concerned.
    PathClass {
        /// The package's own files.
        Package = "package",
        /// The project that depends on it.
        Project = "project",
        /// Other installed packages.
        Packages = "packages",
        /// Temporary folders.
        Temp = "temp",
        /// Cache folders.
        Cache = "cache",
        /// The home folder, elsewhere.
        Home = "home",
        /// Tokens, keys, cloud and registry credentials.
        Credentials = "credentials",
        /// Browser profiles.
        Browser = "browser",
        /// Cryptocurrency wallets.
        Wallet = "wallet",
        /// Start-up entries of system or session.
        Autostart = "autostart",
        /// Version-control hooks.
        VcsHooks = "vcs-hooks",
        /// CI workflow definitions.
        CiWorkflows = "ci-workflows",
        /// Editor settings and tasks.
        Editor = "editor",
        /// Configuration of AI agents.
        Agent = "agent",
        /// System folders.
        System = "system",
        /// Not known.
        Unknown = "unknown",
    }
}

stable_ids! {
    /// When code runs. Ordered from what runs with least consent to what does not run.
    Trigger {
        /// Lifecycle scripts, setup.py, build backends, binding.gyp.
        Install = "install",
        /// Module top level, `.pth`, sitecustomize.
        Import = "import",
        /// Command-line entry points.
        Bin = "bin",
        /// Inside functions that users call.
        Call = "call",
        /// Only reached from tests.
        Test = "test",
        /// Reached from no entry.
        Unreached = "unreached",
    }
}

impl Trigger {
    /// Whether this runs without anyone calling it: at install, at import, or with a command.
    pub fn is_unasked(self) -> bool {
        matches!(self, Trigger::Install | Trigger::Import | Trigger::Bin)
    }

    /// Whether an `install`, `import` or `bin` entry runs this code or defines a function in it.
    pub fn is_reached(self) -> bool {
        !matches!(self, Trigger::Test | Trigger::Unreached)
    }
}

stable_ids! {
    /// Where dynamically executed code comes from.
    EvalSource {
        /// A literal.
        Constant = "constant",
        /// A literal after decoding.
        Decoded = "decoded",
        /// A download.
        Downloaded = "downloaded",
        /// Anything else.
        Dynamic = "dynamic",
    }
}

/// What a capability acts on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Resource {
    /// The capability has none (`env.enumerate`).
    None,
    /// Not known statically: `*`.
    Any,
    /// A host, command, variable, mechanism …
    Named(String),
    /// A path: its class and, where known, the path as written (`~` for home).
    Path {
        /// Where it lies.
        class: PathClass,
        /// The path, where known.
        path: Option<String>,
    },
    /// For `code.eval`.
    Eval(EvalSource),
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resource::None => f.write_str("-"),
            Resource::Any => f.write_str("*"),
            Resource::Named(name) => f.write_str(name),
            Resource::Path { class, path: None } => f.write_str(class.as_str()),
            Resource::Path { class, path: Some(path) } => write!(f, "{class}:{path}"),
            Resource::Eval(source) => f.write_str(source.as_str()),
        }
    }
}

/// Attributes of `process.spawn`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Attributes {
    /// Runs through a shell.
    pub shell: bool,
    /// Outlives its parent.
    pub detached: bool,
    /// No window, or output thrown away.
    pub hidden: bool,
}

/// One thing that the code of a release can do, when, and where that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability {
    /// What.
    pub id: CapabilityId,
    /// To what.
    pub resource: Resource,
    /// How, for processes.
    pub attributes: Attributes,
    /// When.
    pub trigger: Trigger,
    /// Decoding layer: 0 = as shipped.
    pub layer: u8,
    /// Where it was seen; the first occurrence in file order.
    pub evidence: Evidence,
}

impl Capability {
    /// `id(resource)`, as flows and reports write it.
    pub fn label(&self) -> String {
        match self.resource {
            Resource::None => self.id.as_str().to_owned(),
            ref resource => format!("{}({resource})", self.id),
        }
    }
}
