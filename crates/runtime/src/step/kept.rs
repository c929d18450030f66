//! Records of one kind that are kept decoded between steps.

use std::collections::{BTreeMap, BTreeSet};

use crate::ports::StoreError;

/// About how many bytes each of the two generations of a kind may take.
const GENERATION: usize = 4 << 20;

/// Records by their key, as they stand in the transaction that is open, or in the store where none is.
///
/// What a command changes is written once, at its end. What nobody has asked for during a whole generation is forgotten;
/// so are all changes of a command that failed, since what was before them is not known any more.
#[derive(Debug)]
pub(super) struct Kept<K, V> {
    young: BTreeMap<K, Weighed<V>>,
    old: BTreeMap<K, Weighed<V>>,
    /// Of the young ones, in bytes.
    weight: usize,
    /// What the command that is carried out has changed.
    changed: BTreeSet<K>,
}

/// A record, and how much it weighed when it was read or put.
#[derive(Debug)]
struct Weighed<V> {
    record: V,
    weight: usize,
}

/// A record that tells about how much memory it takes.
pub(super) trait Weigh {
    /// In bytes, roughly.
    fn weight(&self) -> usize;
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self { young: BTreeMap::new(), old: BTreeMap::new(), weight: 0, changed: BTreeSet::new() }
    }
}

impl<K: Ord + Clone, V: Weigh> Kept<K, V> {
    /// The record, read where it is not known.
    pub(super) fn get(
        &mut self,
        key: &K,
        read: impl FnOnce() -> Result<Option<V>, StoreError>,
    ) -> Result<Option<&V>, StoreError> {
        if !self.young.contains_key(key) {
            let known = self.old.remove(key).map(|known| known.record);
            if let Some(record) = known.map_or_else(read, |known| Ok(Some(known)))? {
                self.insert(key.clone(), record);
            }
        }
        Ok(self.young.get(key).map(|known| &known.record))
    }

    /// The record to be changed and put back by [`Kept::put`]; until then it is not known here.
    pub(super) fn take(
        &mut self,
        key: &K,
        read: impl FnOnce() -> Result<Option<V>, StoreError>,
    ) -> Result<Option<V>, StoreError> {
        let young = self.young.remove(key);
        self.weight -= young.as_ref().map_or(0, |known| known.weight);
        let known = young.or_else(|| self.old.remove(key));
        known.map_or_else(read, |known| Ok(Some(known.record)))
    }

    /// Puts back what was taken and not changed.
    pub(super) fn give_back(&mut self, key: K, record: V) {
        self.insert(key, record);
    }

    /// Adds or replaces a record; [`Kept::write`] writes it.
    pub(super) fn put(&mut self, key: K, record: V) {
        self.changed.insert(key.clone());
        self.insert(key, record);
    }

    fn insert(&mut self, key: K, record: V) {
        let weight = record.weight();
        self.weight += weight;
        let before = self.young.insert(key, Weighed { record, weight });
        self.weight -= before.map_or(0, |before| before.weight);
    }

    /// Writes what was changed.
    pub(super) fn write(
        &mut self,
        mut write: impl FnMut(&K, &mut V) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for key in &self.changed {
            if let Some(known) = self.young.get_mut(key) {
                write(key, &mut known.record)?;
            }
        }
        self.changed.clear();
        if self.weight > GENERATION {
            self.old = std::mem::take(&mut self.young);
            self.weight = 0;
        }
        Ok(())
    }

    /// Forgets what was changed and not written, or not wholly.
    pub(super) fn forget_changes(&mut self) {
        for key in std::mem::take(&mut self.changed) {
            let gone = self.young.remove(&key);
            self.weight -= gone.map_or(0, |gone| gone.weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weigh for usize {
        fn weight(&self) -> usize {
            *self
        }
    }

    #[test]
    fn a_change_is_written_once_and_one_that_failed_is_forgotten() {
        let mut kept = Kept::default();
        kept.put("a", 1);
        kept.put("a", 2);
        let mut written = Vec::new();
        kept.write(|key, value| {
            written.push((*key, *value));
            Ok(())
        })
        .unwrap();
        assert_eq!(written, [("a", 2)]);
        kept.put("a", 3);
        kept.forget_changes();
        assert_eq!(kept.get(&"a", || Ok(Some(2))).unwrap(), Some(&2));
        kept.put("b", 1);
        assert!(kept.write(|_, _| Err(StoreError::Failed("full".to_owned()))).is_err());
        kept.forget_changes();
        assert_eq!(kept.get(&"b", || Ok(None)).unwrap(), None);
    }

    #[test]
    fn a_record_counts_once_however_often_it_changes() {
        let mut kept = Kept::default();
        kept.put("other", 1);
        for _ in 0..3 {
            kept.take(&"heavy", || Ok(None)).unwrap();
            kept.put("heavy", GENERATION - 2);
            kept.put("heavy", GENERATION - 1);
            kept.write(|_, _| Ok(())).unwrap();
        }
        assert_eq!((kept.weight, kept.young.len()), (GENERATION, 2));
        kept.put("heavy", 5);
        kept.forget_changes();
        assert_eq!((kept.weight, kept.young.len()), (1, 1));
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten_after_a_generation() {
        let mut kept = Kept::default();
        for (key, weight) in [("used", 1), ("unused", 1), ("heavy", GENERATION)] {
            kept.put(key, weight);
        }
        let write = |kept: &mut Kept<_, _>| kept.write(|_, _| Ok(())).unwrap();
        write(&mut kept);
        assert_eq!(kept.get(&"used", || Ok(None)).unwrap(), Some(&1));
        kept.put("heavy", GENERATION);
        write(&mut kept);
        assert_eq!(kept.get(&"used", || Ok(None)).unwrap(), Some(&1));
        assert_eq!(kept.get(&"unused", || Ok(None)).unwrap(), None);
    }
}
