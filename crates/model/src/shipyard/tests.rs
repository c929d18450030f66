//! Shipyards that are read, refused and doubted.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::diagnostic::Diagnostic;

mod doubts;
mod flow;
mod properties;

const DELIVERY: &str = "apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
metadata:
  name: shop
spec:
  stages:
  - name: dev
    sequences:
    - name: delivery
      tasks:
      - name: deployment
        properties: {deploymentstrategy: direct, retries: 3}
      - name: evaluation
        triggeredAfter: 10m
  - name: prod
    sequences:
    - name: delivery
      triggeredOn:
      - event: dev.delivery.finished
      tasks:
      - name: deployment
    - name: rollback
      triggeredOn:
      - event: prod.delivery.finished
        selector:
          match:
            result: fail
      tasks:
      - name: rollback
";

/// A file with sequences in the stage `dev`.
fn with_sequences(sequences: &str) -> String {
    format!("apiVersion: spec.keptn.sh/0.2.0\nspec: {{stages: [{{name: dev, sequences: [{sequences}]}}]}}\n")
}

/// A file with the sequence `delivery` of two tasks in `dev`, and one in `prod` that starts on what is given.
fn with_triggers(triggers: &str) -> String {
    format!(
        "apiVersion: 0.2.0\nspec:\n  stages:\n  - name: dev\n    sequences:\n    - {{name: delivery, tasks: [{{name: deployment}}, {{name: test}}]}}\n  - name: prod\n    sequences:\n    - {{name: delivery, tasks: [{{name: deployment}}], triggeredOn: [{triggers}]}}\n"
    )
}

fn codes(text: &str) -> Vec<&'static str> {
    lint(&read(text).unwrap()).into_iter().map(|finding| finding.code).collect()
}

/// What is found first, with its help.
fn first(text: &str) -> (String, String) {
    let Diagnostic { message, help, .. } = lint(&read(text).unwrap()).remove(0);
    (message, help.unwrap_or_default())
}

#[test]
fn a_file_is_read_for_what_it_means() {
    let read = read(DELIVERY).unwrap();
    let shipyard = &read.shipyard;
    assert_eq!((shipyard.api_version.as_str(), shipyard.name.as_str()), ("spec.keptn.sh/0.2.3", "shop"));
    let delivery = shipyard.stage("dev").unwrap().sequence("delivery").unwrap();
    assert_eq!(delivery.tasks[0].properties, json!({"deploymentstrategy": "direct", "retries": 3}));
    assert_eq!(delivery.tasks[1].delay(), jiff::SignedDuration::from_mins(10));
    let prod = shipyard.stage("prod").unwrap();
    assert_eq!(
        prod.sequences[0].triggered_on,
        [Trigger { event: "dev.delivery.finished".into(), selector: [].into() }]
    );
    let selector = BTreeMap::from([("result".to_owned(), "fail".to_owned())]);
    assert_eq!(prod.sequences[1].triggered_on[0].selector, selector);
    assert_eq!(lint(&read), []);
}

#[test]
fn what_is_refused_is_told_with_its_reason_and_place() {
    use Rejection::{NoStages, StageName, StageNameMissing, StageTwice, Unparsable, Version};
    let stages = |stages: &str| format!("apiVersion: spec.keptn.sh/0.2.0\nspec: {{stages: [{stages}]}}\n");
    let cases = [
        ("a: [".to_owned(), vec![(Unparsable, "YAML001")]),
        ("apiVersion: 0.2\nspec: {stages: {name: dev}}".to_owned(), vec![(Unparsable, "YAML004")]),
        (with_sequences("{tasks: [{properties: &p [*p]}]}"), vec![(Unparsable, "YAML002")]),
        (String::new(), vec![(Version(String::new()), "SHY001"), (NoStages, "SHY010")]),
        ("null".to_owned(), vec![(Version(String::new()), "SHY001"), (NoStages, "SHY010")]),
        ("spec: {stages: [{name: a}]}".to_owned(), vec![(Version(String::new()), "SHY001")]),
        (
            "apiVersion: spec.keptn.sh/0.1.7\nspec: {stages: []}".to_owned(),
            vec![(Version("spec.keptn.sh/0.1.7".into()), "SHY001"), (NoStages, "SHY010")],
        ),
        (stages("{}, {name: ''}"), vec![(StageNameMissing, "SHY011"), (StageNameMissing, "SHY011")]),
        (stages("{name: Dev}"), vec![(StageName("Dev".into()), "SHY012")]),
        (stages("{name: a}, {name: b}, {name: a}"), vec![(StageTwice("a".into()), "SHY013")]),
    ];
    for (text, wanted) in cases {
        let rejections = read(&text).unwrap_err();
        let found: Vec<_> = rejections.iter().map(|(reason, diagnostic)| (reason.clone(), diagnostic.code)).collect();
        assert_eq!(found, wanted, "{text}");
        for (_, diagnostic) in rejections.iter().filter(|(reason, _)| *reason != Unparsable) {
            assert!(diagnostic.help.is_some(), "{diagnostic:?}");
        }
    }
    let (_, diagnostic) = read(&stages("{name: My_Stage}")).unwrap_err().remove(0);
    assert_eq!(diagnostic.span.start, stages("").len() - 3 + "{name: ".len());
    assert!(diagnostic.help.unwrap().starts_with("write 'my-stage'"));
}

