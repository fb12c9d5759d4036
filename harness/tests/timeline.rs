//! The timeline on a real API server: what a barrier has, what survives a cut, what a gap says.

use std::{
    net::SocketAddr,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use kube::{Client, Config, config::KubeConfigOptions, config::Kubeconfig, core::Request};
use libtest_mimic::{Arguments, Failed, Trial};
use proofroll::{
    cluster::Plane,
    progress::Silent,
    run::{provision, wish::Wish},
    timeline::{Kind, Timeline, Watched},
};
use serde_json::{Value, json};
use tokio::{io::copy_bidirectional, net::TcpListener, net::TcpStream, sync::watch};

fn main() -> ExitCode {
    proofroll::cluster::keeper::run_if_asked();
    let arguments = Arguments::from_args();
    let trials = vec![
        trial("a_barrier_has_what_was_made_and_deleted_before_it", made_and_deleted),
        trial("the_order_is_that_of_the_writes_across_kinds", across_kinds),
        trial("a_kind_that_a_scenario_names_is_watched_too", other_kinds),
        trial("a_cut_watch_loses_nothing", cut),
        trial("a_closed_server_is_a_lagging_barrier", closed),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial<F: Future<Output = Result<()>> + 'static>(name: &str, test: fn(Arc<Plane>) -> F) -> Trial {
    Trial::test(name, move || {
        let run = || -> Result<()> {
            let provisions = provision::provide(&Wish::default(), &Silent)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(async {
                let plane = Arc::new(provision::acquire(&provisions, "a test of the timeline", &Silent).await?);
                test(Arc::clone(&plane)).await
            })
        };
        run().map_err(|error| Failed::from(format!("{error:?}")))
    })
}

async fn send(client: &Client, request: Result<http::Request<Vec<u8>>, kube::core::request::Error>) -> Result<Value> {
    Ok(client.request(request?).await?)
}

/// A pod that nobody schedules.
fn pod(name: &str) -> Vec<u8> {
    let spec =
        json!({"schedulingGates": [{"name": "example.com/never"}], "containers": [{"name": "c", "image": "none"}]});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}).to_string().into_bytes()
}

fn service(name: &str) -> Vec<u8> {
    let spec = json!({"clusterIP": "None", "ports": [{"port": 1}]});
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}).to_string().into_bytes()
}

async fn create(client: &Client, kind: Kind, namespace: &str, body: Vec<u8>) -> Result<u64> {
    let made = send(client, Request::new(kind.path(namespace)).create(&Default::default(), body)).await?;
    Ok(made["metadata"]["resourceVersion"].as_str().context("no resourceVersion")?.parse()?)
}

/// Deletes a pod without a grace period, so that it is gone when the server has answered.
async fn delete_now(client: &Client, namespace: &str, name: &str) -> Result<()> {
    let params = kube::api::DeleteParams::default().grace_period(0);
    send(client, Request::new(Kind::Pod.path(namespace)).delete(name, &params)).await.map(drop)
}

/// The case that a comparison with a list would miss: at the barrier the object is gone from the
/// server already, and perhaps neither of its two events has arrived.
async fn made_and_deleted(plane: Arc<Plane>) -> Result<()> {
    let namespace = plane.create_namespace("timeline").await?;
    let client = plane.client();
    let timeline = Timeline::open(client.clone(), &namespace, &[]).await?;
    for round in 0..30 {
        let name = format!("short-lived-{round}");
        let rv = create(&client, Kind::Pod, &namespace, pod(&name)).await?;
        delete_now(&client, &namespace, &name).await?;
        timeline.barrier().await?;
        let log = timeline.log();
        let mine = log.history().entries().iter().filter(|entry| entry.object.name == name);
        let seen: Vec<_> = mine.map(|entry| (entry.rv, entry.deleted)).collect();
        ensure!(seen.first() == Some(&(rv, false)), "round {round}: made at {rv}, seen {seen:?}");
        ensure!(seen.last().is_some_and(|(_, deleted)| *deleted), "round {round}: the deletion is missing: {seen:?}");
    }
    Ok(())
}

async fn across_kinds(plane: Arc<Plane>) -> Result<()> {
    let namespace = plane.create_namespace("timeline").await?;
    let client = plane.client();
    let timeline = Timeline::open(client.clone(), &namespace, &[]).await?;
    let mut wanted = Vec::new();
    for round in 0..20 {
        wanted.push(create(&client, Kind::Pod, &namespace, pod(&format!("p{round}"))).await?);
        wanted.push(create(&client, Kind::Service, &namespace, service(&format!("s{round}"))).await?);
    }
    timeline.barrier().await?;
    let log = timeline.log();
    let order: Vec<_> = log.history().entries().iter().map(|entry| entry.rv).filter(|rv| wanted.contains(rv)).collect();
    ensure!(order == wanted, "the writes {wanted:?} are in the order {order:?}");
    Ok(())
}

