//! Whether anything else wants the machine: a figure that was taken beside other work is marked, not refused.

use std::time::Duration;

use serde::Serialize;

/// How long CPU use is looked at. Times are counted in hundredths of a second, so this tells single per cent.
const LOOK: Duration = Duration::from_millis(500);
/// Share of the CPU time of all cores, from 0 to 1, that others may use without being noted.
const FOREIGN_CPU: f64 = 0.10;
/// Share of the last ten seconds, in per cent, in which some process may wait for I/O without being noted.
const IO_PRESSURE: f64 = 5.0;

/// What else went on shortly before a measurement. A system that does not tell has no figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Contention {
    /// Share of the CPU time of all cores, from 0 to 1, that went to other processes. Those that this one started and
    /// that idle meanwhile are among them.
    pub(crate) foreign_cpu: Option<f64>,
    /// Share of the last ten seconds, in per cent, in which some process waited for I/O.
    pub(crate) io_pressure: Option<f64>,
}

impl Contention {
    /// Looks for half a second. To be called while this process does nothing else.
    pub(crate) fn look() -> Self {
        let read = || Some((Ticks::of_machine(&text("/proc/stat")?)?, own_ticks(&text("/proc/self/stat")?)?));
        let before = read();
        std::thread::sleep(LOOK);
        let foreign_cpu = before.zip(read()).and_then(|((before, own_before), (after, own_after))| {
            foreign_share(before.until(after)?, own_after.saturating_sub(own_before))
        });
        Self { foreign_cpu, io_pressure: text("/proc/pressure/io").as_deref().and_then(io_pressure) }
    }

    /// Whether others took so much that a measurement beside them is not one of a quiet machine.
    pub(crate) fn contended(&self) -> bool {
        self.foreign_cpu.is_some_and(|share| share > FOREIGN_CPU)
            || self.io_pressure.is_some_and(|share| share > IO_PRESSURE)
    }
}

fn text(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// CPU time of all cores in ticks of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ticks {
    total: u64,
    /// Without work; waiting for I/O is part of it.
    idle: u64,
}

impl Ticks {
    /// Since the start of the machine, from the text of `/proc/stat`.
    fn of_machine(stat: &str) -> Option<Self> {
        let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        // user nice system idle iowait irq softirq steal; what follows, time of guests, is in `user` already.
        let fields: Option<Vec<u64>> = line.split_whitespace().take(8).map(|field| field.parse().ok()).collect();
        let fields = fields?;
        Some(Self { total: fields.iter().sum(), idle: fields.get(3)? + fields.get(4)? })
    }

    fn until(self, later: Self) -> Option<Self> {
        // The kernel may take back time that it counted as idle.
        Some(Self { total: later.total.checked_sub(self.total)?, idle: later.idle.saturating_sub(self.idle) })
    }
}

/// CPU time of this process and its threads since its start in ticks of the clock, from `/proc/self/stat`.
fn own_ticks(stat: &str) -> Option<u64> {
    // The second field is the name in parentheses, which may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// Share of the time `spent` that neither was idle nor went to this process.
fn foreign_share(spent: Ticks, own: u64) -> Option<f64> {
    let foreign = spent.total.saturating_sub(spent.idle).saturating_sub(own);
    (spent.total > 0).then(|| foreign as f64 / spent.total as f64)
}

/// `avg10` of the line `some` of `/proc/pressure/io`.
fn io_pressure(pressure: &str) -> Option<f64> {
    let line = pressure.lines().find_map(|line| line.strip_prefix("some "))?;
    line.split_whitespace().find_map(|field| field.strip_prefix("avg10="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_what_is_not_idle_and_not_ours() {
        let before = Ticks::of_machine("cpu  100 0 50 800 20 0 5 3 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n").unwrap();
        assert_eq!(before, Ticks { total: 978, idle: 820 });
        let after = Ticks::of_machine("cpu  140 0 70 830 25 0 10 3 9 9\n").unwrap();
        let spent = before.until(after).unwrap();
        assert_eq!(spent, Ticks { total: 100, idle: 35 });
        assert_eq!(foreign_share(spent, 45), Some(0.2));
        assert_eq!(foreign_share(spent, 99), Some(0.0));
        assert_eq!(foreign_share(Ticks { total: 0, idle: 0 }, 0), None);
        assert_eq!(after.until(before), None);
    }

    #[test]
    fn texts_of_another_form_tell_nothing() {
        for text in ["", "intr 1 2", "cpu 1 2 3", "cpu  a b c d e f g h"] {
            assert_eq!(Ticks::of_machine(text), None, "{text}");
        }
        for text in ["", "12 (a", "12 (a) S 1 2 3"] {
            assert_eq!(own_ticks(text), None, "{text}");
        }
        for text in ["", "full avg10=9.00", "some avg60=1.00", "some avg10=x"] {
            assert_eq!(io_pressure(text), None, "{text}");
        }
    }

    #[test]
    fn own_time_is_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 151 0 0 0 31 11 2 1 20 0 3 0 100 1 2";
        assert_eq!(own_ticks(stat), Some(42));
    }

    #[test]
    fn either_kind_marks() {
        let pressure = io_pressure("some avg10=5.01 avg60=0.20 avg300=0.10 total=1\nfull avg10=0.00 avg60=0.00\n");
        assert_eq!(pressure, Some(5.01));
        let contended = |foreign_cpu, io_pressure| Contention { foreign_cpu, io_pressure }.contended();
        assert!(contended(None, pressure) && contended(Some(0.11), Some(0.0)));
        assert!(!contended(Some(0.10), Some(5.0)) && !contended(None, None));
    }
}
