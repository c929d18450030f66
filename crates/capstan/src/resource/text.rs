//! Resources for people.

use crate::client::{Level, ResourcePage};
use crate::terminal::Look;

/// What was changed.
pub(super) fn changed(paths: &[&str], done: &str, level: &Level, commit: &str, look: &Look) -> String {
    let what = match paths {
        [path] => format!("'{path}' of {}", owner(level)),
        _ => format!("{} resources of {}", paths.len(), owner(level)),
    };
    let verb = if paths.len() == 1 { "is" } else { "are" };
    format!("{what} {verb} {done}, commit {}\n", look.commit(commit))
}

/// Paths, one a line, for whatever reads lines.
pub(super) fn list(page: &ResourcePage, level: &Level) -> String {
    if page.resources.is_empty() {
        return format!("{} has no resources; 'capstan resource add' writes some\n", owner(level));
    }
    page.resources.iter().flat_map(|resource| [&*resource.path, "\n"]).collect()
}

fn owner(level: &Level) -> String {
    let named = [("service", &level.service), ("stage", &level.stage), ("project", &Some(level.project.clone()))];
    let named = named.into_iter().filter_map(|(what, name)| Some(format!("{what} '{}'", name.as_ref()?)));
    named.collect::<Vec<_>>().join(", ")
}
