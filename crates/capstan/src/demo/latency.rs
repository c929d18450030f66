//! How long a request of the sample service takes, and whether it fails: drawn from a curve, the same on each run.

use std::time::Duration;

/// One release of the sample service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Build {
    /// Its version, the value of the label `build`.
    pub(crate) version: &'static str,
    /// How long its requests take.
    pub(crate) latency: Latency,
    /// Share of its requests that are answered with 500, 0 to 1.
    pub(crate) error_share: f64,
}

/// A distribution of response times in milliseconds, given by four of its quantiles in rising order; between two
/// of them it is even. That is the shape of most services: a crowd around the median and a long tail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Latency {
    /// The fastest answer.
    pub(crate) floor: f64,
    /// Half of the answers are faster.
    pub(crate) median: f64,
    /// 95 % of the answers are faster.
    pub(crate) p95: f64,
    /// The slowest answer.
    pub(crate) ceiling: f64,
}

impl Latency {
    /// The response time at `share` of the requests, in milliseconds; `share` runs from 0 to 1.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let knots = [(0.0, self.floor), (0.5, self.median), (0.95, self.p95), (1.0, self.ceiling)];
        for pair in knots.windows(2) {
            let [(from, low), (to, high)] = [pair[0], pair[1]];
            if share <= to {
                return low + (high - low) * ((share - from) / (to - from)).max(0.0);
            }
        }
        self.ceiling
    }
}

/// What one request will be like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fate {
    /// Time until the answer.
    pub(crate) delay: Duration,
    /// Whether the answer is 500 in place of 200.
    pub(crate) fails: bool,
}

/// The fates of a build's requests, one after another.
#[derive(Debug, Clone)]
pub(crate) struct Fates {
    build: Build,
    state: u64,
}

impl Fates {
    /// Every build begins at the same seed: two builds with the same curve treat the same number of requests the
    /// same, so that chance in the draw is no part of what the gate sees.
    pub(crate) fn new(build: Build) -> Self {
        Self { build, state: 3 }
    }

    /// An even number from 0 up to, but not including, 1.
    fn even(&mut self) -> f64 {
        // A linear congruential generator: odd increment and a multiplier that leaves 1 when divided by 4 give it
        // the full period. The high bits are the good ones, and 53 of them fill a double.
        self.state = self.state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        (self.state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl Iterator for Fates {
    type Item = Fate;

    /// Never ends.
    fn next(&mut self) -> Option<Fate> {
        let share = self.even();
        let millis = self.build.latency.quantile(share);
        let fails = self.even() < self.build.error_share;
        Some(Fate { delay: Duration::from_secs_f64(millis.max(0.0) / 1000.0), fails })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILD: Build = Build {
        version: "1.0",
        latency: Latency { floor: 2.0, median: 8.0, p95: 20.0, ceiling: 40.0 },
        error_share: 0.02,
    };

    #[test]
    fn the_curve_goes_through_its_quantiles() {
        let cases =
            [(-1.0, 2.0), (0.0, 2.0), (0.25, 5.0), (0.5, 8.0), (0.95, 20.0), (0.975, 30.0), (1.0, 40.0), (2.0, 40.0)];
        for (share, millis) in cases {
            let drawn = BUILD.latency.quantile(share);
            assert!((drawn - millis).abs() < 1e-9, "{share}: {drawn} in place of {millis}");
        }
    }

    #[test]
    fn fates_are_the_same_each_time_and_follow_the_curve() {
        let fates: Vec<Fate> = Fates::new(BUILD).take(20_000).collect();
        assert_eq!(fates[..100], Fates::new(BUILD).take(100).collect::<Vec<_>>());
        let share = |holds: &dyn Fn(&Fate) -> bool| fates.iter().filter(|&fate| holds(fate)).count() as f64 / 20_000.0;
        let faster = share(&|fate| fate.delay < Duration::from_millis(20));
        assert!((faster - 0.95).abs() < 0.01, "{faster} below the 95th percentile");
        let failing = share(&|fate| fate.fails);
        assert!((failing - 0.02).abs() < 0.005, "{failing} fail");
    }
}
