//! How values stand in columns.

use jiff::Timestamp;

/// Nanoseconds since 1970; what does not fit stands at the end of the range, so that order is kept.
pub(super) fn from_time(time: Timestamp) -> i64 {
    let nanoseconds = time.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}

/// The time that [`from_time`] wrote; the ends of the range are the ends of time.
pub(super) fn to_time(nanoseconds: i64) -> Timestamp {
    match nanoseconds {
        i64::MIN => Timestamp::MIN,
        i64::MAX => Timestamp::MAX,
        _ => Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(Timestamp::MAX),
    }
}

/// A number of rows; more than there can be is all of them.
pub(super) fn from_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back_to_the_nanosecond_and_the_ends_of_time_are_kept() {
        let times = ["-009999-01-02T01:59:59Z", "1677-09-22T00:00:00Z", "2024-01-02T15:00:00.123456789Z"];
        for time in times.iter().skip(1).map(|text| text.parse::<Timestamp>().unwrap()) {
            assert_eq!(to_time(from_time(time)), time);
        }
        for end in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(to_time(from_time(end)), end);
        }
        let late: Timestamp = "5000-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(to_time(from_time(late)), Timestamp::MAX);
    }
}