/// Other kinds: one whose marker is known, one whose marker is like an object that is given, one that needs nothing.
/// What is made and deleted before a barrier is seen, as with the kinds that are watched always.
async fn other_kinds(plane: Arc<Plane>) -> Result<()> {
    let namespace = plane.create_namespace("timeline").await?;
    let client = plane.client();
    let rule = json!({"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}});
    let named = [
        ("Deployment", "apps/v1", "deployments", None),
        ("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies", Some(rule.clone())),
        ("LimitRange", "v1", "limitranges", None),
    ];
    let watched = named.map(|(name, api, plural, like)| Watched { kind: Kind::other(name, api, name, plural), like });
    let timeline = Timeline::open(client.clone(), &namespace, &watched).await?;
    let [_, policy, limits] = watched.map(|watched| watched.kind);
    let mut wanted = Vec::new();
    for round in 0..10 {
        let named =
            |name: String, spec: &Value| json!({"metadata": {"name": name}, "spec": spec}).to_string().into_bytes();
        let name = format!("p{round}");
        wanted.push(create(&client, policy, &namespace, named(name.clone(), &rule["spec"])).await?);
        let request = Request::new(policy.path(&namespace)).delete(&name, &Default::default());
        send(&client, request).await?;
        wanted.push(create(&client, limits, &namespace, named(format!("l{round}"), &json!({"limits": []}))).await?);
        let point = timeline.barrier().await?;
        let behind = |kind: &&Kind| timeline.log().reached(**kind).is_none_or(|reached| reached < point);
        let behind: Vec<_> = timeline.kinds().iter().filter(behind).collect();
        ensure!(behind.is_empty(), "not at the common point {point}: {behind:?}");
    }
    let log = timeline.log();
    let history = log.history();
    let order: Vec<_> = history.entries().iter().map(|entry| entry.rv).filter(|rv| wanted.contains(rv)).collect();
    ensure!(order == wanted, "the writes {wanted:?} are in the order {order:?}");
    let deleted = history.entries().iter().filter(|entry| entry.deleted && entry.kind() == policy).count();
    ensure!(deleted == 10, "{deleted} of 10 deletions were seen");
    let of_markers: Vec<_> =
        history.entries().iter().filter(|entry| entry.object.raw.to_string().contains("proofroll-marker")).collect();
    ensure!(of_markers.is_empty(), "something was made of a marker: {of_markers:?}");
    Ok(())
}

/// A forwarder between client and API server whose connections can be cut.
struct Wire {
    address: SocketAddr,
    cuts: watch::Sender<u64>,
    open: Arc<AtomicBool>,
}

impl Wire {
    async fn to(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let wire = Self {
            address: listener.local_addr()?,
            cuts: watch::Sender::new(0),
            open: Arc::new(AtomicBool::new(true)),
        };
        let (cuts, open) = (wire.cuts.clone(), Arc::clone(&wire.open));
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                if !open.load(Ordering::SeqCst) {
                    continue; // dropped at once
                }
                let mut cut = cuts.subscribe();
                cut.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(server).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Ok(wire)
    }

    fn cut(&self) {
        self.cuts.send_modify(|n| *n += 1);
    }

    /// A client of the plane that talks through this wire.
    async fn client(&self, plane: &Plane) -> Result<Client> {
        let mut kubeconfig = Kubeconfig::read_from(plane.dir().kubeconfig())?;
        for cluster in kubeconfig.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
            cluster.server = Some(format!("https://{}", self.address));
        }
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        config.proxy_url = None;
        config.default_retry = false;
        Ok(Client::try_from(config)?)
    }
}

fn server_of(plane: &Plane) -> Result<SocketAddr> {
    Ok(plane.endpoint().server.trim_start_matches("https://").parse()?)
}

async fn cut(plane: Arc<Plane>) -> Result<()> {
    let namespace = plane.create_namespace("timeline").await?;
    let direct = plane.client();
    let wire = Wire::to(server_of(&plane)?).await?;
    let timeline = Timeline::open(wire.client(&plane).await?, &namespace, &[]).await?;
    let mut made = Vec::new();
    for round in 0..15 {
        made.push(create(&direct, Kind::Pod, &namespace, pod(&format!("p{round}"))).await?);
        wire.cut();
        made.push(create(&direct, Kind::Service, &namespace, service(&format!("s{round}"))).await?);
        delete_now(&direct, &namespace, &format!("p{round}")).await?;
    }
    timeline.barrier().await?;
    let log = timeline.log();
    let history = log.history();
    let seen: Vec<_> = history.entries().iter().map(|entry| entry.rv).collect();
    let missing: Vec<_> = made.iter().filter(|rv| !seen.contains(rv)).collect();
    ensure!(missing.is_empty(), "made, but not seen: {missing:?}");
    let deletions = history.entries().iter().filter(|entry| entry.deleted && entry.kind() == Kind::Pod).count();
    ensure!(deletions == 15, "{deletions} of 15 deletions were seen");
    ensure!(history.gaps_between(0, u64::MAX).next().is_none(), "a watch that is taken up again has no gap");
    Ok(())
}

async fn closed(plane: Arc<Plane>) -> Result<()> {
    let namespace = plane.create_namespace("timeline").await?;
    let wire = Wire::to(server_of(&plane)?).await?;
    let timeline = Timeline::open(wire.client(&plane).await?, &namespace, &[]).await?;
    wire.open.store(false, Ordering::SeqCst);
    wire.cut();
    let barrier = tokio::time::timeout(Duration::from_secs(60), timeline.barrier()).await?;
    let error = barrier.err().context("a barrier was reached through a closed wire")?;
    ensure!(error.to_string().contains("did not take a mark"), "{error}");
    wire.open.store(true, Ordering::SeqCst);
    timeline.barrier().await.context("the wire is open again")?;
    Ok(())
}
