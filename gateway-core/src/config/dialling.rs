//! Dialling rules: what becomes of the number that a SIP caller asks for, before a line is touched.
//!
//! Emergency numbers are dialled as they are, whatever the rules say. For every other number the first rule whose pattern fits
//! decides, and `gateway.dial_otherwise` where none does. What would then be dialled is looked at once more: international and
//! premium-rate numbers of the country stay closed until they are opened, all of them by their switch, or some of them by a
//! rule that spells their beginning out (`allow 0054.`).

pub mod rule;

#[cfg(test)]
mod tests;

use serde::Serialize;

use super::country::numbering::{Costly, Numbering, heard_as, numbering};
use super::settings::{DialOtherwise, GatewaySettings};
use rule::{Rule, RuleAction};

/// What becomes of a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Dialling {
    /// It is dialled.
    Allowed {
        /// The digits that the line gets.
        dialled: String,
        /// It calls for help: no rule was asked.
        emergency: bool,
        /// The rule that decided, counted from 1; `None`: none fits.
        rule: Option<u32>,
    },
    /// It is refused.
    Denied {
        /// Why.
        why: Bar,
        /// The rule that fits, counted from 1; `None`: none fits.
        rule: Option<u32>,
        /// The digits that the line would have got.
        dialled: String,
    },
    /// There is nothing to dial, or something that no telephone can.
    NoNumber,
}

/// Why a number is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// A rule denies it.
    Rule,
    /// No rule fits, and `gateway.dial_otherwise` denies.
    Otherwise,
    /// It leads out of the country, and `gateway.dial_international` is off.
    International,
    /// It pays whoever is called, and `gateway.dial_premium` is off.
    Premium,
}

impl Bar {
    /// The setting that refuses the number.
    #[must_use]
    pub fn setting(self) -> &'static str {
        match self {
            Bar::Rule => "gateway.dial_rules",
            Bar::Otherwise => "gateway.dial_otherwise",
            Bar::International => "gateway.dial_international",
            Bar::Premium => "gateway.dial_premium",
        }
    }
}

/// Decides about the number that `user` asks for: digits, or the user part of a SIP address, in which visual separators
/// (RFC 3966 §5.1.1) and parameters do not count. A rule that cannot be read fits nothing; the checker refuses it before.
#[must_use]
pub fn decide(user: &str, gateway: &GatewaySettings) -> Dialling {
    let asked = asked_number(user);
    let digits = asked.strip_prefix('+').unwrap_or(&asked);
    if digits.is_empty() || !digits.chars().all(is_dialled) {
        return Dialling::NoNumber;
    }
    let numbering = numbering(&gateway.country);
    if numbering.is_some_and(|numbering| numbering.is_emergency(digits)) {
        return Dialling::Allowed { dialled: digits.to_owned(), emergency: true, rule: None };
    }
    let rules = gateway.dial_rules.iter().zip(1..).filter_map(|(text, number)| Rule::parse(text).ok().map(|rule| (number, rule)));
    // What is refused is refused in every way in which an exchange may hear it; what is allowed, only as it is asked for.
    let heard = heard_as(digits);
    let fits = |rule: &Rule| rule.fits(&asked) || rule.action() == RuleAction::Deny && heard.iter().any(|number| rule.fits(number));
    let found = rules.into_iter().find(|(_, rule)| fits(rule));
    let number = found.as_ref().map(|(number, _)| *number);
    let rule = found.as_ref().map(|(_, rule)| rule);
    let dialled = rule.map_or_else(|| digits.to_owned(), |rule| rule.rewritten(&asked));
    if dialled.is_empty() {
        return Dialling::NoNumber;
    }
    match bar(rule, &asked, &dialled, gateway, numbering) {
        Some(why) => Dialling::Denied { why, rule: number, dialled },
        None => {
            let emergency = numbering.is_some_and(|numbering| numbering.is_emergency(&dialled));
            Dialling::Allowed { dialled, emergency, rule: number }
        }
    }
}

fn bar(rule: Option<&Rule>, asked: &str, dialled: &str, gateway: &GatewaySettings, numbering: Option<&Numbering>) -> Option<Bar> {
    match (rule.map(Rule::action), gateway.dial_otherwise) {
        (Some(RuleAction::Deny), _) => return Some(Bar::Rule),
        (None, DialOtherwise::Deny) => return Some(Bar::Otherwise),
        (Some(RuleAction::Allow), _) | (None, DialOtherwise::Allow) => {}
    }
    let numbering = numbering?;
    // A + that no rule took away is not dialled, but it says that the number is meant abroad.
    let kept = asked.strip_prefix('+').filter(|_| rule.is_none_or(|rule| !rule.takes_plus()));
    let abroad = kept.is_some_and(|digits| !digits.starts_with(numbering.calling_code));
    let costly = if abroad { Some(Costly::International) } else { numbering.costly(dialled) };
    let spelled =
        |costly| rule.is_some_and(|rule| if abroad { rule.begins_with_plus() } else { numbering.costly(&rule.spelled()) == costly });
    match costly {
        Some(Costly::International) if !gateway.dial_international && !spelled(costly) => Some(Bar::International),
        Some(Costly::Premium) if !gateway.dial_premium && !spelled(costly) => Some(Bar::Premium),
        Some(Costly::International | Costly::Premium) | None => None,
    }
}

/// What a telephone line can be told.
fn is_dialled(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D')
}

/// The number that a user part asks for, without visual separators; a leading `+` stays, since rules may ask for it.
///
/// Anything else that is no digit stays too, so that [`decide`] can refuse it.
fn asked_number(user: &str) -> String {
    user.split(';').next().unwrap_or_default().chars().filter(|c| !matches!(c, '-' | '.' | '(' | ')' | ' ')).collect()
}
