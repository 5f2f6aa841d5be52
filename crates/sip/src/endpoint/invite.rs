//! A call that comes in, from its INVITE to the answer (RFC 3261 §13.3) or to
//! the CANCEL (§9.2).

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use ringpost_model::RemoteAudio;
use tokio::sync::mpsc;

use super::answer::Answer;
use super::arrival::{Arrival, CallControl, IncomingCall, Invitation, Signal};
use super::call::{Call, Counterpart, Media, Offered, Standing, Unacked, Watcher};
use super::extensions::{ALLOW, SUPPORTED};
use super::incoming::{Incoming, try_later};
use super::reliable::required;
use super::session_timer::Session;
use super::task::Task;
use super::update::put_description;
use crate::Transport;
use crate::dialog::{Agreed, Dialog, Tag, TwoHundred};
use crate::party;
use crate::sdp::{OwnKeys, read_offer};
use crate::transaction::Key;
use crate::transport::Origin;
use crate::wire::{Request, Via};

/// How often 180 is repeated while it rings.
const RING_AGAIN: Duration = Duration::from_secs(60);

impl Task {
    /// A new call: 100 at once, the rest is the house's affair.
    pub(super) fn handle_invite(&mut self, incoming: Incoming) -> Result<(), Answer> {
        let Incoming { request, key, origin, now, .. } = &incoming;
        let (origin, now) = (*origin, *now);
        if !incoming.accepts_sdp() {
            return Err(Answer::new(406));
        }
        let offer = incoming.session_description()?.map(read_offer).transpose()?;
        let policy = self.srtp_policy(origin);
        let audio = offer.as_ref().and_then(|offer| offer.audio(policy));
        let audio = audio.map(|audio| self.allowed_audio(audio, origin));
        let agreed = self.agree(&incoming)?;
        let tag = self.server.get(key).map(|known| known.tag).ok_or_else(|| Answer::new(500))?;
        let dialog = Dialog::answering(request, tag, origin.source)?;
        let commands = self.commands().ok_or_else(try_later)?;
        let terms = self.terms(incoming.peer);
        let caller = party::caller(request, terms.believed);
        let mut counterpart = Counterpart { caller: caller.clone(), updates: false };
        counterpart.note_allow(&request.headers);
        let invitation = Invitation {
            peer: origin.source,
            peer_name: terms.name,
            nat: terms.nat,
            srtp: terms.srtp,
            local: self.transports.local(origin),
            local_ip: self.sound_ip(audio, origin),
            call_id: request.call_id()?.to_owned(),
            identifiers: party::identifiers(request),
            caller,
            diversions: party::diversions(request, terms.believed),
            addressed: party::addressed(request),
            straight_to_voice_mail: party::straight_to_voice_mail(request),
            audio,
            late_offer: offer.is_none(),
            received: now,
        };
        let (signals, heard) = mpsc::unbounded_channel();
        let control = CallControl::new(tag, commands);
        let call = IncomingCall { invitation, signals: heard, control };
        self.arrivals.try_send(Arrival::Call(call)).map_err(|_| try_later())?;
        self.respond(key, &Answer::new(100), now);
        let offered = Offered {
            invite: key.clone(),
            dialog,
            origin,
            of: incoming.peer,
            signals,
            offer,
            audio,
            counterpart,
            agreed,
            reliable: required(request),
            ring_again: None,
            expires: expires(request, now),
        };
        self.keep_call(tag, Call::Offered(Box::new(offered)));
        Ok(())
    }

    /// 180.
    pub(super) fn ring(&mut self, tag: Tag, now: Instant) {
        let Some(Call::Offered(offered)) = self.calls.get_mut(&tag) else { return };
        let (invite, origin) = (offered.invite.clone(), offered.origin);
        let again = now + RING_AGAIN;
        offered.ring_again = Some(again);
        self.timers.arm(again, super::timers::Target::Call(tag));
        if self.ring_reliably(tag, now) {
            return;
        }
        let ringing = Answer::new(180).header("Contact", self.contact(origin));
        self.respond(&invite, &ringing, now);
    }

    /// 200 with the answer to the offer, or with ours.
    pub(super) fn answer(&mut self, tag: Tag, rtp: SocketAddr, now: Instant) {
        let Some(call) = self.take_call(tag) else { return };
        let Call::Offered(mut offered) = call else {
            self.keep_call(tag, call);
            return;
        };
        let (reliable, agreed) = (offered.last_reliable(), offered.agreed);
        let counterpart = std::mem::take(&mut offered.counterpart);
        let Offered { invite, dialog, origin, of, signals, offer, audio, .. } = *offered;
        let (session, version, described) = (new_session(), 1, String::new());
        let mut media = Media { rtp, remote: audio, offered: None, session, version, described };
        let body = match (offer, audio) {
            (Some(offer), Some(audio)) => {
                media.describe(offer.answer(rtp, &audio, session, version))
            }
            (None, _) => media.offer(OwnKeys::fresh(self.srtp_policy(origin))),
            (Some(_), None) => {
                tracing::error!("a call without audio was answered; 488 is sent instead");
                self.respond(&invite, &Answer::new(488), now);
                return;
            }
        };
        let sent = self.send_two_hundred((&invite, origin), body, agreed, now);
        let Some(unacked) = sent else { return };
        let standing = Standing {
            dialog,
            peer: origin,
            watcher: Watcher::Server { invite, of, signals },
            counterpart,
            session: Session::new(agreed.map(|agreed| agreed.timer(now))),
            reliable,
            media,
            unacked: Some(unacked),
            confirmed: false,
            acknowledged: None,
            taken: false,
            hang_up: false,
        };
        self.keep_call(tag, Call::Standing(Box::new(standing)));
    }

