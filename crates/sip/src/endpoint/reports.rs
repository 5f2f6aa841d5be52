//! INFO and OPTIONS for the house.

use super::answer::Answer;
use super::arrival::{Arrival, IncomingOptions, IncomingReport, Responder};
use super::incoming::{Incoming, try_later};
use super::task::Task;
use crate::party;

impl Task {
    /// An INFO becomes a report, whatever is in it; only the house knows whether
    /// it may be one.
    pub(super) fn handle_info(
        &mut self,
        incoming: Incoming,
        in_dialog: bool,
    ) -> Result<(), Answer> {
        self.may_report(incoming.peer)?;
        let Incoming { request, body, key, origin, peer, .. } = incoming;
        let commands = self.commands().ok_or_else(try_later)?;
        let terms = self.terms(peer);
        let report = IncomingReport {
            peer: origin.source,
            peer_name: terms.name,
            content_type: request.headers.get("Content-Type").unwrap_or_default().to_owned(),
            body,
            call_id: request.call_id()?.to_owned(),
            identifiers: party::identifiers(&request),
            caller: party::caller(&request, terms.believed),
            diversions: party::diversions(&request, terms.believed),
            addressed: party::addressed(&request),
            in_dialog,
            responder: Responder::new(key, commands),
        };
        self.deliver(Arrival::Report(report));
        Ok(())
    }

    /// OPTIONS outside of a dialog: would an INVITE be taken (RFC 3261 §11)?
    pub(super) fn handle_options(&mut self, incoming: Incoming) -> Result<(), Answer> {
        let Incoming { request, key, .. } = incoming;
        let commands = self.commands().ok_or_else(try_later)?;
        let user = request.uri.user();
        let named = party::addressed(&request).into_iter();
        let called = user.and_then(|user| {
            named.into_iter().find(|party| party.user.as_deref() == Some(user.as_ref()))
        });
        let responder = Responder::new(key, commands);
        self.deliver(Arrival::Options(IncomingOptions { called, responder }));
        Ok(())
    }

    /// A house that does not keep up, or is gone, costs the peer a second try.
    fn deliver(&mut self, arrival: Arrival) {
        if let Err(refused) = self.arrivals.try_send(arrival) {
            match refused.into_inner() {
                Arrival::Report(IncomingReport { responder, .. })
                | Arrival::Options(IncomingOptions { responder, .. }) => {
                    responder.respond(try_later());
                }
                Arrival::Call(_) => {}
            }
        }
    }
}
