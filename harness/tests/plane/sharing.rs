//! Starting and sharing.

use std::{
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    sync::Mutex,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::{Namespace, Node, ServiceAccount};
use kube::{
    Api,
    api::{ApiResource, DynamicObject, ListParams},
};
use proofroll::{
    cli::plane,
    cluster::{acquire_in, gc},
    progress::{Progress, Silent},
};

use super::{
    setup::{Setup, eventually_async, only_plane, processes_of},
    user::User,
};

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Progress for Heard {
    fn say(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
    fn update(&self, line: &str) {
        self.say(line);
    }
}

pub async fn boots_and_is_shared(setup: Setup) -> Result<()> {
    let heard = Heard::default();
    let plane = acquire_in(&setup.root, &setup.request, &heard).await?;
    let heard = heard.0.into_inner()?;
    ensure!(heard.first().is_some_and(|line| line.starts_with("starting a control plane")), "{heard:?}");
    ensure!(heard.iter().any(|line| line.starts_with("kube-apiserver is ready (")), "{heard:?}");
    ensure!(heard.last().is_some_and(|line| line.contains("ready after")), "{heard:?}");
    ensure!(plane.health().is_none());

    let client = plane.client();
    let nodes = Api::<Node>::all(client.clone()).list(&ListParams::default()).await?;
    ensure!(nodes.items.len() == 2);
    let rollouts = ApiResource {
        group: "argoproj.io".into(),
        version: "v1alpha1".into(),
        api_version: "argoproj.io/v1alpha1".into(),
        kind: "Rollout".into(),
        plural: "rollouts".into(),
    };
    Api::<DynamicObject>::all_with(client.clone(), &rollouts).list(&ListParams::default()).await?;
    let mode = std::fs::metadata(&plane.record().kubeconfig)?.permissions().mode();
    ensure!(mode & 0o777 == 0o600, "{mode:o}");
    ensure!(plane.endpoint().server == format!("https://127.0.0.1:{}", plane.record().port));

    // The second user comes at once, and both have namespaces that can be used.
    let begun = Instant::now();
    let second = setup.acquire().await?;
    ensure!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    ensure!(second.record() == plane.record());
    let one = plane.create_namespace("one/x").await?;
    let two = second.create_namespace("two").await?;
    ensure!(one.starts_with("one-x-") && two.starts_with("two-"), "{one} {two}");
    for name in [&one, &two] {
        Api::<ServiceAccount>::namespaced(client.clone(), name).get("default").await?;
    }
    let found = gc::find(&setup.root)?;
    ensure!(found.len() == 1 && found[0].alive && found[0].leases.len() == 2, "{found:?}");

    // Deleted without waiting; the other one stays.
    plane.delete_namespace(&one)?;
    let namespaces: Api<Namespace> = Api::all(client);
    eventually_async("the namespace is gone", || async {
        ensure!(namespaces.get_opt(&one).await?.is_none());
        Ok(())
    })
    .await?;
    ensure!(namespaces.get(&two).await?.metadata.deletion_timestamp.is_none());

    // One user leaves, even in a hurry: the plane stays for the other. Then it lingers, and is gone.
    plane.release(true).await?;
    ensure!(second.health().is_none());
    second.release(false).await?;
    ensure!(!processes_of(setup.state.path())?.is_empty(), "it lingers");
    setup.nothing_is_left().await
}

pub async fn many_starters_get_one_plane(setup: Setup) -> Result<()> {
    let users: Vec<User> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..5).map(|_| scope.spawn(|| User::start(setup.state.path()))).collect();
        starts.into_iter().map(|start| start.join().expect("no panic")).collect::<Result<_>>()
    })?;
    ensure!(users.iter().all(|user| user.plane == users[0].plane), "one plane");
    let leases = gc::find(&setup.root)?.pop().context("one plane")?.leases;
    ensure!(leases.len() == 5, "{leases:?}");
    drop(users);
    setup.nothing_is_left().await
}

pub async fn two_planes_side_by_side(setup: Setup) -> Result<()> {
    let mut other = setup.request.clone();
    other.crds.truncate(1);
    let (one, two) =
        tokio::join!(acquire_in(&setup.root, &setup.request, &Silent), acquire_in(&setup.root, &other, &Silent));
    let (one, two) = (one?, two?);
    ensure!(one.record().key != two.record().key && one.record().port != two.record().port);
    let name = one.create_namespace("only-here").await?;
    ensure!(Api::<Namespace>::all(two.client()).get_opt(&name).await?.is_none());

    // Stopped at once: gone when `release` returns, and the other one does not notice.
    one.release(true).await?;
    ensure!(!one.dir().path().exists());
    ensure!(processes_of(one.dir().path())?.is_empty());
    ensure!(two.health().is_none());
    two.create_namespace("still-well").await?;
    ensure!(only_plane(&setup.root)? == *two.dir());
    two.release(true).await?;
    setup.nothing_is_left().await
}

