//! Histories in examples: one line for each release.
//!
//! ```text
//! VERSION TIME by=NAME mail=ADDRESS trusted provenance commit=ID maintainers=A,B script=EVENT:LINE
//!              dep=NAME:RANGE license=ID repository=URL withdrawn=TIME republished=TIME former=DIGEST
//! ```
//!
//! In a script, `_` stands for a space.

use vetch_model::history::{Account, Channel, Declaration, HistoricRelease, History, Time};

/// Reads a history.
pub(crate) fn history(name: &str, text: &str) -> Result<History, String> {
    let mut history =
        History { name: name.to_owned(), registry: "https://registry.invalid/".to_owned(), ..History::default() };
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let release = release(line, &mut history).ok_or_else(|| format!("`{line}` is no release"))?;
        history.releases.push(release);
    }
    Ok(history)
}

fn release(line: &str, history: &mut History) -> Option<HistoricRelease> {
    let mut words = line.split_whitespace();
    let version = words.next()?.to_owned();
    let published = Some(time(words.next()?)?);
    let mut release = HistoricRelease { version, published, channel: Channel::Account, ..HistoricRelease::default() };
    let (mut account, mut declaration) = (Account::default(), Declaration::default());
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let named = |value: &str| Account { name: value.to_owned(), email: String::new() };
        match key {
            "by" => account.name = value.to_owned(),
            "mail" => account.email = value.to_owned(),
            "trusted" => {
                release.channel = Channel::Trusted { provider: "github".to_owned(), configuration: String::new() };
            }
            "provenance" => release.has_provenance = true,
            "commit" => release.commit = Some(value.to_owned()),
            "maintainers" => {
                release.maintainers = value.split(',').map(|one| history.add_account(named(one))).collect();
            }
            "script" => {
                let (event, line) = value.split_once(':')?;
                declaration.install_scripts.insert(event.to_owned(), line.replace('_', " "));
                declaration.has_install_script = true;
            }
            "dep" => {
                let (name, range) = value.split_once(':')?;
                declaration.dependencies.insert(name.to_owned(), range.to_owned());
            }
            "license" => declaration.license = Some(value.to_owned()),
            "repository" => declaration.repository = Some(value.to_owned()),
            "withdrawn" => release.fate.withdrawn = Some(time(value)?),
            "republished" => release.fate.republished = Some(time(value)?),
            "former" => release.fate.former_digests.push(value.to_owned()),
            _ => return None,
        }
    }
    release.publisher = Some(history.add_account(account));
    release.declaration = Some(history.add_declaration(declaration));
    Some(release)
}

fn time(text: &str) -> Option<Time> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Time(time.as_second()))
}
