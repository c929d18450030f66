//! Which names of projects and which paths may become folders and files, here and wherever the repository is cloned.

use capstan_runtime::ports::ConfigError;
use gix::validate::path::component;

/// The longest part of a path that common file systems hold.
const LONGEST_PART: usize = 255;
/// The longest path; clones lie below a folder of their own, and systems refuse 4096 in all.
const LONGEST_PATH: usize = 1024;
/// The longest name of a project: with what is put around it, one part of a path.
const LONGEST_PROJECT: usize = 200;

/// Refuses the name of a project that is not one plain, visible part of a path.
pub(super) fn check_project(project: &str) -> Result<(), ConfigError> {
    let refused = project.is_empty()
        || project.len() > LONGEST_PROJECT
        || project.starts_with('.')
        || project.contains(['/', '\\', ':'])
        || project.contains(char::is_control);
    if refused { Err(ConfigError::BadProject(project.to_owned())) } else { Ok(()) }
}

/// The parts of a path.
pub(super) fn parts(path: &str) -> Result<Vec<&str>, ConfigError> {
    let parts: Vec<&str> = path.split('/').collect();
    if path.len() > LONGEST_PATH || !parts.iter().all(|part| is_part(part)) {
        return Err(ConfigError::BadPath(path.to_owned()));
    }
    Ok(parts)
}

/// Whether a part names a file or folder, and never a clone's own `.git`, however a file system may write that.
fn is_part(part: &str) -> bool {
    let protect = component::Options { protect_windows: false, protect_hfs: true, protect_ntfs: true };
    part.len() <= LONGEST_PART
        && !part.contains(char::is_control)
        // Some systems take `\` for a separator: what it separates may be no `.git` either.
        && part.split('\\').all(|piece| piece.is_empty() || !is_dot_git(piece, protect))
        && gix::validate::path::component(part.into(), None, protect).is_ok()
}

fn is_dot_git(piece: &str, protect: component::Options) -> bool {
    matches!(gix::validate::path::component(piece.into(), None, protect), Err(component::Error::DotGitDir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_astray_are_refused() {
        let long_part = "a".repeat(256);
        let long_path = "a/".repeat(512) + "a";
        for path in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "./a",
            "a/.",
            "a/../b",
            "a/..",
            "a\0b",
            "a\nb",
            "\u{7f}",
            "a\u{85}b",
            ".git",
            ".GIT",
            ".Git/config",
            "a/.git",
            "a/.gIt/hooks/x",
            ".git ",
            ".git.",
            "git~1",
            ".g\u{200c}it",
            ".git::$INDEX_ALLOCATION",
            "a\\.git",
            "a\\.GIT\\config",
            &long_part,
            &long_path,
        ] {
            assert!(matches!(parts(path), Err(ConfigError::BadPath(told)) if told == path), "{path:?}");
        }
    }

    #[test]
    fn common_paths_are_taken() {
        for path in [
            "shipyard.yaml",
            ".keptn-stages/dev/podtato/slo.yaml",
            "a b",
            "...",
            "..a",
            ".gitignore",
            "a.git",
            "git",
            "ä/ö",
            "a\\b",
            "-",
            "~",
            "C:x",
            "con",
            &"a".repeat(255),
            &("a/".repeat(511) + "a"),
        ] {
            assert_eq!(parts(path).unwrap().join("/"), path);
        }
    }

    #[test]
    fn projects_are_one_visible_part() {
        for project in ["", ".", "..", ".hidden", "a/b", "../a", "a\\b", "a\0", "a\n", "C:", &"a".repeat(201)] {
            assert!(
                matches!(check_project(project), Err(ConfigError::BadProject(told)) if told == project),
                "{project:?}"
            );
        }
        for project in ["podtato", "pod.tato", "a.git", "x y", &"a".repeat(200)] {
            check_project(project).unwrap();
        }
    }
}
