//! What a backup says of itself: which files it has, and what is in them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::{Component, Path, PathBuf};

use capstan_adapters::sqlite::SqliteStore;
use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::private;
use crate::failure::{Failure, reason};
use crate::serve::token::to_hex;

/// Its name in the backup.
pub(super) const FILE: &str = "manifest.json";

/// The layout of backups that this version writes and reads.
const FORMAT: u32 = 1;

/// The manifest of a backup.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Layout of the backup.
    format: u32,
    /// The program that made it.
    capstan: String,
    /// The schema of the database.
    schema: u64,
    /// When it was begun: what was acknowledged until then is in it.
    pub(super) made: Timestamp,
    /// The files by their paths, with slashes.
    pub(super) files: BTreeMap<String, Entry>,
    /// Folders that hold nothing.
    empty: Vec<String>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Bytes.
    size: u64,
    /// In hexadecimal.
    sha256: String,
}

impl Manifest {
    /// Of all that is in a folder.
    pub(super) fn of(folder: &Path, schema: u64, made: Timestamp) -> io::Result<Self> {
        let capstan = env!("CARGO_PKG_VERSION").to_owned();
        let mut manifest = Self { format: FORMAT, capstan, schema, made, files: BTreeMap::new(), empty: Vec::new() };
        manifest.gather(folder, "")?;
        Ok(manifest)
    }

    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let mut file = private::file(&folder.join(FILE))?;
        writeln!(file, "{}", serde_json::to_string_pretty(self)?)
    }

    /// That of a backup; refuses what this version cannot restore.
    pub(super) fn read(backup: &Path) -> Result<Self, Failure> {
        let path = backup.join(FILE);
        if !path.is_file() {
            let message = format!("'{}' is no backup: there is no '{FILE}' in it", backup.display());
            return Err(Failure::with_help(message, "name a directory that 'capstan backup' has made"));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::unreadable(&path, &error))?;
        let manifest: Self = serde_json::from_str(&text)
            .map_err(|error| damaged(backup, &format!("its '{FILE}' cannot be read: {error}")))?;
        let newer = [
            ("layout", u64::from(manifest.format), u64::from(FORMAT)),
            ("schema of the database", manifest.schema, SqliteStore::SCHEMA),
        ];
        for (what, is, known) in newer {
            if is > known {
                let message = format!(
                    "backup '{}' is of a newer version: its {what} is {is}, this program knows up to {known}",
                    backup.display()
                );
                let help = format!("restore it with Capstan {}, which made it, or a newer one", manifest.capstan);
                return Err(Failure::with_help(message, help));
            }
        }
        match manifest.files.keys().chain(&manifest.empty).find(|path| !is_plain(path)) {
            Some(path) => Err(damaged(backup, &format!("its '{FILE}' names '{path}', which is not within it"))),
            None => Ok(manifest),
        }
    }

    /// Bytes in all.
    pub(super) fn size(&self) -> u64 {
        self.files.values().map(|entry| entry.size).sum()
    }

    /// Copies the files, each as it is in the manifest.
    pub(super) fn copy(&self, backup: &Path, to: &Path) -> Result<(), Failure> {
        for (name, expected) in &self.files {
            let (source, target) = (backup.join(name), to.join(name));
            if !source.is_file() {
                return Err(damaged(backup, &format!("'{name}' is missing")));
            }
            let mut from = File::open(&source).map_err(|error| Failure::unreadable(&source, &error))?;
            let found = private::file(&target).and_then(|mut file| Entry::of(&mut from, &mut file));
            let found = found.map_err(|error| {
                Failure::plain(format!(
                    "cannot copy '{}' to '{}': {}",
                    source.display(),
                    target.display(),
                    reason(&error)
                ))
            })?;
            if found != *expected {
                return Err(damaged(backup, &format!("'{name}' is not as it was when the backup was made")));
            }
        }
        for name in &self.empty {
            let folder = to.join(name);
            private::folder(&folder)
                .map_err(|error| Failure::plain(format!("cannot make '{}': {}", folder.display(), reason(&error))))?;
        }
        Ok(())
    }

    /// Adds what is in a folder, and whether that is nothing.
    fn gather(&mut self, folder: &Path, above: &str) -> io::Result<bool> {
        let mut is_empty = true;
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            is_empty = false;
            let name = format!("{above}{}", entry.file_name().to_string_lossy());
            if !entry.file_type()?.is_dir() {
                self.files.insert(name, Entry::of(&mut File::open(entry.path())?, &mut io::sink())?);
            } else if self.gather(&entry.path(), &format!("{name}/"))? {
                self.empty.push(name);
            }
        }
        self.empty.sort_unstable();
        Ok(is_empty)
    }
}

impl Entry {
    /// Of what is read from the one and written to the other.
    fn of(from: &mut File, to: &mut dyn Write) -> io::Result<Self> {
        let (mut digest, mut size, mut buffer) = (Context::new(&SHA256), 0, vec![0; 1 << 16]);
        loop {
            let read = match from.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read == 0 {
                break;
            }
            digest.update(&buffer[..read]);
            to.write_all(&buffer[..read])?;
            size += read as u64;
        }
        let sha256 = to_hex(digest.finish().as_ref());
        Ok(Self { size, sha256 })
    }
}

/// A backup that cannot be trusted.
pub(super) fn damaged(backup: &Path, why: &str) -> Failure {
    let message = format!("backup '{}' is damaged: {why}", backup.display());
    Failure::with_help(message, "nothing was restored; take another backup, or another copy of this one")
}

fn is_plain(path: &str) -> bool {
    !path.is_empty() && PathBuf::from(path).components().all(|part| matches!(part, Component::Normal(_)))
}
