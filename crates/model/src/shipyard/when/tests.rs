//! Conditions that are read, refused and asked.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

/// What a run knows at a task.
fn data() -> Map<String, Value> {
    let data = json!({
        "project": "shop", "service": "cart", "result": "pass", "status": "succeeded",
        "labels": {"team": "blue", "my-key": "x", "my key": "y", "n": "87"},
        "deployment": {"deploymentURIsPublic": ["http://a", "http://b"], "canary": true},
        "evaluation": {"score": 87.5, "points": 3, "notes": null, "parts": ["a", 1, null]},
        "load-test": {"users": 100},
    });
    data.as_object().unwrap().clone()
}

fn holds(text: &str) -> Result<bool, String> {
    When::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}")).holds(&data())
}

#[test]
fn conditions_hold_or_do_not() {
    let cases = [
        ("true", true),
        ("!true", false),
        ("!!true", true),
        ("result == 'pass'", true),
        ("result == \"pass\"", true),
        ("result != 'pass'", false),
        ("result in ['pass', 'warning']", true),
        ("result in []", false),
        ("!(result in ['fail'])", true),
        ("evaluation.score >= 87.5", true),
        ("evaluation.score<87", false),
        ("90 > evaluation.score", true),
        ("evaluation.points == 3.0", true),
        ("evaluation.points > -1", true),
        ("evaluation.points == 3e0", true),
        ("service < 'd' && service >= 'c'", true),
        ("labels.team == 'blue'", true),
        ("labels.my-key == 'x'", true),
        ("labels[\"my key\"] == 'y'", true),
        ("labels['team'] == 'blue'", true),
        ("load-test.users == 100", true),
        ("deployment.deploymentURIsPublic[0] == 'http://a'", true),
        ("deployment.deploymentURIsPublic[2] == null", true),
        ("deployment.deploymentURIsPublic[18446744073709551615] == null", true),
        ("deployment.canary", true),
        ("deployment.canary && !deployment.canary || true", true),
        ("true || false && false", true),
        ("(true || false) && false", false),
        ("'a' in evaluation.parts", true),
        ("null == nothing", true),
        ("labels.nothing == null", true),
        ("nothing.at[3].all == null", true),
        ("result.deeper == null", true),
        ("labels[0] == null", true),
        ("evaluation.notes == null", true),
        ("evaluation.score == null", false),
        ("labels != null", true),
        ("labels == labels", true),
        ("evaluation.parts == ['a', 1.0, null]", true),
        ("false && evaluation.score == 'x'", false),
        ("true || labels.team", true),
        ("'it\\'s' == \"it's\"", true),
        ("  result\t== \n'pass'  ", true),
        ("(result == 'pass') == true", true),
    ];
    for (text, wanted) in cases {
        assert_eq!(holds(text), Ok(wanted), "{text}");
    }
}

#[test]
fn an_operator_that_does_not_take_its_values_names_the_path() {
    let cases = [
        ("labels.n >= 80", "'labels.n' is a string ('87'), and '>=' compares it with a number"),
        ("80 <= labels.n", "'labels.n' is a string ('87'), and '<=' compares it with a number"),
        ("result == 1", "'result' is a string ('pass'), and '==' compares it with a number"),
        (
            "evaluation.points == labels.n",
            "'evaluation.points' is a number (3), and '==' compares it with 'labels.n', a string ('87')",
        ),
        ("evaluation.nothing > 1", "'evaluation.nothing' is null, and '>' compares it with a number"),
        ("deployment.canary > false", "'deployment.canary' is a boolean (true), and '>' takes numbers or strings"),
        ("null < null", "'null' is null, and '<' takes numbers or strings"),
        ("result in 'pass'", "'\"pass\"' is a string ('pass'), and 'in' looks into a list"),
        ("'x' in labels", "'labels' is a map, and 'in' looks into a list"),
        ("result in [1, 2]", "'result' is a string ('pass'), and 'in' compares it with a number"),
        ("result", "'result' is a string ('pass'), and a condition is true or false"),
        ("!labels[\"my-key\"]", "'labels[\"my-key\"]' is a string ('x'), and '!' takes true or false"),
        ("labels && true", "'labels' is a map, and '&&' takes true or false"),
        ("false || nothing", "'nothing' is null, and '||' takes true or false"),
        ("!result == 'pass'", "'result' is a string ('pass'), and '!' takes true or false"),
        ("5", "'5' is a number (5), and a condition is true or false"),
        ("(result == 'pass') == 'x'", "'(result == 'pass')' is a boolean (true), and '==' compares it with a string"),
    ];
    for (text, wanted) in cases {
        assert_eq!(holds(text), Err(wanted.to_owned()), "{text}");
    }
    let long = json!({ "a": "é".repeat(60) });
    let error = When::parse("a > 1").unwrap().holds(long.as_object().unwrap()).unwrap_err();
    assert_eq!(error, format!("'a' is a string ('{}…'), and '>' compares it with a number", "é".repeat(40)));
}

