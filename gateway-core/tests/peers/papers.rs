//! Certificates of an authority of the tests, made with OpenSSL.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Place;

/// An authority.
pub struct Papers {
    folder: PathBuf,
}

impl Papers {
    pub fn new(place: &Place) -> Self {
        let papers = Papers { folder: place.below("papers") };
        papers.make("authority", &[]);
        papers
    }

    /// Its own certificate.
    pub fn authority(&self) -> String {
        self.file("authority.pem")
    }

    /// A certificate for 127.0.0.1 that it signed, with its key in the same file. Keys are RSA, as most telephone systems have them.
    pub fn signed(&self, name: &str) -> String {
        let (authority, key) = (self.file("authority.pem"), self.file("authority.key"));
        self.make(
            name,
            &["-CA", &authority, "-CAkey", &key, "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"],
        );
        self.with_key(name)
    }

    /// A certificate that nobody but itself vouches for.
    pub fn self_made(&self, name: &str) -> String {
        self.make(name, &[]);
        self.with_key(name)
    }

    /// The SHA-256 of a certificate, as OpenSSL says it.
    pub fn fingerprint(&self, file: &str) -> String {
        let said = openssl(&["x509", "-in", file, "-noout", "-fingerprint", "-sha256"]);
        said.trim().split_once('=').expect("OpenSSL names what it says").1.to_owned()
    }

    /// Whether a TLS client that believes the authority alone takes the certificate of whoever listens at a port.
    pub fn connect(&self, port: u16) -> bool {
        let (at, authority) = (format!("127.0.0.1:{port}"), self.authority());
        let args = ["s_client", "-connect", &at, "-CAfile", &authority, "-verify_return_error", "-no_ign_eof"];
        Command::new("openssl").args(args).stdin(Stdio::null()).output().unwrap().status.success()
    }

    fn make(&self, name: &str, more: &[&str]) {
        let (key, certificate) = (self.file(&format!("{name}.key")), self.file(&format!("{name}.pem")));
        let subject = format!("/CN={name}");
        let fixed =
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", &subject, "-keyout", &key, "-out", &certificate];
        openssl(&[&fixed, more].concat());
    }

    fn with_key(&self, name: &str) -> String {
        let (key, certificate) = (self.file(&format!("{name}.key")), self.file(&format!("{name}.pem")));
        let both = std::fs::read_to_string(&certificate).unwrap() + &std::fs::read_to_string(key).unwrap();
        std::fs::write(&certificate, both).unwrap();
        certificate
    }

    fn file(&self, name: &str) -> String {
        Path::new(&self.folder).join(name).display().to_string()
    }
}

fn openssl(args: &[&str]) -> String {
    let ran = Command::new("openssl").args(args).output().unwrap();
    assert!(ran.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}
