//! What the port promises of files, commits and projects.

use std::fs;

use capstan_runtime::ports::{Change, ConfigError, ConfigRepo, FileChange};

use crate::fixture::{Fixture, change, git, put, remove};

const SHIPYARD: &str = "shipyard.yaml";
const SLO: &str = ".keptn-stages/dev/podtato/slo.yaml";
const SLI: &str = ".keptn-stages/dev/podtato/prometheus/sli.yaml";

#[test]
fn what_was_written_is_read_listed_and_cloned() {
    let (fixture, first) = Fixture::with_project(&[put(SHIPYARD, "spec: {}\n"), put(SLO, "objectives: []\n")]);
    let second = fixture.write(&[put(SLI, "indicators: {}\n"), put(".keptn-stages/dev.yaml", "x")]).unwrap();

    let read = fixture.config.read("podtato", SLO, None).unwrap();
    assert_eq!((read.content.as_slice(), &read.commit), (&b"objectives: []\n"[..], &second));
    assert_eq!(fixture.config.head("podtato").unwrap(), second);
    // Bytewise, in which `.` comes before `/`: neither the order of folders first nor that of parts.
    let all = [".keptn-stages/dev.yaml", SLI, SLO, SHIPYARD];
    assert_eq!(fixture.config.list("podtato", "", None).unwrap(), all);
    assert_eq!(fixture.config.list("podtato", ".keptn-stages/dev", None).unwrap(), [SLI, SLO]);
    assert_eq!(fixture.config.list("podtato", "", Some(&first)).unwrap(), [SLO, SHIPYARD]);
    for nothing in ["nope", "nope/more", SHIPYARD, ".keptn-stages/de"] {
        assert_eq!(fixture.config.list("podtato", nothing, None).unwrap(), [""; 0], "{nothing}");
    }

    fixture.check();
    let clone = fixture.clone();
    assert_eq!(fs::read_to_string(clone.join(SLI)).unwrap(), "indicators: {}\n");
    assert_eq!(fs::read_to_string(clone.join(SHIPYARD)).unwrap(), "spec: {}\n");
    assert_eq!(git(&clone, &["branch", "--show-current"]), "main\n");
    let line = "Jane Doe <jane@example.org> 2026-03-01T12:00:00+00:00";
    let log = fixture.git(&["log", "--format=%H %an <%ae> %aI %cn <%ce> %cI %s"]);
    assert_eq!(log, format!("{second} {line} {line} Change it\n{first} {line} {line} Create project podtato\n"));
}

#[test]
fn a_file_is_read_at_any_commit_by_its_id_or_the_beginning_of_it() {
    let (fixture, first) = Fixture::with_project(&[put(SHIPYARD, "1"), put(SLO, "slo")]);
    let second = fixture.write(&[put(SHIPYARD, "2"), remove(SLO)]).unwrap();
    for id in [first.as_str(), &first[..8], &first[..7], &first.to_uppercase()] {
        let read = fixture.config.read("podtato", SHIPYARD, Some(id)).unwrap();
        assert_eq!((read.content.as_slice(), &read.commit), (&b"1"[..], &first), "{id}");
    }
    assert_eq!(fixture.content(SHIPYARD, Some(&second)).unwrap(), b"2");
    assert_eq!(fixture.content(SLO, Some(&first)).unwrap(), b"slo");
    let missing = fixture.content(SLO, Some(&second)).unwrap_err();
    assert!(matches!(missing, ConfigError::UnknownFile { path, commit } if path == SLO && commit == second));
    assert!(matches!(fixture.content(".keptn-stages", Some(&first)), Err(ConfigError::UnknownFile { .. })));
    assert!(matches!(fixture.content("shipyard.yaml/x", None), Err(ConfigError::UnknownFile { .. })));

    let blob = fixture.git(&["rev-parse", "main:shipyard.yaml"]);
    let tree = fixture.git(&["rev-parse", "main^{tree}"]);
    let none = "0123456789abcdef0123456789abcdef01234567";
    for id in
        [blob.trim(), &blob[..8], tree.trim(), none, &none[..8], "", "abc", "main", "HEAD", "zzzzzzzz", &"a".repeat(41)]
    {
        let unknown = fixture.content(SHIPYARD, Some(id));
        assert!(matches!(&unknown, Err(ConfigError::UnknownCommit(told)) if told == id), "{id}: {unknown:?}");
        assert!(matches!(fixture.config.list("podtato", "", Some(id)), Err(ConfigError::UnknownCommit(_))), "{id}");
    }
}

