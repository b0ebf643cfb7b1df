//! Files that speak of dependencies and that no reader takes. Each is said to be
//! incomplete, unless a file beside it says the same and is read.

use super::kinds::World;

/// A file known by its name.
#[derive(Debug)]
pub(super) struct Unread {
    name: &'static str,
    /// Why it is not read.
    pub(super) why: &'static str,
    /// What supplies what it holds.
    pub(super) hint: &'static str,
    /// Whose lockfiles beside it make up for it, if any do.
    pub(super) world: Option<World>,
    /// Files beside it that make up for it, too.
    pub(super) instead: &'static [&'static str],
}

const UNREAD: &[Unread] = &[
    Unread {
        name: "bun.lockb",
        why: "Bun's binary lockfile is not read: its layout is documented nowhere",
        hint: "write the text form with `bun install --save-text-lockfile --frozen-lockfile --lockfile-only`",
        world: Some(World::Npm),
        instead: &[],
    },
    Unread {
        name: "shrinkwrap.yaml",
        why: "the lockfile of pnpm 1 and 2 is not read",
        hint: "run `pnpm install` with a current pnpm, which writes pnpm-lock.yaml",
        world: Some(World::Npm),
        instead: &[],
    },
    Unread {
        name: "Pipfile",
        why: "a Pipfile without its lockfile is not read",
        hint: "run `pipenv lock`, which writes Pipfile.lock",
        world: Some(World::Python),
        instead: &[],
    },
    Unread {
        name: "setup.py",
        why: "it is a program, which is never run to learn what it depends on",
        hint: "lock what it asks for, e.g. `uv pip compile setup.py -o requirements.txt`",
        world: Some(World::Python),
        instead: &["pyproject.toml", "setup.cfg", "requirements.txt"],
    },
    Unread {
        name: "conda-lock.yml",
        why: "conda's lockfiles are not read",
        hint: "export the installed packages, e.g. `pip freeze > requirements.txt` in the environment",
        world: None,
        instead: &[],
    },
];

/// The file, if it is one of them.
pub(super) fn by_name(path: &str) -> Option<&'static Unread> {
    let name = path.rsplit('/').next().unwrap_or(path);
    UNREAD.iter().find(|unread| unread.name == name)
}
