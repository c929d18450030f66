//! From a value to limits that fit it.

use super::proposal::{Kind, Scale};

/// From here on a share of failures is one that nobody means to keep up.
const HIGH: f64 = 0.1;

/// What an objective asks of a value, in the notation of `slo.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criteria {
    /// Criteria that must all be met; not empty.
    pub pass: Vec<String>,
    /// Criteria for half of the points; perhaps none.
    pub warning: Vec<String>,
    /// How many points it is worth.
    pub weight: u32,
    /// Whether everything fails with it.
    pub key: bool,
    /// Where the limits come from, as a sentence.
    pub why: String,
}

impl Criteria {
    fn new(pass: impl IntoIterator<Item = String>, why: &str) -> Self {
        Self { pass: pass.into_iter().collect(), warning: Vec::new(), weight: 1, key: false, why: why.to_owned() }
    }
}

/// Limits for an indicator that was `seen`; nothing where it should only be shown, as any value would do or a limit
/// cannot be told from this one.
pub fn criteria(kind: Kind, seen: f64) -> Option<Criteria> {
    if !seen.is_finite() || seen < 0.0 {
        return None;
    }
    match kind {
        Kind::Latency if seen > 0.0 => Some(Criteria {
            warning: vec![at_most(round_up(seen * 2.0)?)],
            weight: 2,
            ..Criteria::new(
                ["<=+10%".to_owned(), at_most(round_up(seen * 1.5)?)],
                "Limits: 10 % more than before and 1.5 times what was seen; 2 times for half of the points.",
            )
        }),
        Kind::Median if seen > 0.0 => Some(Criteria::new(
            ["<=+10%".to_owned(), at_most(round_up(seen * 1.5)?)],
            "Limits: 10 % more than before and 1.5 times what was seen.",
        )),
        Kind::ErrorRate(scale) => error_rate(scale, seen),
        Kind::SuccessRate if seen > 0.0 => Some(Criteria {
            weight: 2,
            key: true,
            ..Criteria::new([format!(">={}", round_down(seen)?)], "Limit: no worse than what was seen.")
        }),
        Kind::Failures => Some(Criteria::new([at_most(seen)], "Limit: no worse than what was seen.")),
        Kind::Resource if seen > 0.0 => Some(Criteria::new(["<=+20%".to_owned()], "Limit: 20 % more than before.")),
        _ => None,
    }
}

/// Limits for an indicator of which only the name is known, where nothing else is there to be judged.
pub fn unchanged(seen: f64) -> Option<Criteria> {
    let criteria = ["<=+20%", ">=-20%"].map(str::to_owned);
    let why = "Limits: 20 % more or less than before, since the name does not tell which of them is worse.";
    (seen.is_finite() && seen > 0.0).then(|| Criteria::new(criteria, why))
}

fn error_rate(scale: Scale, seen: f64) -> Option<Criteria> {
    let (least, all, one_percent) = match scale {
        Scale::Share => (0.01, 1.0, "0.01"),
        Scale::Percent => (1.0, 100.0, "1 %"),
        Scale::Unknown => (0.0, if seen <= 1.0 { 1.0 } else { 100.0 }, ""),
    };
    let criteria = |limit: f64, why: &str| Criteria { weight: 2, key: true, ..Criteria::new([at_most(limit)], why) };
    if seen > HIGH * all {
        let why = match scale {
            Scale::Unknown => "Limit: no worse than what was seen.",
            _ => "Limit: no worse than what was seen. That is a lot: lower the limit when the cause is found.",
        };
        return Some(criteria(round_up(seen)?, why));
    }
    let limit = round_up(seen * 2.0)?.max(least);
    let why = match (limit > least, one_percent) {
        (true, _) => "Limit: twice what was seen; twice that for half of the points.".to_owned(),
        (false, "") => "Limit: 0, since nothing failed.".to_owned(),
        (false, least) => {
            format!("Limit: {least}, since at most half of that was seen; twice that for half of the points.")
        }
    };
    let warning = if limit > 0.0 { vec![at_most(round_up(limit * 2.0)?)] } else { Vec::new() };
    Some(Criteria { warning, ..criteria(limit, &why) })
}

fn at_most(limit: f64) -> String {
    format!("<={limit}")
}

/// `value` with two significant digits, the last of them raised where something follows. 0 stays 0.
fn round_up(value: f64) -> Option<f64> {
    rounded(value, |digits| (digits * (1.0 - 1e-9)).ceil())
}

/// `value` with two significant digits, what follows cut off. 0 stays 0.
fn round_down(value: f64) -> Option<f64> {
    rounded(value, |digits| (digits * (1.0 + 1e-9)).floor())
}

