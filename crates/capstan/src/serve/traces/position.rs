//! Up to where runs were told as traces: kept beside the store, so that a server that starts again goes on there.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use capstan_runtime::ports::FactSpan;

use crate::failure::reason;

/// The file in the data directory.
const FILE: &str = "traces.position";

/// The last fact of which all spans were delivered.
#[derive(Debug)]
pub(super) struct Position {
    path: PathBuf,
    at: u64,
}

impl Position {
    /// As an earlier start has left it. Where there was none, the newest fact: what was before nobody has asked for.
    pub(super) fn open(data: &Path, span: FactSpan) -> Self {
        let (path, newest) = (data.join(FILE), span.next - 1);
        let kept = std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse::<u64>().ok());
        // One that is ahead of all facts is that of another store, as after a restore.
        let at = kept.filter(|at| *at <= newest).unwrap_or(newest);
        let position = Self { path, at };
        // So that what happens until the first delivery is not lost with a crash.
        position.write();
        position
    }

    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// All up to here was delivered.
    pub(super) fn advance(&mut self, at: u64) {
        if at > self.at {
            self.at = at;
            self.write();
        }
    }

    /// As a whole or not at all. Without a sync: after a power cut some spans come again, under the same ids.
    fn write(&self) {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut spare| {
            writeln!(spare, "{}", self.at)?;
            spare.persist(&self.path).map_err(|error| error.error)
        });
        if let Err(error) = written {
            tracing::warn!(path = %self.path.display(), error = reason(&error), "cannot note up to where traces were sent");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_where_it_was_unless_that_is_of_another_store() {
        let folder = tempfile::tempdir().unwrap();
        let span = |next| FactSpan { oldest: Some(1), next };
        let mut position = Position::open(folder.path(), span(8));
        assert_eq!(position.at(), 7, "what was before is not told");
        assert_eq!(Position::open(folder.path(), span(20)).at(), 7, "what came before the first delivery is");
        position.advance(12);
        position.advance(3);
        assert_eq!(Position::open(folder.path(), span(20)).at(), 12);
        assert_eq!(Position::open(folder.path(), span(5)).at(), 4);
        std::fs::write(folder.path().join(FILE), "nonsense").unwrap();
        assert_eq!(Position::open(folder.path(), span(9)).at(), 8);
    }
}
