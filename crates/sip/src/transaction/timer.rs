//! The RFC's times (RFC 3261 Appendix A, RFC 6026 §8).

use std::time::Duration;

/// Estimate of a round trip.
pub(crate) const T1: Duration = Duration::from_millis(500);
/// Longest interval between retransmissions of non-INVITE requests and of
/// responses to INVITE.
pub(crate) const T2: Duration = Duration::from_secs(4);
/// Longest time a message stays in the network.
pub(super) const T4: Duration = Duration::from_secs(5);

/// 64*T1, the life of a transaction that nobody answers.
const SIXTY_FOUR_T1: Duration = Duration::from_secs(32);

/// INVITE client: first retransmission of the request.
pub(super) const TIMER_A: Duration = T1;
/// INVITE client: no response at all.
pub(crate) const TIMER_B: Duration = SIXTY_FOUR_T1;
/// INVITE client: wait for repeats of a final non-2xx response.
pub(super) const TIMER_D: Duration = SIXTY_FOUR_T1;
/// Non-INVITE client: first retransmission of the request.
pub(super) const TIMER_E: Duration = T1;
/// Non-INVITE client: no final response.
pub(super) const TIMER_F: Duration = SIXTY_FOUR_T1;
/// INVITE server: first retransmission of a final non-2xx response.
pub(super) const TIMER_G: Duration = T1;
/// INVITE server: no ACK.
pub(crate) const TIMER_H: Duration = SIXTY_FOUR_T1;
/// INVITE server: wait for repeats of the ACK.
pub(super) const TIMER_I: Duration = T4;
/// Non-INVITE server: wait for repeats of the request.
pub(super) const TIMER_J: Duration = SIXTY_FOUR_T1;
/// Non-INVITE client: wait for repeats of the response.
pub(super) const TIMER_K: Duration = T4;
/// INVITE server: wait for repeats of an INVITE that got a 2xx (RFC 6026).
pub(super) const TIMER_L: Duration = SIXTY_FOUR_T1;
/// INVITE client: wait for more 2xx to an INVITE that got one (RFC 6026).
pub(super) const TIMER_M: Duration = SIXTY_FOUR_T1;

/// How long repeats are waited for: not at all on a reliable transport, where
/// timers D, I, J and K are zero.
pub(super) fn wait(timer: Duration, reliable: bool) -> Duration {
    if reliable { Duration::ZERO } else { timer }
}
