//! Whether obfuscated code was seen through. Some makers hide honest code: where everything that it does is known, it is
//! judged by that, as if it were not hidden. Where something stays unknown, having hidden it counts.

use vetch_model::capability::{Capability, CapabilityId, EvalSource, PathClass, Resource};
use vetch_model::facts::{SignalKind, UnreadReason};

use crate::query::{Contents, class_of, name_of, reads_secrets};
use crate::secrets::{family_of, identifying_item};
use crate::shell;

/// Whether every name that a file computes was made out, and evaluation went to its end.
fn is_made_out(c: &Contents<'_>, file: &str) -> bool {
    let hides = c
        .facts
        .signals
        .iter()
        .any(|signal| signal.kind == SignalKind::UnresolvedNames && signal.evidence.location().file == file);
    let stopped = c.facts.unread.iter().any(|unread| unread.reason == UnreadReason::OutOfFuel);
    !hides && !stopped
}

/// Whether all that a file does is known to the last, and tells of nothing to hide.
pub(crate) fn is_seen_through(c: &Contents<'_>, file: &str, deeds: &[&Capability]) -> bool {
    let tells = deeds.iter().any(|deed| is_telling(deed));
    is_made_out(c, file) && deeds.iter().all(|deed| is_plain(c, deed, tells))
}

/// What there is to tell somebody else: of the host, its user, or the environment as a whole.
fn is_telling(deed: &Capability) -> bool {
    match deed.id {
        CapabilityId::EnvEnumerate
        | CapabilityId::InputKeyboard
        | CapabilityId::InputClipboard
        | CapabilityId::InputScreen
        | CapabilityId::BrowserHook => true,
        CapabilityId::FsRead => reads_secrets(deed) || class_of(deed) == Some(PathClass::Home),
        CapabilityId::EnvRead if deed.resource == Resource::Any => true,
        CapabilityId::SystemInfo | CapabilityId::EnvRead => {
            identifying_item(deed).is_some() || family_of(deed).is_some()
        }
        _ => false,
    }
}

/// What is known to the last: where it connects, what it starts and what it writes has a name. A host that has nothing to
/// do with the package is none to tell things to.
fn is_plain(c: &Contents<'_>, deed: &Capability, tells: bool) -> bool {
    match deed.id {
        CapabilityId::NetConnect => {
            let host = c.host(deed);
            let is_named = !host.name.is_empty() && !host.name.contains('*');
            !host.is_remote() || is_named && !host.is_alarming() && (!tells || !host.is_foreign())
        }
        CapabilityId::NetDns => !tells && name_of(deed).is_some_and(|name| !name.contains('*')),
        CapabilityId::ProcessSpawn => name_of(deed)
            .is_some_and(|name| !name.contains('*') && (!shell::is_interpreter(name) || says_what_it_runs(deed))),
        // What nobody else starts or reads as an order.
        CapabilityId::FsWrite | CapabilityId::FsDelete => match class_of(deed) {
            Some(PathClass::Package | PathClass::Temp | PathClass::Cache) => true,
            Some(PathClass::Project) => name_of(deed).is_some_and(|name| !name.contains('*')),
            _ => false,
        },
        CapabilityId::CodeEval => is_known_code(c, deed),
        CapabilityId::SystemInfo | CapabilityId::EnvRead | CapabilityId::NetListen => true,
        CapabilityId::FsRead => !reads_secrets(deed),
        _ => false,
    }
}

/// Whether all of a command that starts an interpreter is known, and says what it runs: what that does is told by itself.
fn says_what_it_runs(deed: &Capability) -> bool {
    let Some((_, command)) = deed.evidence.note().split_once('`') else { return false };
    let command = command.trim_end_matches('`');
    let mut words = command.split_whitespace().skip(1);
    let says = |word: &str| !word.starts_with(['-', '/']) || matches!(word, "-v" | "-V" | "--version");
    !command.contains(['*', '…']) && words.any(says)
}

/// Whether code that is executed is known to the last: a literal, or text that was decoded and could be parsed.
fn is_known_code(c: &Contents<'_>, eval: &Capability) -> bool {
    let here = eval.evidence.location();
    let mut layers =
        c.facts.layers.iter().filter(|layer| layer.location.span == here.span && layer.location.file == here.file);
    match eval.resource {
        Resource::Eval(EvalSource::Constant) => true,
        // Of code that is not obfuscated, decoding is what hides it.
        Resource::Eval(EvalSource::Decoded) => {
            c.is_obfuscated(&here.file)
                && layers.clone().next().is_some()
                && layers.all(|layer| layer.is_understood && !layer.text.contains('…'))
        }
        _ => false,
    }
}
