//! The JSON of an answer, read without keeping more of it than is needed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// How many of the elements of a result are looked at; the others are only counted.
pub(super) const SHOWN: usize = 3;

/// The whole answer.
#[derive(Debug, Deserialize)]
pub(super) struct Body<'a> {
    /// `success` or `error`.
    #[serde(borrow)]
    pub(super) status: Cow<'a, str>,
    /// Present on success.
    #[serde(borrow, default)]
    pub(super) data: Option<Data<'a>>,
    /// Kind of error, for instance `bad_data`.
    #[serde(default, rename = "errorType")]
    pub(super) error_type: Option<String>,
    /// The error in words.
    #[serde(default)]
    pub(super) error: Option<String>,
}

/// What the query came to.
#[derive(Debug, Deserialize)]
pub(super) struct Data<'a> {
    /// `vector`, `matrix`, `scalar` or `string`.
    #[serde(borrow, rename = "resultType")]
    pub(super) result_type: Cow<'a, str>,
    /// The elements.
    #[serde(borrow)]
    pub(super) result: Elements<'a>,
}

/// The elements of a result: the first few, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Elements<'a> {
    /// The first ones, at most [`SHOWN`]. What is no sample, as in a scalar, is left out.
    pub(super) first: Vec<Sample<'a>>,
    /// How many there are in all.
    pub(super) count: usize,
}

/// One series of a vector.
#[derive(Debug, Deserialize)]
pub(super) struct Sample<'a> {
    /// Its labels.
    #[serde(default)]
    pub(super) metric: BTreeMap<String, String>,
    /// Time and value. A native histogram has none.
    #[serde(borrow, default)]
    pub(super) value: Option<Point<'a>>,
}

/// Time and value; the value is text because JSON has no NaN.
#[derive(Debug, Deserialize)]
pub(super) struct Point<'a>(IgnoredAny, #[serde(borrow)] pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ElementsVisitor)
    }
}

struct ElementsVisitor;

impl<'de> Visitor<'de> for ElementsVisitor {
    type Value = Elements<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the elements of a result")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Elements::default()) // an empty list, as some servers write it
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Elements::default();
        while elements.count < SHOWN {
            match list.next_element()? {
                Some(Element(sample)) => elements.first.extend(sample),
                None => return Ok(elements),
            }
            elements.count += 1;
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            elements.count += 1;
        }
        Ok(elements)
    }
}

/// An element: a sample, or the plain time or value of a scalar or a string.
struct Element<'a>(Option<Sample<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Element<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ElementVisitor)
    }
}

struct ElementVisitor;

impl<'de> Visitor<'de> for ElementVisitor {
    type Value = Element<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a sample, a number or a text")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Sample::deserialize(MapAccessDeserializer::new(map)).map(|sample| Element(Some(sample)))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Element(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Element(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Element(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Element(None))
    }
}
