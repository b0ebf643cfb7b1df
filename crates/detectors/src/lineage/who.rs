//! Who published a release and how, against who did before.

use std::collections::BTreeSet;

use vetch_model::history::{Account, Channel, HistoricRelease, SignalSource};

use super::{Lineage, Sign, field};

/// How many releases must have been published in one way before another way is odd.
const ESTABLISHED: usize = 2;
/// Of that many last releases.
const RECENT: usize = 5;

/// Providers of addresses for a day, by domain: nobody publishes under their own name from there.
const DISPOSABLE: &[&str] = &[
    "mailinator.com",
    "guerrillamail.com",
    "guerrillamail.net",
    "sharklasers.com",
    "10minutemail.com",
    "yopmail.com",
    "temp-mail.org",
    "tempmail.com",
    "tempmailo.com",
    "trashmail.com",
    "dispostable.com",
    "getnada.com",
    "maildrop.cc",
    "mohmal.com",
    "throwawaymail.com",
    "fakeinbox.com",
    "mintemail.com",
    "moakt.com",
    "emailondeck.com",
];

/// Trusted publishing or provenance that the last releases of the line had, and this one lacks.
pub(crate) fn channel_lost(lineage: &Lineage<'_>) -> Option<Sign> {
    if !lineage.history.tells(SignalSource::Provenance) || has_origin(lineage.release) {
        return None;
    }
    let recent: Vec<&&HistoricRelease> = lineage.peers.iter().take(RECENT).collect();
    let with = recent.iter().filter(|peer| has_origin(peer)).count();
    // One without among the last is a project that sometimes publishes by hand.
    if with < ESTABLISHED || with < recent.len() {
        return None;
    }
    let last = recent.first()?;
    let was_trusted = matches!(last.channel, Channel::Trusted { .. });
    let (found, expected) = (channel_words(lineage, lineage.release), channel_words(lineage, last));
    let name = if was_trusted { "_npmUser" } else { "dist.attestations" };
    let note = format!("the {with} releases of this line before it had it");
    let words = match was_trusted {
        true => "was not published by the trusted publisher that published those before it",
        false => "has no provenance, and those before it had",
    };
    Some(Sign::strong(words, field(lineage, name, found, Some(expected), &note)))
}

fn has_origin(release: &HistoricRelease) -> bool {
    release.has_provenance || matches!(release.channel, Channel::Trusted { .. })
}

fn channel_words(lineage: &Lineage<'_>, release: &HistoricRelease) -> String {
    let provenance = if release.has_provenance { ", with provenance" } else { ", without provenance" };
    let who = match (&release.channel, lineage.history.publisher(release)) {
        (Channel::Trusted { provider, .. }, _) if !provider.is_empty() => format!("trusted publisher ({provider})"),
        (Channel::Trusted { .. }, _) => "trusted publisher".to_owned(),
        (_, Some(account)) => shown(account),
        (_, None) => "not told".to_owned(),
    };
    format!("{who}{provenance}")
}

fn shown(account: &Account) -> String {
    match (account.name.as_str(), account.email.as_str()) {
        (name, "") => name.to_owned(),
        ("", email) => email.to_owned(),
        (name, email) => format!("{name} <{email}>"),
    }
}

/// An account that published no release of the package before. Strong if it could not even do so until now.
pub(crate) fn new_publisher(lineage: &Lineage<'_>) -> Option<Sign> {
    let history = lineage.history;
    if !history.tells(SignalSource::Publishers) || !matches!(lineage.release.channel, Channel::Account) {
        return None;
    }
    let account = history.publisher(lineage.release)?;
    let known: Vec<&&HistoricRelease> = lineage.earlier.iter().filter(|release| release.publisher.is_some()).collect();
    let names: BTreeSet<&str> =
        known.iter().filter_map(|release| Some(history.publisher(release)?.name.as_str())).collect();
    if known.len() < ESTABLISHED || account.name.is_empty() || names.contains(account.name.as_str()) {
        return None;
    }
    let before = lineage.previous.or(lineage.earlier.first().copied())?;
    let could = before.maintainers.iter().filter_map(|index| history.account(*index));
    let maintainers: Vec<&str> = could.map(|account| account.name.as_str()).collect();
    let was_maintainer = maintainers.contains(&account.name.as_str());
    let expected = last_publishers(lineage);
    let evidence = |note| field(lineage, "_npmUser", shown(account), Some(expected.clone()), note);
    if history.tells(SignalSource::Maintainers) && !was_maintainer && !maintainers.is_empty() {
        let words = format!("was published by `{}`, who could not publish the one before it", account.name);
        return Some(Sign::strong(words, evidence("was made a maintainer, and published at once")));
    }
    let words = format!("was published by `{}`, who published none before it", account.name);
    Some(Sign::weak(words, evidence("published none of the releases before it")))
}

/// Who published the last releases.
fn last_publishers(lineage: &Lineage<'_>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for release in lineage.earlier.iter().take(RECENT) {
        let name = lineage.history.publisher(release).map_or("", |account| account.name.as_str());
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// The same account at another address than before, or at one for a day.
pub(crate) fn address_changed(lineage: &Lineage<'_>) -> Option<Sign> {
    let history = lineage.history;
    if !matches!(lineage.release.channel, Channel::Account) {
        return None;
    }
    let account = history.publisher(lineage.release).filter(|account| !account.email.is_empty())?;
    let domain = account.email.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    if DISPOSABLE.contains(&domain.as_str()) {
        let words = "was published from an address for a day";
        return Some(Sign::strong(words, field(lineage, "_npmUser.email", account.email.clone(), None, words)));
    }
    let own = lineage.earlier.iter().filter_map(|release| history.publisher(release));
    let own: Vec<&Account> =
        own.filter(|other| other.name == account.name && !other.email.is_empty()).take(RECENT).collect();
    let first = own.first()?;
    if own.len() < ESTABLISHED || own.iter().any(|other| other.email == account.email) {
        return None;
    }
    let words = format!("was published by `{}` from another address than before", account.name);
    let note = "the address of the account changed";
    let evidence = field(lineage, "_npmUser.email", account.email.clone(), Some(first.email.clone()), note);
    // To another provider is what a hijacker does; within one, what a company does.
    let before = first.email.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    Some(if before == domain {
        Sign::weak(words, evidence)
    } else {
        Sign { is_strong: true, ..Sign::weak(words, evidence) }
    })
}

/// A commit that the last releases named, and this one does not.
pub(crate) fn commit_lost(lineage: &Lineage<'_>) -> Option<Sign> {
    if !lineage.history.tells(SignalSource::Commits) || lineage.release.commit.is_some() {
        return None;
    }
    let recent: Vec<&&HistoricRelease> = lineage.peers.iter().take(RECENT).collect();
    let last = recent.first()?.commit.clone()?;
    if recent.len() <= ESTABLISHED || recent.iter().any(|peer| peer.commit.is_none()) {
        return None;
    }
    let note = "every release before it says of which commit it was made";
    let words = "names no commit, as every release before it does";
    Some(Sign::weak(words, field(lineage, "gitHead", "absent".to_owned(), Some(last), note)))
}
