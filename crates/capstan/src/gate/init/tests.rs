use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::extract::Query;
use axum::http::Uri;
use capstan_model::{sli, slo};
use capstan_tools::sli::discover::{Kind, Measured, Proposal, Scale, Seen, Unit};
use clap::Parser;
use serde_json::{Value, json};

use super::draft::{Draft, Server};
use super::*;

#[derive(Debug, Parser)]
struct Command {
    #[command(flatten)]
    init: InitArgs,
}

fn args(line: &[&str]) -> InitArgs {
    Command::try_parse_from([&["init"], line].concat()).unwrap().init
}

const PLAIN: Style = Style { colour: false };

fn now() -> Timestamp {
    "2024-01-02T15:10:00Z".parse().unwrap()
}

async fn look(args: &InitArgs) -> Result<Draft, String> {
    look::look(args, now(), &Progress::silent()).await.map_err(|failure| failure.draw(PLAIN))
}

/// Both files, which have to be valid and without findings.
fn files(draft: &Draft) -> (String, String) {
    let (slo, sli) = (objectives::write(draft), queries::write(draft));
    let read = slo::read(&slo).unwrap_or_else(|rejections| panic!("{rejections:?}\n{slo}"));
    assert_eq!(slo::lint(&read), [], "{slo}");
    let read_sli = sli::read(&sli).unwrap_or_else(|diagnostics| panic!("{diagnostics:?}\n{sli}"));
    assert_eq!(sli::lint(&read_sli), [], "{sli}");
    let written: Vec<_> = read_sli.file.indicators.into_iter().flatten().collect();
    assert_eq!(read.slo.objectives.len(), draft.indicators.len(), "{slo}");
    assert_eq!(written.len(), draft.indicators.len(), "{sli}");
    for (drafted, objective) in draft.indicators.iter().zip(&read.slo.objectives) {
        assert_eq!(drafted.proposal.indicator, objective.sli);
        assert_eq!(drafted.title(), objective.title());
        let (_, query) = written.iter().find(|(name, _)| *name == objective.sli).unwrap();
        assert_eq!(drafted.proposal.query, query.value);
    }
    (slo, sli)
}

