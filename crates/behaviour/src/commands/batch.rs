//! Batch files of Windows: variables, their parts and replacements written out, as cmd.exe would expand them.

use std::collections::HashMap;

/// Most text that expansion makes of one file.
const MAX_EXPANDED: usize = 256 << 10;

/// Longest value of a variable, as cmd.exe has it.
const MAX_VALUE: usize = 8191;

/// Whether a text is a batch file's rather than a line of another shell.
pub(super) fn is_batch(text: &str) -> bool {
    let lower = text.get(..text.len().min(4096)).unwrap_or(text).to_ascii_lowercase();
    lower.trim_start().starts_with("@echo off")
        || lower.contains("%:~")
        || lower.contains(":~") && lower.contains("set ")
}

/// The lines of a batch file with the variables that it sets itself written out; carets that only hide are dropped.
pub(super) fn expanded(text: &str) -> String {
    let mut variables = HashMap::new();
    let mut out = String::new();
    for line in text.lines() {
        let line = expand_line(line.trim_start_matches('@'), &variables).replace('^', "");
        for command in line.split('&') {
            remember(command.trim(), &mut variables);
        }
        if out.len() + line.len() > MAX_EXPANDED {
            break;
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// `set NAME=VALUE`, `set "NAME=VALUE"`
fn remember(command: &str, variables: &mut HashMap<String, String>) {
    const MOST: usize = 1024;
    let Some(rest) =
        command.get(..4).filter(|verb| verb.eq_ignore_ascii_case("set ")).map(|_| command[4..].trim_start())
    else {
        return;
    };
    let rest = rest.strip_prefix('"').map_or(rest, |rest| rest.trim_end_matches('"'));
    if let Some((name, value)) = rest.split_once('=').filter(|_| variables.len() < MOST)
        && value.len() <= MAX_VALUE
    {
        variables.insert(name.trim().to_ascii_lowercase(), value.to_owned());
    }
}

fn expand_line(line: &str, variables: &HashMap<String, String>) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find('%').filter(|_| out.len() <= MAX_EXPANDED) {
        out.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        let Some(end) = after.find('%') else {
            out.push('%');
            rest = after;
            continue;
        };
        match part_of(&after[..end], variables) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&rest[start..start + end + 2]),
        }
        rest = &after[end + 1..];
    }
    out + rest
}

/// `NAME`, `NAME:~2,1`, `NAME:old=new`
fn part_of(expression: &str, variables: &HashMap<String, String>) -> Option<String> {
    let (name, how) = expression.split_once(':').map_or((expression, ""), |(name, how)| (name, how));
    let value = variables.get(&name.to_ascii_lowercase())?;
    if let Some(range) = how.strip_prefix('~') {
        return Some(substring(value, range));
    }
    match how.split_once('=') {
        Some((old, new)) if !old.is_empty() && value.len() * new.len() <= MAX_EXPANDED => Some(value.replace(old, new)),
        _ => Some(value.clone()),
    }
}

/// Negative numbers count from the end.
fn substring(value: &str, range: &str) -> String {
    let (from, count) = range.split_once(',').map_or((range, None), |(from, count)| (from, Some(count)));
    let chars: Vec<char> = value.chars().collect();
    let at = |number: i64| if number < 0 { (chars.len() as i64 + number).max(0) } else { number } as usize;
    let from = at(from.trim().parse().unwrap_or(0)).min(chars.len());
    let to = match count.and_then(|count| count.trim().parse::<i64>().ok()) {
        Some(count) if count < 0 => at(count),
        Some(count) => from.saturating_add(count as usize),
        None => chars.len(),
    };
    chars[from..to.clamp(from, chars.len())].iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_variables_are_written_out() {
        let text =
            "@echo off\nset x=abcdefghijklmnopqrstuvwxyz\n%x:~2,1%%x:~20,1%%x:~17,1%%x:~11,1% -o a http://192.0.2.1/\n";
        assert!(expanded(text).ends_with("\ncurl -o a http://192.0.2.1/\n"), "{}", expanded(text));
        assert_eq!(expanded("set v=cuXrl\n%v:X=% ^x"), "set v=cuXrl\ncurl x\n");
        let bomb = format!("set a=x\n{}", "set a=%a%%a%%a%%a%\n".repeat(64));
        assert!(expanded(&bomb).len() <= MAX_EXPANDED);
        assert_eq!(expanded("set v=curl.exe\n%v:~0,-4% %TEMP%"), "set v=curl.exe\ncurl %TEMP%\n");
    }
}
