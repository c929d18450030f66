use std::error::Error;
use std::io::Write as _;

use serde_json::json;

use super::*;
use crate::demo::latency::{Build, Latency};
use crate::demo::load::{self, Plan};
use crate::demo::service::Service;

#[test]
fn configuration() {
    insta::assert_snapshot!(config(SocketAddr::from(([127, 0, 0, 1], 12345))), @r#"
    # Twice a second, so that a few seconds of load make enough samples for a rate.
    global:
      scrape_interval: 500ms
      scrape_timeout: 500ms
    scrape_configs:
      - job_name: capstan-demo
        static_configs:
          - targets: ["127.0.0.1:12345"]
    "#);
}

#[test]
#[cfg(unix)]
fn the_variable_goes_before_the_path() -> Result<(), Box<dyn Error>> {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = Directory::new()?;
    let own = directory.write("prometheus", "")?;
    let path = std::env::join_paths([Path::new("/nowhere"), directory.path()])?;
    assert_eq!(choose(None, &path)?, None, "a file that cannot be executed is none");
    std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o755))?;
    assert_eq!(choose(None, &path)?.as_deref(), Some(own.as_path()));
    assert_eq!(choose(Some(OsStr::new("")), &path)?, None);
    assert_eq!(choose(Some(own.as_os_str()), OsStr::new(""))?.as_deref(), Some(own.as_path()));
    let Err(error) = choose(Some(OsStr::new("/nowhere/prometheus")), &path) else {
        return Err("a variable that names nothing passed".into());
    };
    insta::assert_snapshot!(error, @"CAPSTAN_PROMETHEUS is /nowhere/prometheus, which is no executable file; leave it unset to look for one on PATH, or empty to do without");
    Ok(())
}

#[test]
fn answers_hold_one_time_or_none() {
    let found = json!({"data": {"resultType": "vector", "result": [{"metric": {}, "value": [2.0, "1700000000.123"]}]}});
    assert_eq!(sample(&found).map(Timestamp::as_millisecond), Some(1_700_000_000_123));
    assert_eq!(sample(&json!({"data": {"result": []}})), None);
    assert_eq!(sample(&json!({"status": "error"})), None);
}

#[test]
fn logs_end() {
    assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
    assert_eq!(last_lines("a", 2), "a");
    assert_eq!(last_lines("", 2), "");
}

#[tokio::test]
#[cfg(unix)]
async fn one_that_ends_at_once_is_told_with_its_log() -> Result<(), Box<dyn Error>> {
    let directory = Directory::new()?;
    // Stands in for a Prometheus that ends at once: it knows none of the options and says so.
    let fake = Path::new("/bin/cat");
    let Err(error) = Prometheus::start(fake, &directory, SocketAddr::from(([127, 0, 0, 1], 9))).await else {
        return Err("a fake was taken for a Prometheus".into());
    };
    let text = error.to_string();
    let start = "/bin/cat ended with exit status: 1 while it started; the end of its log:\n";
    assert!(text.strip_prefix(start).is_some_and(|log| log.contains("config.file")), "{text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_was_sent_is_seen() -> Result<(), Box<dyn Error>> {
    let Some(executable) = find()? else {
        // Past the test runner, which keeps to itself what a passing test prints.
        writeln!(
            std::io::stderr(),
            "SKIPPED: the demo with Prometheus: there is none on PATH, and {VARIABLE} names none"
        )?;
        return Ok(());
    };
    let latency = Latency { floor: 1.0, median: 2.0, p95: 4.0, ceiling: 6.0 };
    let directory = Directory::new()?;
    let service = Service::start(Build { version: "7", latency, error_share: 0.1 }).await?;
    let mut prometheus = Prometheus::start(&executable, &directory, service.address()).await?;
    prometheus.scraped("7", Timestamp::now()).await?;
    let measured = load::run(Plan { address: service.address(), rate: 200, requests: 200, connections: 8 }).await?;
    let end = prometheus.scraped("7", Timestamp::now()).await?;

    for (series, expected) in [
        ("http_requests_total{build=\"7\"}", measured.requests),
        ("http_requests_total{build=\"7\",code=\"500\"}", measured.errors),
        ("http_response_time_milliseconds_bucket{build=\"7\",le=\"+Inf\"}", measured.requests),
    ] {
        let query = http::encode(&format!("sum({series})"));
        let answer = prometheus.json(&format!("/api/v1/query?time={end}&query={query}")).await?;
        assert_eq!(answer["data"]["result"][0]["value"][1], json!(expected.to_string()), "{series}");
    }
    prometheus.stop().await;
    service.stop().await;
    Ok(())
}
