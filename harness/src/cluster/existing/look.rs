//! What is in the cluster: its version, custom resources, controllers. Nothing is changed.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use k8s_openapi::{
    api::{
        apps::v1::Deployment,
        core::v1::{Namespace, Node},
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{Api, Client, api::ListParams};
use semver::Version;
use serde_json::Value;

use super::{ExistingError, INSTALLATION, PLANE, guard};
use crate::{
    cluster::{request::Order, state::StateRoot},
    controller::deployed::Installed,
};

/// The custom resources that every release has.
const RESOURCES: [&str; 5] = [
    "analysisruns.argoproj.io",
    "analysistemplates.argoproj.io",
    "clusteranalysistemplates.argoproj.io",
    "experiments.argoproj.io",
    "rollouts.argoproj.io",
];

/// Labels of the controller's Deployment: those of upstream's manifests, and of its Helm chart where the
/// name was overridden.
const LABELS: [&str; 2] = ["app.kubernetes.io/name=argo-rollouts", "app.kubernetes.io/component=rollouts-controller"];

/// The image's name, wherever it comes from.
const IMAGE: &str = "argo-rollouts";

/// What was seen.
#[derive(Debug, Clone)]
pub struct Look {
    context: String,
    /// The API server's version.
    pub kubernetes: String,
    /// The custom resources of Argo Rollouts that are there, and which installation of ours made each.
    resources: BTreeMap<String, Option<String>>,
    controllers: Vec<FoundController>,
    /// Namespaces that a proofroll made, by its plane's id.
    namespaces: BTreeMap<String, Vec<String>>,
}

/// A Deployment of the controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundController {
    /// Where it is.
    pub installed: Installed,
    /// Its image.
    pub image: String,
    replicas: i64,
    arguments: Vec<String>,
    /// Which installation of ours made it.
    installation: Option<String>,
}

/// Looks around.
///
/// # Errors
/// When the owner has not allowed tests, or a request fails.
pub async fn look(client: &Client, context: &str) -> Result<Look, ExistingError> {
    let failed = |doing: &'static str| ExistingError::request(context, doing);
    let version = client.apiserver_version().await.map_err(failed("asking for the version"))?;
    guard::check(client, context).await?;
    let resources: Api<CustomResourceDefinition> = Api::all(client.clone());
    let found = try_join_all(RESOURCES.map(|name| resources.get_metadata_opt(name))).await;
    let found = found.map_err(failed("looking for custom resources"))?;
    let label = |labels: Option<BTreeMap<String, String>>| labels?.remove(INSTALLATION);
    let resources = RESOURCES.into_iter().zip(found);
    let resources =
        resources.filter_map(|(name, found)| Some((name.to_owned(), label(found?.metadata.labels)))).collect();
    let deployments: Api<Deployment> = Api::all(client.clone());
    let lists = LABELS.map(|label| ListParams::default().labels(label));
    let lists = try_join_all(lists.iter().map(|params| deployments.list(params))).await;
    let lists = lists.map_err(failed("looking for the controller's Deployment"))?;
    let mut controllers: Vec<FoundController> = Vec::new();
    for deployment in lists.into_iter().flatten() {
        let deployment = serde_json::to_value(&deployment).unwrap_or_default();
        let known = |found: &FoundController| controllers.iter().all(|other| other.installed != found.installed);
        controllers.extend(FoundController::of(&deployment).filter(known));
    }
    controllers.sort_by_key(FoundController::name);
    let namespaces = made_by_proofroll(client).await.map_err(failed("looking for namespaces of a proofroll"))?;
    Ok(Look { context: context.to_owned(), kubernetes: version.git_version, resources, controllers, namespaces })
}

async fn made_by_proofroll(client: &Client) -> kube::Result<BTreeMap<String, Vec<String>>> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let mut made: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for found in namespaces.list_metadata(&ListParams::default().labels(PLANE)).await? {
        if let (Some(id), Some(name)) = (found.metadata.labels.and_then(|mut l| l.remove(PLANE)), found.metadata.name) {
            made.entry(id).or_default().push(name);
        }
    }
    Ok(made)
}

