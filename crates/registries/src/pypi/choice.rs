//! Which of the files of one release an installer would take, by their names.
//!
//! As pip and uv have it: a wheel that fits beats a source distribution, and a wheel for this very
//! platform beats one for any. Which Python will install the release is not known, so it is taken to
//! be the newest CPython that the files themselves offer a wheel for: what is chosen depends on the
//! names and the platform alone.
//! Tags: <https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>.

use std::cmp::Reverse;

use super::simple::FileKind;

/// The platform that a release would be installed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform {
    /// As Rust names it: `linux`, `macos`, `windows`.
    pub os: &'static str,
    /// As Rust names it: `x86_64`, `aarch64`.
    pub cpu: &'static str,
}

impl Platform {
    /// This machine.
    pub const HERE: Platform = Platform { os: std::env::consts::OS, cpu: std::env::consts::ARCH };

    /// As tags of this system name the processor.
    fn cpu_tag(self) -> &'static str {
        match (self.os, self.cpu) {
            ("macos", "aarch64") => "arm64",
            ("linux", "x86") => "i686",
            ("linux", "arm") => "armv7l",
            ("linux", "powerpc64") if cfg!(target_endian = "little") => "ppc64le",
            (_, cpu) => cpu,
        }
    }

    /// How well a platform tag fits; `None` if it does not.
    fn fit(self, tag: &str) -> Option<PlatformFit> {
        if tag == "any" {
            return Some(PlatformFit::Any);
        }
        let (system, cpu) = (self.os, self.cpu_tag());
        let is_for = |start: &str| tag.strip_prefix(start).is_some_and(|rest| rest.ends_with(cpu));
        match system {
            "linux" if is_for("manylinux") || is_for("linux_") => Some(PlatformFit::Own),
            "linux" if is_for("musllinux") => Some(PlatformFit::OtherLibc),
            "macos" if is_for("macosx_") => Some(PlatformFit::Own),
            "macos" if tag.starts_with("macosx_") && tag.ends_with("_universal2") => Some(PlatformFit::Own),
            "windows" => {
                let own = match self.cpu {
                    "x86_64" => "win_amd64",
                    "aarch64" => "win_arm64",
                    _ => "win32",
                };
                (tag == own).then_some(PlatformFit::Own)
            }
            _ => None,
        }
    }
}

/// From the least to the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum PlatformFit {
    /// Linux with musl: fits few machines, and those take a wheel for any platform as well.
    OtherLibc,
    Any,
    Own,
}

/// How much an installer prefers a file to the others of its release; ordered from the least.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Preference {
    kind: Kind,
    /// Of two alike, the first by name.
    name: Reverse<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Nothing that is installed today.
    Other,
    /// A wheel for another platform or Python: nothing here would install it.
    ForeignWheel,
    /// A source distribution in a form of old.
    OldSdist,
    Sdist,
    /// A wheel that fits: for this platform, for the newest Python, made for it alone.
    Wheel(PlatformFit, u32, AbiFit),
}

/// From the least to the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum AbiFit {
    None,
    Stable,
    Exact,
}

impl Preference {
    /// Of a file of this name, on this platform.
    pub fn of(file: &str, platform: Platform) -> Preference {
        let kind = match FileKind::of(file) {
            FileKind::Wheel => wheel(file, platform).unwrap_or(Kind::ForeignWheel),
            FileKind::Sdist if file.ends_with(".tar.gz") || file.ends_with(".zip") || file.ends_with(".tgz") => {
                Kind::Sdist
            }
            FileKind::Sdist => Kind::OldSdist,
            FileKind::Egg | FileKind::Other => Kind::Other,
        };
        Preference { kind, name: Reverse(file.to_owned()) }
    }
}

/// The best of what a wheel's tags say together; `None` if none of them fits.
fn wheel(file: &str, platform: Platform) -> Option<Kind> {
    let mut parts = file.strip_suffix(".whl")?.rsplitn(4, '-');
    let (platforms, abis, pythons) = (parts.next()?, parts.next()?, parts.next()?);
    let platform = platforms.split('.').filter_map(|tag| platform.fit(tag)).max()?;
    let pairs = pythons
        .split('.')
        .take(MAX_TAGS)
        .flat_map(|python| abis.split('.').take(MAX_TAGS).filter_map(move |abi| python_fit(python, abi)));
    let (minor, abi) = pairs.max()?;
    Some(Kind::Wheel(platform, minor, abi))
}

/// No name has more tags of one kind.
const MAX_TAGS: usize = 32;

