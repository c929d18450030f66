//! What happens when servers are slow, down, or many queries wait.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use capstan_model::event::sli::MissingReason;
use capstan_tools::sli::{Answer, Indicator, Limits, collect};

use super::stub::{Reply, Stub, ask, indicators, nobody, open, scope};

fn failure(answer: &Answer) -> (MissingReason, &str) {
    let failure = answer.outcome.as_ref().unwrap_err();
    (failure.reason, &failure.message)
}

#[tokio::test]
async fn a_server_that_is_down_is_told_soon_for_all() {
    let source = open(&format!("p=http://{}", nobody().await), &[]).unwrap();
    let begun = Instant::now();
    let answers = ask(source, &indicators(500), &Limits::default()).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(answers.len(), 500);
    for answer in &answers {
        let (reason, message) = failure(answer);
        assert_eq!(reason, MissingReason::Transport);
        assert!(message.starts_with("cannot connect to http://127.0.0.1:"), "{message}");
        assert!(message.contains("refused") && message.ends_with("(tried 3 times)"), "{message}");
    }
    let tried: u32 = answers.iter().map(|answer| answer.attempts).sum();
    assert!((3..=48).contains(&tried), "{tried}");
}

#[tokio::test]
async fn a_server_that_is_down_does_not_delay_another() {
    let stub = Stub::start(|_| Reply::Value("1")).await;
    let down = open(&format!("p=http://{}", nobody().await), &[]).unwrap();
    let sources = BTreeMap::from([("p".to_owned(), down), ("up".to_owned(), stub.source())]);
    let wanted: Vec<_> = indicators(10)
        .into_iter()
        .enumerate()
        .map(|(index, indicator)| match index % 2 {
            0 => indicator,
            _ => Indicator { source: "up".to_owned(), ..indicator },
        })
        .collect();
    let answers = collect(&sources, &wanted, &scope(), &Limits::default(), &|_| {}).await;
    for (index, answer) in answers.iter().enumerate() {
        assert_eq!(answer.outcome.is_ok(), index % 2 == 1, "{answer:?}");
        assert_eq!(answer.indicator, format!("i{index}"));
    }
}

#[tokio::test]
async fn a_fault_that_passes_is_tried_again() {
    let stub = Stub::start(|seen| match seen.number {
        0 => Reply::Raw(503, "text/plain", "Service Unavailable".to_owned()),
        1 => Reply::Raw(502, "text/html", "<h1>Bad Gateway</h1>".to_owned()),
        _ => Reply::Value("7"),
    })
    .await;
    let answers = ask(stub.source(), &indicators(1), &Limits::default()).await;
    assert_eq!((&answers[0].outcome, answers[0].attempts), (&Ok(7.0), 3));
    // The waits in between are 100 and 200 ms.
    assert!(answers[0].elapsed >= Duration::from_millis(300), "{:?}", answers[0].elapsed);
}

#[tokio::test]
async fn a_fault_that_stays_is_tried_three_times() {
    let stub = Stub::start(|_| Reply::Raw(503, "text/plain", "Service Unavailable".to_owned())).await;
    let begun = Instant::now();
    let answers = ask(stub.source(), &indicators(200), &Limits::default()).await;
    // Waits do not keep others from being sent.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    for answer in &answers {
        let (reason, message) = failure(answer);
        assert_eq!((reason, answer.attempts), (MissingReason::Transport, 3));
        assert!(message.ends_with("answered HTTP 503: Service Unavailable (tried 3 times)"), "{message}");
    }
    assert_eq!(stub.seen().len(), 600);
}

#[tokio::test]
async fn a_query_that_the_server_gave_up_is_not_sent_again() {
    let stub = Stub::start(|_| {
        let body = r#"{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}"#;
        Reply::Raw(503, "application/json", body.to_owned())
    })
    .await;
    let answers = ask(stub.source(), &indicators(1), &Limits::default()).await;
    assert_eq!((failure(&answers[0]).0, answers[0].attempts), (MissingReason::Timeout, 1));
}

