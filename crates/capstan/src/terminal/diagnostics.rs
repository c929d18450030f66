//! A file's diagnostics, drawn with the lines that they are about.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use capstan_model::diagnostic::Severity;

use super::Style;
use crate::failure::CheckedFile;

/// Draws everything that was found in a file, each with its place.
pub(crate) fn draw(file: &CheckedFile, style: Style) -> String {
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let path = file.path.display().to_string();
    let mut drawn = String::new();
    for diagnostic in &file.diagnostics {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let span = boundary(&file.text, diagnostic.span.start)..boundary(&file.text, diagnostic.span.end);
        let snippet =
            Snippet::source(file.text.as_str()).path(path.as_str()).annotation(AnnotationKind::Primary.span(span));
        let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
        let mut group = title.element(snippet);
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        drawn.push_str(&renderer.render(&[group]));
        drawn.push_str("\n\n");
    }
    drawn
}

/// The nearest place at or before an offset where a character begins.
fn boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
