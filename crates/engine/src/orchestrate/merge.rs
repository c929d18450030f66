//! How the data of events become one (contract: core.md 3.4, but for corners 20 and 21 of section 9).

use serde_json::{Map, Value};

/// Lays `new` over `old`: maps key by key; of lists the new elements first, equal ones once; otherwise the newer value
/// counts. A null is no answer: it empties a text and leaves everything else as it was.
pub fn merge(old: &mut Value, new: &Value) {
    match (&mut *old, new) {
        (Value::Object(old), Value::Object(new)) => merge_maps(old, new),
        (Value::Array(old), Value::Array(new)) => {
            let mut union: Vec<Value> = Vec::with_capacity(old.len() + new.len());
            for element in new.iter().chain(old.iter()) {
                if !union.contains(element) {
                    union.push(element.clone());
                }
            }
            *old = union;
        }
        (Value::String(old), Value::Null) => old.clear(),
        (_, Value::Null) => {}
        (old, new) => *old = new.clone(),
    }
}

/// Lays the entries of one map over those of another.
pub(super) fn merge_maps(old: &mut Map<String, Value>, new: &Map<String, Value>) {
    for (key, value) in new {
        match old.get_mut(key) {
            Some(slot) => merge(slot, value),
            None => {
                old.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn merged(mut old: Value, new: &Value) -> Value {
        merge(&mut old, new);
        old
    }

    #[test]
    fn values_of_each_kind() {
        let cases = [
            (json!({"a": {"x": 1}}), json!({"a": {"y": 2}}), json!({"a": {"x": 1, "y": 2}})),
            (json!(["b"]), json!(["a"]), json!(["a", "b"])),
            (json!("old"), json!("new"), json!("new")),
            (json!("old"), json!(null), json!("")),
            (json!(["a"]), json!(null), json!(["a"])),
            (json!({"a": 1}), json!(null), json!({"a": 1})),
            (json!(1), json!(null), json!(1)),
            (json!(null), json!("new"), json!("new")),
            (json!({"a": 1}), json!("text"), json!("text")),
            (json!("text"), json!({"a": 1}), json!({"a": 1})),
        ];
        for (old, new, expected) in cases {
            assert_eq!(merged(old.clone(), &new), expected, "{old} ⊕ {new}");
        }
    }

    #[test]
    fn corner_20_newer_numbers_and_booleans_win() {
        assert_eq!(
            merged(json!({"actionIndex": 0, "ok": false}), &json!({"actionIndex": 1, "ok": true})),
            json!({"actionIndex": 1, "ok": true})
        );
    }

    #[test]
    fn corner_21_lists_do_not_grow_by_what_they_hold_already() {
        let uris = json!(["http://a", "http://b"]);
        assert_eq!(merged(uris.clone(), &uris), uris);
        assert_eq!(merged(json!(["a"]), &json!(["b", "a"])), json!(["b", "a"]));
    }

    /// A list as tools send them: what stands in it twice is no longer twice once it was merged.
    fn once_each(elements: Vec<Value>) -> Value {
        let mut list: Vec<Value> = Vec::new();
        for element in elements {
            if !list.contains(&element) {
                list.push(element);
            }
        }
        Value::from(list)
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(once_each),
                prop::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn merging_twice_is_merging_once(old in any_json(), new in any_json()) {
            let once = merged(old, &new);
            prop_assert_eq!(merged(once.clone(), &new), once);
        }
    }
}
