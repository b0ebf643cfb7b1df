//! From files of rules to a scanner, or to everything that is wrong with them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use boreal::Compiler;
use boreal::compiler::{AddRuleError, CompilerBuilder, CompilerParams};
use boreal::module;

use crate::include::Includes;
use crate::meta;
use crate::{Problem, Rules, Source};

/// Problems listed; files with more are not worth more lines.
const MOST_PROBLEMS: usize = 20;

/// Texts that scanners commonly tell their rules of the file at hand.
pub(crate) const SYMBOLS: [&str; 3] = ["filename", "filepath", "extension"];

impl Rules {
    /// Compiles files of rules. The rules of each file have a namespace of their own; a file that another one includes
    /// is part of that one alone.
    ///
    /// # Errors
    /// Everything that is wrong with any of the files, by line.
    pub fn compile(sources: Vec<Source>) -> Result<Rules, Vec<Problem>> {
        let texts = texts(&sources)?;
        let namespaces = namespaces(&sources);
        let files = Arc::new(sources);
        let mut included = BTreeSet::new();
        let mut earlier = Vec::new();
        // Which files are included is known once they are compiled; they are then left out as files of their own.
        loop {
            let (compiled, found) = compile(&files, &texts, &namespaces, &included);
            // Files that include each other in a circle are left out and reached from nowhere.
            if !included.is_subset(&found) {
                return Err(earlier);
            }
            if found.is_subset(&included) {
                return compiled.map(|compiler| Rules::of(compiler, &files, &namespaces));
            }
            included.extend(found);
            earlier = compiled.err().unwrap_or_default();
        }
    }

    fn of(compiler: Compiler, files: &[Source], namespaces: &[String]) -> Rules {
        let scanner = compiler.finalize();
        let files: HashMap<&str, &Source> = namespaces.iter().map(String::as_str).zip(files).collect();
        let (mut rules, mut index) = (Vec::new(), HashMap::new());
        for rule in scanner.rules().filter(|rule| !rule.is_private) {
            let Some(file) = files.get(rule.namespace) else { continue };
            index.insert((rule.namespace.to_owned(), rule.name.to_owned()), rules.len());
            rules.push(meta::describe(&scanner, &rule, file));
        }
        Rules { scanner, rules, index }
    }
}

fn texts(sources: &[Source]) -> Result<Vec<Arc<str>>, Vec<Problem>> {
    let (mut texts, mut problems) = (Vec::new(), Vec::new());
    for source in sources {
        match std::str::from_utf8(&source.bytes) {
            Ok(text) => texts.push(Arc::from(text.strip_prefix('\u{feff}').unwrap_or(text))),
            Err(error) => {
                let line = line_of(&source.bytes, error.valid_up_to());
                let message = format!("byte {} is not UTF-8; save the file as UTF-8", error.valid_up_to());
                problems.push(Problem { file: source.shown.clone(), line, message });
            }
        }
    }
    problems.truncate(MOST_PROBLEMS);
    if problems.is_empty() { Ok(texts) } else { Err(problems) }
}

/// One for each file: its path without the ending, in characters that need no escaping anywhere.
fn namespaces(sources: &[Source]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let harmless = |path: &str| -> String {
        let keep = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
        path.chars().map(|c| if keep(c) { c } else { '_' }).collect()
    };
    let mut unique = |source: &Source| {
        let stem = source.path.rsplit_once('.').map_or(source.path.as_str(), |(stem, _)| stem);
        let mut name = harmless(stem);
        let mut number = 1;
        while !taken.insert(name.clone()) {
            number += 1;
            name = format!("{}.{number}", harmless(stem));
        }
        name
    };
    sources.iter().map(&mut unique).collect()
}

/// Compiles all files but those that are left out; gives the files that were included as well.
fn compile(
    files: &Arc<Vec<Source>>,
    texts: &[Arc<str>],
    namespaces: &[String],
    left_out: &BTreeSet<usize>,
) -> (Result<Compiler, Vec<Problem>>, BTreeSet<usize>) {
    let mut compiler = new_compiler();
    let includes = Includes::new(Arc::clone(files), texts.to_vec());
    let resolver = includes.clone();
    compiler.set_include_callback(move |written, from, _| resolver.load(written, from));
    let mut problems = Vec::new();
    for (number, (text, namespace)) in texts.iter().zip(namespaces).enumerate() {
        if left_out.contains(&number) {
            continue;
        }
        includes.begin(number);
        if let Err(error) = compiler.add_rules_str_in_namespace(text.as_ref(), namespace) {
            problems.push(problem(&error, &includes, number));
        }
    }
    problems.truncate(MOST_PROBLEMS);
    (if problems.is_empty() { Ok(compiler) } else { Err(problems) }, includes.included())
}

/// Without `time` (its answers depend on the clock), and without anything that reads other places than the bytes.
fn new_compiler() -> Compiler {
    let builder = CompilerBuilder::default()
        .add_module(module::Math)
        .add_module(module::String_)
        .add_module(module::Hash)
        .add_module(module::Pe)
        .add_module(module::Elf)
        .add_module(module::MachO)
        .add_module(module::Dotnet)
        .add_module(module::Dex)
        .add_module(module::Console::with_callback(|_| {}));
    let mut compiler = builder.build();
    compiler.set_params(CompilerParams::default().disable_unknown_escape_warning(true));
    for symbol in SYMBOLS {
        // False only if it is defined already.
        let _is_new = compiler.define_symbol(symbol, "");
    }
    compiler
}

fn problem(error: &AddRuleError, includes: &Includes, main: usize) -> Problem {
    let number = includes.file_of(error.path.as_deref()).unwrap_or(main);
    let diagnostic = error.to_diagnostic();
    let offset = diagnostic.labels.first().map_or(0, |label| label.range.start);
    let (file, text) = includes.source(number);
    let label = diagnostic.labels.first().map(|label| label.message.trim()).filter(|label| !label.is_empty());
    let message = match label {
        Some(label) if label != diagnostic.message => format!("{}: {label}", diagnostic.message),
        _ => diagnostic.message.clone(),
    };
    Problem { file, line: line_of(text.as_bytes(), offset), message: advise(message) }
}

/// What to do, where the message does not say it.
fn advise(message: String) -> String {
    if message.contains("unknown import") {
        return format!("{message}; known here: math, string, hash, pe, elf, macho, dotnet, dex, console");
    }
    if message.contains("unknown field") || message.contains("unknown identifier") {
        return format!("{message}; of external variables there are {}", SYMBOLS.join(", "));
    }
    message
}

fn line_of(bytes: &[u8], offset: usize) -> u32 {
    let before = bytes.get(..offset.min(bytes.len())).unwrap_or_default();
    u32::try_from(before.iter().filter(|byte| **byte == b'\n').count() + 1).unwrap_or(u32::MAX)
}
