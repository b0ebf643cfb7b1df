//! `vetch rules list` and `vetch explain`.

use crate::run;

fn ids() -> Vec<String> {
    let report = run(&["rules", "list", "--format", "json"]).expect(0).json();
    assert_eq!(report["schema"], "vetch.rules/1");
    let rules = report["rules"].as_array().unwrap();
    rules.iter().map(|rule| rule["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_list_is_sorted_and_says_the_same_in_both_forms() {
    let ids = ids();
    assert!(ids.len() > 30 && ids.is_sorted(), "{ids:?}");
    let table = run(&["rules", "list"]).expect(0).stdout;
    for id in ids {
        assert!(table.contains(&id), "{id}");
    }
}

#[test]
fn every_listed_rule_is_explained() {
    for id in ["stale-exception", "expired-exception", "policy-changed", "injected-dependency"] {
        assert!(ids().iter().any(|it| it == id), "{id}");
        let page = run(&["explain", id]).expect(0).stdout;
        assert!(page.starts_with(id) && page.contains("What to do") || page.lines().count() > 10, "{page}");
    }
}

#[test]
fn an_unknown_rule_is_an_error_with_advice() {
    let near = run(&["explain", "injected-dependancy"]).expect(2);
    assert!(near.stdout.is_empty());
    assert_eq!(
        near.stderr,
        "error: there is no rule `injected-dependancy`\nhint: did you mean `injected-dependency`?\n"
    );
    let far = run(&["explain", "zzzzzzzz"]).expect(2);
    assert!(far.stderr.contains("vetch rules list"), "{}", far.stderr);
}
