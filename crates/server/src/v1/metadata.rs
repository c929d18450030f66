//! What there is to know about the installation.

use axum::Json;
use serde::Serialize;

/// v1's metadata. Its command line crashes without `automaticprovisioning`, and demands a Git upstream of each project
/// where that is false.
#[derive(Serialize)]
pub(super) struct Metadata {
    automaticprovisioning: bool,
    bridgeversion: &'static str,
    keptnlabel: &'static str,
    keptnversion: &'static str,
    namespace: &'static str,
    shipyardversion: &'static str,
}

/// A version of Keptn there is none to tell, and the command line takes any text.
pub(super) async fn get() -> Json<Metadata> {
    Json(Metadata {
        automaticprovisioning: true,
        bridgeversion: "N/A",
        keptnlabel: "keptn",
        keptnversion: "N/A",
        namespace: "keptn",
        shipyardversion: "0.2.0",
    })
}
