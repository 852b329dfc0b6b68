//! One dialling rule: `deny 0900.`, `allow 9. strip 1`, `allow +55. strip 3 add 0`.
//!
//! A pattern spells the whole number: digits, `*`, `#`, `A`–`D` and a leading `+` stand for themselves, `x` for any digit from 0
//! to 9, `[2-49]` for one of these digits. A full stop at the end lets anything follow, also nothing. Where a pattern does not
//! begin with `+`, the `+` of a number is passed over.

use super::is_dialled;

/// Most places that a pattern spells, and most digits that a rule adds.
pub const MAX_PLACES: usize = 32;

/// Whether a rule lets numbers through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleAction {
    /// The number is dialled, perhaps rewritten.
    Allow,
    /// The number is refused.
    Deny,
}

/// Why a text is no rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleFault {
    /// It begins neither with `allow` nor with `deny`.
    NoAction,
    /// It has no pattern.
    NoPattern,
    /// The pattern has something that it cannot have, or is too long.
    BadPattern,
    /// `strip` has no number, or takes more than the pattern spells.
    BadStrip,
    /// `add` has no digits, or something that nobody can dial.
    BadAdd,
    /// A number that is refused is not rewritten.
    DenyRewrites,
    /// Something stands after the rule, or in another order.
    TooMuch,
}

impl RuleFault {
    /// The word for it, as problems carry it and the i18n files know it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            RuleFault::NoAction => "rule_no_action",
            RuleFault::NoPattern => "rule_no_pattern",
            RuleFault::BadPattern => "rule_bad_pattern",
            RuleFault::BadStrip => "rule_bad_strip",
            RuleFault::BadAdd => "rule_bad_add",
            RuleFault::DenyRewrites => "rule_deny_rewrites",
            RuleFault::TooMuch => "rule_too_much",
        }
    }
}

/// One place of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// This character alone.
    Spelled(char),
    /// One of these digits.
    Digits([bool; 10]),
}

/// What a number must look like.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    places: Vec<Place>,
    /// Anything may follow.
    open: bool,
}

/// One dialling rule, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    action: RuleAction,
    pattern: Pattern,
    /// So many places of the number are not dialled.
    strip: usize,
    /// This is dialled before the rest.
    add: String,
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// The first [`RuleFault`], from left to right.
    pub fn parse(text: &str) -> Result<Rule, RuleFault> {
        let mut words = text.split_whitespace().peekable();
        let action = match words.next() {
            Some("allow") => RuleAction::Allow,
            Some("deny") => RuleAction::Deny,
            Some(_) | None => return Err(RuleFault::NoAction),
        };
        let pattern = Pattern::parse(words.next().ok_or(RuleFault::NoPattern)?).ok_or(RuleFault::BadPattern)?;
        let mut rule = Rule { action, pattern, strip: 0, add: String::new() };
        if words.next_if_eq(&"strip").is_some() {
            let places = words.next().and_then(|word| word.parse().ok()).filter(|places| (1..=rule.pattern.places.len()).contains(places));
            rule.strip = places.ok_or(RuleFault::BadStrip)?;
        }
        if words.next_if_eq(&"add").is_some() {
            let digits = words.next().filter(|digits| digits.len() <= MAX_PLACES && digits.chars().all(is_dialled));
            digits.ok_or(RuleFault::BadAdd)?.clone_into(&mut rule.add);
        }
        if words.next().is_some() {
            return Err(RuleFault::TooMuch);
        }
        let rewrites = rule.strip > 0 || !rule.add.is_empty();
        if action == RuleAction::Deny && rewrites { Err(RuleFault::DenyRewrites) } else { Ok(rule) }
    }

    /// Whether it lets numbers through.
    #[must_use]
    pub fn action(&self) -> RuleAction {
        self.action
    }

    /// Whether it is about this number, which may begin with `+`.
    #[must_use]
    pub fn fits(&self, number: &str) -> bool {
        self.pattern.fits(self.seen(number))
    }

    /// What is dialled for a number that it fits.
    #[must_use]
    pub fn rewritten(&self, number: &str) -> String {
        let rest: String = self.seen(number).chars().skip(self.strip).filter(|c| *c != '+').collect();
        format!("{}{rest}", self.add)
    }

    /// The beginning that everything which it lets out has in common.
    #[must_use]
    pub fn spelled(&self) -> String {
        let kept = self.pattern.places.iter().skip(self.strip);
        let spelled = kept.map_while(|place| match place {
            Place::Spelled(c) => Some(*c),
            Place::Digits(_) => None,
        });
        self.add.chars().chain(spelled).collect()
    }

    /// Its pattern asks for a `+`.
    #[must_use]
    pub fn begins_with_plus(&self) -> bool {
        self.pattern.places.first() == Some(&Place::Spelled('+'))
    }

    /// Its pattern asks for a `+`, and what is dialled is written without it.
    #[must_use]
    pub fn takes_plus(&self) -> bool {
        self.begins_with_plus() && self.strip > 0
    }

    /// Whether it is about every number that begins so.
    #[must_use]
    pub fn covers(&self, prefix: &str) -> bool {
        let places = &self.pattern.places;
        self.pattern.open && places.len() <= prefix.len() && places.iter().zip(prefix.chars()).all(|(place, c)| place.admits(c))
    }

    /// The number as the pattern looks at it.
    fn seen<'a>(&self, number: &'a str) -> &'a str {
        if self.begins_with_plus() { number } else { number.strip_prefix('+').unwrap_or(number) }
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Pattern> {
        let (spelled, open) = text.strip_suffix('.').map_or((text, false), |spelled| (spelled, true));
        let mut places = Vec::new();
        let mut rest = spelled.chars();
        while let Some(c) = rest.next() {
            places.push(match c {
                'x' | 'X' => Place::Digits([true; 10]),
                '[' => {
                    let (set, after) = rest.as_str().split_once(']')?;
                    rest = after.chars();
                    Place::Digits(digits_of(set)?)
                }
                '+' if places.is_empty() => Place::Spelled(c),
                c if is_dialled(c) => Place::Spelled(c),
                _ => return None,
            });
        }
        (places.len() <= MAX_PLACES && (open || !places.is_empty())).then_some(Pattern { places, open })
    }

    fn fits(&self, number: &str) -> bool {
        let count = number.chars().count();
        let long_enough = if self.open { count >= self.places.len() } else { count == self.places.len() };
        long_enough && self.places.iter().zip(number.chars()).all(|(place, c)| place.admits(c))
    }
}

impl Place {
    fn admits(&self, c: char) -> bool {
        match self {
            Place::Spelled(spelled) => *spelled == c,
            Place::Digits(digits) => digit(c).is_some_and(|digit| digits[digit]),
        }
    }
}

/// `2-49` → 2, 3, 4 and 9; nothing for a set that is empty, runs backwards or has something else.
fn digits_of(set: &str) -> Option<[bool; 10]> {
    let mut digits = [false; 10];
    let mut rest = set.chars().peekable();
    while let Some(first) = rest.next() {
        let first = digit(first)?;
        let last = if rest.next_if_eq(&'-').is_some() { digit(rest.next()?)? } else { first };
        digits.get_mut(first..=last).filter(|range| !range.is_empty())?.fill(true);
    }
    digits.contains(&true).then_some(digits)
}

fn digit(c: char) -> Option<usize> {
    c.to_digit(10).and_then(|digit| usize::try_from(digit).ok())
}
