use super::rule::RuleFault;
use super::*;

fn plan(rules: &[&str]) -> GatewaySettings {
    GatewaySettings { dial_rules: rules.iter().map(|rule| (*rule).to_owned()).collect(), ..GatewaySettings::default() }
}

fn dialled(number: &str, rules: &[&str]) -> Option<String> {
    match decide(number, &plan(rules)) {
        Dialling::Allowed { dialled, .. } => Some(dialled),
        Dialling::Denied { .. } | Dialling::NoNumber => None,
    }
}

fn barred(number: &str, rules: &[&str]) -> Option<(Bar, Option<u32>)> {
    match decide(number, &plan(rules)) {
        Dialling::Denied { why, rule, .. } => Some((why, rule)),
        Dialling::Allowed { .. } | Dialling::NoNumber => None,
    }
}

#[test]
fn without_rules_a_number_is_dialled_as_it_is_asked_for() {
    assert_eq!(dialled("33334444", &[]).as_deref(), Some("33334444"));
    assert_eq!(dialled("(11) 3333-44.44;phone-context=x", &[]).as_deref(), Some("1133334444"));
    assert_eq!(dialled("+55-11-3333.4444", &[]).as_deref(), Some("551133334444"));
    assert_eq!(dialled("*21#", &[]).as_deref(), Some("*21#"));
    for nothing in ["", "+", "alice", "12+3", "12 34x"] {
        assert_eq!(decide(nothing, &plan(&[])), Dialling::NoNumber, "{nothing}");
    }
}

#[test]
fn the_first_rule_that_fits_decides() {
    let rules = ["allow 0300123.", "deny 0300.", "allow 0300."];
    assert_eq!(dialled("03001234", &rules).as_deref(), Some("03001234"));
    assert_eq!(barred("03005678", &rules), Some((Bar::Rule, Some(2))));
    assert_eq!(dialled("0800", &rules).as_deref(), Some("0800"));
    let mut closed = plan(&["allow [2-5]xxxxxxx"]);
    closed.dial_otherwise = DialOtherwise::Deny;
    assert_eq!(decide("33334444", &closed), Dialling::Allowed { dialled: "33334444".to_owned(), emergency: false, rule: Some(1) });
    let denied = Dialling::Denied { why: Bar::Otherwise, rule: None, dialled: "93334444".to_owned() };
    assert_eq!(decide("93334444", &closed), denied);
}

#[test]
fn a_rule_takes_digits_away_and_puts_others_in_front() {
    assert_eq!(dialled("933334444", &["allow 9. strip 1"]).as_deref(), Some("33334444"));
    assert_eq!(dialled("1133334444", &["allow [1-9]xxxxxxxxx add 015"]).as_deref(), Some("0151133334444"));
    assert_eq!(dialled("+551133334444", &["allow +55. strip 3 add 015"]).as_deref(), Some("0151133334444"));
    assert_eq!(dialled("9", &["allow 9. strip 1"]), None, "nothing is left");
    assert_eq!(decide("9", &plan(&["allow 9. strip 1"])), Dialling::NoNumber);
}

#[test]
fn international_and_premium_numbers_are_closed_until_they_are_opened() {
    assert_eq!(barred("00211415550100", &[]), Some((Bar::International, None)));
    assert_eq!(barred("0900123456", &[]), Some((Bar::Premium, None)));
    let open = GatewaySettings { dial_international: true, dial_premium: true, ..GatewaySettings::default() };
    for number in ["00211415550100", "0900123456"] {
        assert!(matches!(decide(number, &open), Dialling::Allowed { .. }), "{number}");
    }
    let america = GatewaySettings { country: "US".to_owned(), ..GatewaySettings::default() };
    assert!(matches!(decide("01144201234567", &america), Dialling::Denied { why: Bar::International, .. }));
    assert!(matches!(decide("00", &america), Dialling::Allowed { .. }));
}

#[test]
fn what_counts_is_what_would_be_dialled() {
    // The prefix for an outside line must not be a way around.
    assert_eq!(barred("90014155550100", &["allow 9. strip 1"]), Some((Bar::International, Some(1))));
    assert_eq!(barred("014155550100", &["allow x. add 0"]), Some((Bar::International, Some(1))));
    assert_eq!(dialled("14155550100", &["allow x. add 0"]).as_deref(), Some("014155550100"));
    assert_eq!(dialled("0014155550100", &["allow 00. strip 2"]).as_deref(), Some("14155550100"));
}

#[test]
fn a_rule_that_spells_the_beginning_out_opens_just_those_numbers() {
    let rules = ["allow 005411.", "allow 90054. strip 1", "allow +351. strip 1 add 0021", "allow 0900555."];
    assert_eq!(dialled("0054115550100", &rules).as_deref(), Some("0054115550100"));
    assert_eq!(dialled("900549", &rules).as_deref(), Some("00549"));
    assert_eq!(dialled("+351911", &rules).as_deref(), Some("0021351911"));
    assert_eq!(dialled("0900555", &rules).as_deref(), Some("0900555"));
    assert_eq!(barred("0055", &rules), Some((Bar::International, None)));
    for open in ["allow .", "allow 0.", "allow xx.", "allow [0]0."] {
        assert_eq!(barred("0055", &[open]), Some((Bar::International, Some(1))), "{open}");
    }
}

