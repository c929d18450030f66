//! Keys that v1 does not have: what they mean, and what is refused.

use std::sync::Arc;

use jiff::SignedDuration;

use super::super::*;
use super::with_sequences;
use crate::diagnostic::Diagnostic;

/// A sequence `a` with these tasks.
fn with_tasks(tasks: &str) -> String {
    with_sequences(&format!("{{name: a, tasks: [{tasks}]}}"))
}

fn sequence(text: &str) -> Arc<Sequence> {
    read(text).unwrap_or_else(|rejections| panic!("{text}: {rejections:?}")).shipyard.stages[0].sequences[0].clone()
}

fn task(keys: &str) -> Task {
    sequence(&with_tasks(&format!("{{name: t, {keys}}}"))).tasks[0].clone()
}

/// What is refused, with the piece of the file that each error points at.
fn refused(text: &str) -> Vec<(&'static str, String)> {
    let rejections = read(text).err().unwrap_or_else(|| panic!("{text} is read"));
    assert!(rejections.iter().all(|(_, diagnostic)| diagnostic.help.is_some()), "{rejections:?}");
    let place = |diagnostic: &Diagnostic| text[diagnostic.span.start..diagnostic.span.end].to_owned();
    rejections.iter().map(|(_, diagnostic)| (diagnostic.code, place(diagnostic))).collect()
}

fn refused_task(keys: &str) -> Vec<(&'static str, String)> {
    refused(&with_tasks(&format!("{{name: t, {keys}}}")))
}

fn one(code: &'static str, place: &str) -> Vec<(&'static str, String)> {
    vec![(code, place.to_owned())]
}

#[test]
fn every_key_is_read() {
    let text = "apiVersion: 0.2.0
spec:
  stages:
  - name: dev
    sequences:
    - name: delivery
      timeout: 2h
      concurrency: {key: 'deploy-{service}', policy: supersede}
      tasks:
      - name: deployment
        startTimeout: 5m
        timeout: 1d
        retry: {attempts: 3, backoff: 10s}
      - name: unit
        parallel: checks
        join: any
        retry: {attempts: 2}
      - name: load
        parallel: checks
        when: result == 'pass'
      - name: cleanup
        finally: true
";
    let delivery = sequence(text);
    assert_eq!(delivery.timeout, Some(SignedDuration::from_hours(2)));
    let concurrency = Concurrency { key: Some("deploy-{service}".to_owned()), policy: Policy::Supersede };
    assert_eq!(delivery.concurrency, Some(concurrency));
    let [deployment, unit, load, cleanup] = &delivery.tasks[..] else { panic!("{:?}", delivery.tasks) };
    assert_eq!(deployment.start_timeout, Some(SignedDuration::from_mins(5)));
    assert_eq!(deployment.timeout, Some(SignedDuration::from_hours(24)));
    assert_eq!(deployment.retry, Some(Retry { attempts: 3, backoff: SignedDuration::from_secs(10) }));
    assert_eq!(unit.retry, Some(Retry { attempts: 2, backoff: SignedDuration::ZERO }));
    assert_eq!((unit.parallel.as_deref(), unit.join), (Some("checks"), Join::Any));
    assert_eq!((load.parallel.as_deref(), load.join), (Some("checks"), Join::All));
    assert_eq!(load.when.as_ref().map(When::text), Some("result == 'pass'"));
    assert_eq!((load.finally, cleanup.finally), (false, true));
}

#[test]
fn keys_without_a_value_are_as_if_they_were_not_there() {
    let keys = "startTimeout: , timeout: ~, retry: , when: , parallel: , join: , finally: ";
    assert_eq!(task(keys), Task { name: "t".to_owned(), ..Task::default() });
    let text = with_sequences("{name: a, timeout: , concurrency: , tasks: []}");
    assert_eq!(*sequence(&text), Sequence { name: "a".to_owned(), ..Sequence::default() });
    let text = with_sequences("{name: a, concurrency: {key: , policy: }}");
    assert_eq!(sequence(&text).concurrency, Some(Concurrency::default()));
    assert_eq!(task("retry: {attempts: 1, backoff: 0}").retry.map(|retry| retry.backoff), Some(SignedDuration::ZERO));
}

