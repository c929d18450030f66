//! The tool at work, from its first claim to its end.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use super::command::{FakeArgs, FakeResult};
use super::job::{End, Job, PAUSE};
use super::tally::Tally;
use crate::client::{Claim, ClientError, Connection, OutputFormat, Wanted};
use crate::failure::Failure;
use crate::signals::Signals;
use crate::terminal::{Look, note};

/// How long the server waits for tasks before it says that there are none.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long what is under way has to end when the tool is stopped.
const FAREWELL: Duration = Duration::from_secs(3);

/// Claims tasks and answers them; several at once where they are there.
pub(super) async fn work(server: &Connection, args: &FakeArgs, data: &Map<String, Value>) -> Result<Tally, Failure> {
    let (mut chance, look) = (args.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed), Look::stdout());
    let (stop, stopping) = watch::channel(false);
    let (mut tally, mut met) = (Tally::default(), false);
    let (mut claiming, mut under_way) = (FuturesUnordered::new(), FuturesUnordered::new());
    let mut signals = Signals::new().map_err(|error| Failure::plain(format!("signals cannot be heard: {error}")))?;
    let format = args.output.format();
    while args.count.is_none_or(|count| tally.answered() < count) {
        let left = args.count.map_or(usize::MAX, |count| count - tally.answered());
        let room = usize::try_from(args.parallel).unwrap_or(usize::MAX).min(left).saturating_sub(under_way.len());
        if room > 0 && claiming.is_empty() {
            claiming.push(claim(server, args, room, met));
        }
        tokio::select! {
            _ = signals.next() => break,
            Some(claimed) = claiming.next(), if !claiming.is_empty() => {
                let claims = claimed.map_err(|error| server.failure(error))?;
                met = true;
                for claim in claims {
                    let result = if chance.f64() < args.fail_rate { FakeResult::Fail } else { args.result };
                    let answer = json!({ "result": result.word(), "data": data, "tool": args.name });
                    let (length, stopping) = (args.after, stopping.clone());
                    under_way.push(Job { server, claim, length, result, answer, stopping }.perform());
                }
            }
            Some(ended) = under_way.next(), if !under_way.is_empty() => {
                let (job, end) = ended.map_err(|error| server.failure(error))?;
                told(&mut tally, &job, &end, format, &look);
            }
        }
    }
    // A claim whose answer nobody waits for is given back by the server.
    drop(claiming);
    let _ = stop.send(true);
    let farewell = async {
        while let Some(ended) = under_way.next().await {
            if let Ok((job, end)) = ended {
                told(&mut tally, &job, &end, format, &look);
            }
        }
    };
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
    Ok(tally)
}

fn told(tally: &mut Tally, job: &Job<'_>, end: &End, format: OutputFormat, look: &Look) {
    match end {
        End::Answered => tally.add(&job.claim, job.result, format, look),
        End::GivenBack => tally.give_back(),
        End::Lost(why) => {
            let Claim { project, stage, service, task, .. } = &job.claim;
            note(&format!("{task} of {service} in {project}, {stage}, is no longer its own: {why}\n"));
        }
    }
}

/// Claims until the server has answered. One that was never met is not waited for; one that was comes back when it is
/// started again, and knows by the key whether it has granted the claim already.
async fn claim(server: &Connection, args: &FakeArgs, max: usize, met: bool) -> Result<Vec<Claim>, ClientError> {
    let FakeArgs { name: tool, tasks, lease, .. } = args;
    let wanted = Wanted { tool, tasks, max, lease: *lease, patience: PATIENCE };
    let key = Uuid::now_v7().to_string();
    let mut away = false;
    loop {
        match server.claim(&wanted, &key).await {
            Err(error) if error.passes() && met => {
                if !away {
                    note(&format!("the server at {} does not answer; waiting for it\n", server.address()));
                }
                away = true;
                tokio::time::sleep(PAUSE).await;
            }
            answered => {
                if away && answered.is_ok() {
                    note(&format!("the server at {} is back\n", server.address()));
                }
                return answered;
            }
        }
    }
}
