//! Reading and appending, safe with several gates at once.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use capstan_engine::evaluate::History;
use capstan_model::event::CloudEvent;
use same_file::Handle;
use serde::Serialize;
use serde_json::Value;

use super::assemble;
use crate::failure::{Failure, reason};
use crate::terminal::{Style, note};

/// Where history is kept, if at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HistoryPath {
    /// Nowhere: `none`.
    None,
    /// In a file.
    File(PathBuf),
}

impl std::str::FromStr for HistoryPath {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "none" { Self::None } else { Self::File(PathBuf::from(text)) })
    }
}

/// A history file. It need not exist yet.
#[derive(Debug, Clone)]
pub(crate) struct HistoryFile {
    path: PathBuf,
}

/// What a history file holds.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// The evaluations.
    pub(crate) history: History,
    /// Every event, in the order of the file.
    pub(crate) events: Vec<CloudEvent>,
    /// Bytes of a last line that was never finished; appending removes them.
    pub(crate) torn: usize,
}

impl HistoryFile {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Reads the file; one that does not exist is an empty history.
    pub(crate) fn load(&self) -> Result<Loaded, Failure> {
        match self.open_locked(OpenOptions::new().read(true), File::lock_shared) {
            Ok(mut file) => self.read(&mut file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Loaded::default()),
            Err(error) => Err(Failure::unreadable(&self.path, &error)),
        }
    }

    /// Like [`load`](Self::load), but a missing file is an error: there is nothing to look at.
    pub(crate) fn load_existing(&self) -> Result<Loaded, Failure> {
        if self.path.exists() {
            let loaded = self.load()?;
            self.tell_torn(loaded.torn, "is left out");
            return Ok(loaded);
        }
        Err(Failure::with_help(
            format!("there is no history at '{}'", self.path.display()),
            "'capstan gate run' writes it; name another file with --history",
        ))
    }

    /// Says now whether the file could be written later; leaves nothing behind.
    pub(crate) fn probe(&self) -> Result<(), Failure> {
        let here = Path::new(".");
        let ancestors = self.path.ancestors().map(|path| if path.as_os_str().is_empty() { here } else { path });
        let writable = match ancestors.into_iter().find(|path| path.exists()) {
            Some(path) if path.is_dir() && path != self.path => tempfile::tempfile_in(path).map(drop),
            Some(path) => OpenOptions::new().append(true).open(path).map(drop),
            None => Ok(()),
        };
        writable.map_err(|error| self.failed("write", &error))
    }

    /// Appends events in one write and waits until the disk has them. A torn last line is cut off first, and said.
    pub(crate) fn append<D: Serialize>(&self, events: &[CloudEvent<D>]) -> Result<(), Failure> {
        self.folder()?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = self.open_locked(&options, File::lock).map_err(|error| self.failed("open", &error))?;
        let torn = mend_last_line(&mut file).map_err(|error| self.failed("mend", &error))?;
        write_lines(&mut file, events).map_err(|error| self.failed("append to", &error))?;
        self.tell_torn(torn, "was removed");
        Ok(())
    }

    /// Replaces the file at one blow by what `keep` leaves of it; gates that want to append wait meanwhile. A link stays
    /// a link, and permissions stay as they are.
    pub(crate) fn rewrite(&self, keep: impl FnOnce(Loaded) -> Vec<CloudEvent>) -> Result<(), Failure> {
        let mut file = self
            .open_locked(OpenOptions::new().read(true).write(true), File::lock)
            .map_err(|error| self.failed("open", &error))?;
        let loaded = self.read(&mut file)?;
        self.tell_torn(loaded.torn, "was removed");
        let kept = keep(loaded);
        let replaced = std::fs::canonicalize(&self.path).and_then(|path| {
            let folder = path.parent().unwrap_or(Path::new("/"));
            let mut spare = tempfile::NamedTempFile::new_in(folder)?;
            spare.as_file().set_permissions(file.metadata()?.permissions())?;
            write_lines(spare.as_file_mut(), &kept)?;
            spare.persist(&path).map_err(|error| error.error)?;
            File::open(folder)?.sync_all()
        });
        replaced.map_err(|error| self.failed("rewrite", &error))
    }