/// A Prometheus with the service `carts`: of its memory there is no value, and of its rates none in five minutes.
async fn prometheus() -> SocketAddr {
    async fn answer(uri: Uri, Query(parameters): Query<Vec<(String, String)>>) -> String {
        let get = |name: &str| {
            let found = parameters.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str()).unwrap_or_default().to_owned()
        };
        let names = [
            json!({"__name__": "http_request_duration_seconds_bucket", "le": "+Inf"}),
            json!({"__name__": "http_requests_total", "code": "200"}),
            json!({"__name__": "process_cpu_seconds_total"}),
            json!({"__name__": "process_resident_memory_bytes"}),
            json!({"__name__": "job_duration_seconds_bucket", "le": "+Inf"}),
        ];
        let query = get("query");
        let value = match () {
            () if query.contains("memory") => None,
            () if query.starts_with("histogram_quantile(0.95") => Some("0.0936"),
            () if query.starts_with("histogram_quantile(0.5") => Some("0.04"),
            () if query.starts_with("sum(rate(http_requests_total") && query.contains("[300s]") => None,
            () if query.starts_with("sum(rate(http_requests_total") => Some("12.5"),
            () if query.starts_with("100 * ") => Some("0.8"),
            () => Some("0.25"),
        };
        let vector = |value| json!({"resultType": "vector", "result": [{"metric": {}, "value": [1, value]}]});
        let data = match uri.path() {
            "/api/v1/series" if get("match[]").contains(r#"job="carts""#) => json!(names),
            "/api/v1/label/job/values" => json!(["carts", "orders"]),
            "/api/v1/series" => json!([]),
            "/api/v1/metadata" => json!({}),
            "/api/v1/query" => value.map_or(json!({"resultType": "vector", "result": []}), vector),
            other => panic!("{other}"),
        };
        json!({"status": "success", "data": data}).to_string()
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    address
}

#[tokio::test]
async fn files_for_a_prometheus() {
    let address = prometheus().await;
    let source = format!("prom=http://{address}/");
    let args = args(&["--source", &source, "--service", "carts", "--stage", "staging"]);
    let draft = look(&args).await.unwrap();
    let (slo, sli) = files(&draft);
    let stable = |text: &str| text.replace(&address.to_string(), "prometheus:9090");
    insta::assert_snapshot!("prometheus_slo", stable(&slo));
    insta::assert_snapshot!("prometheus_sli", stable(&sli));
    insta::assert_snapshot!("prometheus_summary", stable(&summary::write(&draft, &args, PLAIN)));
}

#[tokio::test]
async fn a_service_that_is_not_there() {
    let address = prometheus().await;
    let source = format!("prom=http://{address}");
    let failure = look(&args(&["--source", &source, "--service", "cart"])).await.unwrap_err();
    insta::assert_snapshot!(failure, @r#"
    error: source 'prom': no series of the last hour belongs to the service 'cart': tried the labels job, service, app, service_name, app_kubernetes_io_name, application, container, deployment, exported_job, exported_service, app_kubernetes_io_instance, kubernetes_name, container_name, workload, destination_service_name, destination_workload, component, job=~".*cart.*"
      help: did you mean '--service carts'? the values of 'job' are: carts, orders
    "#);
    let nobody = look(&args(&["--source", "prom=http://127.0.0.1:1", "--service", "cart"])).await.unwrap_err();
    assert!(nobody.starts_with("error: source 'prom' (source not reachable): cannot connect to"), "{nobody}");
}

fn fixture(name: &str) -> String {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/tests/fixtures").canonicalize().unwrap();
    fixtures.join(name).display().to_string()
}

#[tokio::test]
async fn files_for_files() {
    for (format, file) in [
        ("jtl", "jtl/result.jtl"),
        ("jtl", "jtl/transactions.csv"),
        ("junit", "junit/pytest.xml"),
        ("junit", "junit/surefire.xml"),
        ("k6", "k6/summary-export.json"),
        ("k6", "k6/points.ndjson"),
        ("json", "json/vegeta.json"),
        ("json", "json/indicators.json"),
    ] {
        let path = fixture(file);
        let args = args(&["--source", &format!("load={format}:{path}"), "--service", "carts"]);
        let draft = look(&args).await.unwrap();
        let (slo, sli) = files(&draft);
        let text = format!("{}\n{sli}\n{slo}", summary::write(&draft, &args, PLAIN)).replace(&path, file);
        let objectives = text.split_once("\nobjectives:\n").unwrap();
        let text = format!("{}\n…\n{}", objectives.0.split_once("\n# What is asked").unwrap().0, objectives.1);
        insta::assert_snapshot!(file.replace(['/', '.'], "_"), text);
    }
}

fn json_file(content: &Value) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("values.json");
    std::fs::write(&path, content.to_string()).unwrap();
    (folder, format!("load=json:{}", path.display()))
}

#[tokio::test]
async fn where_no_name_tells_what_is_better_nothing_may_change() {
    let (_folder, source) = json_file(&json!({"x": 5, "y": 0, "yes": 1}));
    let draft = look(&args(&["--source", &source, "--service", "carts"])).await.unwrap();
    assert_eq!(draft.judged(), 2);
    let (slo, _) = files(&draft);
    assert!(slo.contains("          - \"<=+20%\"\n          - \">=-20%\"\n"), "{slo}");

    for content in [json!({"x": 0}), json!({"a": {"x": 1}}), json!([]), json!({"throughput": 5})] {
        let (_folder, source) = json_file(&content);
        let failure = look(&args(&["--source", &source, "--service", "carts"])).await.unwrap_err();
        assert!(failure.contains("has no numbers on its top level that limits can be told from"), "{failure}");
        assert!(failure.contains("the query of an indicator is a path such as a.b[0]"), "{failure}");
    }
}

#[tokio::test]
async fn odd_names_stay_what_they_are() {
    let odd = json!({
        "no": 1, "1.5": 1, "it's": 1, "a: b #c": 1, "\"quoted\"": 1, "é ü": 1, "back\\slash": 1, "'": 1, "-": 1, "~": 1,
        "latency_ms": 2, "zero\u{feff}width": 1, "$SERVIC": 1, "100%": 1, ">-": 1, "null": 1, "x".repeat(300): 1,
    });
    let (_folder, source) = json_file(&odd);
    let service = "it's \"a\": #service\n---\nspec_version: 2 \u{1b}[31m $STAGE";
    // A query that looks like a mistyped placeholder has a finding of lint, and rightly so.
    let odd_args = args(&["--source", &source, "--service", service, "--slo", "a b.yaml"]);
    let mut draft = look(&odd_args).await.unwrap();
    draft.indicators.retain(|drafted| drafted.proposal.query != "$SERVIC");
    assert_eq!(draft.indicators.len(), 15);
    let (slo, sli) = files(&draft);
    assert!(!format!("{slo}{sli}").contains('\u{1b}'));
    let summary = summary::write(&draft, &odd_args, PLAIN);
    assert!(summary.contains(r"--slo 'a b.yaml' --sli sli.yaml"), "{summary}");
    assert!(summary.contains(r#"--service 'it'\''s "a": #service"#), "{summary}");
}

#[test]
fn every_kind_and_value_makes_files_without_findings() {
    let scales = [Scale::Share, Scale::Percent, Scale::Unknown].map(Kind::ErrorRate);
    let kinds = [
        Kind::Latency,
        Kind::Median,
        Kind::SuccessRate,
        Kind::Failures,
        Kind::Resource,
        Kind::Information,
        Kind::Unknown,
    ];
    let values = [0.0, 1e-9, 0.004, 0.06, 0.5, 0.99, 1.0, 12.0, 99.9, 100.0, 1234.567, 3e9, 1e30, -1.0, 1e308];
    for kind in scales.into_iter().chain(kinds) {
        for value in values {
            let proposal = Proposal {
                indicator: "x".to_owned(),
                title: "X".to_owned(),
                query: "x".to_owned(),
                kind,
                unit: Unit::None,
                about: String::new(),
            };
            let outcome = Ok(Seen { value, wider: false });
            let Some(indicators) = draft::indicators(vec![Measured { proposal, outcome }]) else { continue };
            let jobs = vec!["a".to_owned(), "b\nc".to_owned()];
            let server = Server { matched: String::new(), series: 1, jobs, further: Vec::new() };
            let source = "p=http://h".parse().unwrap();
            files(&Draft { source, service: "v".to_owned(), time: now(), server: Some(server), indicators });
        }
    }
}

#[test]
fn files_are_written_once() {
    let (folder, source) = json_file(&json!({"latency_ms": 20}));
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (slo, sli) = (path("slo.yaml"), path("new/folder/sli.yaml"));
    let line = ["--source", source.as_str(), "--service", "carts", "--slo", &slo, "--sli", &sli];
    let failure = |line: &[&str]| begin(&args(line)).unwrap_err().draw(PLAIN).replace(&path(""), "");

    assert!(begin(&args(&line)).unwrap().starts_with("Wrote "));
    let written = std::fs::read_to_string(&slo).unwrap();
    assert!(written.contains("<=30"), "{written}");
    let again = "error: 'slo.yaml' exists already and is left as it is\n  help: name other files with --slo and --sli, or overwrite with --force\n";
    std::fs::write(&slo, "mine").unwrap();
    assert_eq!(failure(&line), again);
    std::fs::remove_file(&slo).unwrap();
    assert_eq!(failure(&line), again.replace("slo.yaml", "new/folder/sli.yaml"));
    // Nothing is written where one of the two is there.
    assert!(!Path::new(&slo).exists());
    std::fs::write(&slo, "x".repeat(100_000)).unwrap();
    begin(&args(&[&line[..], &["--force"]].concat())).unwrap();
    assert_eq!(std::fs::read_to_string(&slo).unwrap().lines().count(), written.lines().count());

    assert!(failure(&[&line[..4], &["--slo", &slo, "--sli", &slo]].concat()).contains("--slo and --sli are both"));
    let below_a_file = path("slo.yaml/x.yaml");
    let message = failure(&[&line[..4], &["--slo", &below_a_file, "--sli", &path("other.yaml")]].concat());
    assert!(message.starts_with("error: cannot write 'slo.yaml/x.yaml': "), "{message}");
}

#[test]
fn the_service_is_needed() {
    for line in [&["--source", "p=http://h"][..], &["--source", "p=http://h", "--service", ""], &["--service", "x"]] {
        assert!(Command::try_parse_from([&["init"], line].concat()).is_err());
    }
}
