//! What failed is done again.

use capstan_engine::orchestrate::{Admission, Fact, NotPassed, Origin, Run, Wish, admit, begin_again, trigger_again};

use super::work::Work;
use crate::command::{CommandError, Reply};
use crate::ports::NewFact;

impl Work<'_> {
    pub(super) fn rerun(
        &mut self,
        project: &str,
        context: &str,
        stage: Option<&str>,
        origin: Origin,
        wish: &Wish,
    ) -> Result<Reply, CommandError> {
        let Some(project) = self.project(project)?.map(|project| project.id) else { return Ok(Reply::Nothing) };
        let Some(mut run) = self.run(project, context)? else { return Ok(Reply::Nothing) };
        let id = failed(&run, stage)?;
        let Some(earlier) = self.sequence(&id)?.map(|known| known.sequence.clone()) else { return Ok(Reply::Nothing) };
        run.again(&id);
        let event = trigger_again(&earlier, run.reruns, self.now);
        let position = self.tx.append_event(Some(project), &event)?;
        self.signals.tally.events_derived += 1;
        let paused = run.is_paused(&earlier.scope.stage);
        let birth = begin_again(&earlier, &event, position, paused, origin, wish.clone(), self.now);
        let fact = Fact::Controlled {
            action: "rerun".to_owned(),
            stage: Some(earlier.scope.stage.clone()),
            by: wish.by.clone(),
            reason: wish.reason.clone(),
        };
        self.tx.append_fact(&NewFact { project: Some(project), context, sequence: None, at: self.now, fact: &fact })?;
        let sequence = birth.id.clone();
        let now = self.now;
        match admit(&birth, &event, self.queue(project, &birth.queue())?, now) {
            Admission::Enters(superseded) => self.enter(project, run, birth, superseded)?,
            Admission::Refused(refusal) => return Err(CommandError::NotAgain(refusal.message)),
        }
        Ok(Reply::Begun { sequence })
    }
}

/// Id of the one sequence that failed, or why there is not one.
fn failed(run: &Run, stage: Option<&str>) -> Result<String, CommandError> {
    let in_stage = |end: &NotPassed| stage.is_none_or(|stage| stage == end.stage);
    let failed: Vec<(&String, &NotPassed)> =
        run.not_passed.iter().filter(|(_, end)| end.began && end.failed() && in_stage(end)).collect();
    match failed[..] {
        [(id, _)] => Ok(id.clone()),
        [] => Err(CommandError::NotAgain(nothing(run, stage))),
        _ => {
            let named: Vec<String> = failed.iter().map(|(_, end)| format!("{}.{}", end.stage, end.sequence)).collect();
            let named = named.join(", ");
            Err(CommandError::NotAgain(format!("several of its sequences have failed ({named}); name one stage")))
        }
    }
}

/// Why there is nothing to do again.
fn nothing(run: &Run, stage: Option<&str>) -> String {
    let failed: Vec<&NotPassed> = run.not_passed.values().filter(|end| end.failed()).collect();
    let begun = failed.iter().filter(|end| end.began).map(|end| format!("{}.{}", end.stage, end.sequence));
    let begun: Vec<String> = begun.collect();
    match stage {
        Some(stage) if !begun.is_empty() => {
            format!("nothing has failed in stage '{stage}'; what has failed: {}", begun.join(", "))
        }
        _ if !failed.is_empty() => {
            "what has failed could not begin, so it cannot be done again; trigger it anew".to_owned()
        }
        _ if !run.is_over() => {
            "nothing of the run has failed so far, so there is nothing to do again; it is still under way".to_owned()
        }
        _ => "nothing of the run has failed, so there is nothing to do again".to_owned(),
    }
}