#[test]
fn what_v1_does_not_check_is_no_error() {
    let text = "apiVersion: 1.0\nkind: Other\nspec:\n  stages:\n  - name: dev\n    triggers: []\n    sequences:\n    - name: a.b\n      tasks: [{name: ''}, null]\n    - triggeredOn: [{event: nonsense}]\n";
    assert!(read(text).is_ok());
    assert!(read("apiVersion: 0.2\nspec: {stages: [null, {name: dev}]}").is_ok(), "v1 drops null entries");
}

#[test]
fn unknown_keys_are_found_and_known_ones_are_not() {
    assert_eq!(codes(DELIVERY), [] as [&str; 0]);
    let text = with_sequences("{name: a, triggers: [], tasks: [{name: b, property: 1}]}");
    assert_eq!(codes(&text), ["YAML101", "YAML101"]);
    assert_eq!(first(&text).1, "did you mean 'triggeredOn'?");
    assert_eq!(codes(&format!("{}---\nmore: 1\n", with_sequences(""))), ["YAML102"]);
    assert_eq!(codes(&format!("kind: Ship\n{}", with_sequences(""))), ["SHY101"]);
}

#[test]
fn doubtful_delays_are_found() {
    let after = |text: &str| with_sequences(&format!("{{name: a, tasks: [{{name: b, triggeredAfter: {text}}}]}}"));
    for good in ["10m", "0", "''", "1h30m", "null"] {
        assert_eq!(codes(&after(good)), [] as [&str; 0], "{good}");
    }
    let cases = [("10", "a unit is missing"), ("1d", "a day is '24h'"), ("soon", "write numbers"), ("-5m", "'10m'")];
    for (bad, help) in cases {
        assert_eq!(codes(&after(bad)), ["SHY102"], "{bad}");
        assert!(first(&after(bad)).1.contains(help), "{:?}", first(&after(bad)));
    }
}

#[test]
fn triggers_that_never_fire_are_found() {
    for good in ["dev.delivery.finished", "dev.evaluation.finished", "prod.evaluation.finished"] {
        assert_eq!(codes(&with_triggers(&format!("{{event: {good}}}"))), [] as [&str; 0], "{good}");
    }
    let cases = [
        ("sh.keptn.event.dev.delivery.finished", "SHY103", "did you mean 'dev.delivery.finished'?"),
        ("dev.delivery", "SHY103", "did you mean 'dev.delivery.finished'?"),
        ("dev.delivery.triggered", "SHY103", "did you mean 'dev.delivery.finished'?"),
        ("''", "SHY103", "write '<stage>.<sequence>.finished' with a sequence of this file"),
        ("dev.delivary.finished", "SHY104", "did you mean 'dev.delivery.finished'?"),
        ("dve.delivery.finished", "SHY104", "did you mean 'dev.delivery.finished'?"),
    ];
    for (event, code, help) in cases {
        let text = with_triggers(&format!("{{event: {event}}}"));
        assert_eq!((codes(&text), first(&text).1), (vec![code], help.to_owned()), "{event}");
    }
    assert_eq!(codes(&with_triggers("{}")), ["SHY103"]);
}

#[test]
fn traps_of_selectors_are_found() {
    let matching = |conditions: &str| {
        with_triggers(&format!("{{event: dev.delivery.finished, selector: {{match: {{{conditions}}}}}}}"))
    };
    for good in ["", "result: fail", "test.result: pass", "deployment.result: fail", "test.result: fail"] {
        assert_eq!(codes(&matching(good)), [] as [&str; 0], "{good}");
    }
    let cases = [
        ("result: failed", "SHY111", "did you mean 'fail'?"),
        ("result: succeeded", "SHY111", "known: pass, warning, fail"),
        ("results: fail", "SHY110", "did you mean 'result'?"),
        ("service: cart", "SHY110", "write 'result', or '<task>.result' with the last task that ran"),
        ("tests.result: fail", "SHY110", "did you mean 'test.result'?"),
        (
            "deployment.result: pass",
            "SHY110",
            "write 'result' or 'test.result'; 'fail' matches any task that ends the sequence",
        ),
        (
            "result: fail, test.result: fail",
            "SHY109",
            "if one is meant, remove the others; that several hold at once cannot be asked for",
        ),
    ];
    for (conditions, code, help) in cases {
        let text = matching(conditions);
        assert_eq!((codes(&text), first(&text).1), (vec![code], help.to_owned()), "{conditions}");
    }
    let unknown = "{event: dev.none.finished, selector: {match: {other.result: fail}}}";
    assert_eq!(codes(&with_triggers(unknown)), ["SHY104"], "what its tasks are is not known");
    let implicit = "{event: dev.evaluation.finished, selector: {match: {evaluation.result: warning}}}";
    assert_eq!(codes(&with_triggers(implicit)), [] as [&str; 0]);
}

