//! What a measurement was taken on.

use std::process::{Command, Stdio};

use serde::Serialize;

/// The machine, as far as it tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Machine {
    /// Name of its processor.
    pub(crate) cpu: Option<String>,
    /// How many threads run at the same time.
    pub(crate) cores: usize,
    /// Operating system and architecture.
    pub(crate) system: String,
    /// Release of the kernel.
    pub(crate) kernel: Option<String>,
}

impl Machine {
    /// This machine.
    pub(crate) fn here() -> Self {
        let text = |path| std::fs::read_to_string(path).ok();
        Self {
            cpu: text("/proc/cpuinfo").as_deref().and_then(cpu),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            kernel: text("/proc/sys/kernel/osrelease").map(|release| release.trim().to_owned()),
        }
    }
}

fn cpu(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
}

/// The commit that is checked out where the bench is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Revision {
    /// Its id.
    pub(crate) commit: String,
    /// Whether files differ from it.
    pub(crate) modified: bool,
}

impl Revision {
    /// The one of the current directory; none outside of a repository or without git.
    pub(crate) fn here() -> Option<Self> {
        let commit = git(&["rev-parse", "HEAD"])?.trim().to_owned();
        let modified = git(&["status", "--porcelain"]).is_none_or(|files| !files.trim().is_empty());
        Some(Self { commit, modified })
    }
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_has_a_name() {
        assert_eq!(
            cpu("processor\t: 0\nmodel\t\t: 17\nmodel name\t: Some CPU @ 2 GHz\n").as_deref(),
            Some("Some CPU @ 2 GHz")
        );
        assert_eq!(cpu("Processor : ARM\n"), None);
    }
}
