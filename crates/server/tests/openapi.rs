//! The document of our own API, pinned: whoever changes the API changes it here.

#[test]
fn the_document_is_as_pinned() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&capstan_server::document()).unwrap());
}
