//! `capstan bench server`: that each row comes to figures, and that one without says why. The figures themselves are not looked at.

use std::collections::BTreeMap;

use axum::Json;
use axum::routing::get;
use serde_json::{Value, json};

use crate::server::Server;
use crate::support::Workplace;

/// Rows by name, and by server where there are several.
fn rows(record: &Value) -> BTreeMap<String, &Value> {
    let name = |row: &Value| format!("{} {}", row["name"].as_str().unwrap(), row["server"].as_str().unwrap_or(""));
    let rows = record["rows"].as_array().unwrap();
    rows.iter().map(|row| (name(row).trim().to_owned(), row)).collect()
}

fn figure<'a>(row: &'a Value, name: &str) -> &'a Value {
    let figures = row["figures"].as_array().unwrap();
    figures.iter().find(|figure| figure["name"] == name).unwrap_or_else(|| panic!("no {name} in {row}"))
}

fn median(row: &Value, name: &str) -> f64 {
    figure(row, name)["median"].as_f64().unwrap()
}

fn record(workplace: &Workplace) -> Value {
    serde_json::from_str(&workplace.read("out.json")).unwrap()
}

/// What the bench keeps while it runs is gone.
fn assert_nothing_is_left(workplace: &Workplace) {
    let left: Vec<_> = std::fs::read_dir(workplace.path().join("data")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

const BENCH: &str = "bench server --profile smoke --dir data --out out.json";

#[test]
fn every_workload_comes_to_figures() {
    let workplace = Workplace::new();
    let only = "--only W1/32 --only W2/v1/16 --only W2/claims/16 --only W3/v1/10 --only W3/claims/half --only W3/stream/half \
                --only W5/warm --only W6/e --only W6/s --only W7";
    let ran = workplace.line(&format!("{BENCH} {only}")).expect(0);
    assert!(ran.stdout.contains("Read back") && !ran.stdout.contains("FAILED"), "{ran:?}");
    assert_nothing_is_left(&workplace);
    let record = record(&workplace);
    let rows = rows(&record);
    assert!(rows.values().all(|row| row["fault"].is_null() && !row["figures"].as_array().unwrap().is_empty()));

    let ingest = rows["W1/32"];
    assert!(median(ingest, "per_second") > 1.0 && median(ingest, "p99_ms") >= median(ingest, "p50_ms"));
    let counts =
        ingest["repetitions"][0]["histogram_us"].as_array().unwrap().iter().map(|bucket| bucket[1].as_u64().unwrap());
    assert!(counts.sum::<u64>() > 0);
    for name in ["W2/v1/16", "W2/claims/16"] {
        assert!(median(rows[name], "per_second") >= 0.0);
    }
    for name in ["W3/v1/10", "W3/claims/half", "W3/stream/half"] {
        assert!(median(rows[name], "p50_ms") > 0.0);
    }
    for (name, few) in [("W6/empty", 0.0), ("W6/streams", 5.0)] {
        assert!(median(rows[name], "rss_mb") > 1.0 && median(rows[name], "files") > few);
    }
    let killed = rows["W5/warm"];
    assert!(median(killed, "ready_seconds") > 0.0 && median(killed, "acknowledged") > 0.0);
    assert_eq!((median(killed, "lost"), median(killed, "triggered_twice")), (0.0, 0.0));
    let stored = ["W7/1k", "W7/10k", "W7/100k", "W7/1M"].map(|name| median(rows[name], "stored_events"));
    assert!(stored.is_sorted() && stored[0] < stored[3], "{stored:?}");

    // What goals are ratios to is measured with them.
    assert!(["F", "H/32", "G/32", "S/32", "W2/claims/64"].iter().all(|name| rows.contains_key(*name)), "{rows:?}");
    let goals = record["goals"].as_array().unwrap();
    let of =
        |row: &str, figure: &str| goals.iter().find(|goal| goal["row"] == row && goal["figure"] == figure).unwrap();
    let goal = of("W1/32", "per_second");
    assert_eq!(goal["reference_name"], "G/32");
    assert!(goal["bar_met"].is_boolean() && goal["goal_met"].is_boolean());
    assert!(of("W5/warm", "ready_seconds")["bar"] == 5.0 && of("W6/empty", "rss_mb")["goal"] == 20.0);
    assert!(of("W7/1M", "per_second")["ratio"].as_f64().unwrap() > 0.0);
    assert_eq!(
        (&rows["H/32"]["durability"], record["settings"]["event_bytes"].as_u64()),
        (&"none".into(), Some(1_000))
    );
}

#[test]
fn two_executables_take_turns() {
    let workplace = Workplace::new();
    let own = env!("CARGO_BIN_EXE_capstan");
    let ran = workplace.line(&format!("{BENCH} --only W1/1 --server {own} --server {own}")).expect(0);
    assert!(ran.stdout.contains("A: /") && ran.stdout.contains("B: /"), "{ran:?}");
    assert_nothing_is_left(&workplace);
    let record = record(&workplace);
    let rows = rows(&record);
    assert!(figure(rows["W1/1 A"], "per_second")["to_first"].is_null());
    assert!(figure(rows["W1/1 B"], "per_second")["to_first"]["median"].as_f64().unwrap() > 0.0);
    assert!(figure(rows["G/1"], "per_second")["to_first"].is_null());
}

#[test]
fn a_server_that_is_there_is_driven_over_the_api_of_v1() {
    let (workplace, server) = (Workplace::new(), Server::start());
    let line = format!("{BENCH} --url {}/api --token {}", server.url(), server.token());
    workplace.line(&format!("{line} --only W1/1 --only W2/v1/16")).expect(0);
    let record = record(&workplace);
    let rows = rows(&record);
    assert!(median(rows["W1/1"], "per_second") > 0.0);
    assert!(rows["W1/1"]["durability"] == "unknown" && rows["G/1"]["durability"] != "unknown");
    assert!(rows.contains_key("W2/v1/16"));
    assert!(!workplace.read("out.json").contains(server.token()));
}

/// One with the routes of v1 that takes events well and keeps none.
fn forgetful() -> (tokio::runtime::Runtime, String) {
    let good = || get(|| async { Json(json!({})) });
    let routes = axum::Router::new()
        .route("/api/controlPlane/v1/project", good())
        .route("/api/controlPlane/v1/project/{name}", good())
        .route("/api/v1/event", axum::routing::post(|| async { Json(json!({"keptnContext": "any"})) }))
        .route("/api/mongodb-datastore/event", get(|| async { Json(json!({"events": []})) }));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    runtime.spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (runtime, url)
}

#[test]
fn a_server_that_loses_events_has_no_figures() {
    let (workplace, (_runtime, url)) = (Workplace::new(), forgetful());
    let ran = workplace.line(&format!("{BENCH} --url {url} --only W1/1")).expect(1);
    assert!(ran.stderr.contains("W1/1 has no figures: the event of run '"), "{ran:?}");
    assert!(ran.stderr.contains("' was accepted, and is there 0 times"), "{ran:?}");
    let record = record(&workplace);
    assert!(rows(&record)["W1/1"]["figures"].as_array().unwrap().is_empty());
}

#[test]
fn a_server_that_does_not_let_the_bench_in_is_told_before_anything_is_measured() {
    let (workplace, server) = (Workplace::new(), Server::start());
    for (url, why) in [
        (format!("{}/api --token no-such", server.url()), "does not let the bench in: it answers 401 Unauthorized"),
        ("http://127.0.0.1:1".to_owned(), "cannot connect to '127.0.0.1:1'"),
    ] {
        let ran = workplace.line(&format!("{BENCH} --url {url}")).expect(2);
        assert!(ran.stderr.contains(why) && !ran.stderr.contains("[1/"), "{ran:?}");
    }
}

#[test]
fn a_server_that_does_not_do_has_no_figures() {
    use std::os::unix::fs::PermissionsExt as _;

    let workplace = Workplace::new();
    workplace.file("broken", "#!/bin/sh\necho 'out of order' >&2\n");
    let path = workplace.path().join("broken");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ran = workplace.line(&format!("{BENCH} --only W1/1 --server broken")).expect(1);
    assert!(ran.stderr.contains("W1/1 has no figures: ") && ran.stderr.contains("was: out of order"), "{ran:?}");
    assert!(ran.stdout.contains("no figures"), "{ran:?}");
    let record = record(&workplace);
    let rows = rows(&record);
    assert!(rows["W1/1"]["figures"].as_array().unwrap().is_empty() && rows["G/1"]["fault"].is_null());
    assert_nothing_is_left(&workplace);
}

/// Half an hour before it would be missed.
#[test]
fn what_cannot_be_measured_is_told_at_once() {
    let workplace = Workplace::new();
    for (arguments, why) in [
        ("--only W9", "no row has 'W9' in its name"),
        ("--only W1 --only W9", "no row has 'W9' in its name"),
        ("--url http://localhost:1 --only W6", "'W6' cannot be measured at a server that is there already"),
        ("--url https://localhost", "'https://localhost' is no address to measure"),
        ("--url http://me@localhost", "'http://me@localhost' is no address to measure"),
        ("--server data", "data' is no executable"),
        ("--out data", "cannot write 'data': is a directory"),
    ] {
        std::fs::create_dir_all(workplace.path().join("data")).unwrap();
        let ran = workplace.line(&format!("bench server {arguments}")).expect(2);
        assert!(ran.stderr.contains(why), "{ran:?}");
    }
}
