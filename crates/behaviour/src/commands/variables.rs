//! Variables of shell scripts.

use vetch_syntax::shell::Word;

use super::Runner;
use crate::value::{HOLE, Taint};

impl Runner<'_, '_> {
    /// What a variable holds: what the script put there, or the environment has.
    pub(super) fn variable(&mut self, name: &str) -> (String, Taint) {
        const SECRET: &[&str] = &["TOKEN", "SECRET", "PASSWORD", "PASSWD", "_KEY", "CREDENTIAL", "PRIVATE"];
        if let Some((value, taint)) = self.variables.get(name) {
            return (value.clone(), *taint);
        }
        let known = match name {
            "HOME" | "USERPROFILE" | "HOMEPATH" => "<home>",
            "TMPDIR" | "TMP" | "TEMP" => "<temp>",
            "PWD" | "INIT_CWD" => "<project>",
            // Of others nobody knows whether they are the environment's at all.
            _ if SECRET.iter().any(|part| name.contains(part)) => {
                let value = crate::apis::env::read_variable(self.interp, name);
                return (HOLE.to_string(), value.taint);
            }
            _ => return (HOLE.to_string(), Taint::NONE),
        };
        (known.to_owned(), Taint::NONE)
    }

    /// `NAME=value`
    pub(super) fn assign(&mut self, name: &str, value: &Word) -> Taint {
        const MAX_VARIABLES: usize = 256;
        const MAX_VALUE: usize = 4096;
        let (text, taint) = self.word(value);
        if self.variables.len() < MAX_VARIABLES && text.len() <= MAX_VALUE {
            self.variables.insert(name.to_owned(), (text, taint));
        }
        taint
    }
}
