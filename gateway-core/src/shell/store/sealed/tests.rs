use std::borrow::Cow;
use std::path::PathBuf;

use sqlx::Executor as _;
use sqlx::migrate::Migrator;

use super::super::key::{KEY_FILE, PLACE_FILE};
use super::super::{MIGRATIONS, RevisionKind, connect, make_private};
use super::*;
use crate::config::settings::{GatewaySettings, PortSettings, Secret};
use crate::shell::keyring::tests::ToyKeyring;

const SECRETS: [&str; 3] = ["x7kq-93ms-p2rt", "Segredo-do-Ramal-2", "gateway-own-secret"];

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let dir = std::env::temp_dir().join(format!("loopstart-sealed-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        Scratch(dir)
    }

    async fn open(&self) -> Store {
        Store::open(&self.0).await.unwrap()
    }

    async fn open_with(&self, keyring: &Arc<ToyKeyring>) -> Store {
        Store::open_with(&self.0, Some(Arc::clone(keyring) as Arc<dyn Keyring>)).await.unwrap()
    }

    /// Names of the files whose raw bytes hold a secret.
    fn told(&self) -> Vec<String> {
        let files = std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        let tells = |path: &PathBuf| {
            let bytes = std::fs::read(path).unwrap();
            SECRETS.iter().any(|secret| bytes.windows(secret.len()).any(|window| window == secret.as_bytes()))
        };
        files.filter(tells).map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn settings() -> Settings {
    let port =
        |user: &str, secret: &str| PortSettings { user: user.to_owned(), secret: Secret(secret.to_owned()), ..PortSettings::default() };
    let gateway = GatewaySettings { user: "all".to_owned(), secret: Secret(SECRETS[2].to_owned()), ..GatewaySettings::default() };
    Settings { gateway, ports: vec![port("line1", SECRETS[0]), port("line2", SECRETS[1])] }
}

fn without_secrets() -> Settings {
    let mut settings = settings();
    settings.gateway.secret = Secret::default();
    settings.ports.iter_mut().for_each(|port| port.secret = Secret::default());
    settings
}

#[tokio::test]
async fn what_is_committed_lies_sealed_in_every_file() {
    let scratch = Scratch::new("commit");
    let store = scratch.open().await;
    for n in 0..25 {
        store.commit(&settings(), RevisionKind::Apply, n).await.unwrap();
    }
    assert_eq!(scratch.told(), [""; 0], "while it is open, with its write-ahead log");
    assert_eq!(store.load().await.unwrap().unwrap().1, settings());
    assert_eq!(store.key_fault(), None);
    store.close().await;
    assert_eq!(scratch.told(), [""; 0]);
    let store = scratch.open().await;
    assert_eq!(store.load().await.unwrap().unwrap().1, settings());
}

/// A database of the first version, with secrets in rows, in free pages and in the write-ahead log.
async fn old_database(scratch: &Scratch) {
    make_private(&scratch.0).unwrap();
    let pool = connect(&scratch.0.join(super::super::FILE_NAME)).await.unwrap();
    let first = MIGRATIONS.iter().filter(|migration| migration.version == 1).cloned().collect();
    Migrator { migrations: Cow::Owned(first), ..Migrator::DEFAULT }.run(&pool).await.unwrap();
    pool.execute("PRAGMA secure_delete = OFF").await.unwrap();
    let document = serde_json::to_string(&settings()).unwrap();
    for n in 0..40 {
        let insert = sqlx::query("INSERT INTO revisions (created_at_ms, what, format, document) VALUES (?, 'apply', 1, ?)");
        insert.bind(n).bind(&document).execute(&pool).await.unwrap();
    }
    pool.execute("DELETE FROM revisions WHERE id <= 20").await.unwrap();
    pool.execute(r#"UPDATE revisions SET document = '{"gateway":7,"ports":[{"secret":"x7kq-93ms-p2rt"}]}' WHERE id = 39"#).await.unwrap();
    pool.execute("INSERT INTO current_revision (only_row, revision_id) VALUES (1, 40)").await.unwrap();
    // As a crash leaves it: the log is not folded in.
    let copy = scratch.0.with_extension("copy");
    let _ = std::fs::remove_dir_all(&copy);
    std::fs::create_dir_all(&copy).unwrap();
    for suffix in ["", "-wal"] {
        let name = format!("{}{suffix}", super::super::FILE_NAME);
        std::fs::copy(scratch.0.join(&name), copy.join(&name)).unwrap();
    }
    pool.close().await;
    std::fs::remove_dir_all(&scratch.0).unwrap();
    std::fs::rename(copy, &scratch.0).unwrap();
}

#[tokio::test]
async fn secrets_of_an_older_program_are_sealed_when_it_is_opened_and_no_page_keeps_them() {
    let scratch = Scratch::new("old");
    old_database(&scratch).await;
    assert!(!scratch.told().is_empty(), "the old database has them in the clear");
    let store = scratch.open().await;
    assert_eq!(scratch.told(), [""; 0]);
    assert_eq!(store.load().await.unwrap().unwrap().1, settings());
    let revisions = store.revisions().await.unwrap();
    assert_eq!(revisions.len(), 20);
    assert_eq!(store.revision(revisions[5].id).await.unwrap(), Some(settings()));
    store.close().await;
    assert_eq!(scratch.told(), [""; 0]);
}

/// The program died after it had sealed the rows and before it had cleaned the pages.
#[tokio::test]
async fn pages_that_a_crash_left_are_cleaned_at_the_next_start() {
    let scratch = Scratch::new("pages");
    old_database(&scratch).await;
    let pool = connect(&scratch.0.join(super::super::FILE_NAME)).await.unwrap();
    MIGRATIONS.run(&pool).await.unwrap();
    let keys = Arc::new(Keys::find(&scratch.0, None).await.unwrap());
    let store = Store { pool, file: scratch.0.join(super::super::FILE_NAME), lists: super::super::calls::KnownLists::default(), keys };
    store.pool.execute("PRAGMA secure_delete = OFF").await.unwrap();
    store.seal_old_rows().await.unwrap();
    store.close().await;
    assert!(!scratch.told().is_empty(), "free pages still have them");
    let store = scratch.open().await;
    assert_eq!(scratch.told(), [""; 0]);
    assert_eq!(store.load().await.unwrap().unwrap().1, settings());
}

#[tokio::test]
async fn a_lost_key_costs_the_secrets_and_nothing_else_and_comes_back_with_the_key() {
    let scratch = Scratch::new("lost");
    let store = scratch.open().await;
    let id = store.commit(&settings(), RevisionKind::Apply, 1).await.unwrap();
    store.close().await;
    let (key, aside) = (scratch.0.join(KEY_FILE), scratch.0.join("aside"));
    std::fs::rename(&key, &aside).unwrap();
    // Another key lies there: it opens nothing, and does not replace what is sealed.
    let other = Scratch::new("lost-other");
    let foreign = other.open().await;
    foreign.commit(&settings(), RevisionKind::Apply, 1).await.unwrap();
    std::fs::copy(other.0.join(KEY_FILE), &key).unwrap();
    let store = scratch.open().await;
    assert_eq!(store.key_fault(), Some(KeyFault::KeyLost));
    assert_eq!(store.load().await.unwrap(), Some((id, without_secrets())));
    store.close().await;
    std::fs::remove_file(&key).unwrap();
    let store = scratch.open().await;
    assert_eq!(store.key_fault(), Some(KeyFault::KeyLost));
    store.close().await;
    std::fs::rename(&aside, &key).unwrap();
    let store = scratch.open().await;
    assert_eq!((store.key_fault(), store.load().await.unwrap()), (None, Some((id, settings()))));
}

#[tokio::test]
async fn secrets_typed_anew_are_sealed_with_a_new_key_and_the_old_ones_stay() {
    let (scratch, keyring) = (Scratch::new("anew"), Arc::new(ToyKeyring::default()));
    let store = scratch.open_with(&keyring).await;
    let old = store.commit(&settings(), RevisionKind::Apply, 1).await.unwrap();
    store.close().await;
    assert!(scratch.0.join(PLACE_FILE).exists() && !scratch.0.join(KEY_FILE).exists());
    *keyring.locked.lock().unwrap() = true;
    let store = scratch.open_with(&keyring).await;
    assert_eq!(store.key_fault(), Some(KeyFault::KeyringLocked));
    assert_eq!(store.load().await.unwrap(), Some((old, without_secrets())));
    let new = store.commit(&settings(), RevisionKind::Apply, 2).await.unwrap();
    assert_eq!(store.key_fault(), None);
    assert_eq!(store.load().await.unwrap(), Some((new, settings())));
    store.close().await;
    // From now on the folder has its key, in whatever session it is opened.
    let store = scratch.open().await;
    assert_eq!((store.key_fault(), store.load().await.unwrap()), (None, Some((new, settings()))));
    assert_eq!(store.revision(old).await.unwrap(), Some(without_secrets()), "sealed with the key that is out of reach");
    assert_eq!(store.whole_revision(old).await, Err(StoreError::SecretsSealed { revision: old.0 }), "half of it is no revision to restore");
    assert_eq!(store.whole_revision(new).await.unwrap(), Some(settings()));
    let kept: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT sealed FROM revisions WHERE id = ?").bind(old.0).fetch_one(&store.pool).await.unwrap();
    assert!(kept.is_some());
    assert_eq!(scratch.told(), [""; 0]);
}

#[tokio::test]
async fn what_is_sealed_stays_when_other_settings_change_and_comes_back_with_its_key() {
    let (scratch, keyring) = (Scratch::new("stays"), Arc::new(ToyKeyring::default()));
    let store = scratch.open_with(&keyring).await;
    store.commit(&settings(), RevisionKind::Apply, 1).await.unwrap();
    store.close().await;
    *keyring.locked.lock().unwrap() = true;
    let store = scratch.open_with(&keyring).await;
    for n in 0..25 {
        let mut changed = without_secrets();
        changed.gateway.rollback_after_s = 60 + n;
        store.commit(&changed, RevisionKind::Apply, 2).await.unwrap();
        assert_eq!(store.key_fault(), Some(KeyFault::KeyringLocked), "they are still missing");
    }
    store.close().await;
    *keyring.locked.lock().unwrap() = false;
    let store = scratch.open_with(&keyring).await;
    let mut expected = settings();
    expected.gateway.rollback_after_s = 84;
    assert_eq!((store.key_fault(), store.load().await.unwrap().unwrap().1), (None, expected));
}

#[tokio::test]
async fn settings_that_come_back_by_themselves_bring_back_what_is_sealed() {
    let (scratch, keyring) = (Scratch::new("returns"), Arc::new(ToyKeyring::default()));
    let store = scratch.open_with(&keyring).await;
    store.commit(&settings(), RevisionKind::Apply, 1).await.unwrap();
    store.close().await;
    *keyring.locked.lock().unwrap() = true;
    let store = scratch.open_with(&keyring).await;
    let mut elsewhere = without_secrets();
    elsewhere.gateway.remote_server = "other.example".to_owned();
    store.commit(&elsewhere, RevisionKind::Apply, 2).await.unwrap();
    assert_eq!(store.key_fault(), None, "they were given up");
    store.commit(&without_secrets(), RevisionKind::Rollback, 3).await.unwrap();
    assert_eq!(store.key_fault(), Some(KeyFault::KeyringLocked));
    store.close().await;
    *keyring.locked.lock().unwrap() = false;
    let store = scratch.open_with(&keyring).await;
    assert_eq!(store.load().await.unwrap().unwrap().1, settings());
}

#[tokio::test]
async fn settings_without_secrets_need_no_key() {
    let scratch = Scratch::new("none");
    let store = scratch.open().await;
    store.commit(&without_secrets(), RevisionKind::Apply, 1).await.unwrap();
    assert!(!scratch.0.join(KEY_FILE).exists());
    assert_eq!(store.key_fault(), None);
}
