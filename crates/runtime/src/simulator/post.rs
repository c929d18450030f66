//! What is said to the server comes late, twice, or after what was said later.

use jiff::SignedDuration;

/// How a message goes wrong on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// It comes so much later; with zero behind all that comes at the same time.
    Late(SignedDuration),
    /// It comes, and comes again so much later, as it was.
    Twice(SignedDuration),
}

/// What is to go wrong with messages.
#[derive(Debug, Default)]
pub(super) struct Post {
    /// Each with the number of messages that go well before.
    ordered: Vec<(u32, Mishap)>,
}

impl Post {
    pub(super) fn order(&mut self, skip: u32, mishap: Mishap) {
        self.ordered.push((skip, mishap));
    }

    pub(super) fn forget(&mut self) {
        self.ordered.clear();
    }

    /// A message is on its way; what goes wrong with it.
    pub(super) fn meet(&mut self) -> Option<Mishap> {
        let mut met = None;
        for (at, (skip, _)) in self.ordered.iter_mut().enumerate() {
            if *skip > 0 {
                *skip -= 1;
            } else if met.is_none() {
                met = Some(at);
            }
        }
        met.map(|at| self.ordered.remove(at).1)
    }
}
