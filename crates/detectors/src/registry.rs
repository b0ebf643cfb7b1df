//! Every rule, one line each.

use vetch_model::finding::Finding;
use vetch_model::rule::RuleMeta;

use crate::input::{ReleaseFacts, TargetFacts};
use crate::query::Contents;
use crate::rules::{behaviour, integrity, intelligence, manifest, metadata, name, release, vulnerability};

/// What a rule looks at.
#[derive(Clone, Copy)]
pub enum Check {
    /// One set of contents of one release.
    Contents(fn(&Contents<'_>, &mut Vec<Finding>)),
    /// One release, with its dependents and installed copies.
    Release(fn(&ReleaseFacts<'_>, &mut Vec<Finding>)),
    /// A whole target.
    Target(fn(&TargetFacts<'_>, &mut Vec<Finding>)),
}

/// A rule: what is known of it, and what it does.
pub struct Rule {
    /// Its description.
    pub meta: &'static RuleMeta,
    /// Its check.
    pub check: Check,
}

macro_rules! rules {
    ($($kind:ident $category:ident::$rule:ident,)+) => {
        /// Every rule, in the order in which they run.
        pub static RULES: &[Rule] =
            &[$(Rule { meta: &$category::$rule::META, check: Check::$kind($category::$rule::check) },)+];
        static METAS: &[&RuleMeta] = &[$(&$category::$rule::META,)+];
    };
}

rules! {
    Contents behaviour::agent_or_editor_tampering,
    Contents behaviour::application_tampering,
    Contents behaviour::browser_traffic_hook,
    Contents behaviour::ci_workflow_write,
    Contents behaviour::cloud_metadata_theft,
    Contents behaviour::code_hidden_by_whitespace,
    Contents behaviour::command_and_control,
    Contents behaviour::confusable_identifiers,
    Contents behaviour::covert_dns_channel,
    Contents behaviour::credential_theft,
    Contents behaviour::crypto_miner,
    Contents behaviour::decoded_code_execution,
    Contents behaviour::detached_install_process,
    Contents behaviour::disguised_executable,
    Contents behaviour::disguised_file,
    Contents behaviour::download_and_execute,
    Contents behaviour::endless_loop,
    Contents behaviour::entrusted_key_exfiltration,
    Contents behaviour::environment_exfiltration,
    Contents behaviour::evasion_check,
    Contents behaviour::file_wiper,
    Contents behaviour::hooked_module_exfiltration,
    Contents behaviour::host_configuration_change,
    Contents behaviour::host_fingerprint_beacon,
    Contents behaviour::host_shutdown,
    Contents behaviour::input_capture,
    Contents behaviour::install_time_network,
    Contents behaviour::install_time_process,
    Contents behaviour::install_time_write,
    Contents behaviour::invisible_code,
    Contents behaviour::lateral_movement,
    Contents behaviour::manifest_rewrite,
    Contents behaviour::obfuscated_code_with_capabilities,
    Contents behaviour::obfuscated_install_code,
    Contents behaviour::package_self_propagation,
    Contents behaviour::page_redirect,
    Contents behaviour::persistence_mechanism,
    Contents behaviour::personal_file_theft,
    Contents behaviour::process_injection,
    Contents behaviour::protection_switched_off,
    Contents behaviour::request_backdoor,
    Contents behaviour::request_exfiltration,
    Contents behaviour::reverse_shell,
    Contents behaviour::secret_scanner_run,
    Contents behaviour::self_deleting_script,
    Contents behaviour::sibling_package_edit,
    Contents behaviour::unasked_listener,
    Contents behaviour::wallet_address_swap,
    Contents manifest::binding_gyp_command,
    Contents manifest::dangerous_install_command,
    Contents manifest::dependency_from_git_or_url,
    Release manifest::hidden_install_script,
    Contents manifest::implicit_gyp_build,
    Release manifest::injected_dependency,
    Release metadata::licence_or_repository_change,
    Release metadata::publisher_change,
    Release metadata::publishing_channel_change,
    Release release::dormant_package_release,
    Release release::emptied_package,
    Release release::hijacked_release,
    Release release::implausible_version,
    Release release::new_capability,
    Release release::new_install_script,
    Release release::new_obfuscation,
    Release release::registry_manifest_mismatch,
    Release release::release_burst,
    Release release::rewritten_release,
    Release release::suspect_new_dependency,
    Contents integrity::archive_anomaly,
    Release integrity::conflicting_contents,
    Target integrity::contradictory_lockfile,
    Target integrity::environment_differs_from_lock,
    Target integrity::extra_package_index,
    Release integrity::installed_differs_from_lock,
    Release integrity::installed_files_changed,
    Release integrity::integrity_mismatch,
    Target integrity::missing_integrity,
    Target integrity::name_and_url_mismatch,
    Target integrity::non_registry_source,
    Target integrity::plain_http_source,
    Release integrity::recorded_files_changed,
    Target integrity::several_registry_hosts,
    Target integrity::unrecorded_startup_code,
    Release intelligence::known_indicator,
    Release intelligence::known_malware,
    Release intelligence::malware_in_other_version,
    Release name::combosquatted_name,
    Release name::cross_ecosystem_name,
    Release name::dependency_confusion,
    Release name::invented_name,
    Release name::lookalike_scope,
    Release name::typosquatted_name,
    Target name::unbound_internal_name,
    Release vulnerability::known_vulnerability,
}

/// The description of every rule.
pub fn all_rules() -> &'static [&'static RuleMeta] {
    METAS
}

/// The description of one rule, by id.
pub fn find_rule(id: &str) -> Option<&'static RuleMeta> {
    METAS.iter().copied().find(|meta| meta.id == id)
}
