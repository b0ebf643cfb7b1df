//! What is shipped about campaigns speaks of rules that there are, and knows every technique that rules name.

use vetch_detectors::{all_rules, find_rule};
use vetch_intel::knowledge;

#[test]
fn campaigns_name_rules_that_exist() {
    for campaign in &knowledge().campaigns {
        for sign in &campaign.signs {
            assert!(find_rule(sign).is_some(), "{}: there is no rule `{sign}`", campaign.id);
        }
    }
}

#[test]
fn every_technique_of_a_rule_has_a_name_and_tactics() {
    for rule in all_rules() {
        for technique in rule.techniques {
            assert!(knowledge().techniques.contains_key(*technique), "{}: `{technique}` is not bundled", rule.id);
        }
    }
}
