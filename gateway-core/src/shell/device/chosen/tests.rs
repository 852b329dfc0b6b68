use super::*;

fn at(path: &str, serial: Option<&str>, socket: &str) -> Plugged {
    let serial = serial.map(str::to_owned);
    Plugged {
        path: path.to_owned(),
        mark: UsbMark { vendor: 0x0572, product: 0x1329, serial, socket: Some(socket.to_owned()), interface: Some(0) },
    }
}

fn modems(paths: &[&str]) -> DeviceChoice {
    DeviceChoice::Modems { paths: paths.iter().map(|path| (*path).to_owned()).collect() }
}

fn serial(path: &str) -> DeviceChoice {
    DeviceChoice::Serial { path: path.to_owned() }
}

/// What became of looking for a device and opening it where it was found.
#[derive(Debug, PartialEq, Eq)]
enum Followed {
    There,
    Moved(Moved),
    Missing,
}

impl Chosen {
    fn opens(&mut self, index: usize, plugged: &[Plugged]) -> Followed {
        match self.look(index, plugged) {
            Whereabouts::There => Followed::There,
            Whereabouts::At(found) => self.follow(index, found).map_or(Followed::There, Followed::Moved),
            Whereabouts::Missing => Followed::Missing,
        }
    }
}

/// A choice of this run, with what was plugged in when it was opened.
fn chosen(choice: DeviceChoice, plugged: &[Plugged]) -> Chosen {
    let mut chosen = Chosen::for_this_run(choice);
    for index in 0..chosen.choice().devices() {
        assert_eq!(chosen.opens(index, plugged), Followed::There);
    }
    chosen
}

fn moved(from: &str, to: &str) -> Followed {
    Followed::Moved(Moved { from: from.to_owned(), to: to.to_owned() })
}

#[test]
fn a_box_that_comes_back_under_another_name_is_followed_without_a_word() {
    for number in [Some("A17"), None] {
        let mut box_one = chosen(serial("ttyACM0"), &[at("ttyACM0", number, "1-4")]);
        assert_eq!(box_one.opens(0, &[at("ttyACM3", number, "1-4")]), Followed::There);
        assert_eq!(*box_one.choice(), serial("ttyACM3"));
        assert_eq!(box_one.opens(0, &[at("ttyACM0", number, "1-4")]), Followed::There);
        assert_eq!(*box_one.choice(), serial("ttyACM0"));
    }
}

#[test]
fn a_box_in_another_socket_is_followed_and_told() {
    for number in [Some("A17"), None] {
        let mut box_one = chosen(serial("ttyACM0"), &[at("ttyACM0", number, "1-4")]);
        assert_eq!(box_one.opens(0, &[]), Followed::There);
        assert_eq!(box_one.opens(0, &[at("ttyACM0", number, "1-2.3")]), moved("1-4", "1-2.3"));
        assert_eq!(box_one.opens(0, &[at("ttyACM0", number, "1-2.3")]), Followed::There, "told once");
    }
}

#[test]
fn another_box_that_took_the_name_is_not_taken_for_it() {
    let mut box_one = chosen(serial("ttyACM0"), &[at("ttyACM0", Some("A17"), "1-4")]);
    assert_eq!(box_one.opens(0, &[at("ttyACM0", Some("B08"), "1-4")]), Followed::Missing);
    assert_eq!(box_one.opens(0, &[at("ttyACM0", Some("B08"), "1-4"), at("ttyACM1", Some("A17"), "1-5")]), moved("1-4", "1-5"));
    assert_eq!(*box_one.choice(), serial("ttyACM1"));
}

#[test]
fn two_modems_without_numbers_that_swap_their_names_keep_their_lines() {
    let (first, second) = (|path| at(path, None, "1-1"), |path| at(path, None, "1-2"));
    let mut lines = chosen(modems(&["ttyACM0", "ttyACM1"]), &[first("ttyACM0"), second("ttyACM1")]);
    let swapped = [second("ttyACM0"), first("ttyACM1")];
    assert_eq!(lines.opens(0, &swapped), Followed::There);
    assert_eq!(lines.opens(1, &swapped), Followed::There);
    assert_eq!(*lines.choice(), modems(&["ttyACM1", "ttyACM0"]));
}

#[test]
fn of_two_modems_alike_only_the_missing_one_is_found_in_a_new_socket() {
    let mut lines = chosen(modems(&["ttyACM0", "ttyACM1"]), &[at("ttyACM0", None, "1-1"), at("ttyACM1", None, "1-2")]);
    let second_moved = [at("ttyACM0", None, "1-1"), at("ttyACM1", None, "1-7")];
    assert_eq!(lines.opens(0, &second_moved), Followed::There);
    assert_eq!(lines.opens(1, &second_moved), moved("1-2", "1-7"));
    // Both moved: which is which cannot be told, and a line must not be taken for another.
    let both_moved = [at("ttyACM0", None, "1-8"), at("ttyACM1", None, "1-9")];
    assert_eq!([lines.opens(0, &both_moved), lines.opens(1, &both_moved)], [Followed::Missing, Followed::Missing]);
}

