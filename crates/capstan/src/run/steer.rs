//! `capstan run pause`, `resume`, `abort` and `rerun`

use serde_json::json;

use super::command::{From, RerunArgs, SteerArgs};
use super::find::find;
use crate::client::{Connection, Steer};
use crate::exit::Exit;
use crate::failure::Failure;

/// Pauses, resumes or aborts a run or a stage of it.
pub(super) async fn run(args: &SteerArgs, steer: Steer) -> Result<Exit, Failure> {
    let server = Connection::open(&args.one.server)?;
    let found = find(&server, args.one.project.given(), &args.one.run).await?;
    let stage = args.stage.as_deref();
    let answer = server.steer(&found.project, &found.context, steer, stage).await;
    let answer = answer.map_err(|error| server.failure(error))?;
    args.one.output.print(&answer.raw, || {
        let what = stage.map(|stage| format!(" in '{stage}'")).unwrap_or_default();
        let done = match steer {
            Steer::Pause => "paused: the open task may end, no further one is offered",
            Steer::Resume => "resumed",
            Steer::Abort => "aborted",
        };
        format!("{}{what} is {done}\n", found.context)
    });
    Ok(Exit::Success)
}

/// Tries again what did not go well.
pub(super) async fn rerun(args: &RerunArgs) -> Result<Exit, Failure> {
    let server = Connection::open(&args.one.server)?;
    let found = find(&server, args.one.project.given(), &args.one.run).await?;
    let from = match args.from {
        From::Task => "task",
        From::Stage => "stage",
    };
    let mut body = json!({ "from": from });
    let user =
        || ["USER", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()));
    let by = args.by.clone().or_else(user);
    for (key, value) in [("stage", &args.stage), ("reason", &args.reason), ("by", &by)] {
        if let Some(value) = value {
            body[key] = value.as_str().into();
        }
    }
    let answer = server.rerun(&found.project, &found.context, &body).await.map_err(|error| server.failure(error))?;
    args.one.output.print(&answer.raw, || {
        let from = match args.from {
            From::Task => "from the task that did not go well",
            From::Stage => "from the first task of the stage",
        };
        format!("{} goes on {from}\n", found.context)
    });
    Ok(Exit::Success)
}
