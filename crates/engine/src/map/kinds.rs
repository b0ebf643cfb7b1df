//! What the formats are to each other: which of them speak of the same thing.

use vetch_lockfiles::Format;

/// Whose tools write a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum World {
    Npm,
    Python,
}

/// What a file tells of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// What was resolved: beats the manifest.
    Lock(World),
    /// What is asked for.
    Manifest(World),
    /// Both at once, and made of several files.
    Requirements,
    /// What Plug'n'Play installed: tells less than the lockfile beside it.
    PlugNPlay,
    /// Something that stands for itself: an SBOM, an installed environment.
    Own,
}

/// What files of this format tell.
pub(crate) fn role(format: Format) -> Role {
    match format {
        Format::PackageLock | Format::YarnClassic | Format::YarnBerry | Format::Pnpm | Format::Bun | Format::Deno => {
            Role::Lock(World::Npm)
        }
        Format::PipfileLock | Format::Poetry | Format::Pdm | Format::Uv | Format::Pylock => Role::Lock(World::Python),
        Format::PackageJson => Role::Manifest(World::Npm),
        Format::Pyproject | Format::SetupCfg => Role::Manifest(World::Python),
        Format::Requirements => Role::Requirements,
        Format::PlugNPlay => Role::PlugNPlay,
        _ => Role::Own,
    }
}
