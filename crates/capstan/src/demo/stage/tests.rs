use std::error::Error;

use super::*;
use crate::demo::http::get;
use crate::demo::testing::{Sample, parse};

const BUILD: Build =
    Build { version: "7", latency: Latency { floor: 1.0, median: 2.0, p95: 4.0, ceiling: 6.0 }, error_share: 0.1 };

fn sum(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> f64 {
    let fits = |sample: &&Sample| {
        sample.name == name && labels.iter().all(|&(label, wanted)| sample.label(label) == Some(wanted))
    };
    samples.iter().filter(fits).map(|sample| sample.value).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_is_what_was_counted() -> Result<(), Box<dyn Error>> {
    let service = Service::start(BUILD).await?;
    let plan = Plan { address: service.address(), rate: 200, requests: 200, connections: 8 };
    let first = load::run(plan).await?;
    service.deploy(Build { version: "8", error_share: 0.0, ..BUILD });
    let second = load::run(Plan { requests: 50, ..plan }).await?;

    let answer = get(service.address(), "/metrics").await?;
    let samples = parse(std::str::from_utf8(&answer.body)?);
    for (build, measured) in [("7", &first), ("8", &second)] {
        let total = sum(&samples, "http_requests_total", &[("build", build)]);
        let failed = sum(&samples, "http_requests_total", &[("build", build), ("code", "500")]);
        let observed = sum(&samples, "http_response_time_milliseconds_count", &[("build", build)]);
        let bucket = sum(&samples, "http_response_time_milliseconds_bucket", &[("build", build), ("le", "+Inf")]);
        assert_eq!([total, failed], [measured.requests as f64, measured.errors as f64], "build {build}");
        assert_eq!([observed, bucket], [total; 2], "build {build}");
    }
    assert_eq!([first.requests, second.requests, second.errors], [200, 50, 0]);
    assert!(first.errors > 5 && first.errors < 40, "{} of 200 failed", first.errors);
    assert!(first.p50 >= 1.5 && first.p50 <= first.p90 && first.p90 <= first.p95, "{first:?}");
    service.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_service_that_is_gone_is_told_as_such() -> Result<(), Box<dyn Error>> {
    let service = Service::start(BUILD).await?;
    let plan = Plan { address: service.address(), rate: 100, requests: 3, connections: 2 };
    service.stop().await;
    let Err(error) = load::run(plan).await else { return Err("nobody answered, but something was measured".into()) };
    let text = error.to_string();
    assert!(text.starts_with(&format!("none of 3 requests to http://{} was answered: ", plan.address)), "{text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_prometheus_the_load_is_the_source() -> Result<(), Box<dyn Error>> {
    let mut stage = Stage::with(None).await?;
    assert!(stage.to_string().contains("load generator"), "{stage}");
    let cue = stage.play_with(&ACTS[0], 60).await?;
    assert_eq!((cue.build, cue.end.duration_since(cue.start)), ("1.0", WINDOW));
    let path = cue.source.strip_prefix("load=json:").ok_or("not a file of results")?;
    let values: serde_json::Value = serde_json::from_slice(&std::fs::read(path)?)?;
    assert_eq!(values["response_time_p95"].as_f64(), Some(cue.measured.p95));
    assert_eq!(values["error_rate"].as_f64(), Some(cue.measured.error_rate()));
    assert!(values["throughput"].as_f64().is_some_and(|it| it > 10.0), "{values}");
    let directory = stage.directory.path().to_owned();
    assert!(stage.slo().starts_with(&directory) && stage.sli().is_file());
    stage.strike().await;
    assert!(!directory.exists());
    Ok(())
}
