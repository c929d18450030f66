//! Times and lengths of time, as people tell them.

use capstan_model::timeframe::display;
use jiff::{SignedDuration, Timestamp};

/// A time that has passed: as people tell it on a terminal, and exactly elsewhere.
pub(crate) fn when(time: Timestamp, now: Timestamp, on_terminal: bool) -> String {
    if !on_terminal {
        return display(time);
    }
    let age = now.duration_since(time);
    if age < SignedDuration::ZERO {
        return "in the future".to_owned();
    }
    format!("{} ago", rough(age))
}

/// A time that is to come, told likewise.
pub(crate) fn until(time: Timestamp, now: Timestamp, on_terminal: bool) -> String {
    let left = time.duration_since(now);
    match () {
        () if !on_terminal => display(time),
        () if left <= SignedDuration::ZERO => "now".to_owned(),
        () => format!("in {}", rough(left)),
    }
}

/// How long something took, in its two greatest units.
pub(crate) fn took(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    let (great, small) = match seconds {
        0 => return "<1 s".to_owned(),
        1..60 => return format!("{seconds} s"),
        60..3_600 => ((seconds / 60, "min"), (seconds % 60, "s")),
        3_600..86_400 => ((seconds / 3_600, "h"), (seconds / 60 % 60, "min")),
        _ => ((seconds / 86_400, "d"), (seconds / 3_600 % 24, "h")),
    };
    match small {
        (0, _) => format!("{} {}", great.0, great.1),
        _ => format!("{} {} {} {}", great.0, great.1, small.0, small.1),
    }
}

fn rough(length: SignedDuration) -> String {
    let (number, unit) = match length.as_secs() {
        seconds @ 0..60 => (seconds, "s"),
        seconds @ 60..3_600 => (seconds / 60, "min"),
        seconds @ 3_600..172_800 => (seconds / 3_600, "h"),
        seconds => (seconds / 86_400, "d"),
    };
    format!("{number} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn people_and_programs_are_told_differently() {
        assert_eq!(when(at(-190), at(0), true), "3 min ago");
        assert_eq!(when(at(5), at(0), true), "in the future");
        assert_eq!(until(at(7_300), at(0), true), "in 2 h");
        assert_eq!(until(at(-1), at(0), true), "now");
        assert_eq!(when(at(0), at(9), false), "2023-11-14T22:13:20.000Z");
        assert_eq!(until(at(0), at(9), false), "2023-11-14T22:13:20.000Z");
    }

    #[test]
    fn lengths_have_two_units_at_most() {
        let told =
            [0, 59, 60, 61, 3_599, 3_600, 90_000, 86_400 * 3].map(|seconds| took(SignedDuration::from_secs(seconds)));
        assert_eq!(told, ["<1 s", "59 s", "1 min", "1 min 1 s", "59 min 59 s", "1 h", "1 d 1 h", "3 d"]);
    }
}
