//! Module resolution inside one package, as Node.js and bundlers do it.

use crate::package::Package;
use crate::paths::normalise;

/// What a specifier means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Resolution<'s> {
    /// A module of the runtime, without `node:`.
    Builtin(&'s str),
    /// Another package: its name, or the specifier if that names an API of its own.
    Package(&'s str),
    /// A file of this package.
    File(usize),
    /// A native module: the path as written.
    Native(String),
    /// A file that the package does not have: its normalised path.
    Missing(String),
}

/// Modules of Node.js.
const BUILTINS: &[&str] = &[
    "assert",
    "assert/strict",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "dns/promises",
    "domain",
    "events",
    "fs",
    "fs/promises",
    "http",
    "http2",
    "https",
    "inspector",
    "inspector/promises",
    "module",
    "net",
    "os",
    "path",
    "path/posix",
    "path/win32",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "readline/promises",
    "repl",
    "sea",
    "sqlite",
    "stream",
    "stream/consumers",
    "stream/promises",
    "stream/web",
    "string_decoder",
    "sys",
    "test",
    "timers",
    "timers/promises",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "util/types",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
];

/// Extensions tried after the path as written.
const EXTENSIONS: &[&str] = &[".js", ".cjs", ".mjs", ".json", ".ts", ".tsx", ".jsx", ".mts", ".cts", ".node"];

/// Resolves `specifier` as written in the file with index `from`.
pub(crate) fn resolve<'s>(package: &Package, from: usize, specifier: &'s str) -> Resolution<'s> {
    let bare = specifier.strip_prefix("node:").unwrap_or(specifier);
    let bare = bare.split(['?', '#']).next().filter(|bare| !bare.is_empty()).unwrap_or(bare);
    if BUILTINS.contains(&bare) {
        return Resolution::Builtin(bare);
    }
    let local = bare.strip_prefix("file://").unwrap_or(bare);
    if local.starts_with("./") || local.starts_with("../") || local == "." || local == ".." {
        let folder = package.directory_of(from);
        return resolve_path(package, &normalise(&format!("{folder}/{local}")));
    }
    if local.starts_with("<package>") {
        return resolve_path(package, &normalise(local));
    }
    if local.starts_with(['/', '<']) {
        return Resolution::Missing(normalise(local));
    }
    // The package may name itself.
    if let Some(own) = package.manifest.as_ref().and_then(|manifest| manifest.name.as_deref())
        && let Some(rest) = bare.strip_prefix(own)
        && let Some(rest) = rest.strip_prefix('/')
        && let Resolution::File(file) = resolve_path(package, &format!("<package>/{rest}"))
    {
        return Resolution::File(file);
    }
    Resolution::Package(bare)
}

/// Resolves a normalised path under `<package>`.
pub(crate) fn resolve_path<'s>(package: &Package, path: &str) -> Resolution<'s> {
    let Some(own) = path.strip_prefix("<package>") else { return Resolution::Missing(path.to_owned()) };
    let own = own.trim_start_matches('/');
    let found = package.file(own).or_else(|| with_extension(package, own)).or_else(|| in_folder(package, own));
    match found {
        Some(file) if package.files[file].path.ends_with(".node") => {
            Resolution::Native(package.files[file].path.clone())
        }
        Some(file) => Resolution::File(file),
        None if own.ends_with(".node") => Resolution::Native(own.to_owned()),
        None => Resolution::Missing(path.to_owned()),
    }
}

fn with_extension(package: &Package, own: &str) -> Option<usize> {
    if own.is_empty() {
        return None;
    }
    let direct = EXTENSIONS.iter().find_map(|extension| package.file(&format!("{own}{extension}")));
    // TypeScript sources name their output: `./x.js` may be `./x.ts`.
    direct.or_else(|| {
        let stem = own.strip_suffix(".js").or_else(|| own.strip_suffix(".mjs"))?;
        [".ts", ".tsx", ".mts"].iter().find_map(|extension| package.file(&format!("{stem}{extension}")))
    })
}

fn in_folder(package: &Package, own: &str) -> Option<usize> {
    let folder = if own.is_empty() { String::new() } else { format!("{}/", own.trim_end_matches('/')) };
    EXTENSIONS.iter().find_map(|extension| package.file(&format!("{folder}index{extension}")))
}

/// `@scope/name/sub` → `@scope/name`; `None` for what is no package name.
pub(crate) fn package_name(specifier: &str) -> Option<&str> {
    if specifier.is_empty() || specifier.starts_with(['.', '/', '<', '#']) || specifier.contains(':') {
        return None;
    }
    let mut slashes = specifier.match_indices('/').map(|(at, _)| at);
    let end = match specifier.starts_with('@') {
        true => slashes.nth(1),
        false => slashes.next(),
    };
    Some(&specifier[..end.unwrap_or(specifier.len())])
}

/// Whether a name is a module of Node.js.
pub(crate) fn is_builtin(name: &str) -> bool {
    BUILTINS.contains(&name.strip_prefix("node:").unwrap_or(name))
}
