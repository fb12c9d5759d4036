//! The CRDs of a release, as its manifests ship them.

use std::{fs, path::PathBuf};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, Client, api::ListParams, client::Body};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ClusterError;

/// The field manager under which we apply.
const FIELD_MANAGER: &str = "proofroll";

/// A custom resource definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crd {
    /// What it makes the API server serve.
    pub served: Served,
    document: Value,
}

/// What the API server serves once it has a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// The definition's name: `rollouts.argoproj.io`.
    pub name: String,
    /// Where the objects are listed: `/apis/argoproj.io/v1alpha1/rollouts`.
    pub collection: String,
}

/// Reads all CRDs in these files.
///
/// # Errors
/// When a file cannot be read, or contains anything else.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Crd>, ClusterError> {
    let mut crds = Vec::new();
    for path in paths {
        let refuse = |why: String| ClusterError::Crd { path: path.clone(), why };
        let text = fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text).map_err(|error| refuse(error.to_string()))?;
        for document in documents {
            crds.push(Crd::new(document).ok_or_else(|| refuse("not a CustomResourceDefinition (v1)".into()))?);
        }
    }
    Ok(crds)
}

impl Crd {
    fn new(mut document: Value) -> Option<Self> {
        if document["kind"] != "CustomResourceDefinition" || document["apiVersion"] != "apiextensions.k8s.io/v1" {
            return None;
        }
        let name = document["metadata"]["name"].as_str()?.to_owned();
        let spec = &document["spec"];
        let served = spec["versions"].as_array()?.iter().find(|version| version["served"] == true)?;
        let [group, version, plural] =
            [&spec["group"], &served["name"], &spec["names"]["plural"]].map(|value| value.as_str());
        let collection = format!("/apis/{}/{}/{}", group?, version?, plural?);
        for version in document["spec"]["versions"].as_array_mut()? {
            without_descriptions(&mut version["schema"]["openAPIV3Schema"]);
        }
        Some(Self { served: Served { name, collection }, document })
    }

    /// Applies it server-side and with force: the newer ones are too large for client-side apply, and
    /// what an older release owned of it is ours now.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn apply(&self, client: &Client) -> kube::Result<()> {
        let request = http::Request::patch(format!(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}?fieldManager={FIELD_MANAGER}&force=true",
            self.served.name
        ))
        .header(http::header::CONTENT_TYPE, "application/apply-patch+yaml")
        .body(Body::from(serde_json::to_vec(&self.document).map_err(kube::Error::SerdeError)?))
        .map_err(kube::Error::HttpError)?;
        // The answer is the whole definition once more. Only a refusal is read.
        let response = client.send(request).await?;
        if response.status().is_success() {
            return Ok(());
        }
        let (parts, body) = response.into_parts();
        let body = http_body_util::BodyExt::collect(body).await?.to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        let status = serde_json::from_slice(&body)
            .unwrap_or_else(|_| kube::core::Status::failure(&text, "unreadable").with_code(parts.status.as_u16()));
        Err(kube::Error::Api(Box::new(status)))
    }
}

/// The names of all definitions that the API server has.
///
/// # Errors
/// When it does not answer.
pub async fn present(client: &Client) -> kube::Result<Vec<String>> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let listed = definitions.list_metadata(&ListParams::default()).await?;
    Ok(listed.items.into_iter().filter_map(|definition| definition.metadata.name).collect())
}

impl Served {
    /// Whether the objects are served: that is what being established is for.
    ///
    /// # Errors
    /// When the API server answers with anything but "no such thing yet".
    pub async fn is_served(&self, client: &Client) -> kube::Result<bool> {
        let request = http::Request::get(format!("{}?limit=1", self.collection)).body(Vec::new());
        match client.request_text(request.map_err(kube::Error::HttpError)?).await {
            Ok(_) => Ok(true),
            // 429 and 503 while its storage is made.
            Err(kube::Error::Api(status)) if [404, 429, 503].contains(&status.code) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Takes the descriptions out of a schema. They are three quarters of it, the API server digests each
/// byte several times, and only `kubectl explain` ever shows them.
fn without_descriptions(schema: &mut Value) {
    let Value::Object(keywords) = schema else { return };
    keywords.shift_remove("description");
    for (keyword, value) in keywords {
        // Only where a schema holds schemas: a default is data, and a property may have any name.
        match keyword.as_str() {
            "properties" => value.as_object_mut().into_iter().flatten().for_each(|(_, it)| without_descriptions(it)),
            "allOf" | "anyOf" | "oneOf" => value.as_array_mut().into_iter().flatten().for_each(without_descriptions),
            "items" | "additionalProperties" | "not" => without_descriptions(value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CRD: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: rollouts.argoproj.io}
spec:
  group: argoproj.io
  names: {plural: rollouts}
  versions: [{name: v1, served: false}, {name: v1alpha1, served: true}]
";

    #[test]
    fn a_crd_knows_where_its_objects_are() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rollout-crd.yaml");
        fs::write(&path, CRD).unwrap();
        let crds = read(&[path]).unwrap();
        assert_eq!(crds[0].served.name, "rollouts.argoproj.io");
        assert_eq!(crds[0].served.collection, "/apis/argoproj.io/v1alpha1/rollouts");
    }

    #[test]
    fn descriptions_go_and_nothing_else() {
        let mut schema = json!({
            "description": "gone",
            "type": "object",
            "default": {"description": "data", "type": "data"},
            "required": ["description"],
            "properties": {
                "description": {"type": "string", "description": "gone"},
                "enum": {"type": "string", "description": "gone", "enum": ["description"]},
                "list": {"type": "array", "items": {"anyOf": [{"description": "gone", "type": "string"}]}},
            },
            "x-kubernetes-validations": [{"rule": "self.description != ''", "message": "m"}],
        });
        without_descriptions(&mut schema);
        assert_eq!(
            schema,
            json!({
                "type": "object",
                "default": {"description": "data", "type": "data"},
                "required": ["description"],
                "properties": {
                    "description": {"type": "string"},
                    "enum": {"type": "string", "enum": ["description"]},
                    "list": {"type": "array", "items": {"anyOf": [{"type": "string"}]}},
                },
                "x-kubernetes-validations": [{"rule": "self.description != ''", "message": "m"}],
            })
        );
    }

    #[test]
    fn anything_else_is_refused_with_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x-crd.yaml");
        fs::write(&path, "kind: Service").unwrap();
        let refused = read(std::slice::from_ref(&path)).unwrap_err().to_string();
        assert!(refused.contains("x-crd.yaml") && refused.contains("not a CustomResourceDefinition"), "{refused}");
        fs::write(&path, "a: [").unwrap();
        assert!(read(&[path]).is_err());
    }
}
