//! The writer is busy for a while: what is said to it meanwhile is carried out in one step afterwards.

use jiff::SignedDuration;

use super::agenda::Act;
use super::world::World;

impl World {
    /// The writer is busy for so long.
    pub fn be_busy(&mut self, span: SignedDuration) {
        let until = self.elapsed.saturating_add(span);
        self.room.get_or_insert_default();
        self.timers_from = self.timers_from.max(until);
        self.agenda.plan(until, Act::Serve);
    }

    /// It takes everything that waits; claims that would wait come last, as with the writer.
    pub(super) fn serve(&mut self) {
        let mut batch = self.room.take().unwrap_or_default();
        if batch.is_empty() {
            return;
        }
        batch.sort_by_key(|(act, _)| matches!(act, Act::Ask { .. }));
        let (acts, commands): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        self.tally.add("batched", acts.len() as u64);
        for act in &acts {
            self.note_live(act);
        }
        match self.carry_out_together(&commands) {
            Ok(replies) => {
                for (act, reply) in acts.into_iter().zip(replies) {
                    self.is_told(act, reply);
                }
            }
            Err(error) => {
                for act in acts {
                    self.is_told(act, Err(error.clone().into()));
                }
            }
        }
    }

    /// The process has died: whoever waits for an answer of it, or for something to do, comes again.
    pub(super) fn nobody_is_answered(&mut self) {
        for (act, _) in self.room.take().unwrap_or_default() {
            self.say_again(act);
        }
        self.waiting.clear();
        for tool in std::mem::take(&mut self.waiters) {
            self.say_again(Act::Ask { tool, key: String::new() });
        }
    }
}