#[test]
fn what_is_no_condition_is_told_with_its_place() {
    let cases = [
        ("", 0, "the condition is empty"),
        ("result = 'pass'", 7, "'=' means nothing here; write '==' to compare"),
        ("a === b", 4, "'=' means nothing here; write '=='"),
        ("a & b", 2, "'&' means nothing here; write '&&'"),
        ("a and b", 2, "an operator is wanted here, found 'and'; write '&&'"),
        ("a OR b", 2, "an operator is wanted here, found 'OR'; write '||'"),
        ("not a", 4, "an operator is wanted here, found 'a'; write '!' for 'not'"),
        ("a not in ['b']", 2, "an operator is wanted here, found 'not'; write '!="),
        ("a in 'b', 'c'", 8, "an operator is wanted here, found ','; a list stands in brackets"),
        ("a + 1", 2, "'+' means nothing here; values are compared as they are"),
        ("a -1", 2, "an operator is wanted here, found '-1'"),
        ("a < b < c", 6, "comparisons do not chain"),
        ("a == b == c", 7, "comparisons do not chain"),
        ("a ==", 4, "a value is wanted here, found the end"),
        ("a == in", 5, "a value is wanted here, found 'in'"),
        ("(a", 0, "this '(' is not closed; close it with ')'"),
        ("a)", 1, "this ')' closes nothing"),
        ("()", 1, "a value is wanted here, found ')'"),
        ("a in ['b'", 5, "this '[' is not closed"),
        ("a in ['b' 'c']", 10, "']' is wanted here, found ''c''"),
        ("a in [b]", 6, "a list holds texts, numbers, true, false and null, found 'b'"),
        ("a in [['b']]", 6, "a list holds"),
        ("a == 'b", 5, "this text has no end; put the same quote behind it"),
        ("a == 'b\\n'", 7, "a backslash stands before a quote"),
        ("a == ‘b’", 5, "'‘' means nothing here; write a straight quote"),
        ("ä == 1", 0, "'ä' means nothing here"),
        ("$.a == 1", 0, "'$' means nothing here; a path is written as"),
        ("a.1 == 1", 2, "a name is wanted behind the dot, found '1'; a place in a list is written as [0]"),
        ("a[-1] == 1", 2, "a whole number or a key in quotes is wanted here, found '-1'"),
        ("a[b] == 1", 2, "a whole number or a key in quotes"),
        ("a[0 == 1", 4, "']' is wanted here, found '=='"),
        ("a > 10m", 4, "'10m' is no number"),
        ("a > 1e999", 4, "'1e999' is no number"),
        ("a > 007", 4, "'007' is no number"),
    ];
    for (text, offset, words) in cases {
        let error = When::parse(text).unwrap_err();
        assert_eq!(error.offset, offset, "{text}: {error:?}");
        assert!(error.to_string().starts_with(words), "{text}: {error:?}");
    }
}

