use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::sli::discover::measure;
use crate::sli::{Limits, Source};

/// What the stub has and does.
#[derive(Default)]
struct Server {
    series: Vec<Value>,
    /// What is answered for a path in place of what a Prometheus would.
    instead: BTreeMap<&'static str, (u16, String)>,
    /// Values of instant queries, by the window that they look at; a query about another has no data.
    window: &'static str,
    /// Requests, as `path?query`.
    seen: Mutex<Vec<String>>,
}

/// Answers like a Prometheus at 2024-01-02T15:10:00Z.
async fn start(server: Server) -> (Arc<Server>, PrometheusSource, Source) {
    let server = Arc::new(server);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let spec = format!("p=http://{}/base", listener.local_addr().unwrap()).parse().unwrap();
    let app = Router::new().fallback(answer).with_state(Arc::clone(&server));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let open = || Source::open(&spec, &|_| None).unwrap();
    match open() {
        Source::Prometheus(source) => (server, source, open()),
        Source::File(_) => unreachable!(),
    }
}

async fn answer(State(server): State<Arc<Server>>, uri: Uri, RawQuery(query): RawQuery) -> (StatusCode, String) {
    let query = query.unwrap_or_default();
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let get =
        |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default();
    let path = uri.path().strip_prefix("/base/api/v1/").expect("the base path is kept");
    let asked = format!("{path}?{}{}", get("match[]"), get("query"));
    server.seen.lock().unwrap().push(asked);
    if path != "metadata" {
        assert!([get("end"), get("time")].iter().any(|time| time.starts_with("1704208200")), "{query}");
    }
    if let Some((status, body)) = server.instead.get(path) {
        return (StatusCode::from_u16(*status).unwrap(), body.clone());
    }
    let data = match path {
        "series" => {
            assert_eq!((get("start"), get("limit")), ("1704204600.000", "10000"));
            json!(server.series.iter().filter(|series| selects(get("match[]"), series)).collect::<Vec<_>>())
        }
        "label/job/values" => json!(server.series.iter().map(|series| &series["job"]).collect::<Vec<_>>()),
        "metadata" => {
            json!({"http_seconds": [{"type": "summary", "help": "", "unit": ""}], "odd": [{"type": "info"}], "none": []})
        }
        "query" if get("query").starts_with("count by") => {
            let metrics = server.series.iter().map(|series| json!({"metric": series, "value": [1, "1"]}));
            json!({"resultType": "vector", "result": metrics.collect::<Vec<_>>()})
        }
        "query" if get("query").contains(server.window) => {
            json!({"resultType": "vector", "result": [{"metric": {}, "value": [1, "0.25"]}]})
        }
        "query" => json!({"resultType": "vector", "result": []}),
        other => panic!("{other}"),
    };
    (StatusCode::OK, json!({"status": "success", "data": data}).to_string())
}

/// Whether `{a="b",le=~"|[+]Inf"}` selects a series; of regular expressions it knows `.*text.*`.
fn selects(selector: &str, series: &Value) -> bool {
    let matchers = selector.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap();
    matchers.split(',').all(|matcher| {
        let (label, value) = matcher.split_once('=').unwrap();
        let found = series[label].as_str().unwrap_or_default();
        match value.strip_prefix('~') {
            Some("\"|[+]Inf\"") => found.is_empty() || found == "+Inf",
            Some(pattern) => found.contains(&pattern.trim_matches('"').replace(".*", "").replace("\\\\", "")),
            None => found == value.trim_matches('"'),
        }
    })
}

fn scope(service: &str, project: &str, stage: &str) -> Scope {
    Scope {
        project: project.to_owned(),
        stage: stage.to_owned(),
        service: service.to_owned(),
        deployment: None,
        labels: BTreeMap::new(),
        filters: BTreeMap::new(),
        start: "2024-01-02T15:05:00Z".parse().unwrap(),
        end: "2024-01-02T15:10:00Z".parse().unwrap(),
    }
}

async fn look(server: Server, scope: &Scope) -> (Result<Found, SearchError>, Vec<String>) {
    let (server, source, _) = start(server).await;
    let found = search(&source, scope, Duration::from_secs(10)).await;
    let seen = server.seen.lock().unwrap().clone();
    (found, seen)
}

