//! What the tool has done.

use std::collections::BTreeMap;

use serde_json::json;

use super::command::FakeResult;
use crate::client::{Claim, OutputFormat};
use crate::terminal::{Look, print};

/// How often each task was answered with each result, and how many were given back.
#[derive(Debug, Default)]
pub(super) struct Tally {
    answers: BTreeMap<(String, &'static str), usize>,
    given_back: usize,
}

impl Tally {
    /// How many tasks it has answered.
    pub(super) fn answered(&self) -> usize {
        self.answers.values().sum()
    }

    /// Counts an answer and tells of it.
    pub(super) fn add(&mut self, claim: &Claim, result: FakeResult, format: OutputFormat, look: &Look) {
        let Claim { project, stage, service, task, context, .. } = claim;
        let document = || {
            json!({
                "context": context, "project": project, "stage": stage, "service": service, "task": task,
                "lease": claim.lease, "result": result.word(),
            })
        };
        let word = match result {
            FakeResult::Pass => look.style.green(result.word()),
            FakeResult::Warning => look.style.yellow(result.word()),
            FakeResult::Fail => look.style.red(result.word()),
        };
        print(&match format {
            OutputFormat::Table => format!("{}  {project}  {stage}  {service}  {task}  {word}\n", look.id(context)),
            OutputFormat::Json => format!("{}\n", document()),
            OutputFormat::Yaml => format!("---\n{}", capstan_model::yaml::emit(&document())),
        });
        *self.answers.entry((task.clone(), result.word())).or_default() += 1;
    }

    /// Counts a task that was given back.
    pub(super) fn give_back(&mut self) {
        self.given_back += 1;
    }

    /// All of it in a sentence.
    pub(super) fn text(&self) -> String {
        let each: Vec<_> =
            self.answers.iter().map(|((task, result), count)| format!("{task} {result} {count}")).collect();
        let answered = match self.answered() {
            0 => "answered nothing".to_owned(),
            total => format!("answered {total}: {}", each.join(", ")),
        };
        match self.given_back {
            0 => format!("{answered}\n"),
            given_back => format!("{answered}; gave back {given_back}\n"),
        }
    }
}
