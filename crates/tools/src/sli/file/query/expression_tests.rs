use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Expression {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn term(word: &str, argument: Option<&str>) -> Term {
    Term { word: word.to_owned(), argument: argument.map(str::to_owned) }
}

fn matcher(label: &str, operator: Operator, value: &str) -> Matcher {
    Matcher { label: label.to_owned(), operator, value: value.to_owned() }
}

#[test]
fn the_forms_of_the_documentation() {
    let bare = |head| Expression { head, matchers: Vec::new(), stat: None };
    assert_eq!(parse("error_rate"), bare(term("error_rate", None)));
    assert_eq!(parse(" p99.9 ( elapsed ) "), bare(term("p99.9", Some("elapsed"))));
    assert_eq!(parse("avg()"), bare(term("avg", Some(""))));
    assert_eq!(
        parse(r#"p95(latency){label=~"GET .*", code!='200',}"#),
        Expression {
            head: term("p95", Some("latency")),
            matchers: vec![matcher("label", Operator::Matches, "GET .*"), matcher("code", Operator::NotEqual, "200")],
            stat: None,
        }
    );
    assert_eq!(
        parse("http_req_duration{expected_response:true,name: a b }.p(99.9)"),
        Expression {
            head: term("http_req_duration", None),
            matchers: vec![
                matcher("expected_response", Operator::Equal, "true"),
                matcher("name", Operator::Equal, "a b")
            ],
            stat: Some(term("p", Some("99.9"))),
        }
    );
    let group = parse("x{group:::pay}.threshold(\"p(95)<5\")");
    assert_eq!(group.matchers, [matcher("group", Operator::Equal, "::pay")]);
    assert_eq!(group.stat, Some(term("threshold", Some("p(95)<5"))));
}

#[test]
fn a_dot_belongs_to_a_number_or_parts_a_metric_from_its_statistic() {
    assert_eq!(parse("http2.count").stat, Some(term("count", None)));
    assert_eq!(parse("p99.9").head.word, "p99.9");
    assert_eq!(parse("\"p99.9\".avg").stat, Some(term("avg", None)));
}

#[test]
fn backslashes_only_escape_themselves_and_quotes() {
    for (written, meant) in [
        (r#"c{code=~"5\d\d"}"#, r"5\d\d"),
        (r#"c{code=~"5\\d\\d"}"#, r"5\d\d"),
        (r#"c{code="say \"hi\""}"#, r#"say "hi""#),
        (r#"c{code='say "hi"'}"#, r#"say "hi""#),
        (r"c{code='it\'s'}", "it's"),
    ] {
        assert_eq!(parse(written).matchers[0].value, meant, "{written}");
    }
}

#[test]
fn errors_say_where_and_what() {
    for (text, character, problem) in [
        ("", 1, "expected a name, the query ends"),
        ("  (", 3, "expected a name, found '('"),
        ("p95(elapsed", 12, "expected ')', the query ends"),
        ("p95(elapsed latency)", 13, "expected ')', found 'l'"),
        ("ü{label=GET}", 9, "expected a text in quotes, found 'G'"),
        ("a{label\"x\"}", 8, "expected '=', '!=', '=~' or '!~', found '\"'"),
        ("a{label=\"x\" code=\"1\"}", 13, "expected ',' or '}', found 'c'"),
        ("a{label=\"x", 9, "this \" is never closed"),
        ("a{=\"x\"}", 3, "expected the name of a label, found '='"),
        ("a b", 3, "expected '(', '{', '.' or the end, found 'b'"),
        ("a.b.c", 4, "expected the end, found '.'"),
        ("a{b='c'}d", 9, "expected '.' or the end, found 'd'"),
        ("a{b='c'", 8, "expected ',' or '}', the query ends"),
    ] {
        let error = text.parse::<Expression>().unwrap_err();
        assert_eq!((error.character, error.problem.as_str()), (character, problem), "{text}");
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), r#"[a-z0-9_.,:(){}="'!~\\ ]{0,30}"#]
}

fn any_term() -> impl Strategy<Value = Term> {
    (any_text(), proptest::option::of(any_text())).prop_map(|(word, argument)| Term { word, argument })
}

prop_compose! {
    fn any_matcher()(
        label in any_text(),
        operator in proptest::sample::select(Operator::TOKENS.map(|(_, operator)| operator).to_vec()),
        value in any_text(),
    ) -> Matcher {
        Matcher { label, operator, value }
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any_text()) {
        if let Err(error) = text.parse::<Expression>() {
            prop_assert!(error.character <= text.chars().count() + 1);
        }
    }

    #[test]
    fn what_is_written_is_read_back(
        head in any_term(),
        matchers in proptest::collection::vec(any_matcher(), 0..4),
        stat in proptest::option::of(any_term()),
    ) {
        let expression = Expression { head, matchers, stat };
        prop_assert_eq!(expression.to_string().parse(), Ok(expression));
    }
}
