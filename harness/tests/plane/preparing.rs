//! Second starts: what was prepared is what an installation makes, and nothing that is damaged is taken.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    sync::Mutex,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use k8s_openapi::{
    api::{
        core::v1::{ConfigMap, Namespace, Service},
        flowcontrol::v1::{FlowSchema, PriorityLevelConfiguration},
        rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding},
        scheduling::v1::PriorityClass,
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
    kube_aggregator::pkg::apis::apiregistration::v1::APIService,
};
use kube::{
    Api, Client, Resource,
    api::{DeleteParams, ListParams},
};
use proofroll::{
    cluster::{
        Plane, PlaneRequest, acquire_in,
        prepared::{self, Entry, Pair, Shelf},
    },
    progress::{Progress, Silent},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    setup::{PATIENCE, Setup, eventually, eventually_async},
    stopping::kill,
};

const RESTORED: &str = "etcd has what was prepared";
/// Made of YAML that nobody has to read, in every plane.
const DELETED: &str = "rollouts.argoproj.io";

struct Prepared {
    setup: Setup,
    home: tempfile::TempDir,
}

impl Prepared {
    fn new(mut setup: Setup) -> Result<Self> {
        let home = tempfile::tempdir()?;
        setup.embedded()?.prepared = Some(home.path().to_owned());
        Ok(Self { setup, home })
    }

    fn shelf(&self) -> Shelf {
        Shelf::at(self.home.path())
    }

    fn key(&mut self) -> Result<String> {
        let crds = self.setup.request.crds.clone();
        Ok(prepared::key(self.setup.embedded()?, &crds)?)
    }

    async fn is_kept(&self) -> Result<()> {
        let shelf = self.shelf();
        eventually("data is prepared", || {
            ensure!(shelf.kept().entries == 1, "{:?}", shelf.kept());
            Ok(())
        })
        .await
    }

    /// A plane that nobody else joins.
    async fn own(&self, number: u32) -> Result<Plane> {
        let request = PlaneRequest { own: Some(number.to_string()), ..self.setup.request.clone() };
        Ok(acquire_in(&self.setup.root, &request, &Silent).await?)
    }
}

fn is_restored(plane: &Plane) -> bool {
    plane.record().phases.iter().any(|phase| phase.name == RESTORED)
}

/// What is kept of all objects of a kind: what a plane is made of, without its time.
async fn objects<K>(client: &Client) -> Result<BTreeMap<String, Value>>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + std::fmt::Debug,
{
    let mut objects = BTreeMap::new();
    for object in Api::<K>::all(client.clone()).list(&ListParams::default()).await? {
        let mut value = serde_json::to_value(&object)?;
        let name = format!("{}/{}", value["metadata"]["namespace"], value["metadata"]["name"]);
        for timed in ["/metadata/uid", "/metadata/resourceVersion", "/metadata/creationTimestamp", "/status"] {
            if let Some(value) = value.pointer_mut(timed) {
                *value = Value::Null;
            }
        }
        for manager in value["metadata"]["managedFields"].as_array_mut().into_iter().flatten() {
            manager["time"] = Value::Null;
        }
        objects.insert(name, value);
    }
    Ok(objects)
}

async fn everything(client: &Client) -> Result<Vec<BTreeMap<String, Value>>> {
    Ok(vec![
        objects::<CustomResourceDefinition>(client).await?,
        objects::<APIService>(client).await?,
        objects::<ClusterRole>(client).await?,
        objects::<ClusterRoleBinding>(client).await?,
        objects::<Role>(client).await?,
        objects::<RoleBinding>(client).await?,
        objects::<PriorityClass>(client).await?,
        objects::<FlowSchema>(client).await?,
        objects::<PriorityLevelConfiguration>(client).await?,
    ])
}

