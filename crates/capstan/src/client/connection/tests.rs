use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode as Status;
use axum::routing::any;
use serde_json::json;

use super::*;

/// A server that answers so, one after the other, and the last of them from then on; and how often it was asked.
async fn stub(answers: &'static [(u16, &'static str)]) -> (Connection, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let answer = any(move || async move {
        let (status, body) = answers[count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1)];
        (
            Status::from_u16(status).unwrap(),
            [("retry-after", "0"), ("location", "https://login.example/?ticket=1")],
            body,
        )
    });
    (serve(Router::new().fallback(answer)).await, asked)
}

/// A connection to a server with these routes.
pub(in crate::client) async fn serve(routes: Router) -> Connection {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Connection::to(base, None).unwrap()
}

async fn post(answers: &'static [(u16, &'static str)], repeat: Repeat) -> (Result<Value, ClientError>, usize) {
    let (connection, asked) = stub(answers).await;
    let answer = connection.post::<Value>(&["events"], &json!({}), repeat).await;
    (answer.map(|document| document.raw), asked.load(Ordering::SeqCst))
}

#[tokio::test]
async fn what_does_nothing_twice_is_sent_again() {
    let busy = &[(503, r#"{"message": "busy"}"#), (503, ""), (200, r#"{"a": 1}"#)];
    let (answer, asked) = post(busy, Repeat::Harmless).await;
    assert_eq!((answer.unwrap(), asked), (json!({ "a": 1 }), 3));
    let (answer, asked) = post(busy, Repeat::Never).await;
    assert!(matches!(answer, Err(ClientError::Busy { message, .. }) if message == "busy"));
    assert_eq!(asked, 1);
    let (answer, asked) = post(&[(503, "")], Repeat::Harmless).await;
    assert!(matches!(answer, Err(ClientError::Busy { .. })));
    assert_eq!(asked, 4);
}

#[tokio::test]
async fn answers_are_told_apart() {
    let refused: &[(u16, &str)] = &[(409, r#"{"code": 409, "message": "there is one", "diagnostics": [{"line": 2}]}"#)];
    let (answer, asked) = post(refused, Repeat::Harmless).await;
    let Err(ClientError::Refused(problem)) = answer else { panic!("{answer:?}") };
    assert_eq!((problem.status, &*problem.message, problem.diagnostics[0].line, asked), (409, "there is one", 2, 1));
    let (answer, _) = post(&[(401, "")], Repeat::Never).await;
    assert!(matches!(answer, Err(ClientError::Unauthorized { token: None })));
    let cases: [(&'static [(u16, &'static str)], &str); 4] = [
        (&[(200, "<html>")], "it answers with something that is not JSON"),
        (&[(404, "<html>")], "it answers with HTTP 404 and nothing of ours"),
        (&[(500, "{}")], "it answers with HTTP 500 and nothing of ours"),
        // What stands behind the address may be a secret.
        (&[(302, "")], "it redirects to https://login.example"),
    ];
    for (answers, expected) in cases {
        let (answer, _) = post(answers, Repeat::Never).await;
        assert!(matches!(&answer, Err(ClientError::Stranger { does }) if does == expected), "{answer:?}");
    }
}

#[tokio::test]
async fn all_parts_of_a_list_make_one_document() {
    let project = r#"{"name": "a", "created": "2026-01-02T10:00:00Z"}"#;
    let first = format!(r#"{{"projects": [{project}], "total": 2, "next_offset": 1}}"#);
    let last = format!(r#"{{"projects": [{project}], "total": 2}}"#);
    let answers = vec![(200, &*first.leak()), (200, &*last.leak())].leak();
    let (connection, asked) = stub(answers).await;
    let all = connection.projects().await.unwrap();
    assert_eq!((all.read.projects.len(), asked.load(Ordering::SeqCst)), (2, 2));
    assert_eq!(all.raw["projects"].as_array().unwrap().len(), 2);
    assert!(all.raw.get("next_offset").is_none());
}

fn refused(text: &str) -> String {
    match address(text, Origin::Flag) {
        Err(failure) => failure.to_json().to_string(),
        Ok(url) => panic!("{url}"),
    }
}

#[test]
fn addresses_are_read_or_refused_without_telling_a_password() {
    assert_eq!(address("https://c.example/base/?q#f", Origin::Flag).unwrap().as_str(), "https://c.example/base/");
    assert!(refused("localhost:8080").contains("does not begin with http:// or https://"));
    assert!(refused("localhost").contains("is no address of a server"));
    for text in ["http://me:hunter2@localhost", "http://me:hunter2@", "me:hunter2@x y"] {
        let told = refused(text);
        assert!(told.contains("***@") && !told.contains("hunter2"), "{told}");
    }
}

#[test]
fn loopback_is_told_from_other_machines() {
    for (text, expected) in [
        ("http://localhost:1", true),
        ("http://127.0.0.2", true),
        ("http://[::1]:8080", true),
        ("http://10.0.0.1", false),
        ("http://localhost.example", false),
    ] {
        assert_eq!(is_loopback(&text.parse().unwrap()), expected, "{text}");
    }
}
