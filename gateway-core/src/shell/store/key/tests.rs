use super::*;
use crate::shell::keyring::tests::ToyKeyring;

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let dir = std::env::temp_dir().join(format!("loopstart-key-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Scratch(dir)
    }

    fn rack(&self, keyring: Option<&Arc<ToyKeyring>>) -> KeyRack {
        KeyRack::of(&self.0, keyring.map(|keyring| Arc::clone(keyring) as Arc<dyn Keyring>))
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> =
            std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a key seals and another opens, if it is the same.
fn same(one: &Key, other: &Key) -> bool {
    other.open(&one.seal("said").unwrap()).as_deref() == Some("said")
}

#[test]
fn without_a_keyring_the_key_lies_in_the_folder_for_this_user_alone() {
    let scratch = Scratch::new("file");
    let rack = scratch.rack(None);
    assert!(matches!(rack.find(), Ok(Ok(None))));
    let key = rack.make().unwrap();
    assert_eq!(scratch.files(), [KEY_FILE]);
    assert!(same(&key, &rack.find().unwrap().unwrap().unwrap()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(scratch.0.join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_key_file_is_never_overwritten() {
    let scratch = Scratch::new("kept");
    let first = scratch.rack(None).make().unwrap();
    assert!(same(&first, &scratch.rack(None).make().unwrap()), "a second program takes the key of the first");
    std::fs::write(scratch.0.join(KEY_FILE), "half a k").unwrap();
    assert_eq!(scratch.rack(None).find().unwrap().unwrap_err(), KeyFault::KeyLost);
    scratch.rack(None).make_in_folder().unwrap();
    assert_eq!(scratch.files(), [KEY_FILE, "secrets.key.unreadable-1"]);
    assert_eq!(std::fs::read_to_string(scratch.0.join("secrets.key.unreadable-1")).unwrap(), "half a k");
}

#[test]
fn with_a_keyring_nothing_secret_lies_in_the_folder_and_the_key_is_found_again() {
    let (scratch, keyring) = (Scratch::new("keyring"), Arc::new(ToyKeyring::default()));
    let key = scratch.rack(Some(&keyring)).make().unwrap();
    assert_eq!(scratch.files(), [PLACE_FILE]);
    assert!(!std::fs::read_to_string(scratch.0.join(PLACE_FILE)).unwrap().contains("SECRET"));
    assert!(same(&key, &scratch.rack(Some(&keyring)).find().unwrap().unwrap().unwrap()));
}

#[test]
fn two_programs_that_make_the_first_key_at_once_agree_on_one() {
    let (scratch, keyring) = (Scratch::new("at-once"), Arc::new(ToyKeyring::default()));
    let first = scratch.rack(Some(&keyring)).make().unwrap();
    assert!(same(&first, &scratch.rack(Some(&keyring)).make().unwrap()));
}

#[test]
fn a_keyring_that_does_not_answer_is_no_place_for_a_key() {
    let (scratch, keyring) = (Scratch::new("locked"), Arc::new(ToyKeyring::default()));
    *keyring.locked.lock().unwrap() = true;
    scratch.rack(Some(&keyring)).make().unwrap();
    assert_eq!(scratch.files(), [KEY_FILE]);
    *keyring.locked.lock().unwrap() = false;
    assert!(matches!(scratch.rack(Some(&keyring)).find(), Ok(Ok(Some(_)))), "the place stays the same when the keyring comes back");
    assert!(keyring.entries.lock().unwrap().is_empty());
}

#[test]
fn a_key_out_of_reach_and_a_lost_one_are_told_apart() {
    let (scratch, keyring) = (Scratch::new("faults"), Arc::new(ToyKeyring::default()));
    scratch.rack(Some(&keyring)).make().unwrap();
    let fault = |keyring| scratch.rack(keyring).find().unwrap().unwrap_err();
    assert_eq!(fault(None), KeyFault::KeyringLocked);
    *keyring.locked.lock().unwrap() = true;
    assert_eq!(fault(Some(&keyring)), KeyFault::KeyringLocked);
    *keyring.locked.lock().unwrap() = false;
    let other = Identity::generate();
    for text in [other.to_string().expose_secret(), "rubbish", ""] {
        keyring.entries.lock().unwrap().values_mut().for_each(|entry| text.clone_into(entry));
        assert_eq!(fault(Some(&keyring)), KeyFault::KeyLost, "what lies there is not what sealed");
    }
    keyring.entries.lock().unwrap().clear();
    assert_eq!(fault(Some(&keyring)), KeyFault::KeyLost);
    std::fs::write(scratch.0.join(PLACE_FILE), "{").unwrap();
    assert_eq!(fault(Some(&keyring)), KeyFault::KeyLost);
}

/// Whoever has a copy of the key puts it into the folder, and it is used, wherever the key was before.
#[test]
fn a_key_that_is_put_into_the_folder_is_used() {
    let (scratch, keyring) = (Scratch::new("put-in"), Arc::new(ToyKeyring::default()));
    let lost = scratch.rack(Some(&keyring)).make().unwrap();
    let text = keyring.entries.lock().unwrap().values().next().unwrap().clone();
    std::fs::write(scratch.0.join(KEY_FILE), format!("# kept in a safe\r\n\r\n{text}\r\n")).unwrap();
    assert!(same(&lost, &scratch.rack(None).find().unwrap().unwrap().unwrap()));
}