impl Look {
    /// The controller that serves the cluster.
    ///
    /// # Errors
    /// When there is none, or several, or it cannot be tested; when its custom resources are missing.
    pub fn installed(&self) -> Result<&FoundController, ExistingError> {
        let controller = self.at_most_one()?;
        let controller = controller.ok_or_else(|| ExistingError::NoController { context: self.context.clone() })?;
        if controller.replicas == 0 {
            return Err(controller.unfit(&self.context, "it is scaled to 0"));
        }
        Ok(controller)
    }

    /// The controller that serves the cluster, if it is installed in it: it may run elsewhere.
    ///
    /// # Errors
    /// When there are several, or it cannot be tested; when its custom resources are missing.
    pub fn installed_or_elsewhere(&self) -> Result<Option<&FoundController>, ExistingError> {
        Ok(self.at_most_one()?.filter(|controller| controller.replicas > 0))
    }

    fn at_most_one(&self) -> Result<Option<&FoundController>, ExistingError> {
        // One that is scaled down disturbs nobody, unless it is the only one.
        let scaled_up: Vec<_> = self.controllers.iter().filter(|controller| controller.replicas > 0).collect();
        let candidates = if scaled_up.is_empty() { self.controllers.iter().collect() } else { scaled_up };
        let controller = match candidates.as_slice() {
            [] => None,
            [one] => Some(*one),
            several => {
                let names = several.iter().map(|controller| controller.name()).collect();
                return Err(ExistingError::SeveralControllers { context: self.context.clone(), names });
            }
        };
        if let Some(controller) = controller {
            controller.check(&self.context)?;
        }
        let missing: Vec<String> =
            RESOURCES.into_iter().filter(|name| !self.resources.contains_key(*name)).map(str::to_owned).collect();
        match missing.is_empty() {
            true => Ok(controller),
            false => Err(ExistingError::NoResources { context: self.context.clone(), missing }),
        }
    }

    /// What a proofroll has made of which this machine knows nothing, in words for people: somebody else's run,
    /// or one whose machine has died with it.
    pub fn strangers(&self, root: &StateRoot) -> Vec<String> {
        let known = root.planes().unwrap_or_default();
        let known: Vec<String> = known.iter().filter_map(|dir| Some(Order::read(dir)?.id)).collect();
        let strangers = self.namespaces.iter().filter(|(id, _)| !known.contains(id));
        let told = strangers.map(|(id, names)| {
            format!(
                "{} (if that run is dead: kubectl --context {} delete namespaces -l {PLANE}={id})",
                names.join(", "),
                self.context
            )
        });
        told.collect()
    }

    /// Refuses a cluster in which something of Argo Rollouts is already.
    ///
    /// # Errors
    /// It is.
    pub fn is_free(&self) -> Result<(), ExistingError> {
        let resources = self.resources.iter().map(|(name, by)| (format!("the custom resource {name}"), by));
        let controllers = self.controllers.iter().map(|c| (format!("the controller {}", c.name()), &c.installation));
        let Some((there, by)) = controllers.chain(resources).next() else { return Ok(()) };
        let context = self.context.clone();
        let hint = match by {
            None => "\n(without --install a controller that is installed is tested)".to_owned(),
            Some(id) => format!(
                "\n(made by a proofroll with --install: if that is dead, `proofroll gc` on its machine removes all of it, or by hand: kubectl --context {context} delete namespaces,clusterroles,clusterrolebindings,crds -l {INSTALLATION}={id})"
            ),
        };
        Err(ExistingError::Occupied { context, there, hint })
    }
}

/// Refuses nodes that run nothing.
///
/// # Errors
/// They are all fake; or a request fails.
pub async fn check_nodes(client: &Client, context: &str) -> Result<(), ExistingError> {
    let nodes: Api<Node> = Api::all(client.clone());
    let nodes = nodes.list(&ListParams::default().limit(100)).await;
    let nodes = nodes.map_err(ExistingError::request(context, "looking at the nodes"))?;
    let fake = |node: &Node| {
        let marked = node.metadata.annotations.as_ref().is_some_and(|all| all.contains_key("kwok.x-k8s.io/node"));
        let kubelet = node.status.as_ref().and_then(|status| status.node_info.as_ref());
        marked || kubelet.is_some_and(|info| info.kubelet_version.starts_with("kwok"))
    };
    match !nodes.items.is_empty() && nodes.items.iter().all(fake) {
        true => Err(ExistingError::FakeNodes { context: context.to_owned() }),
        false => Ok(()),
    }
}

