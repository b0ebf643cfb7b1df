//! Commands out of tokens.

use vetch_model::Span;

use super::lexer::{Lexer, Placed, Token, is_name};
use super::{Command, Joint, MAX_COMMANDS, MAX_NESTING, Part, Redirect, RedirectKind, Script, Word};

pub(super) fn parse(line: &str) -> Script {
    parse_nested(line, MAX_NESTING, MAX_COMMANDS).0
}

/// The commands of a script, and how many more may be taken out of the line around it.
pub(super) fn parse_nested(line: &str, nesting: u32, commands: usize) -> (Script, usize) {
    let mut parser = Parser { lexer: Lexer::new(line, nesting, commands), script: Script::default(), here: Vec::new() };
    parser.run();
    (parser.script, parser.lexer.commands)
}

struct Parser<'l> {
    lexer: Lexer<'l>,
    script: Script,
    /// Here-documents whose text begins after the next new line: command, redirect, end, `<<-`.
    here: Vec<(usize, usize, String, bool)>,
}

/// Words after which another command begins.
const OPENING: &[&str] = &["if", "then", "elif", "else", "while", "until", "do", "{", "!", "time", "call"];
/// Words that end a body.
const CLOSING: &[&str] = &["fi", "done", "esac", "}"];

impl Parser<'_> {
    fn run(&mut self) {
        let mut command = Command::default();
        while let Some(placed) = self.lexer.next() {
            match placed.token {
                Token::Operator(operator) => {
                    command = self.operator(command, operator);
                    if operator == "\n" {
                        self.here_documents();
                    }
                }
                Token::Redirect { descriptor, operator } => {
                    extend(&mut command, placed.start, placed.end);
                    self.redirect(&mut command, descriptor, operator);
                }
                Token::Word { ref word, quoted } => {
                    if let Some(joint) = self.keyword(&command, word, quoted) {
                        let place = Command { joined_by: joint, ..Command::default() };
                        self.finish(std::mem::replace(&mut command, place));
                    } else {
                        self.word(&mut command, placed);
                    }
                }
            }
            if self.lexer.commands == 0 {
                return self.give_up(command);
            }
        }
        self.finish(command);
        self.here_documents();
    }

    /// Too many commands: what is left becomes one word of the last.
    fn give_up(&mut self, mut command: Command) {
        let start = self.lexer.at;
        let rest = self.lexer.rest().trim();
        if !rest.is_empty() {
            command.words.push(Word::literal(rest));
            extend(&mut command, start, self.lexer.line.len());
        }
        self.script.commands.push(command);
    }

    fn operator(&mut self, command: Command, operator: &str) -> Command {
        let joint = match operator {
            "&&" => Joint::And,
            "||" => Joint::Or,
            "|" | "|&" => Joint::Pipe,
            "&" => Joint::Background,
            _ => Joint::Sequence,
        };
        // After `(` or an empty command, the joint of what came before still holds: `a && (b)`.
        let is_empty = command.words.is_empty() && command.assignments.is_empty() && command.redirects.is_empty();
        let kept = is_empty && matches!(operator, "(" | "\n");
        let joined_by = if kept { command.joined_by } else { joint };
        self.finish(command);
        Command { joined_by, ..Command::default() }
    }

    fn finish(&mut self, mut command: Command) {
        unwrap_env(&mut command);
        if command.words.is_empty() && command.assignments.is_empty() && command.redirects.is_empty() {
            return;
        }
        self.script.commands.push(command);
        self.lexer.commands = self.lexer.commands.saturating_sub(1);
    }

    /// Whether a word at the place of a program is a keyword; then, how what follows is joined.
    fn keyword(&self, command: &Command, word: &Word, quoted: bool) -> Option<Joint> {
        let at_start = command.words.is_empty() && command.assignments.is_empty();
        let text = word.as_literal()?;
        if quoted || !at_start {
            return None;
        }
        if OPENING.contains(&text) {
            return Some(command.joined_by);
        }
        CLOSING.contains(&text).then_some(Joint::Sequence)
    }

    fn word(&mut self, command: &mut Command, placed: Placed) {
        let Token::Word { mut word, .. } = placed.token else { return };
        // An operator's first character that begins no operator here: as text.
        if placed.start == placed.end {
            word = Word::literal(self.lexer.rest().chars().next().map_or(String::new(), String::from));
            self.lexer.at += self.lexer.rest().chars().next().map_or(0, char::len_utf8);
        }
        // `@echo off`: cmd.exe's way not to print the line.
        if command.words.is_empty()
            && let Some(Part::Literal(text)) = word.parts.first_mut()
            && text.len() > 1
            && text.starts_with('@')
        {
            text.remove(0);
        }
        extend(command, placed.start, self.lexer.at);
        match assignment(&word) {
            Some((name, value)) if command.words.is_empty() => command.assignments.push((name, value)),
            _ => command.words.push(word),
        }
    }

    fn redirect(&mut self, command: &mut Command, descriptor: Option<u32>, operator: &str) {
        let kind = match operator {
            "<" => RedirectKind::Read,
            ">" | ">|" | "<>" => RedirectKind::Write,
            ">>" => RedirectKind::Append,
            "<<" | "<<-" | "<<<" => RedirectKind::Here,
            _ => RedirectKind::Duplicate,
        };
        while self.lexer.rest().starts_with([' ', '\t']) {
            self.lexer.at += 1;
        }
        let before = self.lexer.at;
        let Token::Word { word: target, .. } = self.lexer.word() else { return };
        extend(command, before, self.lexer.at);
        if matches!(operator, "<<" | "<<-") {
            let place = (self.script.commands.len(), command.redirects.len());
            self.here.push((place.0, place.1, target.display(), operator == "<<-"));
        }
        command.redirects.push(Redirect { descriptor, kind, target });
    }

    /// Reads the here-documents of the line that just ended.
    fn here_documents(&mut self) {
        for (command, redirect, end, tabs) in std::mem::take(&mut self.here) {
            let (text, after) = self.lexer.here_document(self.lexer.at, &end, tabs);
            self.lexer.at = after;
            let place = self.script.commands.get_mut(command).and_then(|it| it.redirects.get_mut(redirect));
            if let Some(redirect) = place {
                redirect.target = Word::literal(text);
            }
        }
    }
}

