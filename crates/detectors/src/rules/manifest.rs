//! What the manifest says, and who asks for the release.

pub(crate) mod binding_gyp_command;
pub(crate) mod dangerous_install_command;
pub(crate) mod dependency_from_git_or_url;
pub(crate) mod hidden_install_script;
pub(crate) mod implicit_gyp_build;
pub(crate) mod injected_dependency;
