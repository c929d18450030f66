//! Several at once, crashes, and what is broken.

use std::fs;

use capstan_adapters::git::GitConfig;
use capstan_runtime::ports::{ConfigError, ConfigRepo};

use crate::fixture::{Fixture, change, put};

#[test]
fn writers_of_one_project_queue_up_and_none_is_lost() {
    let (fixture, _) = Fixture::with_project(&[]);
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let fixture = &fixture;
            scope.spawn(move || {
                for turn in 0..20 {
                    let path = format!("{writer}/{}", turn % 10);
                    let commit = fixture.write(&[put(&path, &format!("{writer} {turn}")), put("last", &path)]).unwrap();
                    // What is committed is seen at once, and readers are not disturbed by writers.
                    assert_eq!(fixture.content(&path, Some(&commit)).unwrap(), format!("{writer} {turn}").as_bytes());
                    assert_eq!(fixture.content(&path, None).unwrap(), format!("{writer} {turn}").as_bytes());
                }
            });
        }
    });
    assert_eq!(fixture.git(&["rev-list", "--count", "main"]), "161\n");
    assert_eq!(fixture.git(&["rev-list", "--count", "--merges", "main"]), "0\n");
    assert_eq!(fixture.config.list("podtato", "", None).unwrap().len(), 81);
    for writer in 0..8 {
        assert_eq!(fixture.content(&format!("{writer}/3"), None).unwrap(), format!("{writer} 13").as_bytes());
    }
    fixture.check();
}

#[test]
fn a_project_that_is_deleted_under_its_readers_and_writers_is_unknown_not_broken() {
    for _ in 0..20 {
        let (fixture, _) = Fixture::with_project(&[put("slo.yaml", "1")]);
        std::thread::scope(|scope| {
            for turn in 0..4 {
                let fixture = &fixture;
                scope.spawn(move || {
                    loop {
                        let done = match turn {
                            0 => fixture.write(&[put("a", "1")]).map(|_| ()),
                            1 => fixture.config.list("podtato", "", None).map(|_| ()),
                            _ => fixture.content("slo.yaml", None).map(|_| ()),
                        };
                        match done {
                            Ok(()) => {}
                            Err(ConfigError::UnknownProject(_)) => break,
                            Err(other) => panic!("{other}"),
                        }
                    }
                });
            }
            fixture.config.delete("podtato").unwrap();
        });
        assert_eq!(fs::read_dir(fixture.root()).unwrap().count(), 0);
    }
}

#[test]
fn what_a_crash_left_is_removed_and_the_rest_is_kept() {
    let (fixture, first) = Fixture::with_project(&[put("a", "1")]);
    let root = fixture.root();
    fs::create_dir_all(root.join(".new-half/objects/ab")).unwrap();
    fs::write(root.join(".new-half/HEAD"), "ref: ").unwrap();
    fs::create_dir_all(root.join(".gone-old/refs/heads")).unwrap();
    fs::write(root.join(".gone-old/config"), "").unwrap();
    fs::write(root.join("podtato.git/refs/heads/main.lock"), "").unwrap();
    fs::write(root.join("podtato.git/objects/tmp_obj_half"), "x").unwrap();
    fs::write(root.join("notes.txt"), "somebody's").unwrap();

    let config = GitConfig::open(root.clone()).unwrap();
    let mut left: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["notes.txt", "podtato.git"]);
    assert!(!root.join("podtato.git/objects/tmp_obj_half").exists());
    assert_eq!(config.projects().unwrap(), ["podtato"]);
    assert_eq!(config.head("podtato").unwrap(), first);
    config.write("podtato", &[put("a", "2")], &change("x")).unwrap();
    config.create("half", &[put("a", "1")], &change("x")).unwrap();
}

#[test]
fn what_a_failed_attempt_left_does_not_hinder_the_next() {
    let (fixture, first) = Fixture::with_project(&[put("a", "1")]);
    let root = fixture.root();
    fs::create_dir_all(root.join(".new-other/refs/heads")).unwrap();
    fs::write(root.join(".new-other/refs/heads/main"), format!("{first}\n")).unwrap();
    fs::write(root.join(".new-other/HEAD"), "ref: ").unwrap();
    fs::create_dir_all(root.join(".gone-podtato/objects")).unwrap();
    let known = "2e65efe2a145dda7ee51d1741299f848e5bf752e"; // the object of a file that holds `a`
    fs::write(root.join(format!("podtato.git/objects/tmp_obj_{known}")), "longer than the object that is to come")
        .unwrap();

    fixture.write(&[put("b", "a")]).unwrap();
    fixture.check();
    fixture.config.create("other", &[put("a", "1")], &change("x")).unwrap();
    fixture.config.delete("podtato").unwrap();
    assert_eq!(fs::read_dir(root).unwrap().count(), 1);
}

#[test]
fn a_broken_repository_says_what_is_wrong_and_whose() {
    let (fixture, first) = Fixture::with_project(&[put("a", "1")]);
    let folder = fixture.root().join("podtato.git");
    fs::write(folder.join("refs/heads/main"), "0123456789abcdef0123456789abcdef01234567\n").unwrap();
    let broken = fixture.content("a", None).unwrap_err().to_string();
    assert_eq!(broken, "the configuration repository of 'podtato' failed: the branch 'main' is at no commit");
    fs::write(folder.join("refs/heads/main"), format!("{first}\n")).unwrap();
    fs::write(folder.join("objects").join(&first[..2]).join(&first[2..]), "not an object").unwrap();
    let broken = fixture.content("a", None).unwrap_err();
    assert!(matches!(&broken, ConfigError::Failed { project, .. } if project == "podtato"), "{broken}");
    fs::remove_dir_all(folder.join("objects")).unwrap();
    assert!(matches!(fixture.write(&[]), Err(ConfigError::Failed { .. })));
    GitConfig::open(fixture.root()).unwrap();
}
