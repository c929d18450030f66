//! A progress bar, on a terminal alone.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Tells a waiting person how far things are.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// One that shows itself on standard error, if that is a terminal.
    pub(crate) fn on_terminal() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::silent();
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        Self { bar }
    }

    /// One that shows nothing.
    pub(crate) fn silent() -> Self {
        Self { bar: ProgressBar::hidden() }
    }

    /// Says what is waited for.
    pub(crate) fn waiting(&self, words: &str) {
        self.bar.set_style(ProgressStyle::default_spinner());
        self.bar.set_message(words.to_owned());
        self.bar.enable_steady_tick(Duration::from_millis(100));
    }

    /// Begins to count things.
    pub(crate) fn begin(&self, count: u64, things: &str) {
        self.bar.disable_steady_tick();
        let style = ProgressStyle::with_template(&format!("{{bar:30}} {{pos}}/{{len}} {things}  {{elapsed}}"));
        self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.bar.set_length(count);
    }

    /// Counts one of them.
    pub(crate) fn advance(&self) {
        self.bar.inc(1);
    }

    /// Leaves the line as it was.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