#[test]
fn a_plus_means_abroad_unless_the_country_follows_it() {
    assert_eq!(barred("+14155550100", &[]), Some((Bar::International, None)));
    assert_eq!(barred("+14155550100", &["allow 1."]), Some((Bar::International, Some(1))));
    assert_eq!(dialled("+14155550100", &["allow +1."]).as_deref(), Some("14155550100"));
    assert_eq!(barred("+551133334444", &["deny 55."]), Some((Bar::Rule, Some(1))), "a block is not passed by a +");
}

#[test]
fn who_calls_for_help_is_never_refused_and_never_rewritten() {
    let mut closed = plan(&["deny .", "allow 1. strip 1 add 00"]);
    closed.dial_otherwise = DialOtherwise::Deny;
    for number in ["190", "192", "193", "112", "911", "+190"] {
        let digits = number.trim_start_matches('+').to_owned();
        assert_eq!(decide(number, &closed), Dialling::Allowed { dialled: digits, emergency: true, rule: None }, "{number}");
    }
    assert!(matches!(decide("1901", &closed), Dialling::Denied { .. }), "it is the whole number that counts");
    let outside_line = decide("0190", &plan(&["allow 0. strip 1"]));
    assert_eq!(outside_line, Dialling::Allowed { dialled: "190".to_owned(), emergency: true, rule: Some(1) });
}

#[test]
fn patterns_spell_the_whole_number() {
    let fits = |pattern: &str, number: &str| Rule::parse(&format!("deny {pattern}")).unwrap().fits(number);
    for (pattern, number) in [
        ("00.", "00"),
        ("00.", "0044"),
        ("0xx.", "021"),
        ("190", "190"),
        ("x", "7"),
        ("[2-49]", "9"),
        ("[2-49]", "3"),
        (".", "*1"),
        ("*21*.", "*21*5"),
        ("+55.", "+5511"),
        ("55.", "+5511"),
    ] {
        assert!(fits(pattern, number), "{pattern} {number}");
    }
    for (pattern, number) in [("00", "001"), ("0xx.", "02"), ("0xx.", "0*1"), ("[2-49]", "5"), ("x.", "#"), ("+55.", "5511"), ("190", "19")]
    {
        assert!(!fits(pattern, number), "{pattern} {number}");
    }
}

#[test]
fn what_is_no_rule_is_told_from_left_to_right() {
    let fault = |text: &str| Rule::parse(text).unwrap_err();
    for (text, expected) in [
        ("", RuleFault::NoAction),
        ("block 00.", RuleFault::NoAction),
        ("deny", RuleFault::NoPattern),
        ("deny 0.0", RuleFault::BadPattern),
        ("deny 0-9", RuleFault::BadPattern),
        ("deny 0+", RuleFault::BadPattern),
        ("deny [", RuleFault::BadPattern),
        ("deny []", RuleFault::BadPattern),
        ("deny [5-2]", RuleFault::BadPattern),
        ("deny [1-]", RuleFault::BadPattern),
        ("deny é.", RuleFault::BadPattern),
        ("allow 0. strip", RuleFault::BadStrip),
        ("allow 0. strip 0", RuleFault::BadStrip),
        ("allow 0. strip 2", RuleFault::BadStrip),
        ("allow 0. add", RuleFault::BadAdd),
        ("allow 0. add x", RuleFault::BadAdd),
        ("allow 0. add 1 strip 1", RuleFault::TooMuch),
        ("deny 0. strip 1", RuleFault::DenyRewrites),
        ("deny 0. for ever", RuleFault::TooMuch),
    ] {
        assert_eq!(fault(text), expected, "{text}");
    }
    assert_eq!(fault(&format!("deny {}", "0".repeat(33))), RuleFault::BadPattern);
}

#[test]
fn a_rule_covers_what_begins_as_its_pattern_does() {
    let covers = |pattern: &str, prefix: &str| Rule::parse(&format!("deny {pattern}")).unwrap().covers(prefix);
    assert!(covers("00.", "00") && covers("0.", "0900") && covers("0x.", "00") && covers(".", "00"));
    assert!(!covers("00", "00") && !covers("001.", "00") && !covers("[1-9].", "00"));
}

#[test]
fn what_is_refused_is_refused_however_the_exchange_may_hear_it() {
    for number in ["0300123", "A0300123", "03D00123", "#31#0300123", "*670300123"] {
        assert_eq!(barred(number, &["deny 0300."]), Some((Bar::Rule, Some(1))), "{number}");
    }
    assert_eq!(dialled("*31#0800123", &["allow 0800. add 9"]).as_deref(), Some("*31#0800123"), "an allowed one is meant as it stands");
}
