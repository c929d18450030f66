//! How figures stand in the tables of all benches.

use super::contention::Contention;
use super::spread::Spread;

/// What else wanted the machine, where a row is marked for it.
pub(crate) fn contended(is_marked: bool, contention: &Contention) -> String {
    if !is_marked {
        return String::new();
    }
    let cpu = contention.foreign_cpu.map(|share| format!(" cpu {:.0} %", share * 100.0));
    let io = contention.io_pressure.map(|share| format!(" io {share:.0} %"));
    format!("contended:{}{}", cpu.unwrap_or_default(), io.unwrap_or_default())
}

/// Least, middle and greatest.
pub(crate) fn spread(Spread { min, median, max }: Spread) -> String {
    format!("{} / {} / {}", short(min), short(median), short(max))
}

/// Three digits or all before the point.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        size if size < 9.995 => format!("{value:.2}"),
        size if size < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        let shown = [0.046, -0.5, 9.994, 9.996, 12.34, 99.96, 1234.5].map(short);
        assert_eq!(shown, ["0.05", "-0.50", "9.99", "10.0", "12.3", "100", "1234"]);
    }
}
