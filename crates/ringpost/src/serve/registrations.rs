//! Ringpost as an endpoint of phone systems: registrations kept up, and where
//! each of them stands, in the log and in the metrics.

use std::sync::Arc;

use ringpost_sip::{Registration, RegistrationState};
use tokio::task::JoinHandle;

use super::node::Node;
use crate::config::RegistrationSettings;

/// Starts one task for each registration of the configuration. They take their
/// registrations back when the server stops.
pub fn start(node: &Arc<Node>) -> Vec<JoinHandle<()>> {
    let wanted = node.settings.registrations.iter().cloned().enumerate();
    wanted.map(|(index, wanted)| tokio::spawn(keep(node.clone(), index + 1, wanted))).collect()
}

async fn keep(node: Arc<Node>, number: usize, wanted: RegistrationSettings) {
    let registrar = wanted.registrar.clone();
    let mut handle = node.endpoint.register(Registration {
        registrar: wanted.registrar,
        contact_user: user_of(&wanted.address_of_record).to_owned(),
        address_of_record: wanted.address_of_record,
        credentials: wanted.credentials,
        expires: wanted.expires,
        destination: None,
    });
    let mut stopping = node.stopping.clone();
    let mut last = None;
    tell((number, &registrar), &handle.state(), &mut last);
    loop {
        tokio::select! {
            changed = handle.changed() => match changed {
                Some(state) => tell((number, &registrar), &state, &mut last),
                None => return,
            },
            _ = stopping.wait_for(|stop| *stop) => break,
        }
    }
    // Calls shall go elsewhere from now on.
    handle.close().await;
}

/// One log line for each change; a refresh is none. Two registrations with one
/// registrar are told apart by the place of their table.
fn tell(
    (number, registrar): (usize, &str),
    state: &RegistrationState,
    last: &mut Option<RegistrationState>,
) {
    let registered = matches!(state, RegistrationState::Registered { .. });
    metrics::gauge!(
        "ringpost_sip_registered",
        "registrar" => registrar.to_owned(),
        "table" => number.to_string()
    )
    .set(f64::from(u8::from(registered)));
    let same = match (&*last, state) {
        (Some(RegistrationState::Registered { .. }), RegistrationState::Registered { .. }) => true,
        (before, now) => before.as_ref() == Some(now),
    };
    if !same {
        match state {
            RegistrationState::Registering => {
                tracing::info!(registrar, table = number, "registering")
            }
            RegistrationState::Registered { .. } => {
                tracing::info!(registrar, table = number, "registered");
            }
            RegistrationState::Refused { status, reason } => {
                tracing::error!(
                    registrar,
                    table = number,
                    status,
                    "the registrar refuses us; check address_of_record, user and password_file \
                     of [[sip.registration]]"
                );
                // The registrar's own words may name anybody.
                tracing::debug!(registrar, ?reason, "says the registrar");
            }
            RegistrationState::Unreachable(error) => tracing::error!(
                registrar, table = number, %error,
                "the registrar cannot be reached; trying again"
            ),
        }
    }
    *last = Some(state.clone());
}

/// The user part of a SIP URI, as it stands there.
fn user_of(uri: &str) -> &str {
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    rest.split_once('@').map_or("", |(user, _)| user.split(';').next().unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_come_to_the_user_of_the_address() {
        assert_eq!(user_of("sip:voicemail@pbx.example.com"), "voicemail");
        assert_eq!(user_of("sips:+14255550100;x=1@pbx.example.com:5061"), "+14255550100");
        assert_eq!(user_of("sip:pbx.example.com"), "");
    }
}
