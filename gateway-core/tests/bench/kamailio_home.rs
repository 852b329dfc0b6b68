//! Where Kamailio lives on this machine.

const MODULES: &[&str] =
    &["/usr/lib/x86_64-linux-gnu/kamailio/modules", "/usr/lib/aarch64-linux-gnu/kamailio/modules", "/usr/lib64/kamailio/modules"];

/// The program: not every user's path leads to it.
pub(crate) fn program() -> &'static str {
    if std::path::Path::new("/usr/sbin/kamailio").is_file() { "/usr/sbin/kamailio" } else { "kamailio" }
}

/// The folder of its modules; `None`: it is not installed.
pub(crate) fn modules() -> Option<&'static str> {
    MODULES.iter().copied().find(|path| std::path::Path::new(path).is_dir())
}
