//! The tool at work.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::{Map, Value};

use super::command::{FakeArgs, FakeResult};
use crate::client::{ClientError, Connection, Offer};
use crate::failure::Failure;
use crate::terminal::{Look, note, print};

/// How often it looks for tasks.
const LOOK: Duration = Duration::from_millis(200);

/// How often each task was answered with each result.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<(String, &'static str), usize>);

/// An answer that was given.
struct Answered {
    task: String,
    offer: Offer,
    result: FakeResult,
}

/// Takes up tasks and answers them; several at once where they are there.
pub(super) async fn work(server: &Connection, args: &FakeArgs, data: &Map<String, Value>) -> Result<Tally, Failure> {
    let (mut chance, look) = (args.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed), Look::stdout());
    let (mut tally, mut seen, mut under_way) = (Tally::default(), HashSet::new(), FuturesUnordered::new());
    let mut looks = tokio::time::interval(LOOK);
    let (mut met, mut lost) = (false, false);
    let end = tokio::signal::ctrl_c();
    tokio::pin!(end);
    while args.count.is_none_or(|count| tally.total() < count) {
        tokio::select! {
            _ = &mut end => break,
            Some(answered) = under_way.next(), if !under_way.is_empty() => match answered {
                Ok(answered) => tally.add(&answered, &look),
                Err(error) => return Err(server.failure(error)),
            },
            _ = looks.tick() => for task in &args.tasks {
                let offers = match server.offers(task).await {
                    Ok(offers) => offers,
                    // A server that is started again comes back.
                    Err(error) if error.passes() && met => {
                        if !lost {
                            note(&format!("the server at {} does not answer; waiting for it\n", server.address()));
                        }
                        lost = true;
                        continue;
                    }
                    Err(error) => return Err(server.failure(error)),
                };
                (met, lost) = (true, false);
                for offer in offers {
                    let room = args.count.is_none_or(|count| tally.total() + under_way.len() < count);
                    if room && seen.insert(offer.id.clone()) {
                        let result = if chance.f64() < args.fail_rate { FakeResult::Fail } else { args.result };
                        under_way.push(answer(server, args, data, task.clone(), offer, result));
                    }
                }
            }
        }
    }
    Ok(tally)
}

async fn answer(
    server: &Connection,
    args: &FakeArgs,
    data: &Map<String, Value>,
    task: String,
    offer: Offer,
    result: FakeResult,
) -> Result<Answered, ClientError> {
    insist(|| server.start(&args.name, &task, &offer)).await?;
    tokio::time::sleep(args.after).await;
    let mut data = data.clone();
    data.insert("status".to_owned(), "succeeded".into());
    data.insert("result".to_owned(), result.word().into());
    insist(|| server.finish(&args.name, &task, &offer, data.clone().into())).await?;
    Ok(Answered { task, offer, result })
}

/// Says it until it is heard: a server that is started again comes back, and what it heard before does nothing twice.
async fn insist(say: impl AsyncFn() -> Result<(), ClientError>) -> Result<(), ClientError> {
    loop {
        match say().await {
            Err(error) if error.passes() => tokio::time::sleep(LOOK).await,
            said => return said,
        }
    }
}

impl Tally {
    fn total(&self) -> usize {
        self.0.values().sum()
    }

    fn add(&mut self, answered: &Answered, look: &Look) {
        let Answered { task, offer, result } = answered;
        let of = |key: &str| offer.data[key].as_str().unwrap_or_default().to_owned();
        let word = match result {
            FakeResult::Pass => look.style.green(result.word()),
            FakeResult::Warning => look.style.yellow(result.word()),
            FakeResult::Fail => look.style.red(result.word()),
        };
        let place = format!("{}  {}  {}", of("project"), of("stage"), of("service"));
        print(&format!("{}  {place}  {task}  {word}\n", look.id(&offer.context)));
        *self.0.entry((task.clone(), result.word())).or_default() += 1;
    }

    /// What was answered, in a sentence.
    pub(super) fn text(&self) -> String {
        if self.0.is_empty() {
            return "answered nothing\n".to_owned();
        }
        let each: Vec<_> = self.0.iter().map(|((task, result), count)| format!("{task} {result} {count}")).collect();
        format!("answered {}: {}\n", self.total(), each.join(", "))
    }
}