fn requests(labels: &[(&str, &str)]) -> Value {
    let mut series = json!({"__name__": "http_requests_total", "code": "200"});
    for (label, value) in labels {
        series[*label] = json!(value);
    }
    series
}

fn cpu(labels: &[(&str, &str)]) -> Value {
    let mut series = requests(labels);
    series["__name__"] = json!("process_cpu_seconds_total");
    series
}

fn of(series: Vec<Value>) -> Server {
    Server { series, ..Server::default() }
}

#[tokio::test]
async fn a_label_that_leads_to_requests_wins() {
    let series =
        || vec![cpu(&[("job", "carts")]), cpu(&[("app", "carts")]), requests(&[("container", "carts"), ("job", "k")])];
    let (found, seen) = look(of(series()), &scope("carts", "", "")).await;
    let found = found.unwrap();
    assert_eq!(found.selector.to_string(), r#"container="$SERVICE""#);
    assert_eq!((found.matched.as_str(), found.series, found.jobs), (r#"container="carts""#, 1, Vec::new()));
    assert_eq!(found.proposals[0].indicator, "error_rate");
    assert_eq!(seen[0], r#"series?{job="carts",le=~"|[+]Inf"}"#);
    assert_eq!(seen.iter().filter(|seen| seen.starts_with("metadata")).count(), 1);

    let (found, _) = look(of(series()[..2].to_vec()), &scope("carts", "", "")).await;
    assert_eq!(found.unwrap().selector.to_string(), r#"job="$SERVICE""#);
}

#[tokio::test]
async fn other_stages_are_left_out() {
    let staging = requests(&[("job", "carts"), ("namespace", "shop-staging")]);
    let production = requests(&[("job", "carts"), ("namespace", "shop-production")]);
    let both = || vec![production.clone(), staging.clone()];
    for (project, stage, series, selector, count) in [
        ("shop", "staging", both(), r#"job="$SERVICE",namespace="$PROJECT-$STAGE""#, 1),
        ("shop", "test", both(), r#"job="$SERVICE""#, 2),
        ("", "shop-production", both(), r#"job="$SERVICE",namespace="$STAGE""#, 1),
        // A label that not all have is none of the stage.
        ("shop", "staging", vec![staging.clone(), cpu(&[("job", "carts")])], r#"job="$SERVICE""#, 2),
    ] {
        let found = look(of(series), &scope("carts", project, stage)).await.0.unwrap();
        assert_eq!((found.selector.to_string().as_str(), found.series), (selector, count));
    }
}

#[tokio::test]
async fn jobs_are_known_by_the_name_in_theirs() {
    let jobs = |jobs: &[&str]| of(jobs.iter().map(|job| requests(&[("job", job)])).collect());
    let keptn = jobs(&["carts-shop-dev", "carts-shop-staging-primary"]);
    let found = look(keptn, &scope("carts", "shop", "staging")).await.0.unwrap();
    assert_eq!(found.selector.to_string(), r#"job="$SERVICE-$PROJECT-$STAGE-primary""#);
    assert!(found.jobs.is_empty());

    for (names, service, selector, matched) in [
        (&["dev/carts", "orders"][..], "carts", r#"job="dev/$SERVICE""#, &["dev/carts"][..]),
        (&["mycarts"], "carts", r#"job="mycarts""#, &["mycarts"]),
        (&["carts-a", "carts-b"], "carts", r#"job=~".*$SERVICE.*""#, &["carts-a", "carts-b"]),
        (&["a.b-1", "a.b-2"], "a.b", r#"job=~".*a\\.b.*""#, &["a.b-1", "a.b-2"]),
    ] {
        let found = look(jobs(names), &scope(service, "", "")).await.0.unwrap();
        assert_eq!(found.selector.to_string(), selector);
        assert_eq!(found.jobs, matched);
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_with_what_is() {
    let server = of(vec![requests(&[("job", "carts")]), requests(&[("job", "orders")])]);
    let error = look(server, &scope("cart5", "shop", "dev")).await.0.unwrap_err();
    let message = error.to_string();
    for part in
        ["service 'cart5': tried the labels job, service, app,", r#"job="cart5-shop-dev""#, r#"job=~".*cart5.*""#]
    {
        assert!(message.contains(part), "{message}");
    }
    match error {
        SearchError::NoSeries { jobs, meant, .. } => {
            assert_eq!((jobs, meant), (vec!["carts".to_owned(), "orders".to_owned()], Some("carts".to_owned())));
        }
        other => panic!("{other:?}"),
    }

    let up = json!({"__name__": "up", "job": "carts"});
    // A job with the name in its own may be another service: this one is there, but says nothing.
    let error = look(of(vec![up, requests(&[("job", "carts-db")])]), &scope("carts", "", "")).await.0.unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"{job="carts"} has 1 series, but none of requests, processor time or memory that is known"#
    );
}

#[tokio::test]
async fn too_many_series_are_asked_for_in_groups() {
    let refusal = json!({"status": "error", "errorType": "execution", "error": "too many series"}).to_string();
    let long = format!("{{\"data\":[\"{}\"]}}", "x".repeat(9 << 20));
    let thousands = json!({"status": "success", "data": vec![json!({"__name__": "other"}); 10_000]}).to_string();
    for (status, body) in [(422, refusal.clone()), (200, long), (200, thousands)] {
        let mut server = of(vec![requests(&[("job", "carts")])]);
        server.instead.insert("series", (status, body));
        let (found, seen) = look(server, &scope("carts", "", "")).await;
        assert_eq!(found.unwrap().series, 1);
        assert!(
            seen[1].starts_with("query?count by (le,__name__,job,")
                && !seen[1].contains(' '.to_string().repeat(2).as_str())
        );
        assert!(seen[1].ends_with(r#"({job="carts",le=~"|[+]Inf"})"#), "{}", seen[1]);
    }
    let mut server = of(Vec::new());
    server.instead.insert("series", (422, refusal.clone()));
    server.instead.insert("query", (422, refusal));
    let error = look(server, &scope("carts", "", "")).await.0.unwrap_err();
    assert_eq!(error.to_string(), "too many series");
}

#[tokio::test]
async fn what_goes_wrong_is_told() {
    for (status, body, message) in [
        (401, "", "/base refused the login (HTTP 401): set CAPSTAN_SOURCE_P_USER"),
        (404, "", "not a Prometheus API at http://127.0.0.1:"),
        (500, "oh\nno", "/base answered HTTP 500: oh no"),
        (200, "<html>", "/base answered series with something else than JSON of a Prometheus"),
        (200, r#"{"status":"success"}"#, "/base answered series with no data"),
    ] {
        let mut server = of(Vec::new());
        server.instead.insert("series", (status, body.to_owned()));
        let error = look(server, &scope("carts", "", "")).await.0.unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    // Types are welcome, but not needed.
    let mut server = of(vec![requests(&[("job", "carts")])]);
    server.instead.insert("metadata", (404, String::new()));
    assert!(look(server, &scope("carts", "", "")).await.0.is_ok());

    let (_, source, _) = start(Server::default()).await;
    let error = search(&source, &scope("carts", "", ""), Duration::ZERO).await.unwrap_err().to_string();
    assert!(error.ends_with("/base did not answer series in time"), "{error}");
}

#[tokio::test]
async fn values_are_looked_for_in_a_wider_window_as_well() {
    for (window, outcome) in [("[300s]", Some(false)), ("[3600s]", Some(true)), ("[1s]", None)] {
        let server = Server { window, ..of(vec![requests(&[("job", "carts")])]) };
        let (_, source, same) = start(server).await;
        let scope = scope("carts", "", "");
        let found = search(&source, &scope, Duration::from_secs(10)).await.unwrap();
        let measured = measure("p", same, found.proposals, &scope, &Limits::default(), &|_| {}).await;
        let names: Vec<_> = measured.iter().map(|measured| measured.proposal.indicator.as_str()).collect();
        assert_eq!(names, ["error_rate", "throughput"]);
        for measured in measured {
            let seen = measured.outcome.as_ref().ok();
            assert_eq!(seen.map(|seen| seen.wider), outcome, "{window}");
            assert!(seen.is_none_or(|seen| seen.value == 0.25));
        }
    }
}