#[test]
fn durations_have_a_unit_and_are_above_zero() {
    for key in ["startTimeout", "timeout"] {
        for (text, code) in [("30", "SHY020"), ("soon", "SHY020"), ("''", "SHY020"), ("0", "SHY021"), ("-5m", "SHY021")]
        {
            assert_eq!(refused_task(&format!("{key}: {text}")), one(code, text), "{key}: {text}");
        }
    }
    assert_eq!(refused(&with_sequences("{name: a, timeout: 2}")), one("SHY020", "2"));
    assert_eq!(refused_task("retry: {attempts: 2, backoff: -1s}"), one("SHY021", "-1s"));
    let (_, diagnostic) = read(&with_tasks("{timeout: 30}")).unwrap_err().remove(0);
    assert_eq!(diagnostic.help.as_deref(), Some("a unit is missing: '30s' or '30m'?"));
    let (_, diagnostic) = read(&with_tasks("{timeout: 1.5}")).unwrap_err().remove(0);
    assert_eq!(diagnostic.help.as_deref(), Some("a unit is missing: '1.5s' or '1.5m'?"));
}

#[test]
fn attempts_are_whole_and_from_1_to_100() {
    for good in ["1", "100", "3.0"] {
        assert!(task(&format!("retry: {{attempts: {good}}}")).retry.is_some(), "{good}");
    }
    for bad in ["0", "-1", "101", "2.5", "9223372036854775807"] {
        assert_eq!(refused_task(&format!("retry: {{attempts: {bad}}}")), one("SHY022", bad));
    }
    assert_eq!(refused_task("retry: {}"), one("SHY022", "{"));
    assert_eq!(refused_task("retry: {backoff: 1s}"), one("SHY022", "backoff"));
    assert_eq!(refused_task("retry: {attempts: three}"), one("YAML004", "three"));
    assert_eq!(refused_task("retry: 3"), one("YAML004", "3"));
}

#[test]
fn an_unreadable_condition_is_pointed_at_within_its_scalar() {
    let block = |when: &str| {
        format!(
            "apiVersion: 0.2.0\nspec:\n  stages:\n  - name: dev\n    sequences:\n    - tasks:\n      - name: t\n        when: {when}\n"
        )
    };
    for (when, place) in [
        ("result = 'pass'", "="),
        ("\"result = 'pass'\"", "="),
        ("'result = ''pass'''", "="),
        ("'''ä'' == result and ''a'''", "and"),
        ("\"\\\"ä\\\" == result and 'a'\"", "and"),
        ("\"'\\\\\\\\' == result and 'a'\"", "and"),
        ("result ==\n          'pass' and x", "and"),
        ("'result ==\n          ''pass'' and x'", "and"),
        ("|\n          result ==\n            'pass' and x", "and"),
        (">-\n\n          result ==\n          'pass' and x", "and"),
        ("result ==", ""),
        ("'result =='", ""),
        ("''", ""),
        ("\"\\x61 and b\"", "\"\\x61 and b\""),
    ] {
        assert_eq!(refused(&block(when)), one("SHY023", place), "{when}");
    }
    let alias = with_tasks("{name: &c 'a and b'}, {name: t, when: *c }");
    assert_eq!(refused(&alias), one("SHY023", "*c"));
    assert_eq!(refused(&block("!(a == 'b')")), one("SHY023", "!(a == 'b')"));
    assert_eq!(task("when: true").when.unwrap().text(), "true");
}

#[test]
fn unknown_words_are_refused_with_the_nearest_known_one() {
    let help = |text: &str| read(text).unwrap_err().remove(0).1.help.unwrap();
    assert_eq!(refused_task("parallel: g, join: every"), one("SHY024", "every"));
    assert_eq!(refused_task("parallel: g, join: ''"), one("SHY024", "''"));
    assert_eq!(help(&with_tasks("{parallel: g, join: Any}")), "did you mean 'any'? known: all, any");
    let policy = |word: &str| with_sequences(&format!("{{name: a, concurrency: {{policy: {word}}}}}"));
    assert_eq!(refused(&policy("replace")), one("SHY025", "replace"));
    assert_eq!(help(&policy("superseed")), "did you mean 'supersede'? known: queue, supersede, reject");
}

