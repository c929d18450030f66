//! Following a run to its end. The server's stream says that something has happened; what it was is read anew each time, so
//! that nothing is missed or told twice, whatever becomes of the connection.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::find::Found;
use crate::client::{ClientError, Connection, Document, RunResult, WholeRun};
use crate::failure::Failure;

/// How often what is shown is brought up to date while nothing happens: durations grow.
const TICK: Duration = Duration::from_secs(1);
/// The pauses between tries to connect grow from the one to the other.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// For how long a connection may be gone before that is said.
const QUIET: Duration = Duration::from_secs(3);
/// At most so often a run is read anew.
const LEAST: Duration = Duration::from_millis(100);

/// Where what is known of a run goes.
pub(super) trait View {
    /// Shows how it stands. Is called again when nothing but time has passed.
    fn show(&mut self, whole: &WholeRun, raw: &serde_json::Value, now: Timestamp);

    /// Says that the server is away, or that it is back.
    fn away(&mut self, address: &str, away: bool);
}

/// How the following ended, and how the run stood then.
pub(super) struct Followed {
    /// None: it was not over when the patience was.
    pub(super) result: Option<RunResult>,
    /// As it was last read.
    pub(super) last: Option<Document<WholeRun>>,
}

/// Follows a run until it is over, or until the patience is.
pub(super) async fn follow(
    server: &Connection,
    run: &Found,
    patience: Option<Duration>,
    view: &mut dyn View,
) -> Result<Followed, Failure> {
    let mut last = None;
    let result = {
        let following = until_over(server, run, view, &mut last);
        match patience {
            Some(patience) => tokio::time::timeout(patience, following).await.ok().transpose()?,
            None => Some(following.await?),
        }
    };
    Ok(Followed { result, last })
}

async fn until_over(
    server: &Connection,
    run: &Found,
    view: &mut dyn View,
    last: &mut Option<Document<WholeRun>>,
) -> Result<RunResult, Failure> {
    let (mut cursor, mut gone) = (None, Gone::default());
    loop {
        match once(server, run, view, last, &mut cursor, &mut gone).await {
            Ok(Some(result)) => return Ok(result),
            // The stream has ended, as it does when the server stops.
            Ok(None) => {}
            Err(error) if error.passes() => {}
            Err(error) => return Err(server.failure(error)),
        }
        gone.wait(server, view).await;
    }
}

/// Follows for as long as one connection lasts.
async fn once(
    server: &Connection,
    run: &Found,
    view: &mut dyn View,
    last: &mut Option<Document<WholeRun>>,
    cursor: &mut Option<String>,
    gone: &mut Gone,
) -> Result<Option<RunResult>, ClientError> {
    // First the stream, then the run: what happens in between is in both.
    let mut facts = server.facts(&run.project, &run.context, cursor.clone()).await?;
    loop {
        let document = server.run(&run.project, &run.context).await?;
        gone.back(server, view);
        view.show(&document.read, &document.raw, Timestamp::now());
        let result = document.read.result();
        let known = last.insert(document);
        if result.is_some() {
            return Ok(result);
        }
        let begun = Instant::now();
        loop {
            tokio::select! {
                more = facts.next() => {
                    *cursor = facts.last();
                    match more {
                        Some(()) => {
                            gone.pause = None;
                            break;
                        }
                        None => return Ok(None),
                    }
                }
                () = tokio::time::sleep(TICK) => {
                    view.show(&known.read, &known.raw, Timestamp::now());
                }
            }
        }
        tokio::time::sleep(LEAST.saturating_sub(begun.elapsed())).await;
    }
}

/// A connection that is gone.
#[derive(Debug, Default)]
struct Gone {
    since: Option<Instant>,
    /// The last pause. It begins anew when something was heard: a stream that ends as soon as it has begun is not asked for
    /// again and again.
    pause: Option<Duration>,
    said: bool,
}

impl Gone {
    async fn wait(&mut self, server: &Connection, view: &mut dyn View) {
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= QUIET && !self.said {
            view.away(server.address(), true);
            self.said = true;
        }
        let pause = self.pause.map_or(PAUSE.0, |pause| (pause * 2).min(PAUSE.1));
        self.pause = Some(pause);
        tokio::time::sleep(pause).await;
    }

    fn back(&mut self, server: &Connection, view: &mut dyn View) {
        if self.said {
            view.away(server.address(), false);
        }
        (self.since, self.said) = (None, false);
    }
}