#[test]
fn the_beginning_of_two_ids_names_neither() {
    let (fixture, first) = Fixture::with_project(&[put("a", "1")]);
    // The second at which this very commit gets an id that begins as the first's does.
    let at = jiff::Timestamp::from_second(1_772_417_213).unwrap();
    let second = fixture.config.write("podtato", &[], &Change { at, ..change("Change it") }).unwrap();
    assert_eq!((&first[..5], &second[..5]), ("9aa03", "9aa0d"));
    assert!(matches!(fixture.content("a", Some(&first[..4])), Err(ConfigError::UnknownCommit(_))));
    for id in [&first, &second] {
        assert_eq!(&fixture.config.read("podtato", "a", Some(&id[..5])).unwrap().commit, id);
    }
}

#[test]
fn folders_come_and_go_with_their_files() {
    let (fixture, first) = Fixture::with_project(&[put(SHIPYARD, "1"), put(SLO, "2"), put(SLI, "3")]);
    fixture.write(&[remove(SLI)]).unwrap();
    assert_eq!(fixture.git(&["ls-tree", "--name-only", "main:.keptn-stages/dev/podtato"]), "slo.yaml\n");
    fixture.write(&[remove(SLO)]).unwrap();
    assert_eq!(fixture.git(&["ls-tree", "--name-only", "main"]), "shipyard.yaml\n");
    fixture.write(&[put(SLO, "a"), put(SLI, "b")]).unwrap();
    fixture.write(&[remove(".keptn-stages/dev")]).unwrap();
    assert_eq!(fixture.config.list("podtato", "", None).unwrap(), [SHIPYARD]);
    // Each change finds what those before it left.
    fixture.write(&[put("a/b/c", "1"), remove("a"), put("a", "file"), remove("a"), put("a/d", "2")]).unwrap();
    assert_eq!(fixture.config.list("podtato", "", None).unwrap(), ["a/d", SHIPYARD]);
    // Nothing is left, and that is a commit too; as is one without a difference.
    let last = fixture.write(&[remove("a"), remove(SHIPYARD)]).unwrap();
    assert_eq!(fixture.config.list("podtato", "", None).unwrap(), [""; 0]);
    assert_ne!(fixture.write(&[]).unwrap(), last);
    assert_eq!(fixture.config.list("podtato", "", Some(&first)).unwrap(), [SLI, SLO, SHIPYARD]);
    fixture.check();
}

#[test]
fn a_write_that_is_refused_changes_nothing() {
    let (fixture, first) = Fixture::with_project(&[put("file", "1"), put("folder/file", "2")]);
    for path in ["nope", "folder/nope", "file/x", "nope/nope"] {
        let refused = fixture.write(&[put("other", "x"), remove(path)]).unwrap_err();
        assert!(
            matches!(&refused, ConfigError::UnknownFile { path: told, commit } if told == path && *commit == first),
            "{refused:?}"
        );
    }
    for (path, said) in [
        ("folder", "'folder' cannot be written: it is a folder"),
        ("file/x", "'file/x' cannot be written: 'file' is a file, not a folder"),
        ("folder/file/x/y", "'folder/file/x/y' cannot be written: 'folder/file' is a file, not a folder"),
    ] {
        assert_eq!(fixture.write(&[put("other", "x"), put(path, "")]).unwrap_err().to_string(), said);
    }
    for path in ["", "/a", "../a", "a/../../b", "a//b", ".git/config", "a/.GIT/hooks/post-update", "a\0", "a\n"] {
        for refused in [
            fixture.write(&[put("other", "x"), put(path, "")]).unwrap_err(),
            fixture.write(&[remove(path)]).unwrap_err(),
            fixture.content(path, None).unwrap_err(),
            fixture.config.create("other", &[put(path, "")], &change("x")).unwrap_err(),
        ] {
            assert!(matches!(&refused, ConfigError::BadPath(told) if told == path), "{path:?}: {refused:?}");
        }
    }
    assert!(matches!(fixture.config.list("podtato", "a/..", None), Err(ConfigError::BadPath(_))));
    assert_eq!(fixture.config.head("podtato").unwrap(), first);
    assert_eq!(fixture.config.projects().unwrap(), ["podtato"]);
    let objects = fixture.git(&["count-objects"]);
    assert!(objects.starts_with("5 objects"), "{objects}"); // two files, two folders, one commit
    assert_eq!(fs::read_dir(fixture.root()).unwrap().count(), 1);
}