    /// The folder of the file, made if it is not there.
    fn folder(&self) -> Result<&Path, Failure> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|error| self.failed("make the folder of", &error))?;
        Ok(folder)
    }

    fn tell_torn(&self, bytes: usize, what: &str) {
        if bytes > 0 {
            let (word, path) = (Style::stderr().yellow("note:"), self.path.display());
            note(&format!("{word} the last line of '{path}' was never finished ({bytes} bytes) and {what}\n"));
        }
    }

    /// Opens and locks the file. Whoever waited for the lock may hold a file that was replaced meanwhile, and looks again.
    fn open_locked(&self, options: &OpenOptions, lock: fn(&File) -> std::io::Result<()>) -> std::io::Result<File> {
        loop {
            let file = options.open(&self.path)?;
            lock(&file)?;
            match Handle::from_path(&self.path) {
                Ok(current) if current == Handle::from_file(file.try_clone()?)? => return Ok(file),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn read(&self, file: &mut File) -> Result<Loaded, Failure> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| self.failed("read", &error))?;
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let (lines, mut rest) = bytes.split_at(complete);
        let mut events = Vec::new();
        let mut numbers = Vec::new();
        // A last line without its newline counts if it is whole: an editor may have taken the newline away.
        let last = serde_json::from_slice::<Value>(rest).is_ok().then_some(rest);
        if last.is_some() {
            rest = &[];
        }
        let lines = lines.split(|byte| *byte == b'\n').chain(last);
        for (number, line) in lines.enumerate().filter(|(_, line)| !line.trim_ascii().is_empty()) {
            let value: Value = serde_json::from_slice(line).map_err(|error| self.broken(number + 1, &words(&error)))?;
            let event = CloudEvent::from_json(value).map_err(|error| self.broken(number + 1, &error.to_string()))?;
            events.push(event);
            numbers.push(number + 1);
        }
        let history =
            assemble(events.clone()).map_err(|(event, error)| self.broken(numbers[event - 1], &error.to_string()))?;
        Ok(Loaded { history, events, torn: rest.trim_ascii().len() })
    }

    fn broken(&self, line: usize, what: &str) -> Failure {
        Failure::with_help(
            format!("{}:{line}: not an event of a history: {what}", self.path.display()),
            "mend or remove this line; every line is one CloudEvent",
        )
    }

    fn failed(&self, what: &str, error: &std::io::Error) -> Failure {
        Failure::with_help(
            format!("cannot {what} the history '{}': {}", self.path.display(), reason(error)),
            "name another file with --history; 'gate run --history none' compares with nothing and keeps nothing",
        )
    }
}

/// What is wrong with a line of JSON, without the place within it: the line of the file is told.
fn words(error: &serde_json::Error) -> String {
    error.to_string().split(" at line ").next().unwrap_or_default().to_owned()
}

/// Leaves the file with its end at a line's end, and the position there.
fn mend_last_line(file: &mut File) -> std::io::Result<usize> {
    let length = file.seek(SeekFrom::End(0))?;
    if length == 0 {
        return Ok(0);
    }
    let mut tail = Vec::new();
    let mut start = length;
    while start > 0 && !tail.contains(&b'\n') {
        start = start.saturating_sub(64 * 1024);
        file.seek(SeekFrom::Start(start))?;
        tail.clear();
        file.read_to_end(&mut tail)?;
    }
    let keep = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let rest = &tail[keep..];
    if rest.is_empty() {
        return Ok(0);
    }
    if serde_json::from_slice::<Value>(rest).is_ok() {
        file.write_all(b"\n")?;
        return Ok(0);
    }
    let torn = rest.len();
    let end = start + keep as u64;
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end))?;
    Ok(torn)
}

fn write_lines<D: Serialize>(file: &mut File, events: &[CloudEvent<D>]) -> std::io::Result<()> {
    let mut lines = Vec::new();
    for event in events {
        serde_json::to_writer(&mut lines, event)?;
        lines.push(b'\n');
    }
    file.write_all(&lines)?;
    file.sync_all()
}
