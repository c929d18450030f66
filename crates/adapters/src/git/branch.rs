//! Where `main` is, and how it moves.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use gix::ObjectId;
use gix::lock::acquire::Fail;
use gix::refs::{Target, file::Store};

use super::sync;
use super::trouble::{Trouble, failed};

/// The one branch.
pub(super) const MAIN: &str = "refs/heads/main";

/// How long to wait for a lock that a git command holds, such as one that packs references.
const PATIENCE: Duration = Duration::from_secs(2);

/// The newest commit; none in a repository without commits.
pub(super) fn tip(refs: &Store) -> Result<Option<ObjectId>, Trouble> {
    let found = refs.try_find(MAIN).map_err(failed("cannot read the branch 'main'"))?;
    match found.map(|reference| reference.target) {
        None => Ok(None),
        Some(Target::Object(id)) => Ok(Some(id)),
        Some(Target::Symbolic(name)) => Err(Trouble::Failed(format!("'main' points to the branch '{name}'"))),
    }
}

/// Moves `main` from where it was to a commit that is on disk. The new file is synced before it takes the old one's
/// name, then its folder: after a crash it is the old or the new, whole. Git's own lock keeps git commands out, and a
/// branch that is elsewhere than expected stays where it is.
pub(super) fn advance(refs: &Store, from: Option<ObjectId>, to: ObjectId) -> Result<(), Trouble> {
    let path = file(refs);
    let wait = Fail::AfterDurationWithBackoff(PATIENCE);
    let mut lock = gix::lock::File::acquire_to_update_resource(&path, wait, Some(refs.git_dir().to_owned()), 0)
        .map_err(failed("cannot lock the branch 'main'"))?;
    if tip(refs)? != from {
        return Err(Trouble::Failed("the branch 'main' was moved by somebody else meanwhile; try again".to_owned()));
    }
    lock.with_mut(|file| {
        writeln!(file, "{to}")?;
        file.sync_data()
    })
    .map_err(failed("cannot write the branch 'main'"))?;
    lock.commit().map_err(failed("cannot move the branch 'main'"))?;
    match path.parent() {
        Some(folder) => sync::folder(folder).map_err(failed("cannot sync the branch 'main'")),
        None => Ok(()),
    }
}

fn file(refs: &Store) -> PathBuf {
    refs.git_dir().join(MAIN)
}

#[cfg(test)]
mod tests {
    use super::super::repository::HASH;
    use super::*;

    #[test]
    fn a_branch_that_is_elsewhere_than_expected_stays_there() {
        let folder = tempfile::tempdir().unwrap();
        let refs = Store::at(folder.path().to_owned(), HASH);
        let [first, second, third] = [b'1', b'2', b'3'].map(|digit| ObjectId::from_hex(&[digit; 40]).unwrap());
        assert_eq!(tip(&refs).unwrap(), None);
        assert!(advance(&refs, Some(first), second).is_err());
        assert_eq!(tip(&refs).unwrap(), None);

        advance(&refs, None, first).unwrap();
        advance(&refs, Some(first), second).unwrap();
        for from in [None, Some(first), Some(third)] {
            let Err(Trouble::Failed(reason)) = advance(&refs, from, third) else { panic!("moved from {from:?}") };
            assert!(reason.contains("moved by somebody else"), "{reason}");
        }
        assert_eq!(tip(&refs).unwrap(), Some(second));
        assert!(!file(&refs).with_extension("lock").exists());
    }
}
