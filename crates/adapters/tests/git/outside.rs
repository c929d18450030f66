//! What git commands and their settings do to a repository.

use std::fs;
use std::process::Command;

use capstan_runtime::ports::{ConfigError, ConfigRepo};

use crate::fixture::{Fixture, git, put};

#[test]
fn a_repository_that_git_packed_is_read_and_written_on() {
    let (fixture, first) = Fixture::with_project(&[put("a", "1"), put("b/c", "2")]);
    let second = fixture.write(&[put("a", "3")]).unwrap();
    fixture.git(&["gc", "-q", "--prune=now"]);
    assert!(!fixture.root().join("podtato.git/refs/heads/main").exists(), "the branch is packed");
    assert_eq!(fixture.config.head("podtato").unwrap(), second);
    assert_eq!(fixture.content("a", Some(&first[..10])).unwrap(), b"1");
    fixture.write(&[put("a", "1"), put("b/d", "4")]).unwrap();
    assert_eq!(fixture.config.list("podtato", "", None).unwrap(), ["a", "b/c", "b/d"]);
    assert_eq!(fixture.git(&["rev-list", "--count", "main"]), "3\n");
    fixture.check();
}

#[test]
fn a_commit_from_outside_is_built_upon() {
    let (fixture, _) = Fixture::with_project(&[put("a", "1")]);
    let clone = fixture.clone();
    fs::write(clone.join("run.sh"), "#!/bin/sh\n").unwrap();
    let commit = ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "-m", "x"];
    git(&clone, &["add", "--chmod=+x", "run.sh"]);
    git(&clone, &["update-index", "--add", "--cacheinfo", "120000,56a6051ca2b02b04ef92d5150c9ef600403cb1de,link"]);
    git(&clone, &commit);
    git(&clone, &["push", "-q", "origin", "main"]);

    let head = fixture.write(&[put("b", "2")]).unwrap();
    assert_eq!(fixture.config.list("podtato", "", None).unwrap(), ["a", "b", "run.sh"]);
    assert_eq!(fixture.content("run.sh", None).unwrap(), b"#!/bin/sh\n");
    assert!(matches!(fixture.content("link", None), Err(ConfigError::UnknownFile { .. })), "links lead anywhere");
    let modes = fixture.git(&["ls-tree", "--format=%(objectmode) %(path)", &head]);
    assert_eq!(modes, "100644 a\n100644 b\n120000 link\n100755 run.sh\n");
}

/// Runs another test of this file as a child, in an environment that turns git upside down.
#[test]
fn nobodys_git_settings_count() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("gitconfig");
    fs::write(&settings, "[core]\n\tbare = maybe\n\thooksPath = /nowhere\n[init]\n\tdefaultBranch = other\n[broken")
        .unwrap();
    fs::write(folder.path().join(".gitconfig"), "[broken").unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "files::what_was_written_is_read_listed_and_cloned"])
        .env("HOME", folder.path())
        .env("XDG_CONFIG_HOME", folder.path())
        .env("GIT_DIR", folder.path().join("elsewhere"))
        .env("GIT_OBJECT_DIRECTORY", folder.path().join("objects"))
        .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", folder.path())
        .env("GIT_NAMESPACE", "other")
        .env("GIT_CONFIG_GLOBAL", &settings)
        .env("GIT_CONFIG_SYSTEM", &settings)
        .env("GIT_AUTHOR_NAME", "Eve")
        .env("GIT_COMMITTER_DATE", "0 +0900")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
