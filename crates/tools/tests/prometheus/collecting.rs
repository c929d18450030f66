//! What is asked, and what becomes of the answers.

use std::collections::BTreeMap;
use std::sync::Mutex;

use capstan_model::event::sli::MissingReason;
use capstan_tools::sli::{Answer, Indicator, Limits, collect};

use super::stub::{Reply, Stub, ask, indicator, indicators, open, scope};

fn failure(answer: &Answer) -> (MissingReason, &str) {
    let failure = answer.outcome.as_ref().unwrap_err();
    (failure.reason, &failure.message)
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_indicators() {
    // Answers later the earlier it was asked.
    let stub = Stub::start(|seen| match seen.query.as_str() {
        "metric_0" => Reply::Late(std::time::Duration::from_millis(50), "0"),
        "metric_1" => Reply::Value("1"),
        _ => Reply::Value("2.5"),
    })
    .await;
    let heard = Mutex::new(Vec::new());
    let sources = BTreeMap::from([("p".to_owned(), stub.source())]);
    let limits = Limits::default();
    let answers =
        collect(&sources, &indicators(3), &scope(), &limits, &|answer| heard.lock().unwrap().push(answer.clone()))
            .await;
    let values: Vec<_> = answers.iter().map(|answer| (answer.indicator.as_str(), answer.outcome.clone())).collect();
    assert_eq!(values, [("i0", Ok(0.0)), ("i1", Ok(1.0)), ("i2", Ok(2.5))]);
    assert!(answers.iter().all(|answer| answer.attempts == 1 && answer.source == "p"));
    assert_eq!(answers[0].query.as_deref(), Some("metric_0"));
    assert!(answers[0].elapsed >= std::time::Duration::from_millis(50));
    let mut heard = heard.into_inner().unwrap();
    assert_eq!(heard.last().unwrap().indicator, "i0");
    heard.sort_by(|a, b| a.indicator.cmp(&b.indicator));
    assert_eq!(heard, answers);
}

#[tokio::test]
async fn the_request_is_an_instant_query_at_the_end() {
    let stub = Stub::start(|_| Reply::Value("1")).await;
    let query = "sum(rate(m{a=\"b&c=d+e é\"}[$DURATION_SECONDS]))";
    for base in ["", "/", "/prometheus", "/prometheus/", "/a%20b/c"] {
        let source = open(&format!("p=http://{}{base}", stub.address), &[]).unwrap();
        let answers = ask(source, &[indicator("q", query)], &Limits::default()).await;
        assert_eq!(answers[0].outcome, Ok(1.0), "{base}");
    }
    let seen = stub.seen();
    let paths: Vec<_> = seen.iter().map(|seen| seen.path.as_str()).collect();
    let query_path = "/api/v1/query";
    let prefixed = "/prometheus/api/v1/query";
    assert_eq!(paths, [query_path, query_path, prefixed, prefixed, "/a%20b/c/api/v1/query"]);
    for seen in seen {
        assert_eq!(seen.query, "sum(rate(m{a=\"b&c=d+e é\"}[601s]))");
        assert_eq!(seen.time, "1704208200.500");
        assert_eq!(seen.authorization, None);
    }
}

#[tokio::test]
async fn logins_are_sent() {
    let stub = Stub::start(|_| Reply::Value("1")).await;
    let spec = format!("p=http://{}", stub.address);
    let basic = open(&spec, &[("CAPSTAN_SOURCE_P_USER", "me"), ("CAPSTAN_SOURCE_P_PASSWORD", "hunter2:é")]).unwrap();
    let bearer = open(&spec, &[("CAPSTAN_SOURCE_P_TOKEN", "hunter2")]).unwrap();
    assert!(!format!("{basic:?} {bearer:?}").contains("hunter2"));
    for source in [basic, bearer] {
        ask(source, &indicators(1), &Limits::default()).await;
    }
    let sent: Vec<_> = stub.seen().into_iter().filter_map(|seen| seen.authorization).collect();
    assert_eq!(sent, ["Basic bWU6aHVudGVyMjrDqQ==", "Bearer hunter2"]);

    let broken = open(&spec, &[("CAPSTAN_SOURCE_P_TOKEN", "hunter2\nx")]).unwrap_err();
    assert!(broken.contains("CAPSTAN_SOURCE_P_TOKEN") && !broken.contains("hunter2"), "{broken}");
    let broken =
        open(&spec, &[("CAPSTAN_SOURCE_P_USER", "a:b"), ("CAPSTAN_SOURCE_P_PASSWORD", "hunter2")]).unwrap_err();
    assert!(broken.contains("CAPSTAN_SOURCE_P_USER") && !broken.contains("hunter2"), "{broken}");
}

#[tokio::test]
async fn a_query_that_several_indicators_share_is_sent_once() {
    let stub = Stub::start(|seen| if seen.query == "a" { Reply::Value("1") } else { Reply::Value("2") }).await;
    let wanted = [
        indicator("x", "a"),
        indicator("y", "b"),
        indicator("z", "a"),
        indicator("x", "a"),
        indicator("w", "$SERVICE"),
    ];
    let answers = ask(stub.source(), &wanted, &Limits::default()).await;
    let values: Vec<_> = answers.iter().map(|answer| answer.outcome.clone().unwrap()).collect();
    assert_eq!(values, [1.0, 2.0, 1.0, 1.0, 2.0]);
    let mut queries: Vec<_> = stub.seen().into_iter().map(|seen| seen.query).collect();
    queries.sort();
    assert_eq!(queries, ["a", "b", "carts"]);
}

#[tokio::test]
async fn names_without_a_query_are_not_sent() {
    let stub = Stub::start(|_| Reply::Value("1")).await;
    let plain = |name: &str, source: &str| Indicator { name: name.into(), query: None, source: source.into() };
    let wanted = [plain("latency", "p"), plain("throughput", "p"), plain("throughput", "elsewhere")];
    let answers = ask(stub.source(), &wanted, &Limits::default()).await;
    assert_eq!(failure(&answers[0]).0, MissingReason::Unsupported);
    assert_eq!((answers[0].query.as_ref(), answers[0].attempts), (None, 0));
    assert_eq!(answers[1].outcome, Ok(1.0));
    assert_eq!(failure(&answers[2]), (MissingReason::Unsupported, "no source is called 'elsewhere'; there is 'p'"));
    assert_eq!(stub.seen().len(), 1);
}

#[tokio::test]
async fn files_and_servers_answer_side_by_side() {
    let stub = Stub::start(|_| Reply::Value("1")).await;
    let results = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(results.path(), r#"{"latency": 12.5}"#).unwrap();
    let file = open(&format!("f=json:{}", results.path().display()), &[]).unwrap();
    let sources = BTreeMap::from([("p".to_owned(), stub.source()), ("f".to_owned(), file)]);
    let in_file = |query: &str| Indicator { source: "f".to_owned(), ..indicator("x", query) };
    let wanted = [indicator("a", "m"), in_file("latency"), in_file("elsewhere"), indicator("b", "m")];
    let heard = Mutex::new(0);
    let answers = collect(&sources, &wanted, &scope(), &Limits::default(), &|_| *heard.lock().unwrap() += 1).await;
    assert_eq!(*heard.lock().unwrap(), 4);
    let values: Vec<_> = answers.iter().map(|answer| answer.outcome.clone().ok()).collect();
    assert_eq!(values, [Some(1.0), Some(12.5), None, Some(1.0)]);
    assert_eq!(
        (answers[1].source.as_str(), answers[1].query.as_deref(), answers[1].attempts),
        ("f", Some("latency"), 1)
    );

    let missing = open("f=json:/nowhere/values.json", &[]).unwrap_err();
    assert!(missing.starts_with("source 'f': ") && missing.contains("/nowhere/values.json"), "{missing}");
}

#[tokio::test]
async fn a_refused_query_is_asked_once_and_keeps_the_words_of_the_server() {
    let stub = Stub::start(|_| {
        let body = r#"{"status":"error","errorType":"bad_data","error":"1:2: parse error: unexpected \"}\""}"#;
        Reply::Raw(400, "application/json", body.to_owned())
    })
    .await;
    let answers = ask(stub.source(), &[indicator("q", "m}")], &Limits::default()).await;
    assert_eq!(failure(&answers[0]), (MissingReason::QueryError, "1:2: parse error: unexpected \"}\""));
    assert_eq!((answers[0].attempts, stub.seen().len()), (1, 1));
}

#[tokio::test]
async fn what_is_not_prometheus_is_asked_once() {
    for (status, body, part) in [
        (200, "<html>Sign in</html>", "something that is not JSON (HTTP 200: <html>Sign in</html>)"),
        (404, "page not found", "not a Prometheus API at http://127.0.0.1:"),
        (400, "Client sent an HTTP request to an HTTPS server.\n", "Client sent an HTTP request to an HTTPS server."),
    ] {
        let stub = Stub::start(move |_| Reply::Raw(status, "text/html", body.to_owned())).await;
        let answers = ask(stub.source(), &indicators(1), &Limits::default()).await;
        let (reason, message) = failure(&answers[0]);
        assert_eq!((reason, answers[0].attempts), (MissingReason::Transport, 1));
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let stub = Stub::start(|_| Reply::Raw(200, "application/json", " ".repeat(9 * 1024 * 1024))).await;
    let answers = ask(stub.source(), &indicators(1), &Limits::default()).await;
    let (reason, message) = failure(&answers[0]);
    assert_eq!(reason, MissingReason::QueryError);
    assert!(message.contains("more than 8 MiB"), "{message}");
}

#[tokio::test]
async fn a_refused_login_ends_the_asking() {
    let stub = Stub::start(|_| Reply::Raw(401, "text/plain", "Unauthorized".to_owned())).await;
    let answers = ask(stub.source(), &indicators(100), &Limits::default()).await;
    for answer in &answers {
        let (reason, message) = failure(answer);
        assert_eq!(reason, MissingReason::Login);
        assert!(message.contains("CAPSTAN_SOURCE_P_USER"), "{message}");
        assert!(answer.attempts <= 1);
    }
    assert!(stub.seen().len() <= 32, "{}", stub.seen().len());

    let source = open(&format!("p=http://{}", stub.address), &[("CAPSTAN_SOURCE_P_TOKEN", "hunter2")]).unwrap();
    let answers = ask(source, &indicators(1), &Limits::default()).await;
    let (_, message) = failure(&answers[0]);
    assert!(message.contains("check the variables CAPSTAN_SOURCE_P_") && !message.contains("hunter2"), "{message}");
}

#[tokio::test]
async fn redirects_stay_on_the_server() {
    let other = Stub::start(|_| Reply::Value("6")).await;
    let elsewhere = format!("http://{}/api/v1/query?query=x&ticket=hunter2", other.address);
    let stub = Stub::start(move |seen| match (seen.path.as_str(), seen.query.as_str()) {
        ("/api/v1/query", "near") => Reply::Redirect("/prom/api/v1/query?query=near".to_owned()),
        (_, "far") => Reply::Redirect(elsewhere.clone()),
        (_, "round") => Reply::Redirect("/api/v1/query?query=round".to_owned()),
        _ => Reply::Value("5"),
    })
    .await;
    let source = open(&format!("p=http://{}", stub.address), &[("CAPSTAN_SOURCE_P_TOKEN", "hunter2")]).unwrap();
    let wanted = [indicator("a", "near"), indicator("b", "far"), indicator("c", "round")];
    let answers = ask(source, &wanted, &Limits::default()).await;
    assert_eq!(answers[0].outcome, Ok(5.0));
    for answer in &answers[1..] {
        let (reason, message) = failure(answer);
        assert_eq!((reason, answer.attempts), (MissingReason::Transport, 1));
        assert!(message.contains("redirects to http://127.0.0.1:") && !message.contains("hunter2"), "{message}");
    }
    assert_eq!(other.seen(), []);
}
