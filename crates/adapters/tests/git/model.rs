//! Any changes against a map.

use std::collections::BTreeMap;

use capstan_runtime::ports::{ConfigError, ConfigRepo, FileChange};
use proptest::prelude::*;

use crate::fixture::Fixture;

/// Few parts, so that files and folders meet often.
fn some_path() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "b", "a.x", "a-", "ä"]);
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"))
}

fn some_change() -> impl Strategy<Value = FileChange> {
    let content = prop::option::weighted(0.7, prop::collection::vec(0..4_u8, 0..3));
    (some_path(), content).prop_map(|(path, content)| FileChange { path, content })
}

type Model = BTreeMap<String, Vec<u8>>;

/// What a list of changes makes of files; none where it is to be refused.
fn apply(files: &Model, changes: &[FileChange]) -> Option<Model> {
    let mut files = files.clone();
    for FileChange { path, content } in changes {
        let below = format!("{path}/");
        if let Some(content) = content {
            let file_above = path.match_indices('/').any(|(end, _)| files.contains_key(&path[..end]));
            if file_above || files.keys().any(|file| file.starts_with(&below)) {
                return None;
            }
            files.insert(path.clone(), content.clone());
        } else {
            let before = files.len();
            files.retain(|file, _| file != path && !file.starts_with(&below));
            if files.len() == before {
                return None;
            }
        }
    }
    Some(files)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_changes_do_what_they_do_to_a_map(
        writes in prop::collection::vec(prop::collection::vec(some_change(), 0..4), 1..25),
    ) {
        let (fixture, first) = Fixture::with_project(&[]);
        let mut states = vec![(first, Model::new())];
        for changes in &writes {
            let (head, files) = states.last().unwrap();
            let written = fixture.write(changes);
            if let Some(files) = apply(files, changes) {
                states.push((written.unwrap(), files));
            } else {
                let refused = matches!(written, Err(ConfigError::UnknownFile { .. } | ConfigError::Blocked { .. }));
                prop_assert!(refused, "{written:?}");
                prop_assert_eq!(&fixture.config.head("podtato").unwrap(), head);
            }
        }
        let (head, files) = states.last().unwrap().clone();
        for (at, commit, files) in
            states.iter().map(|(commit, files)| (Some(commit.as_str()), commit, files)).chain([(None, &head, &files)])
        {
            let paths: Vec<&String> = files.keys().collect();
            let listed = fixture.config.list("podtato", "", at).unwrap();
            prop_assert_eq!(listed.iter().collect::<Vec<_>>(), paths);
            for (path, content) in files {
                let read = fixture.config.read("podtato", path, at).unwrap();
                prop_assert_eq!((&read.content, &read.commit), (content, commit));
            }
        }
        fixture.check();
        prop_assert_eq!(fixture.git(&["rev-list", "--count", "main"]), format!("{}\n", states.len()));
    }
}