/// Two of them at once, which do not disturb each other.
pub async fn prepared_planes_are_like_installed_ones(setup: Setup) -> Result<()> {
    let mut prepared = Prepared::new(setup)?;
    let first = prepared.setup.acquire().await?;
    ensure!(!is_restored(&first));
    let user = first.create_namespace("of-a-user").await?;
    prepared.is_kept().await?;
    let entry = prepared.shelf().get(&prepared.key()?)?;
    belongs_to_no_plane(&entry, &first, &user)?;

    let (one, two) = tokio::join!(prepared.own(1), prepared.own(2));
    let (one, two) = (one?, two?);
    ensure!(is_restored(&one) && is_restored(&two), "{:?} {:?}", one.record().phases, two.record().phases);
    // What controllers still add (rules of aggregated roles) comes on both sides.
    let mut last = String::new();
    let alike = async {
        loop {
            let (installed, restored) = (everything(&first.client()).await?, everything(&one.client()).await?);
            if installed == restored {
                ensure!(installed.iter().all(|kind| !kind.is_empty()), "of each kind there is something");
                return anyhow::Ok(());
            }
            last = difference(&installed, &restored);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), alike).await;
    waited.with_context(|| format!("a prepared plane is another one than an installed one: {last}"))??;

    // What names a plane is its own.
    for plane in [&one, &two] {
        let client = plane.client();
        let service = Api::<Service>::namespaced(client.clone(), "default").get("kubernetes").await?;
        let port = service.spec.and_then(|spec| spec.ports?.pop()?.target_port);
        ensure!(
            port == Some(k8s_openapi::apimachinery::pkg::util::intstr::IntOrString::Int(plane.record().port.into()))
        );
        let namespace = plane.create_namespace("mine").await?;
        let roots = Api::<ConfigMap>::namespaced(client, &namespace);
        let root = eventually_async("the authority's certificate is there", || async {
            Ok(roots.get("kube-root-ca.crt").await?)
        });
        let certificate = root.await?.data.and_then(|mut data| data.remove("ca.crt")).context("a certificate")?;
        ensure!(certificate.trim() == plane.endpoint().ca_pem.trim(), "another plane's authority");
    }
    let identity = async |plane: &Plane| Api::<Namespace>::all(plane.client()).get("kube-system").await;
    let identities = [identity(&first).await?, identity(&one).await?, identity(&two).await?];
    let mut identities: Vec<_> = identities.into_iter().map(|namespace| namespace.metadata.uid).collect();
    identities.sort();
    identities.dedup();
    ensure!(identities.len() == 3, "clusters are told apart by this: {identities:?}");

    let definitions = |plane: &Plane| Api::<CustomResourceDefinition>::all(plane.client());
    definitions(&one).delete(DELETED, &DeleteParams::default()).await?;
    ensure!(definitions(&two).get_opt(DELETED).await?.is_some(), "the neighbour's");
    for plane in [first, one, two] {
        plane.release(true).await?;
    }
    ensure!(prepared.shelf().get(&prepared.key()?)? == entry, "nobody writes there again");
    prepared.setup.nothing_is_left().await
}

fn difference(installed: &[BTreeMap<String, Value>], restored: &[BTreeMap<String, Value>]) -> String {
    let mut differing = String::new();
    for (installed, restored) in installed.iter().zip(restored) {
        for name in installed.keys().chain(restored.keys()) {
            let (one, other) = (installed.get(name), restored.get(name));
            if one != other {
                let text = |value: Option<&Value>| value.map(ToString::to_string).unwrap_or_default();
                let (one, other) = (text(one), text(other));
                differing += &format!("\n{name}: {:.400}\n  but {:.400}", one, other);
            }
        }
    }
    differing
}

/// No key, no certificate, no port, no user of the plane that made it.
fn belongs_to_no_plane(entry: &Entry, plane: &Plane, user: &str) -> Result<()> {
    ensure!(entry.pairs.len() > 100 && !entry.crds.is_empty(), "{} {:?}", entry.pairs.len(), entry.crds);
    for Pair { key, value } in &entry.pairs {
        let (key, value) = (BASE64.decode(key)?, BASE64.decode(value)?);
        let (key, value) = (String::from_utf8_lossy(&key), String::from_utf8_lossy(&value));
        ensure!(prepared::KEPT.iter().any(|kept| key.starts_with(kept)), "{key}");
        let of_the_plane =
            ["BEGIN ".to_owned(), plane.record().id.clone(), format!(":{}", plane.record().port), user.to_owned()];
        if let Some(found) = of_the_plane.iter().find(|word| value.contains(word.as_str())) {
            anyhow::bail!("{key} has {found:?}");
        }
    }
    Ok(())
}

#[derive(Default)]
struct Said(Mutex<Vec<String>>);

