//! The same input gives the same bytes.

use std::fs;

use vetch_testkit::Project;

use super::{dropper, harmless, scan, with_archives};

fn project() -> Project {
    let archived = dropper("archived");
    let mut builder = Project::builder("demo")
        .install(dropper("bad"))
        .lock_only(archived.clone())
        .archive(&archived)
        .lock_only(harmless("absent"));
    for number in 0..12 {
        let code = format!("require('fs').readFileSync('{number}');\n");
        builder = builder.install(harmless(&format!("p{number}")).file("lib.js", code));
    }
    builder.build()
}

#[test]
fn neither_the_cache_nor_the_number_of_workers_changes_a_byte() {
    let project = project();
    let archives = project.archives().into_os_string().into_string().unwrap();
    for format in ["json", "sarif", "markdown", "terminal"] {
        let cold = project.home().join(format!("cache-{format}")).into_os_string().into_string().unwrap();
        let common = ["--offline", "--archives", &archives, "--format", format];
        let run = |more: &[&str]| scan(&project, &common).args(more.iter().copied()).run().expect(1).stdout;
        let first = run(&["--cache-dir", &cold, "--jobs", "4"]);
        assert_eq!(first, run(&["--cache-dir", &cold, "--jobs", "1"]), "{format}: warm");
        assert_eq!(first, run(&["--no-cache", "--jobs", "1"]), "{format}: one worker");
        assert_eq!(first, run(&["--no-cache", "--jobs", "4"]), "{format}: four workers");
    }
}

#[test]
fn a_broken_cache_changes_nothing() {
    let project = project();
    let first = with_archives(&project).expect(1);
    let cache = project.home().join(".cache/vetch");
    let mut broken = 0;
    let mut waiting = vec![cache];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                fs::write(path, "torn").unwrap();
                broken += 1;
            }
        }
    }
    assert!(broken > 0);
    assert_eq!(with_archives(&project).expect(1).stdout, first.stdout);
}

#[test]
fn no_path_of_the_machine_is_in_a_report() {
    let project = project();
    for format in ["json", "sarif", "markdown", "terminal"] {
        let run = scan(&project, &["--offline", "--format", format]).run().expect(1);
        run.never_mentions(project.root().parent().unwrap().to_str().unwrap());
    }
}
