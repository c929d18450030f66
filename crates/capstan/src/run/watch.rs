//! `capstan run show` and `watch`, and the waiting of `capstan trigger`.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::command::OneArgs;
use super::facts;
use super::find::{Found, find};
use super::follow::{self, View};
use super::page::{Depth, page, painted};
use crate::client::{Connection, OutputArgs, OutputFormat, RunResult, ServerArgs, WholeRun};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::{Canvas, Look, Style, note, print};

/// Shows a run once.
pub(super) async fn show(args: &OneArgs) -> Result<Exit, Failure> {
    let (server, found) = look_for(args, &args.server).await?;
    let run = server.run(&found.project, &found.context).await.map_err(|error| server.failure(error))?;
    args.output.print(&run.raw, || {
        let lines = page(&found.context, &run.read, Depth::Whole, Timestamp::now(), &Look::stdout());
        lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect()
    });
    Ok(Exit::Success)
}

/// Follows a run to its end.
pub(super) async fn run(args: &OneArgs) -> Result<Exit, Failure> {
    let (server, found) = look_for(args, &args.server).await?;
    match args.output.format() {
        OutputFormat::Table => follow(&server, &found.project, &found.context, None).await,
        OutputFormat::Json => to_end(&server, &found, None, &mut Lines::new(|entry, _| format!("{entry}\n"))).await,
        OutputFormat::Yaml => {
            let document = |entry: &Value, _: &str| format!("---\n{}", capstan_model::yaml::emit(entry));
            to_end(&server, &found, None, &mut Lines::new(document)).await
        }
    }
}

async fn look_for(args: &OneArgs, server: &ServerArgs) -> Result<(Connection, Found), Failure> {
    let server = Connection::open(server)?;
    let found = find(&server, args.project.given(), &args.run).await?;
    Ok((server, found))
}

/// Follows a run to its end, or for as long as the patience lasts, and shows it to people.
pub(crate) async fn follow(
    server: &Connection,
    project: &str,
    context: &str,
    patience: Option<Duration>,
) -> Result<Exit, Failure> {
    let found = Found { project: project.to_owned(), context: context.to_owned() };
    let look = Look::stdout();
    if look.on_terminal {
        return to_end(server, &found, patience, &mut Picture::new(context, look)).await;
    }
    print(&format!("{context}\n"));
    to_end(server, &found, patience, &mut Lines::new(|_, line| format!("{line}\n"))).await
}

/// Waits in silence, then writes the run as a document of the API.
pub(crate) async fn wait(
    server: &Connection,
    project: &str,
    context: &str,
    patience: Option<Duration>,
    output: OutputArgs,
) -> Result<Exit, Failure> {
    let found = Found { project: project.to_owned(), context: context.to_owned() };
    let followed = follow::follow(server, &found, patience, &mut Silence).await?;
    output.print(&followed.last.map(|document| document.raw).unwrap_or_default(), String::new);
    Ok(exit(followed.result, &found))
}

async fn to_end(
    server: &Connection,
    found: &Found,
    patience: Option<Duration>,
    view: &mut dyn View,
) -> Result<Exit, Failure> {
    let followed = follow::follow(server, found, patience, view).await?;
    Ok(exit(followed.result, found))
}

/// The exit code, and a word where the run goes on.
fn exit(result: Option<RunResult>, found: &Found) -> Exit {
    if let Some(result) = result {
        return Exit::of_run(result);
    }
    note(&format!(
        "the run goes on, the waiting ends here; follow it with: capstan run watch {} --project {}\n",
        found.context, found.project
    ));
    Exit::NoVerdict
}

/// A picture on a terminal, which changes in place.
struct Picture {
    context: String,
    look: Look,
    canvas: Canvas,
    /// The run, as it was last shown.
    page: Vec<String>,
    /// What is to be said below it.
    remark: Option<String>,
}

impl Picture {
    fn new(context: &str, look: Look) -> Self {
        Self { context: context.to_owned(), look, canvas: Canvas::default(), page: Vec::new(), remark: None }
    }

    fn draw(&mut self) {
        let remark = self.remark.iter().flat_map(|remark| [String::new(), self.look.style.yellow(remark)]);
        let lines: Vec<String> = self.page.iter().cloned().chain(remark).collect();
        self.canvas.draw(&lines, &self.look);
    }
}

impl View for Picture {
    fn show(&mut self, whole: &WholeRun, _: &Value, now: Timestamp) {
        // The terminal may have another size by now.
        self.look = Look { style: self.look.style, ..Look::stdout() };
        self.page = page(&self.context, whole, Depth::Whole, now, &self.look);
        if self.page.len() >= self.look.height {
            self.page = page(&self.context, whole, Depth::Brief, now, &self.look);
        }
        self.draw();
    }

    fn away(&mut self, address: &str, away: bool) {
        self.remark = away.then(|| remark(address, true));
        self.draw();
    }
}

/// A line for each fact, once.
struct Lines<F> {
    position: u64,
    write: F,
    result: Option<RunResult>,
}

impl<F: Fn(&Value, &str) -> String> Lines<F> {
    fn new(write: F) -> Self {
        Self { position: 0, write, result: None }
    }
}

impl<F: Fn(&Value, &str) -> String> View for Lines<F> {
    fn show(&mut self, whole: &WholeRun, raw: &Value, _: Timestamp) {
        let entries = raw["history"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut text = String::new();
        for (entry, raw) in whole.history.iter().zip(entries).filter(|(entry, _)| entry.position > self.position) {
            text.push_str(&(self.write)(raw, &facts::line(entry, whole)));
        }
        if let Some(last) = whole.history.last() {
            self.position = last.position;
        }
        print(&text);
        if let Some(result) = whole.result().filter(|_| self.result.is_none()) {
            self.result = Some(result);
            note(&format!("the run has ended: {}\n", painted(result, Style::stderr())));
        }
    }

    fn away(&mut self, address: &str, away: bool) {
        note(&format!("{}\n", remark(address, away)));
    }
}

/// Nothing until the end.
struct Silence;

impl View for Silence {
    fn show(&mut self, _: &WholeRun, _: &Value, _: Timestamp) {}

    fn away(&mut self, address: &str, away: bool) {
        note(&format!("{}\n", remark(address, away)));
    }
}

fn remark(address: &str, away: bool) -> String {
    if away {
        format!("the server at {address} does not answer; waiting for it")
    } else {
        format!("the server at {address} is back")
    }
}