#[test]
fn long_and_deep_conditions_are_refused() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(When::parse(&nested(When::DEEPEST)).is_ok());
    let error = When::parse(&nested(When::DEEPEST + 1)).unwrap_err();
    assert_eq!((error.offset, error.length), (When::DEEPEST, 1));
    assert!(When::parse(&format!("{}a", "!".repeat(When::DEEPEST + 1))).is_err());
    let long = format!("a{}", "||a".repeat((When::LONGEST - 1) / 3));
    assert!(When::parse(&long).unwrap().holds(&data()).is_err());
    assert!(When::parse(&format!("{long}{}", " ".repeat(2))).unwrap_err().message.contains("2001 bytes"));
}

#[test]
fn a_condition_is_stored_as_its_text() {
    let text = "result ==  'pass'";
    let when: When = serde_json::from_value(json!(text)).unwrap();
    assert_eq!((when.text(), serde_json::to_value(&when).unwrap()), (text, json!(text)));
    let error = serde_json::from_value::<When>(json!("result = 1")).unwrap_err();
    assert_eq!(error.to_string(), "'=' means nothing here; write '==' to compare");
}

#[test]
fn a_path_alone_is_told_from_other_conditions() {
    for path in ["service", "labels.my-key", "a[0]", "labels[\"my key\"]"] {
        assert!(When::path(path).is_some(), "{path}");
    }
    for other in ["", " service", "a b", "true", "'a'", "(a)", "a == b", "5", "!a", "a."] {
        assert!(When::path(other).is_none(), "{other}");
    }
}

/// Texts of words that a condition knows, mostly not conditions.
fn noise() -> impl Strategy<Value = String> {
    let words = [
        "a", "b.c", "d[0]", "in", "true", "null", "==", "<", "&&", "||", "!", "(", ")", "[", "]", ",", ".", "'x'",
        "\"", "'", "\\", "1", "-2.5", "é", " ", "=", "-", "1e9",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..12).prop_map(|words| words.concat())
}

/// Conditions, most of which compare what does not compare.
pub(in crate::shipyard) fn conditions() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "a",
        "b.c",
        "d[0]",
        "d[\"e\"]",
        "nothing.x",
        "true",
        "null",
        "'x'",
        "1",
        "-2.5",
        "['x', 1, null]",
        "[]",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 3, |inner| {
        let operators = vec!["==", "!=", "<", "<=", ">", ">=", "in", "&&", "||"];
        prop_oneof![
            (inner.clone(), prop::sample::select(operators), inner.clone())
                .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
            inner.prop_map(|inner| format!("!{inner}")),
        ]
    })
}

/// Anything that JSON can hold.
pub(in crate::shipyard) fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..3).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec!["", "x", "é"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-e]", inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_within_itself(text in prop_oneof![noise(), any::<String>()]) {
        match When::parse(&text) {
            Ok(when) => prop_assert_eq!(when.text(), text),
            Err(error) => {
                prop_assert!(text.is_char_boundary(error.offset), "{:?}", error);
                prop_assert!(text.is_char_boundary(error.offset + error.length), "{:?}", error);
                prop_assert!(!error.message.is_empty() && !error.help.is_empty());
            }
        }
    }

    #[test]
    fn any_condition_is_asked_of_any_data(text in conditions(), data in prop::collection::btree_map("[a-e]", values(), 0..4)) {
        let when = When::parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error:?}")))?;
        let data: Map<_, _> = data.into_iter().collect();
        let answer = when.holds(&data);
        // Twice turned round it is the same, and what cannot be asked cannot be turned round.
        let twice = When::parse(&format!("!!({text})")).map(|when| when.holds(&data));
        if let Ok(twice) = twice {
            prop_assert_eq!(twice.ok(), answer.clone().ok(), "{}", text);
        }
        let stored: When = serde_json::from_value(serde_json::to_value(&when).unwrap()).unwrap();
        prop_assert_eq!(stored.holds(&data), answer);
    }
}