#[test]
fn groups_hold_together() {
    let refused = |tasks: &str| refused(&with_tasks(tasks));
    let good =
        "{parallel: a, join: any}, {parallel: a}, {}, {parallel: b}, {parallel: c}, {parallel: d, finally: true}";
    assert_eq!(sequence(&with_tasks(good)).tasks.len(), 6);
    assert_eq!(refused("{join: any}"), one("SHY026", "any"));
    assert_eq!(refused("{parallel: a}, {parallel: a, join: all}"), one("SHY026", "all"));
    assert_eq!(refused("{parallel: a}, {}, {parallel: a}"), one("SHY029", "a"));
    assert_eq!(refused("{parallel: a}, {parallel: b}, {parallel: a}"), one("SHY029", "a"));
    assert_eq!(refused("{parallel: ''}, {parallel: ''}"), [one("SHY030", "''"), one("SHY030", "''")].concat());
    assert_eq!(refused("{parallel: '', join: any}"), one("SHY030", "''"));
    let other = with_sequences("{name: a, tasks: [{parallel: g}]}, {name: b, tasks: [{parallel: g}]}");
    assert!(read(&other).is_ok(), "another sequence has groups of its own");
}

#[test]
fn what_is_finally_stands_at_the_end() {
    let refused = |tasks: &str| refused(&with_tasks(tasks));
    for good in ["{finally: true}", "{}, {finally: true}, {finally: yes}", "{}, {finally: false}", ""] {
        assert!(read(&with_tasks(good)).is_ok(), "{good}");
    }
    assert_eq!(refused("{finally: true}, {}"), one("SHY027", "true"));
    let two = [one("SHY027", "yes"), one("SHY027", "true")].concat();
    assert_eq!(refused("{finally: yes}, {finally: true}, {}, {}"), two);
    assert_eq!(refused("{finally: true, parallel: a}, {parallel: a}"), one("SHY028", "a"), "told once");
    assert_eq!(refused("{parallel: a}, {parallel: a, finally: true}"), one("SHY028", "true"));
    let three = "{finally: true, parallel: a}, {parallel: a}, {}";
    assert_eq!(refused(three), [one("SHY027", "true"), one("SHY028", "a")].concat());
    let message = read(&with_tasks("{finally: true}, {name: b}, {name: c}")).unwrap_err().remove(0).1.message;
    assert_eq!(message, "what is 'finally' stands at the end, and 'b' stands behind it");
    assert_eq!(refused("{finally: sometimes}"), one("YAML004", "sometimes"));
}

#[test]
fn placeholders_of_a_concurrency_key_are_paths() {
    let key = |key: &str| with_sequences(&format!("{{name: a, concurrency: {{key: '{key}'}}}}"));
    for good in ["deploy", "{service}", "{stage}-{service}", "{labels.my-key}", "{labels[\"a\"]}x{a[0]}"] {
        assert!(read(&key(good)).is_ok(), "{good}");
    }
    for (bad, place) in [
        ("", "''"),
        ("a{service", "{"),
        ("service}", "}"),
        ("{a{b}", "{"),
        ("x{}", "{}"),
        ("{ service }", "{ service }"),
        ("{a b}", "{a b}"),
        ("{5}", "{5}"),
    ] {
        assert_eq!(refused(&key(bad)), one("SHY031", place), "{bad}");
    }
    assert_eq!(refused(&key("{}}")), [one("SHY031", "{}"), one("SHY031", "}")].concat());
    let text = with_sequences("{name: a, concurrency: deploy}");
    assert_eq!(refused(&text), one("YAML004", "deploy"));
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text =
        "apiVersion: x\nspec: {stages: [{name: Dev, sequences: [{timeout: 1, tasks: [{when: '', timeout: 0}]}]}]}\n";
    let codes: Vec<_> = refused(text).into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["SHY001", "SHY012", "SHY020", "SHY023", "SHY021"]);
    let reasons = read(&with_tasks("{timeout: 1}")).unwrap_err();
    assert_eq!(reasons[0].0, Rejection::Flow);
}
