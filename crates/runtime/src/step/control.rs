//! Somebody steers a run: all of it, or one stage.

use capstan_engine::orchestrate::{Control, Fact, Input};

use super::work::Work;
use crate::command::{CommandError, Reply};
use crate::ports::NewFact;

impl Work<'_> {
    pub(super) fn control(
        &mut self,
        project: &str,
        context: &str,
        stage: Option<&str>,
        control: Control,
    ) -> Result<Reply, CommandError> {
        let Some(project) = self.project(project)?.map(|project| project.id) else { return Ok(Reply::Nothing) };
        let Some(mut run) = self.run(project, context)? else { return Ok(Reply::Nothing) };
        if control == Control::Abort && run.following > 0 {
            // What is still to begin ends with the rest.
            self.take_all_deferred()?;
            run = self.run(project, context)?.unwrap_or(run);
        }
        let concerned = |open: &str| stage.is_none_or(|stage| stage == open);
        let sequences: Vec<(String, String)> = run
            .open
            .iter()
            .filter(|(_, open)| concerned(&open.stage))
            .map(|(id, open)| (id.clone(), open.stage.clone()))
            .collect();
        // A stage that the run has yet to come to can be paused ahead; there is nothing there to abort.
        if run.is_over() || (sequences.is_empty() && control == Control::Abort) {
            return Ok(Reply::Nothing);
        }
        run.control(control, stage);
        self.put_run(project, run.clone());
        let (by, reason) = (String::new(), String::new());
        let fact = Fact::Controlled { action: control.word().to_owned(), stage: stage.map(str::to_owned), by, reason };
        let project = Some(project);
        self.tx.append_fact(&NewFact { project, context, sequence: None, at: self.now, fact: &fact })?;
        for (sequence, stage) in sequences {
            if control != Control::Resume || !run.is_paused(&stage) {
                self.deliver(&sequence, &Input::Control(control))?;
            }
        }
        Ok(Reply::Done)
    }
}
