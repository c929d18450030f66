use super::*;

fn document(text: &str) -> Document {
    Document::read(text.as_bytes()).unwrap()
}

fn failure(text: &str, query: &str) -> (MissingReason, String) {
    let failure = document(text).value(query).unwrap_err();
    (failure.reason, failure.message)
}

const NESTED: &str = r#"{
    "a": {"b": [{"x y": 1.5}, {"x y": "2.5"}], "c.d": true, "a/b": "12"},
    "a.b": 7, "off": false, "nothing": null, "inf": "inf", "text": "12 ms", "": 3
}"#;

#[test]
fn paths_and_pointers_lead_to_numbers() {
    for (query, expected) in [
        ("a.b[0].\"x y\"", 1.5),
        ("a.b[1]['x y']", 2.5),
        ("/a/b/1/x y", 2.5),
        ("/a/a~1b", 12.0),
        ("a['c.d']", 1.0),
        ("off", 0.0),
        ("a.b", 7.0), // the key itself goes before the path
        ("/", 3.0),
    ] {
        assert_eq!(document(NESTED).value(query), Ok(expected), "{query}");
    }
}

#[test]
fn what_is_no_number_is_told() {
    for (query, reason, message) in [
        ("nothing", MissingReason::NoData, "'nothing' is null"),
        ("inf", MissingReason::NotFinite, "the value is inf, which is no finite number"),
        ("text", MissingReason::QueryError, "'text' is the text '12 ms', not a number"),
        ("a.b[0]", MissingReason::QueryError, "'a.b[0]' is an object with the keys 'x y', not a number"),
        ("/a/b", MissingReason::QueryError, "'/a/b' is a list of 2, not a number"),
        ("a.B", MissingReason::NoData, "'a' has no 'B' (did you mean 'b'?); its keys are 'b', 'c.d', 'a/b'"),
        ("/a/b/2", MissingReason::NoData, "'/a/b' is a list of 2, counted from 0, and has no '2'"),
        ("/a/b/01", MissingReason::NoData, "'/a/b' is a list of 2, counted from 0, and has no '01'"),
        ("a['b'][2]", MissingReason::NoData, "'a.b' is a list of 2, counted from 0, and has no [2]"),
        ("/a/b/x", MissingReason::NoData, "'/a/b' is a list of 2, counted from 0, and has no 'x'"),
        ("off.x", MissingReason::NoData, "'off' is false, and has no 'x'"),
        ("a['b'].x", MissingReason::NoData, "'a.b' is a list of 2, and 'x' is a key: write [0] to [1]"),
    ] {
        assert_eq!(failure(NESTED, query), (reason, message.to_owned()), "{query}");
    }
    let (reason, message) = failure(NESTED, "a.");
    assert_eq!(reason, MissingReason::QueryError);
    assert!(
        message.starts_with("query 'a.', character 3: expected a key, the query ends; write a path like"),
        "{message}"
    );
}

#[test]
fn lists_are_looked_up_by_metric() {
    let list = r#"[
        {"metric": "response time", "value": 12.5},
        {"metric": "error.rate", "value": "0.5", "success": true},
        {"metric": "lost", "value": 0, "success": false, "message": "no data\n"},
        {"metric": "bare"},
        {"metric": "twice", "value": 1}, {"metric": "twice", "value": 2}
    ]"#;
    assert_eq!(document(list).value("response time"), Ok(12.5));
    assert_eq!(document(list).value("error.rate"), Ok(0.5));
    assert_eq!(document(list).value("[4].value"), Ok(1.0));
    assert_eq!(document(list).value("/5/value"), Ok(2.0));
    for (query, reason, message) in [
        ("lost", MissingReason::NoData, "'lost' was not measured: 'no data '"),
        ("bare", MissingReason::NoData, "'bare' has no 'value' in the list"),
        ("twice", MissingReason::SeveralSeries, "the list holds 'twice' 2 times: point at one, for instance [0].value"),
        (
            "error_rate",
            MissingReason::NoData,
            "no metric 'error_rate' (did you mean 'error.rate'?); the list holds 'response time', 'error.rate', 'lost', 'bare', 'twice', 'twice'",
        ),
    ] {
        assert_eq!(failure(list, query), (reason, message.to_owned()), "{query}");
    }
}

#[test]
fn other_lists_are_walked_like_any_document() {
    assert_eq!(document("[{\"value\": 4}]").value("[0].value"), Ok(4.0));
    assert_eq!(failure("[]", "x").1, "the document is an empty list");
}

#[test]
fn broken_documents_are_told_with_their_line() {
    for (text, line, problem) in [
        ("{\n\"a\": 1,\n}", 3, "no JSON, column 1: trailing comma"),
        (
            "{\"a\": 1}\n{\"a\": 2}",
            2,
            "no JSON, column 1: trailing characters: only one document is read (points of k6 with k6:)",
        ),
        ("{\"a\": [1,", 1, "no JSON, column 9: EOF while parsing a value: the tool was stopped, or still writes"),
        ("{\"a\": 1e999}", 1, "no JSON, column 11: number out of range"),
    ] {
        match Document::read(text.as_bytes()) {
            Err(Trouble::Malformed { line: Some(at), problem: found }) => {
                assert_eq!((at, found.as_str()), (line, problem), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    let deep = "[".repeat(100_000);
    assert!(matches!(Document::read(deep.as_bytes()), Err(Trouble::Malformed { .. })));
}