#[test]
fn boxes_with_the_same_serial_number_are_told_apart_by_their_sockets() {
    let number = Some("0001");
    let mut box_two = chosen(serial("ttyACM1"), &[at("ttyACM0", number, "1-1"), at("ttyACM1", number, "1-2")]);
    assert_eq!(box_two.opens(0, &[at("ttyACM1", number, "1-1"), at("ttyACM0", number, "1-2")]), Followed::There);
    assert_eq!(*box_two.choice(), serial("ttyACM0"));
}

#[test]
fn of_two_modems_with_the_same_serial_number_none_is_taken_for_the_other_that_is_pulled() {
    let number = Some("0001");
    let (first, second) = (at("ttyACM0", number, "1-1"), at("ttyACM1", number, "1-2"));
    let mut lines = chosen(modems(&["ttyACM0", "ttyACM1"]), &[first.clone(), second.clone()]);
    assert_eq!(lines.look(0, std::slice::from_ref(&second)), Whereabouts::There, "nothing is at its path");
    assert_eq!(lines.opens(1, std::slice::from_ref(&second)), Followed::There);
    assert_eq!(lines.opens(0, &[first, second.clone()]), Followed::There);
    assert_eq!(*lines.choice(), modems(&["ttyACM0", "ttyACM1"]));
    assert_eq!(lines.opens(0, &[second, at("ttyACM0", number, "1-3")]), moved("1-1", "1-3"));
}

#[test]
fn what_was_found_and_could_not_be_opened_is_forgotten() {
    let lines = chosen(serial("ttyACM0"), &[at("ttyACM0", None, "1-1")]);
    let elsewhere = [at("ttyACM4", None, "1-2")];
    assert_eq!(lines.look(0, &elsewhere), Whereabouts::At(elsewhere[0].clone()));
    assert_eq!(*lines.choice(), serial("ttyACM0"));
    assert_eq!(lines.look(0, &[at("ttyACM0", None, "1-1"), elsewhere[0].clone()]), Whereabouts::At(at("ttyACM0", None, "1-1")));
}

#[test]
fn macos_names_each_port_twice_and_one_name_is_left_out() {
    assert!(is_dial_in("/dev/tty.usbmodem14201") && !is_dial_in("/dev/cu.usbmodem14201") && !is_dial_in("/dev/ttyACM0"));
}

#[test]
fn what_is_not_on_usb_is_known_by_its_path_alone() {
    let mut pty = chosen(serial("/tmp/box"), &[at("ttyACM0", None, "1-1")]);
    assert_eq!(pty.opens(0, &[at("ttyACM0", None, "1-1"), at("ttyACM1", None, "1-3")]), Followed::There);
    assert_eq!(*pty.choice(), serial("/tmp/box"));
}

#[test]
fn the_choice_and_its_marks_outlive_the_program_and_an_old_file_is_read() {
    let folder = std::env::temp_dir().join(format!("loopstart-chosen-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    assert_eq!(*Chosen::at_start(None, &folder).choice(), DeviceChoice::Virtual { ports: 2 });
    let mut first = Chosen::at_start(Some(serial("ttyACM0")), &folder);
    assert_eq!(first.opens(0, &[at("ttyACM0", Some("A17"), "1-4")]), Followed::There);
    assert!(!folder.join(FILE).exists(), "a choice for one run is not remembered");
    first.choose(serial("ttyACM0"), &[at("ttyACM0", Some("A17"), "1-4")]);
    let mut again = Chosen::at_start(None, &folder);
    assert_eq!(*again.choice(), serial("ttyACM0"));
    assert_eq!(again.opens(0, &[at("ttyACM5", Some("A17"), "1-4")]), Followed::There);
    assert_eq!(*Chosen::at_start(None, &folder).choice(), serial("ttyACM5"), "followed, and remembered");

    std::fs::write(folder.join(FILE), r#"{"kind":"serial","path":"/dev/ttyACM9"}"#).unwrap();
    assert_eq!(*Chosen::at_start(None, &folder).choice(), serial("/dev/ttyACM9"));
    std::fs::write(folder.join(FILE), "{ damaged").unwrap();
    assert_eq!(*Chosen::at_start(None, &folder).choice(), DeviceChoice::Virtual { ports: 2 });
    std::fs::remove_dir_all(&folder).unwrap();
}