fn extend(command: &mut Command, start: usize, end: usize) {
    if command.span == Span::default() {
        command.span.start = start as u32;
    }
    command.span.end = end as u32;
}

/// `NAME=value`
fn assignment(word: &Word) -> Option<(String, Word)> {
    let Some(Part::Literal(text)) = word.parts.first() else { return None };
    let (name, value) = text.split_once('=')?;
    let named = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if !named || !name.bytes().all(is_name) {
        return None;
    }
    let mut parts = word.parts.clone();
    if value.is_empty() {
        parts.remove(0);
    } else if let Some(first) = parts.first_mut() {
        *first = Part::Literal(value.to_owned());
    }
    Some((name.to_owned(), Word { parts }))
}

/// `env A=1 cmd`, `cross-env A=1 cmd`: the command is `cmd`.
fn unwrap_env(command: &mut Command) {
    let program = command.words.first().and_then(Word::as_literal).unwrap_or("");
    if !matches!(program, "env" | "/usr/bin/env" | "cross-env" | "cross-env-shell") {
        return;
    }
    let assigned = command.words[1..].iter().map_while(assignment).collect::<Vec<_>>();
    let is_command = command
        .words
        .get(1 + assigned.len())
        .is_some_and(|word| word.as_literal().is_none_or(|text| !text.starts_with('-')));
    if is_command {
        command.words.drain(..=assigned.len());
        command.assignments.extend(assigned);
    }
}
