//! Making names last.

use std::io;
use std::path::Path;

/// Makes the entries of a folder last: what was made, renamed or removed in it. Where folders cannot be synced, their
/// file system does it by itself.
pub(super) fn folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { std::fs::File::open(path)?.sync_all() } else { Ok(()) }
}