    /// 200 with a session description, to be repeated until its ACK.
    pub(super) fn send_two_hundred(
        &mut self,
        (invite, origin): (&Key, Origin),
        body: Vec<u8>,
        agreed: Option<Agreed>,
        now: Instant,
    ) -> Option<Unacked> {
        let mut answer = Answer::new(200)
            .header("Contact", self.contact(origin))
            .header("Allow", ALLOW)
            .header("Supported", SUPPORTED);
        answer.headers.extend(agreed.iter().flat_map(Agreed::headers));
        let mut response = self.response(invite, &answer)?;
        put_description(&mut response, body);
        let cseq = response.cseq().ok()?.0;
        let bytes = self.send(invite, &response, now);
        let origin = self.way_back(invite).unwrap_or(origin);
        let response = TwoHundred::new(bytes, cseq, now);
        Some(Unacked { response, origin })
    }

    /// A final response other than 2xx.
    pub(super) fn refuse(&mut self, tag: Tag, mut answer: Answer, now: Instant) {
        let Some(call) = self.take_call(tag) else { return };
        let Call::Offered(offered) = call else {
            self.keep_call(tag, call);
            return;
        };
        if !(300..700).contains(&answer.status) {
            tracing::error!(status = answer.status, "no refusal; 500 is sent instead");
            answer = Answer::new(500);
        }
        self.respond(&offered.invite, &answer, now);
    }

    /// CANCEL: 200 to it in any case, 487 to an INVITE without a final response.
    pub(super) fn handle_cancel(
        &mut self,
        incoming: &Incoming,
        via: &Via<'_>,
    ) -> Result<(), Answer> {
        let Incoming { request, key, now, .. } = incoming;
        let invite = Key::cancelled(request, via)?;
        let Some(cancelled) = self.server.get(&invite) else { return Err(Answer::new(481)) };
        let (tag, proceeding) = (cancelled.tag, cancelled.is_proceeding());
        if let Some(call) = self.calls.get(&tag) {
            self.may_speak_in(call, incoming.peer)?;
        }
        // The To tag of both responses should be the same (§9.2).
        if let Some(transaction) = self.server.get_mut(key) {
            transaction.tag = tag;
        }
        self.respond(key, &Answer::new(200), *now);
        let elsewhere = party::answered_elsewhere(request);
        if let Some(Call::Standing(standing)) = self.calls.get_mut(&tag) {
            // It has no effect (§9.2), but says why the caller is about to go.
            standing.taken |= elsewhere;
        }
        if proceeding {
            self.end_offered(tag, &invite, &Answer::new(487), elsewhere, *now);
        }
        Ok(())
    }

    /// The call ends before it is answered, and the house is told.
    pub(super) fn end_offered(
        &mut self,
        tag: Tag,
        invite: &Key,
        answer: &Answer,
        elsewhere: bool,
        now: Instant,
    ) {
        self.respond(invite, answer, now);
        let Some(call) = self.take_call(tag) else { return };
        match call {
            Call::Offered(offered) => {
                let _unheard = offered.signals.send(Signal::Cancelled { elsewhere });
            }
            other => self.keep_call(tag, other),
        }
    }

    /// Where we are reached, seen from that peer.
    pub(super) fn contact(&mut self, peer: Origin) -> String {
        let addr = self.transports.reply_addr(peer);
        match peer.transport {
            Transport::Udp => format!("<sip:{addr}>"),
            transport => format!("<sip:{addr};transport={transport}>"),
        }
    }

    /// The address of ours for sound: the one that signalling comes to, or where the
    /// sound is of the other family, the one that reaches it.
    fn sound_ip(&mut self, audio: Option<RemoteAudio>, origin: Origin) -> IpAddr {
        let ip = self.transports.reply_addr(origin).ip();
        let remote = audio.map(|audio| audio.rtp.ip()).filter(|remote| !remote.is_unspecified());
        let other = remote.filter(|remote| remote.is_ipv4() != ip.is_ipv4());
        other.and_then(|remote| self.transports.way_to(remote)).unwrap_or(ip)
    }

    /// RTP goes to the peer's own networks only: an address outside of them is taken
    /// for one behind NAT, and the signalling address stands in for it.
    pub(super) fn allowed_audio(&self, mut audio: RemoteAudio, origin: Origin) -> RemoteAudio {
        let ip = audio.rtp.ip().to_canonical();
        let allowed = self.allows(origin, ip);
        if !allowed && !ip.is_unspecified() && ip != origin.source.ip() {
            // Direct media from telephones that are no peers is silent otherwise.
            tracing::info!(
                %ip,
                "the address offered for sound is in none of the peer's networks; \
                 the signalling address is used in its place"
            );
            audio.rtp.set_ip(origin.source.ip());
        }
        audio
    }
}

/// When an INVITE that is not answered by then is of no use any more (RFC 3261
/// §13.3.1).
fn expires(invite: &Request, now: Instant) -> Option<Instant> {
    let seconds = invite.headers.get("Expires")?.trim().parse().ok()?;
    now.checked_add(Duration::from_secs(seconds)).filter(|_| seconds > 0)
}

/// `o=` session id (RFC 8866 §5.2), small enough for readers of 63 bits.
pub(super) fn new_session() -> u64 {
    u64::from(rand::random::<u32>())
}
