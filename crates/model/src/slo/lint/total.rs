//! Findings about the score to reach.

use crate::diagnostic::Diagnostic;
use crate::number;
use crate::slo::ReadSlo;

pub(super) fn findings(read: &ReadSlo) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let Some(block) = &read.file.total_score else { return findings };
    let total = &read.slo.total_score;
    let scored = || read.slo.objectives.iter().filter(|objective| !objective.is_informational());
    let sum = |weights: &mut dyn Iterator<Item = i64>| weights.map(|weight| weight as f64).sum::<f64>();
    let maximum = sum(&mut scored().map(|objective| objective.weight));
    let with_targets = scored().filter(|objective| objective.pass.iter().any(|group| !group.criteria.is_empty()));
    let reachable = if maximum == 0.0 { 100.0 } else { 100.0 * sum(&mut with_targets.map(|o| o.weight)) / maximum };
    if let Some(pass) = &block.value.pass {
        if total.pass > reachable {
            let message = format!("the score cannot exceed {}, so this is never reached", number::display(reachable));
            findings.push(Diagnostic::warning("SLO103", pass.span, message).help("a usual value is 90%"));
        } else if total.pass > 0.0 && total.pass <= 1.0 {
            let message = format!("this is {} per cent of the points", number::display(total.pass));
            let help = format!("scores are per cent: '{}%' may be meant", number::display(total.pass * 100.0));
            findings.push(Diagnostic::warning("SLO131", pass.span, message).help(help));
        } else if total.pass <= 0.0 {
            let message = "every score reaches this, so nothing but a key SLI can fail";
            findings.push(Diagnostic::warning("SLO129", pass.span, message).help("a usual value is 90%"));
        }
    }
    if let (Some(text), Some(warning)) = (&block.value.warning, total.warning) {
        if warning >= total.pass {
            let message = "a warning from this score on has no effect: from the passing score on it is a pass";
            findings.push(Diagnostic::warning("SLO101", text.span, message).help("it must be below the score to pass"));
        } else if warning <= 0.0 {
            let message = "every score reaches this, so the gate never fails but by a key SLI";
            findings.push(Diagnostic::warning("SLO129", text.span, message).help("a usual value is 75%"));
        }
    }
    if !read.slo.objectives.is_empty() && scored().next().is_none() {
        let message = "no objective has 'pass' criteria, so every evaluation passes with 100";
        findings.push(Diagnostic::warning("SLO130", block.span, message).help("add 'pass:' to an objective"));
    }
    findings
}