#[test]
fn projects_are_made_and_deleted_at_once() {
    let (fixture, _) = Fixture::with_project(&[]);
    let config = &fixture.config;
    config.create("b.git", &[put("a", "1")], &change("x")).unwrap();
    config.create("B", &[], &change("x")).unwrap();
    assert_eq!(config.projects().unwrap(), ["B", "b.git", "podtato"]);
    assert!(matches!(config.create("B", &[], &change("x")), Err(ConfigError::Exists(project)) if project == "B"));
    config.delete("b.git").unwrap();
    config.delete("b.git").unwrap();
    assert_eq!(config.projects().unwrap(), ["B", "podtato"]);
    assert!(matches!(config.read("b.git", "a", None), Err(ConfigError::UnknownProject(project)) if project == "b.git"));
    for unknown in [
        config.head("nope").unwrap_err(),
        config.write("nope", &[], &change("x")).unwrap_err(),
        config.list("nope", "", None).unwrap_err(),
    ] {
        assert!(matches!(unknown, ConfigError::UnknownProject(_)));
    }
    for project in ["", "..", "../podtato", ".hidden", "a/b", "a\0"] {
        for refused in [
            config.create(project, &[], &change("x")).unwrap_err(),
            config.write(project, &[], &change("x")).unwrap_err(),
            config.read(project, "a", None).unwrap_err(),
            config.delete(project).unwrap_err(),
        ] {
            assert!(matches!(&refused, ConfigError::BadProject(told) if told == project), "{project:?}: {refused:?}");
        }
    }
    // The name is free again, with nothing of what it was.
    config.create("b.git", &[put("c", "2")], &change("x")).unwrap();
    assert_eq!(config.list("b.git", "", None).unwrap(), ["c"]);
}

#[test]
fn odd_authors_reasons_and_contents_make_sound_commits() {
    let (fixture, _) = Fixture::with_project(&[put("empty", "")]);
    for (author, reason) in [
        ("", ""),
        ("Eve\nparent 0000000000000000000000000000000000000000", "two\nlines\0and a zero"),
        ("a <b <c> d> e", "  spaced  "),
        ("<>", "\u{1b}[31mred"),
        ("Zoë Ünal <zoë@example.org>", "Grüße"),
        (".;,\"' <.>", "x"),
    ] {
        let change = Change { author: author.to_owned(), reason: reason.to_owned(), ..change("") };
        fixture.config.write("podtato", &[], &change).unwrap();
        let early = Change { at: jiff::Timestamp::MIN, ..change.clone() };
        fixture.config.write("podtato", &[], &early).unwrap();
        let late = Change { at: jiff::Timestamp::MAX, ..change };
        fixture.config.write("podtato", &[], &late).unwrap();
    }
    let every_byte = (0..=255).cycle().take(1 << 20).collect::<Vec<u8>>();
    fixture.write(&[FileChange { path: "large".to_owned(), content: Some(every_byte.clone()) }]).unwrap();
    assert!(fixture.content("large", None).unwrap() == every_byte);
    assert_eq!(fixture.content("empty", None).unwrap(), b"");
    fixture.check();
    let clone = fixture.clone();
    assert!(fs::read(clone.join("large")).unwrap() == every_byte);
    assert_eq!(fs::read(clone.join("empty")).unwrap(), b"");
}
