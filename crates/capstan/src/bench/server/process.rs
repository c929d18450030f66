//! What the system tells of a process.

/// What a process has used since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Usage {
    /// Seconds on a processor, in user and system mode.
    pub(super) cpu_seconds: Option<f64>,
    /// Bytes that it has had written to a disk.
    pub(super) written_bytes: Option<u64>,
}

impl Usage {
    /// Of the process with this id; nothing where the system does not tell.
    pub(super) fn of(id: u32) -> Self {
        let text = |name: &str| std::fs::read_to_string(format!("/proc/{id}/{name}")).ok();
        Self {
            cpu_seconds: text("stat").as_deref().and_then(cpu_seconds),
            written_bytes: text("io").as_deref().and_then(|io| field(io, "write_bytes")),
        }
    }

    /// What was used from `earlier` on.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            cpu_seconds: self.cpu_seconds.zip(earlier.cpu_seconds).map(|(now, then)| now - then),
            written_bytes: self.written_bytes.zip(earlier.written_bytes).map(|(now, then)| now.saturating_sub(then)),
        }
    }
}

/// What a process occupies now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Footprint {
    /// Resident memory in bytes.
    pub(super) resident_bytes: Option<u64>,
    /// The same, with what is shared counted in parts.
    pub(super) proportional_bytes: Option<u64>,
    pub(super) threads: Option<u64>,
    /// Open files and sockets.
    pub(super) files: Option<u64>,
}

impl Footprint {
    /// Of the process with this id; nothing where the system does not tell.
    pub(super) fn of(id: u32) -> Self {
        let text = |name: &str| std::fs::read_to_string(format!("/proc/{id}/{name}")).ok();
        let kib = |text: &Option<String>, name| field(text.as_deref()?, name).map(|kib| kib * 1_024);
        let (status, rollup) = (text("status"), text("smaps_rollup"));
        Self {
            resident_bytes: kib(&status, "VmRSS"),
            proportional_bytes: kib(&rollup, "Pss"),
            threads: status.as_deref().and_then(|status| field(status, "Threads")),
            files: std::fs::read_dir(format!("/proc/{id}/fd")).ok().map(|entries| entries.count() as u64),
        }
    }
}

/// From the text of `/proc/<id>/stat`, where times are counted in hundredths of a second.
fn cpu_seconds(stat: &str) -> Option<f64> {
    // The second field is the name in parentheses, which may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) as f64 / 100.0)
}

/// The number behind `name:` in a text of lines.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_bytes_are_found() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 151 0 0 0 31 11 2 1 20 0 3 0 100 1 2";
        assert_eq!(cpu_seconds(stat), Some(0.42));
        assert_eq!(cpu_seconds("7 (a"), None);
        let io = "rchar: 1\nwchar: 2\nread_bytes: 3\nwrite_bytes: 4096\ncancelled_write_bytes: 5\n";
        assert_eq!(field(io, "write_bytes"), Some(4096));
        assert_eq!(field("Pss_Dirty: 9 kB\nPss:   12 kB\n", "Pss"), Some(12));
        assert_eq!(field(io, "bytes"), None);
    }

    #[test]
    fn use_is_counted_from_an_earlier_look() {
        let earlier = Usage { cpu_seconds: Some(1.0), written_bytes: Some(10) };
        let later = Usage { cpu_seconds: Some(3.5), written_bytes: None };
        assert_eq!(later.since(earlier), Usage { cpu_seconds: Some(2.5), written_bytes: None });
    }
}
