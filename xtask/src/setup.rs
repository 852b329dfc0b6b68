//! What the project needs on a machine. On Debian and its children it is installed; elsewhere it is named.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use crate::step::{Outcome, answers, must, npm, root};

/// Debian packages to build and run the window and the headless program.
const TO_RUN: &[&str] = &[
    "build-essential",
    "pkg-config",
    "libwebkit2gtk-4.1-dev",
    "libudev-dev",
    "libasound2-dev",
    "libayatana-appindicator3-1",
    "fonts-dejavu-core",
];

/// Debian packages that the tests need besides: real SIP peers, a screen without a monitor, a driver for the real window, a browser.
const TO_TEST: &[&str] = &[
    "sip-tester",
    "baresip-core",
    "kamailio",
    "kamailio-tls-modules",
    "dnsmasq-base",
    "openssl",
    "sipsak",
    "iproute2",
    "xvfb",
    "xauth",
    "webkit2gtk-driver",
    "imagemagick",
    "xdotool",
    "dbus",
    "libsndfile1",
    "pulseaudio",
    "libasound2-plugins",
    BROWSER,
];

/// The browser that looks at every page over the toy world.
const BROWSER: &str = "chromium";

/// Installs what `run` needs.
pub fn for_run() -> Outcome {
    packages(TO_RUN)?;
    node_modules()
}

/// Installs what packages are built with.
pub fn for_packages() -> Outcome {
    packages(&[TO_RUN, &["libayatana-appindicator3-dev"]].concat())?;
    node_modules()
}

/// Installs what `run --headless` needs: no window, no UI.
pub fn for_headless() -> Outcome {
    packages(&["build-essential", "pkg-config", "libasound2-dev"])
}

/// Installs what the measurements need.
pub fn for_bench() -> Outcome {
    packages(&[
        "build-essential",
        "pkg-config",
        "libasound2-dev",
        "sip-tester",
        "baresip-core",
        "kamailio",
        "pulseaudio",
        "libasound2-plugins",
    ])
}

/// Installs what the receivers are compared with: spandsp, and real speech and music.
pub fn for_accuracy() -> Outcome {
    packages(&[
        "build-essential",
        "libspandsp-dev",
        "asterisk-core-sounds-en-wav",
        "asterisk-core-sounds-es-wav",
        "asterisk-core-sounds-fr-wav",
        "asterisk-moh-opsound-wav",
    ])
}

/// Installs what every test needs.
pub fn for_tests() -> Outcome {
    packages(&[TO_RUN, TO_TEST].concat())?;
    node_modules()
}

/// Installs what the pictures need.
pub fn for_shots() -> Outcome {
    packages(&[TO_RUN, &[BROWSER]].concat())?;
    node_modules()
}

fn packages(wanted: &[&str]) -> Outcome {
    if !cfg!(target_os = "linux") || !Path::new("/etc/debian_version").exists() {
        return other_system(wanted);
    }
    let missing: Vec<&str> = wanted.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        println!("Debian packages: all {} are there", wanted.len());
        return Ok(());
    }
    println!("Debian packages to install: {}", missing.join(" "));
    apt(&["update"])?;
    let mut args = vec!["install", "-y", "--no-install-recommends"];
    args.extend(missing);
    apt(&args)
}

fn is_installed(package: &str) -> bool {
    let query = Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", package]).stderr(Stdio::null()).output();
    query.is_ok_and(|output| output.status.success() && output.stdout == b"installed")
}

fn apt(args: &[&str]) -> Outcome {
    let as_root = answers("id", &["-u"]) && Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    let mut command = if as_root { Command::new("apt-get") } else { Command::new("sudo") };
    if !as_root {
        command.arg("apt-get");
    }
    must(command.args(args).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Says exactly what is needed where we cannot install it ourselves.
fn other_system(wanted: &[&str]) -> Outcome {
    println!("This system has no apt-get. The project needs (by their Debian names): {}", wanted.join(" "));
    if cfg!(target_os = "macos") {
        println!("macOS: the Xcode command line tools (xcode-select --install) and Node 20; the window uses the system's WebKit.");
    } else if cfg!(windows) {
        println!("Windows: the Visual Studio C++ build tools, WebView2 (part of Windows 11) and Node 20.");
    } else {
        println!("Fedora: dnf install webkit2gtk4.1-devel systemd-devel alsa-lib-devel gcc pkgconf");
        println!("Arch: pacman -S webkit2gtk-4.1 systemd-libs alsa-lib base-devel");
    }
    println!("Tests that need SIPp, baresip, Kamailio or WebKitWebDriver say that they were skipped where these are missing.");
    Ok(())
}

/// Installs the window's packages when the lock file is newer than what is there.
fn node_modules() -> Outcome {
    if !answers("node", &["--version"]) {
        return Err("Node 20 or newer is needed to build the window (nodejs.org)".to_owned());
    }
    let ui = root().join("ui");
    let modified = |path: &str| ui.join(path).metadata().and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    if modified("node_modules/.package-lock.json") > modified("package-lock.json") {
        println!("Node packages: up to date");
        return Ok(());
    }
    must(&mut npm(&["ci", "--no-fund", "--no-audit"]))
}
