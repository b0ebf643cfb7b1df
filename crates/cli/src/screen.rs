//! What standard output can show.

use std::io::IsTerminal;

use anstream::{AutoStream, ColorChoice};
use vetch_report::Style;

use crate::args::{ColorWhen, Global};

/// Widest line, and the width where there is no terminal.
const WIDTH: usize = 100;

/// Puts `--color` in force; without it, `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM` decide.
pub(crate) fn choose_color(when: ColorWhen) {
    match when {
        ColorWhen::Auto => ColorChoice::Auto,
        ColorWhen::Always => ColorChoice::Always,
        ColorWhen::Never => ColorChoice::Never,
    }
    .write_global();
}

/// How to write for standard output.
pub(crate) fn stdout_style(global: &Global) -> Style {
    let stdout = std::io::stdout();
    let width = stdout.is_terminal().then(terminal_size::terminal_size).flatten();
    Style {
        color: AutoStream::choice(&stdout) != ColorChoice::Never,
        width: width.map_or(WIDTH, |(width, _)| usize::from(width.0)),
        unicode: !stdout.is_terminal() || shows_unicode(|name| std::env::var(name).ok()),
        verbose: global.verbose,
        only_findings: false,
    }
}

/// How to write for a file.
pub(crate) fn file_style(global: &Global) -> Style {
    Style { verbose: global.verbose, ..Style::default() }
}

/// By the locale, as POSIX defines it: the first that is set of `LC_ALL`, `LC_CTYPE` and
/// `LANG`. Where none is set (Windows, some macOS sessions), terminals are Unicode.
fn shows_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| variable(name).filter(|it| !it.is_empty()));
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides_about_unicode() {
        let with = |set: &'static [(&str, &str)]| {
            shows_unicode(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert!(with(&[]));
        assert!(with(&[("LANG", "de_DE.UTF-8")]));
        assert!(with(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")]));
        assert!(!with(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
        assert!(!with(&[("LANG", "POSIX")]));
    }
}
