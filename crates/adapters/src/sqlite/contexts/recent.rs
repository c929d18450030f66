//! What a question looks at beside the table.

/// What a transaction knows of entries that the table may not hold.
pub(in super::super) trait Recent {
    /// Positions under a key, behind one; some of them may be in the table, or be those of rows that are not there.
    fn positions(&self, key: i64, after: i64) -> Vec<i64>;

    /// The same for `json_each`.
    fn listed(&self, key: i64, after: i64) -> String {
        serde_json::Value::from(self.positions(key, after)).to_string()
    }
}
