//! The gate on a real Prometheus that scrapes the sample service.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::prometheus_server::{Prometheus, executable, free_port, get};
use crate::support::{Ran, Workplace};

/// The sample service as a process of its own.
struct Sample {
    child: Child,
    port: u16,
}

impl Sample {
    fn start(workplace: &Workplace) -> Self {
        let mut child = workplace.command(&["demo", "service"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split("127.0.0.1:").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
        Self { child, port }
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A sample service under a little load, and the Prometheus that saw it.
fn scene(workplace: &Workplace, executable: &PathBuf) -> (Sample, Prometheus) {
    let sample = Sample::start(workplace);
    let server = Prometheus::start(executable, &[("sample", sample.port)]);
    server.wait_for("http_requests_total", |samples| !samples.is_empty());
    for _ in 0..20 {
        get(sample.port, "/", None).unwrap();
    }
    server.wait_for("sum(increase(http_requests_total%5B5m%5D))%3E10", |samples| samples.len() == 1);
    (sample, server)
}

fn slo(criteria: &str) -> String {
    format!("objectives:\n- sli: it\n  pass:\n  - criteria: [\"{criteria}\"]\ntotal_score: {{pass: 90%}}\n")
}

fn ask(workplace: &Workplace, source: &str, query: &str, more: &str) -> Ran {
    workplace.file("slo.yaml", slo(">=0"));
    workplace.file("sli.yaml", format!("indicators:\n  it: {}\n", serde_json::to_string(query).unwrap()));
    workplace.line(&format!(
        "gate run --slo slo.yaml --sli sli.yaml --source {source} --service sample --history none -o json {more}"
    ))
}

fn missing(ran: &Ran) -> (String, String) {
    let event = ran.json();
    let objective = &event["data"]["evaluation"]["explanation"]["objectives"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&objective["missing"]), text(&objective["message"]))
}

#[test]
fn a_gate_measures_the_sample_service_and_compares() {
    let Some(executable) = executable("a gate on the sample service") else { return };
    let workplace = Workplace::new();
    let (_sample, server) = scene(&workplace, &executable);
    workplace.file(
        "slo.yaml",
        "comparison: {compare_with: single_result, include_result_with_score: pass}\nobjectives:\n\
         - sli: response_time_p95\n  pass:\n  - criteria: ['<=+900%', '<5000']\n- sli: error_rate\n  pass:\n  - criteria: ['<=100']\n\
         - sli: throughput\n  pass:\n  - criteria: ['>0']\ntotal_score: {pass: 90%}\n",
    );
    workplace.file(
        "sli.yaml",
        "indicators:\n  response_time_p95: histogram_quantile(0.95, sum by (le) (rate(http_response_time_milliseconds_bucket{job=\"$SERVICE\",build=\"$LABEL.build\"}[$DURATION_SECONDS])))\n  \
         error_rate: 100 * sum(rate(http_requests_total{job=\"$SERVICE\",code=~\"5..\"}[$DURATION_SECONDS])) / sum(rate(http_requests_total{job=\"$SERVICE\"}[$DURATION_SECONDS]))\n  \
         throughput: sum(rate(http_requests_total{job=\"$SERVICE\"}[$DURATION_SECONDS]))\n",
    );
    let line = format!(
        "gate run --slo slo.yaml --sli sli.yaml --source prom={} --service sample --label build=1.0 --timeframe 5m -o json",
        server.url()
    );
    let first = workplace.line(&line).expect(0).json();
    assert_eq!(first["data"]["evaluation"]["explanation"]["notices"][0]["code"], "no-history");
    let value = &first["data"]["evaluation"]["indicatorResults"][0]["value"];
    assert!(value["value"].as_f64().unwrap() > 1.0, "{value}");
    let second = workplace.line(&line).expect(0).json();
    assert_eq!(second["data"]["evaluation"]["comparedEvents"][0], first["id"]);
}

#[test]
fn an_answer_that_is_no_value_says_why() {
    let Some(executable) = executable("answers that are no values") else { return };
    let workplace = Workplace::new();
    let (_sample, server) = scene(&workplace, &executable);
    let source = format!("prom={}", server.url());
    let cases = [
        ("nothing_is_called_so", "no_data", "query did not return any values"),
        ("http_requests_total", "several_series", "query did return multiple values"),
        ("vector(0) / 0", "not_finite", "query did not return valid values"),
        ("vector(1) / 0", "not_finite", "query did not return valid values"),
        ("sum(", "query_error", "parse error"),
        ("1", "query_error", "scalar"),
    ];
    for (query, reason, words) in cases {
        let ran = ask(&workplace, &source, query, "").expect(1);
        let (missing, message) = missing(&ran);
        assert_eq!(missing, reason, "{query}: {message}");
        assert!(message.contains(words), "{query}: {message}");
    }
    assert_eq!(ask(&workplace, &source, "vector(7)", "").expect(0).json()["data"]["evaluation"]["score"], 100);
}

#[test]
fn a_server_that_is_down_gives_no_verdict() {
    let ran = ask(&Workplace::new(), &format!("prom=http://127.0.0.1:{}", free_port()), "vector(1)", "").expect(4);
    assert!(ran.json()["data"]["message"].as_str().unwrap().contains("cannot connect"), "{ran:?}");
}

#[test]
fn a_server_that_does_not_answer_gives_no_verdict_in_time() {
    let Some(executable) = executable("a server that does not answer") else { return };
    let server = Prometheus::start(&executable, &[]);
    server.freeze();
    let begun = std::time::Instant::now();
    let ran = ask(&Workplace::new(), &format!("prom={}", server.url()), "vector(1)", "--deadline 1s").expect(4);
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(ran.json()["data"]["message"].as_str().unwrap().contains("timeout"), "{ran:?}");
}

#[test]
fn a_wrong_password_gives_no_verdict_and_is_not_shown() {
    let Some(executable) = executable("a wrong password") else { return };
    let server = Prometheus::with_password(&executable);
    let workplace = Workplace::new();
    workplace.file("slo.yaml", slo(">0")).file("sli.yaml", "indicators:\n  it: vector(1)\n").file("right", "secret\n");
    let source = format!("prom={}", server.url());
    let line = [
        "gate",
        "run",
        "--slo",
        "slo.yaml",
        "--sli",
        "sli.yaml",
        "--source",
        &source,
        "--history",
        "none",
        "-o",
        "json",
    ];
    let run = |variables: &[(&str, &str)]| {
        Ran::from(workplace.command(&line).envs(variables.iter().copied()).output().unwrap())
    };
    let wrong = run(&[("CAPSTAN_SOURCE_PROM_USER", "gate"), ("CAPSTAN_SOURCE_PROM_PASSWORD", "hunter2")]).expect(4);
    assert!(wrong.json()["data"]["message"].as_str().unwrap().contains("login refused"), "{wrong:?}");
    assert!(!format!("{wrong:?}").contains("hunter2"));
    run(&[]).expect(4);
    run(&[("CAPSTAN_SOURCE_PROM_USER", "gate"), ("CAPSTAN_SOURCE_PROM_PASSWORD", "secret")]).expect(0);
    run(&[("CAPSTAN_SOURCE_PROM_USER", "gate"), ("CAPSTAN_SOURCE_PROM_PASSWORD_FILE", "right")]).expect(0);
}