/// Rounds: `PROOFROLL_BENCH_ROUNDS`. What it measures is for people; here only that it does.
pub fn the_bench_measures_both() -> Result<()> {
    let setup = Setup::new()?;
    let rounds = std::env::var("PROOFROLL_BENCH_ROUNDS").map_or(Ok(1), |rounds| rounds.parse())?;
    let mut out = Vec::new();
    plane::bench(&setup.root, &setup.request, rounds, &Silent, &mut out)?;
    let text = String::from_utf8(out)?;
    eprintln!("{text}");
    ensure!(text.lines().count() == rounds + 4 && text.contains("a pod is Running and Ready"), "{text}");
    Ok(())
}

pub async fn a_taken_port_is_refused(mut setup: Setup) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    setup.embedded()?.port = Some(port);
    let refused = format!("{}", setup.acquire().await.err().context("refused")?);
    ensure!(refused.contains(&format!("port {port} is taken")) && refused.contains("--port"), "{refused}");
    setup.nothing_is_left().await?;

    drop(listener);
    let plane = setup.acquire().await?;
    ensure!(plane.record().port == port);
    setup.embedded()?.port = Some(port - 1);
    let refused = format!("{}", setup.acquire().await.err().context("refused")?);
    ensure!(refused.contains(&format!("on port {port}, not {}", port - 1)), "{refused}");
    plane.release(true).await?;
    setup.nothing_is_left().await
}

pub async fn what_cannot_start_is_named(mut setup: Setup) -> Result<()> {
    let good = setup.request.clone();
    setup.embedded()?.parts.kwok.path = "/nowhere/kwok".into();
    let refused = setup.acquire().await.err().context("refused")?.to_string();
    ensure!(refused.contains("kwok could not be started from /nowhere/kwok: No such file"), "{refused}");
    setup.nothing_is_left().await?;

    // Starts, and ends at once.
    setup.embedded()?.parts.kwok.path = "/bin/false".into();
    let refused = setup.acquire().await.err().context("refused")?.to_string();
    ensure!(refused.contains("kwok ended (exit status: 1); its last log lines:"), "{refused}");
    setup.nothing_is_left().await?;

    // A CRD that the API server does not take.
    let crd = setup.state.path().with_extension("crd.yaml");
    let text = std::fs::read_to_string(&good.crds[0])?.replacen("plural: ", "plural: Not", 1);
    std::fs::write(&crd, text)?;
    setup.request = good;
    setup.request.crds = vec![crd.clone()];
    let refused = setup.acquire().await.err().context("refused").map(|error| error.to_string());
    std::fs::remove_file(crd)?;
    let refused = refused?;
    ensure!(refused.contains("is invalid") && refused.contains("argoproj.io"), "{refused}");
    setup.nothing_is_left().await
}

pub async fn the_commands(setup: Setup) -> Result<()> {
    let text = |out: Vec<u8>| String::from_utf8(out);
    let mut out = Vec::new();
    plane::down(&setup.root, None, false, &mut out).await?;
    plane::status(&setup.root, &mut out)?;
    plane::collect(&setup.root, &mut out).await?;
    ensure!(text(out)? == "no control plane runs\nno control plane runs\nnothing to collect\n");

    let mut out = Vec::new();
    plane::up(&setup.root, &setup.request, Some(Duration::from_secs(3600)), &Silent, &mut out).await?;
    let dir = only_plane(&setup.root)?;
    ensure!(text(out)? == format!("export KUBECONFIG={}\n", dir.kubeconfig().display()));

    let mut out = Vec::new();
    plane::status(&setup.root, &mut out)?;
    plane::collect(&setup.root, &mut out).await?;
    let out = text(out)?;
    ensure!(
        out.contains(&dir.key()) && out.contains("a test of the plane (for ") && out.ends_with("nothing to collect\n"),
        "{out}"
    );

    let mut out = Vec::new();
    let refused = plane::down(&setup.root, Some("nosuchkey"), false, &mut out).await.err().context("refused")?;
    ensure!(refused.to_string().contains("no control plane has the key nosuchkey"), "{refused}");
    plane::down(&setup.root, Some(&dir.key()[..4]), false, &mut out).await?;
    ensure!(text(out)? == format!("{} stopped\n", dir.key()));
    setup.nothing_is_left().await
}
