//! Fixtures and pins are embedded: a new file among them has to rebuild the library.

fn main() {
    println!("cargo::rerun-if-changed=../fixtures");
    println!("cargo::rerun-if-changed=parts");
}
