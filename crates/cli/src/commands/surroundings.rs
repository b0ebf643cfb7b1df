//! What the program reads of its environment. Nothing else does.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::exit::Failure;

/// The user's home folder.
pub(super) fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute())
}

/// The whole environment.
pub(super) fn environment() -> BTreeMap<OsString, OsString> {
    std::env::vars_os().collect()
}

/// `SOURCE_DATE_EPOCH`: the time that documents carry instead of now
/// (<https://reproducible-builds.org/specs/source-date-epoch/>).
pub(super) fn source_date_epoch() -> Result<Option<jiff::Timestamp>, Failure> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let seconds = text.to_str().and_then(|text| text.parse().ok());
    match seconds.map(jiff::Timestamp::from_second) {
        Some(Ok(time)) => Ok(Some(time)),
        _ => Err(Failure::new(
            "SOURCE_DATE_EPOCH is not a time in seconds since 1970",
            "set it to a number, or unset it",
        )),
    }
}

/// The cache folder: the one given, or the default one.
pub(super) fn cache_folder(given: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(given) = given {
        return Ok(given.clone());
    }
    let xdg = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    vetch_engine::cache::default_folder(xdg.as_deref(), home().as_deref()).ok_or_else(|| {
        Failure::new("there is no home folder to keep the cache in", "set HOME, or pass --cache-dir DIR or --no-cache")
    })
}

/// Where what the user told us is remembered: `$XDG_STATE_HOME/vetch`, else
/// `~/.local/state/vetch`, on macOS `~/Library/Application Support/vetch`.
pub(super) fn state_folder() -> Option<PathBuf> {
    let xdg = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let parent = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/state" };
    Some(xdg.or_else(|| Some(home()?.join(parent)))?.join("vetch"))
}

/// The user's own settings: `$XDG_CONFIG_HOME/vetch/config.toml`, else `~/.config/vetch/config.toml`, on macOS
/// `~/Library/Application Support/vetch/config.toml`. A project has no part in them.
pub(super) fn settings_file() -> Option<PathBuf> {
    let xdg = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let parent = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
    Some(xdg.or_else(|| Some(home()?.join(parent)))?.join("vetch/config.toml"))
}

/// The user's own list of popular names, if there is one: `$XDG_DATA_HOME/vetch/popular.txt`, else
/// `~/.local/share/vetch/popular.txt`, on macOS `~/Library/Application Support/vetch/popular.txt`.
pub(super) fn popular_list() -> Option<PathBuf> {
    let xdg = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let parent = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    let file = xdg.or_else(|| Some(home()?.join(parent)))?.join("vetch/popular.txt");
    file.is_file().then_some(file)
}
