//! The fixtures are embedded: a new file among them has to rebuild the library.

fn main() {
    println!("cargo::rerun-if-changed=../fixtures");
}
