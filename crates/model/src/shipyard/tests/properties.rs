//! Any text, any shipyard, any value.

use std::sync::Arc;

use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::*;
use super::DELIVERY;
use crate::yaml;

/// Texts with what YAML or a shipyard gives a meaning.
fn words() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "b.finished",
        "dev",
        ".",
        " ",
        ": ",
        "- ",
        "#",
        "'",
        "\"",
        "\n",
        "~",
        "1",
        "é",
        "\t",
        "{",
        "yes",
        "0x1",
        "*",
        "\\",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..6).prop_map(|pieces| pieces.concat())
}

fn properties() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has none", |n| n.is_finite() && n.fract() != 0.0).prop_map(Value::from),
        words().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(words(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn limits() -> impl Strategy<Value = Option<SignedDuration>> {
    prop::option::of((1..=i64::MAX).prop_map(SignedDuration::from_nanos))
}

fn concurrencies() -> impl Strategy<Value = Concurrency> {
    let keys = ["deploy", "deploy-{service}", "{labels.my-key}", "{labels[\"a: b\"]} #", "~", "1"];
    let policies = [Policy::Queue, Policy::Supersede, Policy::Reject];
    (prop::option::of(prop::sample::select(keys.to_vec())), prop::sample::select(policies.to_vec()))
        .prop_map(|(key, policy)| Concurrency { key: key.map(str::to_owned), policy })
}

/// Tasks on their own or in groups, at the end some that are `finally`.
fn tasks() -> impl Strategy<Value = Vec<Task>> {
    let group = (any::<bool>(), any::<bool>(), prop::collection::vec(task(), 1..3));
    (prop::collection::vec(group, 0..3), 0..3usize).prop_map(|(groups, plain)| {
        let grouped = groups.into_iter().enumerate().flat_map(|(at, (grouped, any, tasks))| {
            tasks.into_iter().enumerate().map(move |(place, task)| Task {
                parallel: grouped.then(|| format!("{at}: a")),
                join: if grouped && any && place == 0 { Join::Any } else { Join::All },
                finally: at >= plain,
                ..task
            })
        });
        grouped.collect()
    })
}

fn task() -> impl Strategy<Value = Task> {
    let retry = (1..=100u32, (0..=i64::MAX).prop_map(SignedDuration::from_nanos))
        .prop_map(|(attempts, backoff)| Retry { attempts, backoff });
    let when = ["true", "!a", "a == 'b: c' # d'", "\"x\" in a", "b != ['a']", "a.b[0]\n&& 'é' < c", " a ", "1"];
    let when: Vec<_> = when.into_iter().filter_map(|text| When::parse(text).ok()).collect();
    let named = (words(), prop::option::of(words()), properties());
    (named, limits(), limits(), prop::option::of(retry), prop::option::of(prop::sample::select(when))).prop_map(
        |((name, triggered_after, properties), start_timeout, timeout, retry, when)| Task {
            name,
            triggered_after: triggered_after.filter(|text| !text.is_empty()),
            start_timeout,
            timeout,
            retry,
            when,
            properties,
            ..Task::default()
        },
    )
}

fn shipyards() -> impl Strategy<Value = Shipyard> {
    let trigger = (words(), prop::collection::btree_map(words(), words(), 0..3))
        .prop_map(|(event, selector)| Trigger { event, selector });
    let sequence =
        (words(), prop::collection::vec(trigger, 0..3), limits(), prop::option::of(concurrencies()), tasks()).prop_map(
            |(name, triggered_on, timeout, concurrency, tasks)| {
                Arc::new(Sequence { name, triggered_on, timeout, concurrency, tasks })
            },
        );
    let stages = prop::collection::btree_map("[a-z][a-z0-9]{0,3}", prop::collection::vec(sequence, 0..3), 1..4);
    (words(), stages).prop_map(|(name, stages)| Shipyard {
        api_version: "spec.keptn.sh/0.2.3".to_owned(),
        name,
        stages: stages.into_iter().map(|(name, sequences)| Stage { name, sequences }).collect(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_read_and_linted_or_refused(text in words(), tail in words(), at in 0..DELIVERY.len()) {
        for file in [format!("{text}{tail}"), format!("{}{text}{tail}{}", &DELIVERY[..at], &DELIVERY[at..])] {
            match read(&file) {
                Ok(read) => for finding in lint(&read) {
                    prop_assert!(finding.span.start <= finding.span.end && finding.span.end <= file.len());
                },
                Err(rejections) => prop_assert!(!rejections.is_empty()),
            }
        }
    }

    #[test]
    fn what_is_written_reads_back(shipyard in shipyards()) {
        let text = write(&shipyard);
        match read(&text) {
            Ok(read) => {
                prop_assert_eq!(&read.shipyard, &shipyard, "{}", text);
                drop(lint(&read));
            }
            Err(rejections) => prop_assert!(false, "{rejections:?}\n{text}"),
        }
    }

    #[test]
    fn any_value_reads_back(value in properties()) {
        let text = yaml::emit(&json!({ "apiVersion": 1, "spec": {"stages": [{"name": "a", "sequences": [{"tasks": [{"properties": &value}]}]}]} }));
        let read = read(&text).map_err(|rejections| TestCaseError::fail(format!("{rejections:?}\n{text}")))?;
        prop_assert_eq!(&read.shipyard.stages[0].sequences[0].tasks[0].properties, &value, "{}", text);
    }
}
