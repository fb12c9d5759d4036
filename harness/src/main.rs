//! proofroll
fn main() {}
