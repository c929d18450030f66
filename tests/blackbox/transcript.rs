//! Keptn v1's recorded story, played against the real server.

#[allow(dead_code, unused_imports, reason = "that each difference is one is shown where the replay is at home")]
#[path = "../../crates/server/tests/replay/mod.rs"]
mod replay;

use replay::{Answer, Fault, GROUPS, Judge, Token, play};

use crate::server::Server;

struct Gateway(Server);

impl replay::Server for Gateway {
    fn send(&mut self, method: &str, path: &str, body: Option<&[u8]>, token: Token) -> Answer {
        let token = match token {
            Token::Right => Some(self.0.token()),
            Token::Wrong => Some("wrong"),
            Token::None => None,
        };
        let headers: Vec<(&str, &str)> = token.map(|token| ("x-token", token)).into_iter().collect();
        let answer = self.0.try_send(method, &format!("/api{path}"), body.map(<[u8]>::to_vec), &headers).unwrap();
        Answer { status: answer.status, content_type: answer.content_type, body: answer.text.into_bytes() }
    }
}

#[test]
fn the_story_of_v1_goes_as_recorded() {
    let mut gateway = Gateway(Server::start());
    let faults = GROUPS.iter().flat_map(|group| play(&mut gateway, group, "4711", Judge::AsMeant));
    let texts: Vec<String> = faults.map(|Fault { group, step, what }| format!("{group} / {step}: {what}")).collect();
    assert!(texts.is_empty(), "{}", texts.join("\n\n"));
}
