//! A REFER inside a session (RFC 3515), and what its sender is told of it: `message/sipfrag` in NOTIFYs of a subscription that ends
//! with the reference.

use super::established::Established;
use super::{Act, Session, State};
use crate::sip::header::refer_to::{Referral, wants_no_word};
use crate::sip::io::SipEvent;
use crate::sip::message::{Method, Request, phrase};
use crate::sip::transaction::ServerId;

/// What a subscription is said to live, in seconds: longer than whoever was called may ring, and than giving up takes.
const LIFE_S: u32 = 180;

/// How the references of one session stand.
#[derive(Clone, Debug, Default)]
pub(super) struct References {
    /// How many there were.
    count: u32,
    present: Option<Reference>,
}

#[derive(Clone, Debug)]
enum Reference {
    /// The gateway has not said yet whether it follows.
    Asked { transaction: ServerId, request: Box<Request> },
    /// It is followed.
    Followed {
        /// The `id` of its events; the first reference needs none (§2.4.6).
        id: Option<u32>,
        /// The sender wants no NOTIFY (RFC 4488).
        silent: bool,
        /// The last provisional status that was told.
        told: u16,
    },
}

impl Session {
    /// REFER came.
    pub(super) fn referred(&mut self, established: &mut Established, transaction: ServerId, request: &Request, out: &mut Vec<Act>) {
        let status = match (Referral::of(request.headers()), established.leaving, &established.references.present) {
            (Err(_), _, _) => 400,
            (Ok(_), Some(_), _) => 481,
            // One at a time: two would pull the call to two places.
            (Ok(_), None, Some(_)) => 491,
            (Ok(referral), None, None) => {
                let request = Box::new(request.clone());
                established.references.present = Some(Reference::Asked { transaction, request });
                out.push(Act::Tell(SipEvent::Referred { session: self.id, referral: Box::new(referral) }));
                return;
            }
        };
        self.reply(transaction, request, status, out);
    }

    /// Accepts the REFER that waits with 202 and a first NOTIFY, or refuses it with a status; ignored when none waits.
    pub(crate) fn answer_refer(&mut self, answer: Result<(), u16>, out: &mut Vec<Act>) {
        let State::Established(established) = &mut self.state else { return };
        let references = &mut established.references;
        let Some(Reference::Asked { transaction, request }) = references.present.take_if(|one| matches!(one, Reference::Asked { .. }))
        else {
            return;
        };
        if let Err(status) = answer {
            self.reply(transaction, &request, if (300..700).contains(&status) { status } else { 603 }, out);
            return;
        }
        let silent = wants_no_word(request.headers());
        let number = request.cseq().map(|cseq| cseq.number).ok();
        let id = number.filter(|_| references.count > 0);
        references.count = references.count.saturating_add(1);
        references.present = Some(Reference::Followed { id, silent, told: 100 });
        let contact = established.dialog.contact().to_owned();
        let mut response = self.response(&request, 202);
        response.headers_mut().set("Contact", contact);
        if silent {
            response.headers_mut().push("Refer-Sub", "false");
        }
        out.push(Act::Answer { transaction, response });
        self.notify(100, phrase(100), out);
    }

    /// Tells how far a reference is: provisional statuses as they rise, and a final one, which ends it. Ignored when none is followed.
    pub(crate) fn tell_of_referral(&mut self, status: u16, reason: &str, out: &mut Vec<Act>) {
        let State::Established(established) = &mut self.state else { return };
        let Some(Reference::Followed { told, .. }) = &mut established.references.present else { return };
        if status < 200 {
            // Whoever is called may say 180 as often as it likes.
            if status <= *told {
                return;
            }
            *told = status;
        }
        self.notify(status, reason, out);
        if status >= 200
            && let State::Established(established) = &mut self.state
        {
            established.references.present = None;
        }
    }

    fn notify(&mut self, status: u16, reason: &str, out: &mut Vec<Act>) {
        let State::Established(established) = &mut self.state else { return };
        let Some(Reference::Followed { id, silent: false, .. }) = established.references.present else { return };
        if established.leaving.is_some() {
            return;
        }
        let mut request = established.dialog.request(Method::Notify);
        let headers = request.headers_mut();
        headers.push("Event", id.map_or_else(|| "refer".to_owned(), |id| format!("refer;id={id}")));
        let state = if status >= 200 { "terminated;reason=noresource".to_owned() } else { format!("active;expires={LIFE_S}") };
        headers.push("Subscription-State", state);
        request.set_body("message/sipfrag;version=2.0", format!("SIP/2.0 {status} {reason}\r\n").into_bytes());
        out.push(Act::Notify { request, to: established.dialog.destination() });
    }

    /// Sends REFER; ignored outside a confirmed session.
    pub(crate) fn refer(&mut self, to: &str, out: &mut Vec<Act>) {
        let State::Established(established) = &mut self.state else { return };
        if established.leaving.is_some() {
            return;
        }
        let mut request = established.dialog.request(Method::Refer);
        request.headers_mut().push("Refer-To", format!("<{to}>"));
        out.push(Act::Ask { request, to: established.dialog.destination() });
    }

    /// A NOTIFY was refused, or nobody answered it: whoever asked knows nothing of the subscription (RFC 5057 §5.1). The call goes on.
    pub(crate) fn unheard(&mut self) {
        if let State::Established(established) = &mut self.state
            && let Some(Reference::Followed { silent, .. }) = &mut established.references.present
        {
            *silent = true;
        }
    }

    /// The session ends while a REFER still waits for its answer.
    pub(super) fn withdraw_referral(&self, established: &mut Established, out: &mut Vec<Act>) {
        if let Some(Reference::Asked { transaction, request }) = established.references.present.take() {
            self.reply(transaction, &request, 481, out);
        }
    }
}
