//! Snapshots: keys, packing, and whose snapshots are taken in.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use vetch_intel::Trust;
use vetch_intel::snapshot::keys::{self, KeyError, MAX_KEY_FILE, SIGNATURE_SUFFIX, SigningKey, TrustedKey};
use vetch_intel::snapshot::{Manifest, Origin, PackError, is_file};
use vetch_report::escape::terminal;

use super::{Following, failed, opened, settings};
use crate::args::Global;
use crate::commands::surroundings;
use crate::exit::{Exit, Failure};
use crate::output::OutputFile;
use crate::progress::Reporter;
use crate::{interrupt, message, output};

/// The variable that holds the password of a key, for machines at which nobody sits.
const PASSWORD: &str = "VETCH_KEY_PASSWORD";

/// Makes a pair of keys.
pub(super) fn key(file: &Path, has_password: bool) -> Result<Exit, Failure> {
    let public = beside(file, ".pub");
    let password = match has_password {
        true => Some(new_password()?),
        false => {
            message::note("the secret key is not protected by a password: whoever can read the file can sign with it");
            None
        }
    };
    let hint = "free some memory (a gigabyte is needed), or pass --no-password";
    let pair = keys::generate(password).map_err(|error| Failure::new(format!("cannot make a key: {error}"), hint))?;
    create(file, &pair.secret, true)?;
    if let Err(failure) = create(&public, &pair.public, false) {
        // A secret key of which nobody has the other half is of no use.
        fs::remove_file(file).ok();
        return Err(failure);
    }
    let text = format!(
        "secret key: {}\npublic key: {} (id {})\n\nWho is to trust it writes into config.toml:\n\n[intel]\ntrusted-keys = [\"{}\"]\n",
        terminal(&file.display().to_string()),
        terminal(&public.display().to_string()),
        pair.id,
        pair.line
    );
    output::print(text.as_bytes())?;
    Ok(Exit::Passed)
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A new file; one that is there is never replaced.
fn create(file: &Path, text: &str, is_secret: bool) -> Result<(), Failure> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if is_secret { 0o600 } else { 0o644 });
    #[cfg(not(unix))]
    let _ = is_secret;
    let failed = |error: io::Error| {
        let hint = match error.kind() {
            io::ErrorKind::AlreadyExists => "a key is never replaced: name another file, or remove this one yourself",
            _ => "name a file in a folder that you may write to",
        };
        Failure::new(format!("cannot write `{}`: {error}", file.display()), hint)
    };
    let mut open = options.open(file).map_err(failed)?;
    open.write_all(text.as_bytes()).and_then(|()| open.sync_all()).map_err(|error| {
        fs::remove_file(file).ok();
        failed(error)
    })
}

fn new_password() -> Result<String, Failure> {
    if let Some(password) = variable()? {
        return Ok(password);
    }
    let first = prompt("Password of the new key: ")?;
    if first.is_empty() {
        return Err(Failure::new("the password is empty", "pass --no-password for a key without one"));
    }
    if prompt("The same again: ")? != first {
        return Err(Failure::new("the two passwords differ", "run the command again"));
    }
    Ok(first)
}

fn variable() -> Result<Option<String>, Failure> {
    match surroundings::environment().remove(std::ffi::OsStr::new(PASSWORD)) {
        None => Ok(None),
        Some(value) if value.is_empty() => Ok(None),
        Some(value) => value.into_string().map(Some).map_err(|_| Failure::new(format!("{PASSWORD} is no text"), "")),
    }
}

fn prompt(words: &str) -> Result<String, Failure> {
    rpassword::prompt_password(words).map_err(|error| {
        let hint = format!("run the command in a terminal, put the password into {PASSWORD}, or use a key without one");
        Failure::new(format!("cannot ask for the password: {error}"), hint)
    })
}

