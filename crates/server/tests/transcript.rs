//! v1's recorded story, played in this process.

mod replay;
mod support;

use replay::{Answer, DIFFERENCES, Difference, Fault, GROUPS, Judge, Server, Token, play};
use support::TestServer;

impl Server for TestServer {
    fn send(&mut self, method: &str, path: &str, body: Option<&[u8]>, token: Token) -> Answer {
        let token = match token {
            Token::Right => Some(support::TOKEN),
            Token::Wrong => Some("wrong"),
            Token::None => None,
        };
        let answer = self.request(method, &format!("/api{path}"), body, token, &[]);
        Answer { status: answer.status, content_type: answer.content_type, body: answer.body }
    }
}

fn play_all(judge: Judge) -> Vec<Fault> {
    let mut server = TestServer::start();
    GROUPS.iter().flat_map(|group| play(&mut server, group, "4711", judge)).collect()
}

#[test]
fn the_story_of_v1_goes_as_recorded() {
    let faults = play_all(Judge::AsMeant);
    let texts: Vec<String> =
        faults.iter().map(|Fault { group, step, what }| format!("{group} / {step}: {what}")).collect();
    assert!(texts.is_empty(), "{}", texts.join("\n\n"));
}

#[test]
fn each_difference_is_one_and_has_its_reason() {
    let faults = play_all(Judge::AsRecorded);
    for Difference { group, step, reason, .. } in DIFFERENCES {
        assert!(faults.iter().any(|fault| fault.group == *group && fault.step == *step), "{group} / {step} is v1's");
        assert!(!reason.is_empty());
    }
}
