//! Sources of service level indicators.