/// Packs everything into a file, and signs it.
pub(super) fn pack(folder: &Path, to: &Path, key: Option<&Path>, global: &Global) -> Result<Exit, Failure> {
    let store = opened(folder)?;
    let (file, signature_file) = (OutputFile::new(to)?, OutputFile::new(&beside(to, SIGNATURE_SUFFIX))?);
    // Before the work: a wrong password is told at once.
    let key = key.map(signing_key).transpose()?;
    let mut following = Following { progress: Reporter::new(global), cancel: interrupt::watch()? };
    let packed = store.pack(&mut following);
    following.progress.finish();
    let mut packed = packed.map_err(|error| match error {
        PackError::Store(error) => failed(folder, &error),
        PackError::Cancelled => Failure { message: error.to_string(), hint: String::new(), exit: Exit::Cancelled },
        PackError::Write(_) | PackError::TooLarge(_) => {
            let hint = "check that neither the temporary folder nor the disk is full";
            Failure::new(format!("cannot pack: {error}"), hint)
        }
    })?;
    let name = to.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let unreadable = |error: io::Error| Failure::new(format!("cannot pack: {error}"), "");
    if let Some(key) = &key {
        let comment = format!("vetch-intel made:{} file:{}", packed.manifest.made, one_line(&name));
        let signature = key.sign(packed.reader().map_err(unreadable)?, &comment);
        let signature = signature.map_err(|error| Failure::new(format!("cannot sign `{name}`: {error}"), ""))?;
        // The signature first: for the moment between, the old snapshot has one that does not fit, and is refused.
        signature_file.write(|out| out.write_all(signature.as_bytes()))?;
    }
    file.write(|out| io::copy(&mut packed.reader()?, out).map(drop))?;
    if key.is_none() {
        let is_stale = beside(to, SIGNATURE_SUFFIX).exists();
        let also = if is_stale { "; the signature beside it is of what was there before" } else { "" };
        message::note(&format!(
            "it is not signed, and nobody takes it in like that: sign it with `minisign -S -m {name}`, or pass --key{also}"
        ));
    }
    let signed = key.map_or_else(String::new, |key| format!(", signed by {}", key.id()));
    let line = format!("{}: {}{signed}\n", terminal(&to.display().to_string()), counts(&packed.manifest));
    output::print(line.as_bytes())?;
    Ok(Exit::Passed)
}

/// Comments of signatures are one line.
fn one_line(name: &str) -> String {
    name.chars().map(|letter| if letter.is_control() { '?' } else { letter }).take(120).collect()
}

/// `snapshot of 2026-04-07T14:41:20Z: 3 records, 2 indicators`.
pub(super) fn counts(manifest: &Manifest) -> String {
    let all = manifest.counts;
    let parts = [
        (all.records, "records"),
        (all.exploited, "exploited vulnerabilities"),
        (all.probabilities, "probabilities of exploitation"),
        (all.indicators, "indicators"),
        (all.judgements, "documents of judgements"),
        (all.techniques, "techniques of ATT&CK"),
    ];
    let words: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let words = if words.is_empty() { "nothing".to_owned() } else { words.join(", ") };
    format!("snapshot of {}: {words}", terminal(&manifest.made))
}

/// What was taken in.
pub(super) fn taken(manifest: &Manifest, origin: &Origin) -> String {
    format!("{}, signed by {}; in place of what was there", counts(manifest), terminal(&origin.key))
}

fn signing_key(file: &Path) -> Result<SigningKey, Failure> {
    let hint = "name the secret key that `vetch intel key` or `minisign -G` made";
    let wrong = |reason: String| Failure::new(format!("cannot sign with `{}`: {reason}", file.display()), hint);
    let text = read(file).map_err(wrong)?;
    #[cfg(unix)]
    if let Ok(metadata) = fs::metadata(file)
        && std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0
    {
        message::note(&format!("others may read `{}`: `chmod 600` it", file.display()));
    }
    match SigningKey::parse(&text, None) {
        Err(KeyError::NeedsPassword) => {}
        other => return other.map_err(|error| wrong(error.to_string())),
    }
    let password = match variable()? {
        Some(password) => password,
        None => prompt(&format!("Password of {}: ", terminal(&file.display().to_string())))?,
    };
    SigningKey::parse(&text, Some(password)).map_err(|error| wrong(error.to_string()))
}

fn read(file: &Path) -> Result<String, String> {
    if fs::metadata(file).is_ok_and(|metadata| !metadata.is_file()) {
        return Err("it is no file".to_owned());
    }
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(MAX_KEY_FILE + 1).read_to_string(&mut text));
    match read {
        Err(error) => Err(error.to_string()),
        Ok(length) if length as u64 > MAX_KEY_FILE => Err("it is too large for a key".to_owned()),
        Ok(_) => Ok(text),
    }
}

/// Whose snapshots count: of the keys given, else of those in the user's settings, which are looked at if there is a
/// snapshot to take in.
pub(super) fn trust(paths: &[PathBuf], given: &[String], allows_older: bool) -> Result<Trust, Failure> {
    let mut trust = Trust { keys: Vec::new(), allows_older };
    let (texts, folder) = match given.is_empty() {
        false => (given.to_vec(), PathBuf::new()),
        true if paths.iter().any(|path| is_file(path)) => settings::load()?.trusted_keys(),
        true => return Ok(trust),
    };
    for text in &texts {
        // A key is never the name of a file that anybody would choose.
        let key = TrustedKey::parse(text).or_else(|_| {
            let file = folder.join(text);
            let hint = "give the line `RW…` of the public key, or the file that holds it";
            let wrong =
                |reason: String| Failure::new(format!("`{}` is no key to trust: {reason}", file.display()), hint);
            let text = read(&file).map_err(wrong)?;
            TrustedKey::parse(&text).map_err(|error| wrong(error.to_string()))
        })?;
        trust.keys.push(key);
    }
    Ok(trust)
}
