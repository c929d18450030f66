//! The log is written back into the file beside the writer, who has only the last of it to do.

use std::ffi::c_int;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, OpenFlags};

use super::open::open;
use super::trouble::{Doing, Trouble};

/// How many pages the log has when it is written back: 64 MB. From then on it is overwritten in place, which spares the syncs
/// the growth of a file. The longer it is the fewer pages are written back: most of them change again and again.
const PAGES: c_int = 16_000;

/// How many pages later it is tried again, where somebody was reading the log and it could not begin anew.
const AGAIN: c_int = PAGES / 8;

const DOING: &str = "write the log back";

/// How far it is. Of the two who look at it each waits for the other's step.
const IDLE: u8 = 0;
const UNDER_WAY: u8 = 1;
const WRITTEN: u8 = 2;

/// The thread that writes the log back; it ends with this.
#[derive(Debug)]
pub(super) struct Checkpointer {
    stage: Arc<AtomicU8>,
    /// None: it is to end.
    nudges: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// To be closed after all connections: closing it gives up all locks of this process on the file.
    _file: Arc<File>,
}

impl Checkpointer {
    /// Begins to wait for the log to be long.
    ///
    /// # Errors
    /// The file cannot be opened, or there can be no more threads.
    pub(super) fn start(path: &Path) -> std::io::Result<Self> {
        let (nudges, nudged) = sync_channel(1);
        let (stage, file) = (Arc::new(AtomicU8::new(IDLE)), Arc::new(File::open(path)?));
        let back = Back { path: path.to_owned(), file: Arc::clone(&file), connection: None };
        let of_thread = Arc::clone(&stage);
        let thread = std::thread::Builder::new().name("checkpoint".to_owned());
        let thread = thread.spawn(move || back.run(&nudged, &of_thread))?;
        Ok(Self { stage, nudges: Some(nudges), thread: Some(thread), _file: file })
    }

    /// Has it look at the log after each commit of the writer.
    pub(super) fn watch(&self, writer: &mut Connection) -> Result<(), Trouble> {
        let (stage, nudges, mut due) = (Arc::clone(&self.stage), self.nudges.clone(), PAGES);
        let watch = move |log: &mut Wal, pages: c_int| {
            if pages < PAGES {
                due = PAGES;
            } else if stage.compare_exchange(WRITTEN, IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                // Nothing is appended meanwhile, so all of it is written back then, and the next commit begins it anew. What
                // cannot be written back now can be so later.
                let _ = log.checkpoint();
                due = pages.saturating_add(AGAIN);
            } else if pages >= due && stage.load(Ordering::Acquire) == IDLE {
                stage.store(UNDER_WAY, Ordering::Release);
                due = pages.saturating_add(AGAIN);
                // There is room: it has taken the nudge before this one, or it would be under way.
                let _ = nudges.as_ref().map(|nudges| nudges.try_send(()));
            }
            Ok(())
        };
        writer.wal_hook(Some(watch)).doing(DOING)
    }

    /// Ends it; a writer that it watches lets go of it first.
    pub(super) fn stop(&mut self, writer: Option<&mut Connection>) {
        if let Some(writer) = writer {
            // It can only fail where there is none.
            let _ = writer.wal_hook(None::<fn(&mut Wal, c_int) -> rusqlite::Result<()>>);
        }
        self.nudges = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the thread works with.
struct Back {
    path: PathBuf,
    file: Arc<File>,
    connection: Option<Connection>,
}

impl Back {
    fn run(mut self, nudged: &Receiver<()>, stage: &AtomicU8) {
        while nudged.recv().is_ok() {
            let done = self.write_back();
            if done.is_err() {
                self.connection = None;
            }
            // What has failed is tried again with the next pages; the log holds everything until then.
            stage.store(if done.is_ok() { WRITTEN } else { IDLE }, Ordering::Release);
        }
    }

    /// Writes back what is in the log, and syncs it: what then is left for the writer is what has come meanwhile.
    fn write_back(&mut self) -> Result<(), Trouble> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.path)?,
        };
        let connection = self.connection.insert(connection);
        connection.wal_checkpoint_v2(Some(rusqlite::MAIN_DB), CheckpointMode::PASSIVE).doing(DOING)?;
        let synced = self.file.sync_data();
        synced.map_err(|cause| Trouble::Unwritable { what: "what was in the log", why: cause.to_string() })
    }
}

/// A connection that knows of the log: one that was only opened has not looked whether there is one.
fn connect(path: &Path) -> Result<Connection, Trouble> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.query_row("PRAGMA user_version", [], |_| Ok(())).doing(DOING)?;
    Ok(connection)
}
