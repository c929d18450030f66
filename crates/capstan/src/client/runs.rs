//! Runs of a server.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::connection::{Connection, Document, Repeat};
use super::error::ClientError;

/// A part of a list of runs, the newest first.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RunPage {
    pub(crate) runs: Vec<Run>,
    /// How many there are in all.
    pub(crate) total: u64,
    #[serde(default)]
    pub(crate) next_offset: Option<u64>,
}

/// Everything under one context, in short.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Run {
    pub(crate) context: String,
    pub(crate) project: String,
    pub(crate) service: String,
    /// Name of its first sequence.
    pub(crate) sequence: String,
    pub(crate) triggered_at: Timestamp,
    /// `waiting`, `started`, `paused`, `finished`, `aborted` or `timedOut`.
    pub(crate) state: String,
    /// The worst of its sequences; absent while it is open.
    #[serde(default)]
    pub(crate) result: Option<String>,
    #[serde(default)]
    pub(crate) stages: Vec<Stage>,
}

/// A stage of a run.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Stage {
    pub(crate) name: String,
    /// The image of the last deployment.
    #[serde(default)]
    pub(crate) image: Option<String>,
}

/// A run with everything that is known of it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct WholeRun {
    /// Absent where events of this context came and none could begin a run.
    #[serde(default)]
    pub(crate) run: Option<Run>,
    /// The oldest first.
    #[serde(default)]
    pub(crate) sequences: Vec<Sequence>,
    #[serde(default)]
    pub(crate) waiting: Vec<Waiting>,
    /// In the order in which it happened.
    #[serde(default)]
    pub(crate) history: Vec<Entry>,
}

/// One execution of a sequence in one stage.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Sequence {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) stage: String,
    pub(crate) triggered_at: Timestamp,
    /// `triggered`, `started`, `waitingForApproval`, `paused`, `finished` or `timedOut`.
    pub(crate) state: String,
    /// In the order of the shipyard.
    #[serde(default)]
    pub(crate) tasks: Vec<Step>,
    /// Those that are over.
    #[serde(default)]
    pub(crate) done: Vec<DoneTask>,
    /// Those that are under way: one, or those of a group.
    #[serde(default)]
    pub(crate) open: Vec<OpenTask>,
    /// Which one it does again.
    #[serde(default)]
    pub(crate) rerun: Option<Rerun>,
    /// How it will end, once the tasks that run at the end in any case are over.
    #[serde(default)]
    pub(crate) closing: Option<Closing>,
    #[serde(default)]
    pub(crate) end: Option<End>,
}

/// A task as the shipyard has it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Step {
    pub(crate) name: String,
    /// The group that it forms with those of the same name right before and behind it.
    #[serde(default)]
    pub(crate) parallel: Option<String>,
    /// Whether one of its group that ends well is enough.
    #[serde(default)]
    pub(crate) any: bool,
    /// Whether it runs at the end whatever has happened before.
    #[serde(default)]
    pub(crate) finally: bool,
}

/// A task that is over.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DoneTask {
    /// Its place among the tasks of the sequence.
    pub(crate) index: usize,
    /// `answered`, `timed_out`, `impossible`, `skipped` or `cancelled`.
    pub(crate) end: String,
    pub(crate) result: String,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) past: Vec<PastAttempt>,
}

/// A task that is under way.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct OpenTask {
    /// Its place among the tasks of the sequence.
    pub(crate) index: usize,
    /// The number of the attempt that is open or comes next.
    pub(crate) number: u32,
    /// Not offered before this.
    #[serde(default)]
    pub(crate) due: Option<Timestamp>,
    #[serde(default)]
    pub(crate) attempt: Option<Attempt>,
    #[serde(default)]
    pub(crate) past: Vec<PastAttempt>,
}

/// An attempt that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct PastAttempt {
    pub(crate) number: u32,
    pub(crate) message: String,
}

/// An offer of a task.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Attempt {
    /// Who has started and not answered yet.
    #[serde(default)]
    pub(crate) holders: Vec<String>,
    /// Claims that live.
    #[serde(default)]
    pub(crate) leases: Vec<Lease>,
}

/// A claim of a task by a tool.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Lease {
    pub(crate) tool: String,
    /// What the tool says of its work.
    #[serde(default)]
    pub(crate) progress: String,
}

/// Who wanted that something is done again, and why; either may be empty.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Rerun {
    #[serde(default)]
    pub(crate) by: String,
    #[serde(default)]
    pub(crate) reason: String,
}