/// `round` gets a number from 10 to 100. It should forgive the error of a multiplication: 0.1 · 1.5 is no 0.16.
fn rounded(value: f64, round: impl Fn(f64) -> f64) -> Option<f64> {
    if value == 0.0 {
        return Some(0.0);
    }
    // What is that small has too few digits itself.
    if !value.is_finite() || value < 1e-300 {
        return None;
    }
    let exponent = value.log10().floor() as i32 - 1;
    let digits = round(value / 10_f64.powi(exponent));
    // By way of text, since a product would be a little beside the number that has these digits.
    format!("{digits}e{exponent}").parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_digits_are_left() {
        for (value, up, down) in [
            (0.0, 0.0, 0.0),
            (1.0, 1.0, 1.0),
            (0.1 * 1.5, 0.15, 0.15),
            (0.151, 0.16, 0.15),
            (0.29 * 100.0, 29.0, 29.0),
            (99.5, 100.0, 99.0),
            (999.999_999_999_999_9, 1000.0, 1000.0),
            (1234.5, 1300.0, 1200.0),
            (0.000_012_31, 0.000_013, 0.000_012),
            (1.0e22, 1.0e22, 1.0e22),
        ] {
            assert_eq!((round_up(value), round_down(value)), (Some(up), Some(down)), "{value}");
        }
        assert_eq!(round_up(f64::INFINITY), None);
        assert_eq!(round_up(f64::MAX), None);
        assert_eq!(round_up(5e-324), None);
    }

    fn shown(kind: Kind, seen: f64) -> String {
        match criteria(kind, seen) {
            Some(Criteria { pass, warning, .. }) => format!("{} | {}", pass.join(" "), warning.join(" ")),
            None => "informational".to_owned(),
        }
    }

    #[test]
    fn limits_fit_what_was_seen() {
        for (kind, seen, limits) in [
            (Kind::Latency, 0.0936, "<=+10% <=0.15 | <=0.19"),
            (Kind::Latency, 200.0, "<=+10% <=300 | <=400"),
            (Kind::Latency, 0.000_003, "<=+10% <=0.0000045 | <=0.000006"),
            (Kind::Latency, 0.0, "informational"),
            (Kind::Latency, -1.0, "informational"),
            (Kind::Median, 0.05, "<=+10% <=0.075 | "),
            (Kind::Median, 0.0, "informational"),
            (Kind::Latency, f64::NAN, "informational"),
            (Kind::Latency, 1.7e308, "informational"),
            (Kind::ErrorRate(Scale::Percent), 0.0, "<=1 | <=2"),
            (Kind::ErrorRate(Scale::Percent), 0.5, "<=1 | <=2"),
            (Kind::ErrorRate(Scale::Percent), 0.5123, "<=1.1 | <=2.2"),
            (Kind::ErrorRate(Scale::Percent), 10.0, "<=20 | <=40"),
            (Kind::ErrorRate(Scale::Percent), 61.3, "<=62 | "),
            (Kind::ErrorRate(Scale::Percent), 100.0, "<=100 | "),
            (Kind::ErrorRate(Scale::Share), 0.0347, "<=0.07 | <=0.14"),
            (Kind::ErrorRate(Scale::Share), 0.0, "<=0.01 | <=0.02"),
            (Kind::ErrorRate(Scale::Share), 1.0, "<=1 | "),
            (Kind::ErrorRate(Scale::Unknown), 0.0, "<=0 | "),
            (Kind::ErrorRate(Scale::Unknown), 0.04, "<=0.08 | <=0.16"),
            (Kind::ErrorRate(Scale::Unknown), 3.0, "<=6 | <=12"),
            (Kind::SuccessRate, 0.9333, ">=0.93 | "),
            (Kind::SuccessRate, 1.0, ">=1 | "),
            (Kind::SuccessRate, 0.0, "informational"),
            (Kind::Failures, 0.0, "<=0 | "),
            (Kind::Failures, 2.0, "<=2 | "),
            (Kind::Resource, 58e6, "<=+20% | "),
            (Kind::Resource, 0.0, "informational"),
            (Kind::Information, 5.0, "informational"),
            (Kind::Unknown, 5.0, "informational"),
        ] {
            assert_eq!(shown(kind, seen), limits, "{kind:?} {seen}");
        }
        assert_eq!(unchanged(1.0).map(|criteria| criteria.pass.len()), Some(2));
        assert_eq!((unchanged(0.0), unchanged(-1.0)), (None, None));
    }

    proptest! {
        #[test]
        fn rounding_up_is_up_and_not_far(value in 1e-290_f64..1e290) {
            let (up, down) = (round_up(value).unwrap(), round_down(value).unwrap());
            prop_assert!(up >= value * (1.0 - 1e-8) && up <= value * 1.1 * (1.0 + 1e-8), "{up}");
            prop_assert!(down <= value * (1.0 + 1e-8) && down >= value * 0.9, "{down}");
            let digits = format!("{up:e}").split('e').next().unwrap().replace('.', "").len();
            prop_assert!(digits <= 2, "{up}");
        }
    }
}
