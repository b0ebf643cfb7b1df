//! What npm's registries say of the user's accounts, asked with the user's own credentials and only when the user asks.

use vetch_model::Location;
use vetch_model::history::{DAY, Time};
use vetch_model::hygiene::{Lint, LintId, Repair};
use vetch_registries::{ClientOptions, NpmAccount, NpmClient, NpmConfig, NpmToken, SecondFactor};

use super::DoctorOptions;
use super::host::OLD_DAYS;

/// What was found out, and what was not.
#[derive(Default)]
pub(super) struct Accounts {
    pub(super) lints: Vec<Lint>,
    pub(super) looked_at: Vec<String>,
    pub(super) unavailable: Vec<String>,
}

/// Asks every registry that the user's own settings hold credentials for. No project has a part in it.
pub(super) fn ask(options: &DoctorOptions) -> Accounts {
    let mut accounts = Accounts::default();
    let config = NpmConfig::load(&crate::intel::update::environment(options.home.clone(), &options.environment));
    if config.offline {
        accounts.unavailable.push("npm's registries were not asked: your settings say `offline`".to_owned());
        return accounts;
    }
    let client = match NpmClient::new(config, ClientOptions::default()) {
        Ok(client) => client,
        Err(error) => {
            accounts.unavailable.push(format!("npm's registries were not asked: {error}"));
            return accounts;
        }
    };
    let answers = client.fetch_accounts(&|| false);
    if answers.is_empty() {
        accounts.looked_at.push("there are no credentials for a registry of npm, so none was asked".to_owned());
    }
    for answer in &answers {
        accounts.second_factor(answer);
        accounts.tokens(answer, Time(options.now));
    }
    accounts
}

impl Accounts {
    fn push(&mut self, registry: &str, id: LintId, what: String, command: String) {
        self.lints.push(Lint { location: Location::file(registry), id, what, repair: Repair::Command(command) });
    }

    fn second_factor(&mut self, answer: &NpmAccount) {
        let registry = &answer.registry;
        let what = match &answer.second_factor {
            Ok(SecondFactor::Publishing) => {
                self.looked_at.push(format!("{registry} asks for a second factor, also when you publish"));
                return;
            }
            Err(why) => {
                self.unavailable.push(format!("whether your account at {registry} has a second factor: {why}"));
                return;
            }
            Ok(SecondFactor::Off) => "your account here has no second factor",
            Ok(SecondFactor::Pending) => "the second factor of your account here was begun and never confirmed",
            Ok(SecondFactor::Login) => {
                "your account here is asked for its second factor at the login only, and not when something is published"
            }
        };
        let command = format!("`npm profile enable-2fa auth-and-writes --registry {registry}`");
        self.push(registry, LintId::TwoFactorOff, what.to_owned(), command);
    }

    fn tokens(&mut self, answer: &NpmAccount, now: Time) {
        let registry = &answer.registry;
        let tokens = match &answer.tokens {
            Ok(tokens) => tokens,
            Err(why) => {
                self.unavailable.push(format!("which tokens of your account at {registry} are out: {why}"));
                return;
            }
        };
        self.looked_at.push(format!("{registry} knows {} tokens of yours", tokens.len()));
        for token in tokens {
            let revoke = format!("`npm token revoke {} --registry {registry}`, if nothing needs it", token.id);
            let days = token.created.map(|created| now.since(created) / DAY);
            if let Some(days) = days.filter(|days| *days > OLD_DAYS) {
                let what = format!("{} was made {days} days ago; {}", named(token), may(token));
                self.push(registry, LintId::OldToken, what, revoke.clone());
            }
            if token.bypasses_second_factor && !token.is_readonly {
                let what = format!("{} publishes without the second factor; {}", named(token), may(token));
                self.push(registry, LintId::SecondFactorBypassed, what, revoke);
            }
        }
    }
}

/// A token as its owner knows it.
fn named(token: &NpmToken) -> String {
    match &token.name {
        Some(name) => format!("the token `{name}` ({})", token.id),
        None => format!("the token {}", token.id),
    }
}

/// What the thief of a token gets.
fn may(token: &NpmToken) -> String {
    let rights = if token.is_readonly { "it can only read" } else { "it can publish" };
    let from = if token.is_bound_to_addresses { "from some addresses" } else { "from anywhere" };
    format!("{rights}, {from}")
}