#[tokio::test]
async fn a_slow_query_times_out_and_is_tried_again() {
    let stub = Stub::start(|seen| match (seen.query.as_str(), seen.number) {
        ("metric_0", 0) | ("metric_1", _) => Reply::Never,
        _ => Reply::Value("1"),
    })
    .await;
    let limits = Limits { query_timeout: Duration::from_millis(80), attempts: 2, ..Limits::default() };
    let first = ask(stub.source(), &indicators(1), &limits).await;
    assert_eq!((&first[0].outcome, first[0].attempts), (&Ok(1.0), 2));
    let answers = ask(stub.source(), &indicators(3), &limits).await;
    assert_eq!(failure(&answers[1]), (MissingReason::Timeout, "no answer within 80ms (tried 2 times)"));
    assert_eq!((&answers[2].outcome, answers[2].attempts), (&Ok(1.0), 1));
}

#[tokio::test]
async fn the_deadline_ends_everything() {
    let stub = Stub::start(|seen| if seen.number < 4 { Reply::Value("1") } else { Reply::Never }).await;
    let limits = Limits { deadline: Duration::from_millis(400), ..Limits::default() };
    let begun = Instant::now();
    let answers = ask(stub.source(), &indicators(60), &limits).await;
    assert!((400..1500).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    let mut counts = BTreeMap::new();
    for answer in &answers {
        let text = match &answer.outcome {
            Ok(_) => "answered",
            Err(failure) => {
                assert_eq!(failure.reason, MissingReason::Timeout);
                failure.message.as_str()
            }
        };
        *counts.entry((text, answer.attempts)).or_insert(0) += 1;
    }
    let never = "no answer before the deadline of 400ms (never tried, the queries before it took all the time)";
    let once = "no answer before the deadline of 400ms (tried once)";
    assert_eq!(counts, BTreeMap::from([(("answered", 1), 4), ((never, 0), 40), ((once, 1), 16)]));
    assert_eq!(stub.seen().len(), 20);
}

#[tokio::test]
async fn the_deadline_tells_how_often_it_was_tried() {
    let stub = Stub::start(|_| Reply::Never).await;
    for (deadline, end) in [
        // The second attempt is under way, or the third would be too late.
        (1000, "no answer before the deadline of 1s (tried 2 times; before: no answer within 600ms)"),
        (1450, "no answer within 600ms (tried 2 times, the deadline of 1.45s leaves no time for more)"),
    ] {
        let limits = Limits {
            deadline: Duration::from_millis(deadline),
            query_timeout: Duration::from_millis(600),
            ..Limits::default()
        };
        let answers = ask(stub.source(), &indicators(1), &limits).await;
        assert_eq!(failure(&answers[0]), (MissingReason::Timeout, end));
        assert_eq!(answers[0].attempts, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_queries_at_a_time() {
    let stub = Stub::start(|_| Reply::Late(Duration::from_millis(100), "1")).await;
    let begun = Instant::now();
    let answers = ask(stub.source(), &indicators(100), &Limits::default()).await;
    let elapsed = begun.elapsed();
    assert!(answers.iter().all(|answer| answer.outcome == Ok(1.0)));
    assert_eq!((stub.widest(), stub.seen().len()), (16, 100));
    // Connections are kept. The pool may open one to spare while another comes back.
    let connections: BTreeSet<_> = stub.seen().into_iter().map(|seen| seen.peer).collect();
    assert!((16..=32).contains(&connections.len()), "{}", connections.len());
    assert!(elapsed < Duration::from_millis(900), "{elapsed:?}");
}

#[tokio::test]
async fn each_source_has_its_own_sixteen() {
    let slow = Stub::start(|_| Reply::Never).await;
    let quick = Stub::start(|_| Reply::Value("1")).await;
    let sources = BTreeMap::from([("p".to_owned(), slow.source()), ("q".to_owned(), quick.source())]);
    let mut wanted = indicators(20);
    wanted.extend(indicators(20).into_iter().map(|one| Indicator { source: "q".to_owned(), ..one }));
    let limits = Limits { deadline: Duration::from_millis(300), parallel: 2, ..Limits::default() };
    let answers = collect(&sources, &wanted, &scope(), &limits, &|_| {}).await;
    assert!(answers[..20].iter().all(|answer| failure(answer).0 == MissingReason::Timeout));
    assert!(answers[20..].iter().all(|answer| answer.outcome == Ok(1.0)));
    assert_eq!((slow.widest(), slow.seen().len()), (2, 2));
}
