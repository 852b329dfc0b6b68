//! Any body that claims to be SDP (RFC 8866): every answer has as many streams as its offer, one of them ours, and is secured as we
//! want it (RFC 3264 §6).

use gateway_core::rng::Rng;
use gateway_core::sdp::{Agreed, LocalMedia, OwnKeys, SrtpUse, accept, accept_again, answer, parse};

pub fn holds(bytes: &[u8]) {
    for srtp in [SrtpUse::Off, SrtpUse::Preferred, SrtpUse::Mandatory] {
        let keys = OwnKeys::draw(srtp, &mut Rng::from_seed(1));
        let local = LocalMedia { srtp, keys, ..LocalMedia::plain(([192, 0, 2, 10], 16_400).into()) };
        if let Ok((answer, agreed)) = answer(&local, bytes) {
            agreed_holds(&local, &agreed);
            let (offer, answer) = (parse(bytes).expect("it was answered"), parse(&answer).expect("it is ours"));
            assert_eq!(answer.streams.len(), offer.streams.len());
            assert_eq!(answer.streams.iter().filter(|stream| stream.port != 0).count(), 1, "one stream is taken");
            let _ = accept_again(&local, &agreed, bytes).map(|agreed| agreed_holds(&local, &agreed));
        }
        let _ = accept(&local, bytes).map(|agreed| agreed_holds(&local, &agreed));
    }
}

fn agreed_holds(local: &LocalMedia, agreed: &Agreed) {
    assert!(local.codecs.contains(&agreed.codec));
    assert!(agreed.payload_type < 128 && agreed.telephone_event != Some(agreed.payload_type), "{agreed:?}");
    assert!((10..=60).contains(&agreed.ptime_ms) && agreed.ptime_ms.is_multiple_of(10), "{agreed:?}");
    assert!(agreed.remote.is_ipv4() || agreed.remote.ip().is_unspecified(), "{agreed:?}");
    assert!(!(agreed.direction.sends() && agreed.remote.ip().is_unspecified()), "{agreed:?}");
    match local.srtp {
        SrtpUse::Off => assert_eq!(agreed.srtp, None),
        SrtpUse::Preferred => {}
        SrtpUse::Mandatory => assert!(agreed.srtp.is_some()),
    }
}