/// How a sequence will end.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Closing {
    pub(crate) result: String,
    #[serde(default)]
    pub(crate) message: String,
}

/// The end of a sequence.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct End {
    pub(crate) result: String,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) message: String,
    pub(crate) at: Timestamp,
}

/// Something that has to happen before a sequence goes on.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) stage: String,
    #[serde(default)]
    pub(crate) task: Option<String>,
    /// The number of its attempt.
    #[serde(default)]
    pub(crate) attempt: Option<u32>,
    pub(crate) r#for: String,
    /// What a tool that holds it says of its work.
    #[serde(default)]
    pub(crate) progress: Option<String>,
    #[serde(default)]
    pub(crate) holders: Vec<Holder>,
    pub(crate) since: Timestamp,
    pub(crate) last_sign: Timestamp,
    #[serde(default)]
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) consequence: String,
    /// What may be wrong.
    #[serde(default)]
    pub(crate) hint: Option<String>,
}

/// On whom something depends.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Holder {
    /// `tool`, `run` or `person`.
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
}

/// Something that happened.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Entry {
    pub(crate) position: u64,
    pub(crate) at: Timestamp,
    /// Id of the sequence; absent where it is about the run as a whole.
    #[serde(default)]
    pub(crate) sequence: Option<String>,
    /// `fact` names it, the other keys depend on that.
    pub(crate) fact: Value,
    /// The same in words.
    #[serde(default)]
    pub(crate) sentence: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RunResult {
    Pass,
    Warning,
    Fail,
    Aborted,
    TimedOut,
}

/// What somebody can do to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Steer {
    Pause,
    Resume,
    Abort,
}

impl RunResult {
    /// Any other word than these is a failure, as it is in the engine.
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "pass" => Self::Pass,
            "warning" => Self::Warning,
            "aborted" => Self::Aborted,
            "timedOut" => Self::TimedOut,
            _ => Self::Fail,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warning => "warning",
            Self::Fail => "fail",
            Self::Aborted => "aborted",
            Self::TimedOut => "timed out",
        }
    }
}

impl Steer {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Abort => "abort",
        }
    }
}

impl Entry {
    /// The name of the fact.
    pub(crate) fn name(&self) -> &str {
        self.fact["fact"].as_str().unwrap_or_default()
    }
}

impl Run {
    /// How it ended; none while it is open.
    pub(crate) fn result(&self) -> Option<RunResult> {
        self.result.as_deref().map(RunResult::of)
    }
}

impl Sequence {
    /// How it ended; none while it is open. An abort ends it with the result that it had until then.
    pub(crate) fn result(&self) -> Option<RunResult> {
        self.end.as_ref().map(|end| match (&*end.status, &*end.result) {
            ("aborted", "pass") => RunResult::Aborted,
            _ if self.state == "timedOut" => RunResult::TimedOut,
            (_, result) => RunResult::of(result),
        })
    }
}

impl WholeRun {
    /// How it ended; none while it is open. What began nothing has failed.
    pub(crate) fn result(&self) -> Option<RunResult> {
        match &self.run {
            Some(run) => run.result(),
            None => self.history.iter().any(|entry| entry.name() == "refused").then_some(RunResult::Fail),
        }
    }

    /// The sequence of that id.
    pub(crate) fn sequence(&self, id: &str) -> Option<&Sequence> {
        self.sequences.iter().find(|sequence| sequence.id == id)
    }
}

impl Connection {
    /// A part of the runs of a project, the newest first.
    pub(crate) async fn runs(&self, project: &str, limit: u64, offset: u64) -> Result<Document<RunPage>, ClientError> {
        let query = [("limit", limit.to_string()), ("offset", offset.to_string())];
        let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
        self.get(&["projects", project, "runs"], &query).await
    }

    pub(crate) async fn run(&self, project: &str, context: &str) -> Result<Document<WholeRun>, ClientError> {
        self.get(&["projects", project, "runs", context], &[]).await
    }

    pub(crate) async fn steer(
        &self,
        project: &str,
        context: &str,
        steer: Steer,
        stage: Option<&str>,
    ) -> Result<Document<Value>, ClientError> {
        let body = stage.map_or_else(|| json!({}), |stage| json!({ "stage": stage }));
        self.post(&["projects", project, "runs", context, steer.word()], &body, Repeat::Never).await
    }

    pub(crate) async fn rerun(
        &self,
        project: &str,
        context: &str,
        body: &Value,
    ) -> Result<Document<Value>, ClientError> {
        self.post(&["projects", project, "runs", context, "rerun"], body, Repeat::Never).await
    }
}
