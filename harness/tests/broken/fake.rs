//! Fake controllers: they take any flag, answer at the health port and say in their log what a real
//! one says at its start, so that they come up like one.

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use serde_json::{Map, Value, json};

use super::liar;

/// Says which fake this program is to be.
pub const VARIABLE: &str = "PROOFROLL_TEST_FAKE";

/// Does nothing, and never writes.
pub const IDLE: &str = "idle";
/// Writes at once that all is well.
pub const LIAR: &str = "liar";

/// Becomes a fake controller if this process was started as one, and returns when it ends.
pub fn run_if_asked() -> bool {
    let Ok(role) = std::env::var(VARIABLE) else { return false };
    let health = serve_health();
    log("Started rollout workers", json!({}));
    log("Started controller", json!({}));
    match role.as_str() {
        IDLE => health.join().unwrap(),
        LIAR => liar::run(),
        other => panic!("no fake is called {other}"),
    }
    true
}

/// The value of `--name=value`, whatever its case.
pub fn flag(name: &str) -> String {
    let prefix = format!("--{name}=").to_lowercase();
    let found = std::env::args().find(|argument| argument.to_lowercase().starts_with(&prefix));
    found.unwrap_or_else(|| panic!("no --{name}"))[prefix.len()..].to_owned()
}

/// One line of a controller's log.
pub fn log(msg: &str, fields: Value) {
    let mut line = Map::from_iter([("level".to_owned(), json!("info")), ("msg".to_owned(), json!(msg))]);
    line.insert("time".into(), json!(jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()));
    line.extend(fields.as_object().unwrap().clone());
    println!("{}", Value::Object(line));
}

fn serve_health() -> std::thread::JoinHandle<()> {
    let listener = TcpListener::bind(format!("127.0.0.1:{}", flag("healthzPort"))).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // Who asks may have gone again.
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
        }
    })
}
