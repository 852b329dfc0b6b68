//! Tells Cargo that the embedded migrations are part of the build.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
}