impl FoundController {
    fn of(deployment: &Value) -> Option<Self> {
        let installed = Installed::of(deployment)?;
        let mut containers = deployment["spec"]["template"]["spec"]["containers"].as_array()?.iter();
        let container = containers.find(|c| c["name"].as_str() == installed.container.as_deref())?;
        let image = container["image"].as_str()?;
        let labels = &deployment["metadata"]["labels"];
        // The chart's dashboard has the name of the whole, too.
        let controller = labels["app.kubernetes.io/component"] == "rollouts-controller";
        if !controller && repository(image).rsplit('/').next() != Some(IMAGE) {
            return None;
        }
        let words = ["command", "args"].map(|key| container[key].as_array().cloned().unwrap_or_default());
        Some(Self {
            installed,
            image: image.to_owned(),
            replicas: deployment["spec"]["replicas"].as_i64().unwrap_or(1),
            arguments: words.into_iter().flatten().filter_map(|word| Some(word.as_str()?.to_owned())).collect(),
            installation: labels[INSTALLATION].as_str().map(str::to_owned),
        })
    }

    /// Namespace and name of its Deployment.
    pub fn name(&self) -> String {
        format!("{}/{}", self.installed.namespace, self.installed.deployment)
    }

    /// The release that its image's tag names.
    pub fn version(&self) -> Option<Version> {
        let image = self.image.split('@').next()?;
        let tag = image.rsplit('/').next()?.split_once(':')?.1;
        Version::parse(tag.strip_prefix('v').unwrap_or(tag)).ok()
    }

    fn check(&self, context: &str) -> Result<(), ExistingError> {
        if self.argument("namespaced").is_some_and(|value| value != "false") {
            let own = self.argument("namespace").unwrap_or(&self.installed.namespace);
            let why = format!(
                "it watches the namespace {own} only (--namespaced), and proofroll works in namespaces of its own"
            );
            return Err(self.unfit(context, &why));
        }
        if let Some(id) = self.argument("instance-id").filter(|id| !id.is_empty()) {
            let why = format!(
                "it serves only objects with the label argo-rollouts.argoproj.io/controller-instance-id={id} (--instance-id), and scenarios are applied as they are written"
            );
            return Err(self.unfit(context, &why));
        }
        if let Some(level) = self.argument("loglevel").filter(|level| !["info", "debug", "trace"].contains(level)) {
            let why = format!(
                "it logs at level {level} (--loglevel), and what proofroll must see is of level info: that it has reconciled once more"
            );
            return Err(self.unfit(context, &why));
        }
        Ok(())
    }

    /// The value of a flag, as `--name=value` or `--name value`; empty for a flag without.
    fn argument(&self, name: &str) -> Option<&str> {
        let flag = |word: &str| word.strip_prefix("--").or_else(|| word.strip_prefix('-')).map(str::len);
        let mut words = self.arguments.iter().enumerate();
        words.find_map(|(at, word)| {
            let bare = &word[word.len() - flag(word)?..];
            match bare.split_once('=') {
                Some((found, value)) => (found == name).then_some(value),
                None if bare == name => {
                    Some(self.arguments.get(at + 1).filter(|next| !next.starts_with('-')).map_or("", String::as_str))
                }
                None => None,
            }
        })
    }

    fn unfit(&self, context: &str, why: &str) -> ExistingError {
        ExistingError::Unfit { context: context.to_owned(), name: self.name(), why: why.to_owned() }
    }
}

/// An image without its tag and digest.
fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        // A registry's port has a slash behind it.
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => image,
    }
}

#[cfg(test)]
#[path = "look_tests.rs"]
mod tests;