/// The minor version of Python 3 that a pair of tags asks for, and how.
fn python_fit(python: &str, abi: &str) -> Option<(u32, AbiFit)> {
    let minor = |digits: &str| -> Option<u32> {
        let rest = digits.strip_prefix('3')?;
        if rest.is_empty() { Some(0) } else { rest.parse().ok() }
    };
    if let Some(digits) = python.strip_prefix("py") {
        return (abi == "none").then_some(()).and(minor(digits)).map(|minor| (minor, AbiFit::None));
    }
    let minor = minor(python.strip_prefix("cp")?)?;
    match abi {
        "none" => Some((minor, AbiFit::None)),
        "abi3" => Some((minor, AbiFit::Stable)),
        // Up to Python 3.7 with an `m`; with a `t`, it is for another build of Python.
        exact if exact.strip_suffix('m').unwrap_or(exact) == python => Some((minor, AbiFit::Exact)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: Platform = Platform { os: "linux", cpu: "x86_64" };
    const MAC: Platform = Platform { os: "macos", cpu: "aarch64" };
    const WINDOWS: Platform = Platform { os: "windows", cpu: "x86_64" };

    fn best<'f>(files: &[&'f str], platform: Platform) -> &'f str {
        files.iter().max_by_key(|file| Preference::of(file, platform)).unwrap()
    }

    #[test]
    fn what_is_installed_is_chosen() {
        let mixed = [
            "a-1.0.tar.gz",
            "a-1.0-py3-none-any.whl",
            "a-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "a-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "a-1.0-cp313-cp313t-manylinux_2_17_x86_64.whl",
            "a-1.0-cp312-cp312-manylinux_2_17_aarch64.whl",
            "a-1.0-cp312-cp312-musllinux_1_2_x86_64.whl",
            "a-1.0-cp312-cp312-macosx_11_0_arm64.whl",
            "a-1.0-cp312-cp312-win_amd64.whl",
            "a-1.0-pp310-pypy310_pp73-manylinux_2_17_x86_64.whl",
        ];
        assert_eq!(best(&mixed, LINUX), mixed[3]);
        assert_eq!(best(&mixed, MAC), mixed[7]);
        assert_eq!(best(&mixed, WINDOWS), mixed[8]);
        assert_eq!(best(&mixed, Platform { os: "freebsd", cpu: "x86_64" }), mixed[1]);
        for platform in [LINUX, MAC, WINDOWS] {
            assert_eq!(best(&["a-1.0.tar.gz", "a-1.0-py2.py3-none-any.whl"], platform), "a-1.0-py2.py3-none-any.whl");
            assert_eq!(best(&["a-1.0.tar.gz", "a-1.0-py2-none-any.whl"], platform), "a-1.0.tar.gz");
            assert_eq!(best(&["a-1.0.tar.bz2", "a-1.0.tar.gz", "a-1.0.exe"], platform), "a-1.0.tar.gz");
        }
    }

    #[test]
    fn a_stable_interface_counts_by_its_python() {
        let files = ["a-1-cp37-abi3-manylinux_2_17_x86_64.whl", "a-1-cp39-abi3-manylinux_2_17_x86_64.whl"];
        assert_eq!(best(&files, LINUX), files[1]);
        assert_eq!(
            best(&["a-1-2-cp37-cp37m-linux_x86_64.whl", "a-1.tar.gz"], LINUX),
            "a-1-2-cp37-cp37m-linux_x86_64.whl"
        );
        let universal = ["a-1-cp39-cp39-macosx_10_9_universal2.whl", "a-1-py3-none-any.whl"];
        assert_eq!(best(&universal, MAC), universal[0]);
    }

    #[test]
    fn the_order_of_the_files_does_not_count_and_odd_names_do_no_harm() {
        let foreign = ["a-1-cp312-cp312-win_amd64.whl", "a-1-cp312-cp312-win32.whl"];
        assert_eq!(best(&foreign, LINUX), "a-1-cp312-cp312-win32.whl");
        let turned = [foreign[1], foreign[0]];
        assert_eq!(best(&turned, LINUX), "a-1-cp312-cp312-win32.whl");
        for odd in
            ["", ".whl", "-.whl", "---.whl", "a-1-cp3é-none-any.whl", "a-1-py399999999999-none-any.whl", "a-b.whl"]
        {
            assert!(Preference::of(odd, LINUX) < Preference::of("a-1.tar.gz", LINUX), "{odd}");
        }
    }
}