impl Progress for Said {
    fn say(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
    fn update(&self, _: &str) {}
}

/// Cut short; and whole, but with something else in it than its key says.
pub async fn what_cannot_be_used_is_noticed(setup: Setup) -> Result<()> {
    let mut prepared = Prepared::new(setup)?;
    let (shelf, key) = (prepared.shelf(), prepared.key()?);
    let start = async |expected: &str| {
        let said = Said::default();
        let plane = acquire_in(&prepared.setup.root, &prepared.setup.request, &said).await?;
        let notices: Vec<String> =
            said.0.into_inner()?.into_iter().filter(|line| line.contains("prepared data")).collect();
        ensure!(notices.len() == usize::from(!expected.is_empty()), "{notices:?}");
        ensure!(notices.iter().all(|notice| notice.contains(expected)), "{notices:?}");
        // Whatever was there, it is installed, and good.
        let crds = Api::<CustomResourceDefinition>::all(plane.client()).list(&ListParams::default()).await?;
        ensure!(crds.items.len() == prepared.setup.request.crds.len(), "{} CRDs", crds.items.len());
        prepared.is_kept().await?;
        eventually("good data is kept instead", || {
            let crds = shelf.get(&key)?.crds.len();
            ensure!(crds > 0, "no CRDs");
            Ok(())
        })
        .await?;
        plane.release(true).await?;
        prepared.setup.nothing_is_left().await
    };
    start("").await?;

    let path = shelf.path(&key);
    let length = fs::metadata(&path)?.len();
    File::options().write(true).open(&path)?.set_len(length / 2)?;
    start("its sha256 is ").await?;

    let good = shelf.get(&key)?;
    let without = |entry: &Entry| {
        let is_crd = |pair: &Pair| {
            BASE64.decode(&pair.key).is_ok_and(|key| String::from_utf8_lossy(&key).starts_with(prepared::KEPT[0]))
        };
        let pairs = entry.pairs.iter().filter(|pair| !is_crd(pair)).cloned().collect();
        Entry { crds: entry.crds.clone(), pairs }
    };
    shelf.put(&key, &without(&good))?;
    start("has not all CRDs").await?;
    ensure!(shelf.get(&key)?.pairs.len() == good.pairs.len(), "what was missing is there again");
    Ok(())
}

/// The keeper, with SIGKILL: as soon as it has begun a file, when something stands in it, and when it has its name.
pub async fn kills_while_preparing_leave_nothing_half(setup: Setup) -> Result<()> {
    let mut prepared = Prepared::new(setup)?;
    let (shelf, key) = (prepared.shelf(), prepared.key()?);
    let home = prepared.home.path().to_owned();
    let largest = || {
        let files = fs::read_dir(&home).into_iter().flatten().flatten();
        files.filter_map(|file| Some(file.metadata().ok()?.len())).max()
    };
    let clear = || fs::read_dir(&home)?.try_for_each(|file| fs::remove_file(file?.path()));
    let named = || shelf.path(&key).exists();
    let moments: [(&str, &dyn Fn() -> bool); 3] = [
        ("it has its name", &named),
        ("a file is there", &|| largest().is_some()),
        ("something is in it", &|| largest() > Some(0)),
    ];
    for (moment, has_come) in moments {
        clear()?;
        let plane = prepared.setup.acquire().await?;
        ensure!(!is_restored(&plane), "{moment}");
        let begun = Instant::now();
        // It is over in milliseconds.
        while !has_come() {
            ensure!(begun.elapsed() < PATIENCE, "it never came: {moment}");
        }
        kill(plane.record().keeper)?;
        plane.broken().await;
        drop(plane);
        let (there, read) = (named(), shelf.get(&key));
        println!("killed when {moment}: {}", if there { "all is kept" } else { "nothing is kept" });
        ensure!(there == read.is_ok(), "{moment}: half of it: {read:?}");
    }
    let _ = fs::remove_file(shelf.path(&key));
    // Nothing that a killed one left is in the way.
    let last = prepared.setup.acquire().await?;
    prepared.is_kept().await?;
    last.release(true).await?;
    let next = prepared.setup.acquire().await?;
    ensure!(is_restored(&next));
    next.release(true).await?;
    shelf.collect();
    ensure!(fs::read_dir(prepared.home.path())?.count() == 1, "only what was kept");
    prepared.setup.nothing_is_left().await
}
