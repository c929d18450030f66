//! The event that begins a run.

use serde_json::{Map, Value, json};

use crate::client::{Assignment, assign};
use crate::failure::Failure;

/// Who sends it.
const SOURCE: &str = "capstan-trigger";

/// What a trigger says, as far as it was given.
#[derive(Debug)]
pub(super) struct Content<'a> {
    pub(super) labels: &'a [(String, String)],
    pub(super) image: Option<&'a str>,
    pub(super) data: &'a [Assignment],
}

impl Content<'_> {
    /// The data of the event but for what it is about.
    pub(super) fn data(&self) -> Result<Map<String, Value>, Failure> {
        let mut data = Map::new();
        if let Some(image) = self.image {
            data.insert("configurationChange".to_owned(), json!({ "values": { "image": image } }));
        }
        if !self.labels.is_empty() {
            let labels = self.labels.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
            data.insert("labels".to_owned(), Value::Object(labels.collect()));
        }
        assign(&mut data, self.data)?;
        match ["project", "stage", "service"].into_iter().find(|key| data.contains_key(*key)) {
            Some(key) => Err(Failure::with_help(
                format!("'{key}' cannot be given as data"),
                format!("say --{key} instead: the run is about it"),
            )),
            None => Ok(data),
        }
    }
}

/// The whole event; `about` is project, stage and service.
pub(super) fn event(id: &str, about: [&str; 3], sequence: &str, data: Map<String, Value>) -> Value {
    let [project, stage, service] = about;
    let mut whole = json!({ "project": project, "stage": stage, "service": service });
    data.into_iter().for_each(|(key, value)| whole[key.as_str()] = value);
    json!({
        "specversion": "1.0", "id": id, "source": SOURCE,
        "type": format!("sh.keptn.event.{stage}.{sequence}.triggered"), "data": whole,
    })
}

/// Reads the name of an image, so that a slip is told here and not by a tool minutes later.
pub(super) fn image(text: &str) -> Result<String, String> {
    let wrong = |why: &str| Err(format!("{why}; an image is a name such as ghcr.io/podtato-head/podtatoserver:0.1.1"));
    if text.is_empty() {
        return wrong("it is empty");
    }
    if text.contains("://") {
        return wrong("it is an address");
    }
    let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
    if digest.is_some_and(|digest| digest.split_once(':').is_none_or(|(kind, hash)| kind.is_empty() || hash.is_empty()))
    {
        return wrong("behind '@' stands a digest, such as sha256:0123...");
    }
    let last = name.rsplit('/').next().unwrap_or_default();
    if last.split_once(':').is_some_and(|(_, tag)| tag.is_empty()) {
        return wrong("there is no tag behind ':'");
    }
    let odd = text.chars().find(|c| !(c.is_ascii_alphanumeric() || "._-/:@+".contains(*c)));
    match odd {
        Some(odd) => wrong(&format!("'{odd}' cannot be in it")),
        None if name.split('/').any(|part| part.is_empty() || part.starts_with(':')) => wrong("a part of it is empty"),
        None => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::assignment;

    #[test]
    fn images_are_looked_at() {
        for good in
            ["cart", "cart:1", "localhost:5000/cart", "ghcr.io/a/b-c:1.2_x", "a/b@sha256:0123abc", "a/b:1@sha256:01"]
        {
            assert_eq!(image(good).as_deref(), Ok(good));
        }
        for (bad, why) in [
            ("", "it is empty"),
            ("cart:", "there is no tag"),
            ("a cart", "' ' cannot be in it"),
            ("https://ghcr.io/cart", "it is an address"),
            ("/cart", "a part of it is empty"),
            ("a//b", "a part of it is empty"),
            (":1", "a part of it is empty"),
            ("cart@latest", "behind '@' stands a digest"),
        ] {
            let told = image(bad).unwrap_err();
            assert!(told.starts_with(why), "{bad}: {told}");
        }
    }

    #[test]
    fn data_are_laid_over_image_and_labels() {
        let assignments =
            ["configurationChange.values.replicas:=3", "labels.owner=me"].map(|text| assignment(text).unwrap());
        let labels = [("build".to_owned(), "17".to_owned())];
        let content = Content { labels: &labels, image: Some("cart:1"), data: &assignments };
        let event = event("1", ["p", "dev", "cart"], "delivery", content.data().unwrap());
        let expected = json!({
            "specversion": "1.0", "id": "1", "source": "capstan-trigger", "type": "sh.keptn.event.dev.delivery.triggered",
            "data": {
                "project": "p", "stage": "dev", "service": "cart",
                "configurationChange": {"values": {"image": "cart:1", "replicas": 3}},
                "labels": {"build": "17", "owner": "me"},
            },
        });
        assert_eq!(event, expected);
        let stage = [assignment("stage=prod").unwrap()];
        assert!(Content { labels: &[], image: None, data: &stage }.data().is_err());
    }
}
