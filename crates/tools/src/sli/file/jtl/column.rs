//! What `JMeter` saves of a sample, and what it calls it.

/// Something that is saved of each sample, if `JMeter` is told to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Start,
    Elapsed,
    Latency,
    Connect,
    Bytes,
    SentBytes,
    Label,
    Thread,
    Code,
    Message,
    Success,
    SampleCount,
}

impl Column {
    pub(super) const ALL: [Self; 12] = [
        Self::Start,
        Self::Elapsed,
        Self::Latency,
        Self::Connect,
        Self::Bytes,
        Self::SentBytes,
        Self::Label,
        Self::Thread,
        Self::Code,
        Self::Message,
        Self::Success,
        Self::SampleCount,
    ];

    /// Column of the CSV, attribute in the XML, and the setting below `jmeter.save.saveservice.` that saves it.
    fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Start => ("timeStamp", "ts", "timestamp_format=ms"),
            Self::Elapsed => ("elapsed", "t", "time=true"),
            Self::Latency => ("Latency", "lt", "latency=true"),
            Self::Connect => ("Connect", "ct", "connect_time=true"),
            Self::Bytes => ("bytes", "by", "bytes=true"),
            Self::SentBytes => ("sentBytes", "sby", "sent_bytes=true"),
            Self::Label => ("label", "lb", "label=true"),
            Self::Thread => ("threadName", "tn", "thread_name=true"),
            Self::Code => ("responseCode", "rc", "response_code=true"),
            Self::Message => ("responseMessage", "rm", "response_message=true"),
            Self::Success => ("success", "s", "successful=true"),
            Self::SampleCount => ("SampleCount", "sc", "sample_count=true"),
        }
    }

    /// Its name in the header of a CSV.
    pub(super) fn header(self) -> &'static str {
        self.names().0
    }

    /// Its name as an attribute in XML.
    pub(super) fn attribute(self) -> &'static str {
        self.names().1
    }

    /// The column of an attribute in XML. Asked for each attribute of each sample, hence no search through the names.
    pub(super) fn of_attribute(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"ts" => Self::Start,
            b"t" => Self::Elapsed,
            b"lt" => Self::Latency,
            b"ct" => Self::Connect,
            b"by" => Self::Bytes,
            b"sby" => Self::SentBytes,
            b"lb" => Self::Label,
            b"tn" => Self::Thread,
            b"rc" => Self::Code,
            b"rm" => Self::Message,
            b"s" => Self::Success,
            b"sc" => Self::SampleCount,
            _ => return None,
        })
    }

    /// The property of `JMeter` that has it saved.
    pub(super) fn property(self) -> String {
        format!("jmeter.save.saveservice.{}", self.names().2)
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Columns(u16);

impl Columns {
    pub(super) fn of(columns: impl IntoIterator<Item = Column>) -> Self {
        Self(columns.into_iter().fold(0, |bits, column| bits | column.bit()))
    }

    pub(super) fn has(self, column: Column) -> bool {
        self.0 & column.bit() != 0
    }

    /// What is in both.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_by_the_names_that_messages_show() {
        for column in Column::ALL {
            assert_eq!(Column::of_attribute(column.attribute().as_bytes()), Some(column));
        }
        assert_eq!(Column::of_attribute(b"na"), None);
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        let set = Columns::of([Column::Start, Column::SampleCount]);
        for column in Column::ALL {
            assert_eq!(set.has(column), matches!(column, Column::Start | Column::SampleCount), "{column:?}");
        }
        assert!(!set.and(Columns::of([Column::Start])).has(Column::SampleCount));
    }
}