#[test]
fn a_sequence_that_one_end_starts_twice_is_found() {
    let two = |first: &str, second: &str| {
        with_triggers(&format!(
            "{{event: dev.delivery.finished, selector: {{match: {{{first}}}}}}}, {{event: dev.delivery.finished, selector: {{match: {{{second}}}}}}}"
        ))
    };
    for (first, second) in [("", ""), ("", "result: pass"), ("result: fail", "test.result: fail")] {
        assert_eq!(codes(&two(first, second)), ["SHY112"], "{first} / {second}");
    }
    for (first, second) in
        [("", "result: fail"), ("result: pass", "result: warning"), ("deployment.result: fail", "test.result: fail")]
    {
        assert_eq!(codes(&two(first, second)), [] as [&str; 0], "{first} / {second}");
    }
}

#[test]
fn loops_on_success_are_found_and_retries_are_not() {
    let on = |event: &str, matching: &str| {
        format!("triggeredOn: [{{event: dev.{event}.finished, selector: {{match: {{{matching}}}}}}}]")
    };
    let sequence = |name: &str, trigger: &str| format!("{{name: {name}, tasks: [{{name: t}}], {trigger}}}");
    let own = with_sequences(&sequence("a", &on("a", "")));
    assert_eq!(codes(&own), ["SHY113"]);
    assert_eq!(first(&own).0, "'dev.a' starts itself again whenever it succeeds, for ever");
    let around = |last: &str| {
        with_sequences(
            &[sequence("a", &on("c", last)), sequence("b", &on("a", "")), sequence("c", &on("b", ""))].join(", "),
        )
    };
    assert_eq!(codes(&around("t.result: warning")), ["SHY113"], "told once");
    assert_eq!(first(&around("")).0, "'dev.a', 'dev.b', 'dev.c' start each other whenever they succeed, for ever");
    assert_eq!(codes(&around("result: fail")), [] as [&str; 0], "a retry");
    assert_eq!(codes(&with_sequences(&sequence("a", &on("a", "t.result: fail")))), [] as [&str; 0], "a retry");
    let apart = [sequence("a", &on("a", "")), sequence("b", &on("b", ""))].join(", ");
    assert_eq!(codes(&with_sequences(&apart)), ["SHY113", "SHY113"]);
}

#[test]
fn names_and_tasks_that_break_a_sequence_are_found() {
    let cases = [
        ("{name: a.b, tasks: [{name: t}]}", vec!["SHY105"]),
        ("{name: a, tasks: [{name: t.u}]}", vec!["SHY105"]),
        ("{tasks: [{name: t}]}", vec!["SHY106"]),
        ("{name: a, tasks: [{}]}", vec!["SHY106"]),
        ("{name: a}", vec!["SHY107"]),
        ("{name: evaluation, tasks: []}", vec!["SHY107"]),
        ("{name: a, tasks: [{name: t}]}, {name: a, tasks: [{name: t}]}", vec!["SHY108"]),
        ("{name: a, tasks: [{name: t}, {name: t}]}", vec![]),
    ];
    for (sequences, wanted) in cases {
        assert_eq!(codes(&with_sequences(sequences)), wanted, "{sequences}");
    }
}

#[test]
fn approvals_that_wait_unasked_are_found() {
    let approval = |properties: &str| {
        with_sequences(&format!("{{name: a, tasks: [{{name: approval, properties: {properties}}}]}}"))
    };
    for good in ["{pass: automatic, warning: manual}", "{}", "{pass: ~}", "text", "{other: 1}"] {
        assert_eq!(codes(&approval(good)), [] as [&str; 0], "{good}");
    }
    assert_eq!(codes(&approval("{pass: auto, warning: true}")), ["SHY114", "SHY114"]);
    assert_eq!(first(&approval("{pass: automatc}")).1, "did you mean 'automatic'?");
}
