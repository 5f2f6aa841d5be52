//! Dialogs (RFC 3261 §12): what two sides remember of each other between
//! INVITE and BYE, the 200 that is repeated until its ACK (§13.3.1.4), reliable
//! provisional responses (RFC 3262) and session timers (RFC 4028).

mod provisional;
mod session_timer;
mod state;
mod tag;
mod two_hundred;

pub(crate) use provisional::{Provisional, RAck};
pub(crate) use session_timer::{
    Agreed, Disagreed, MIN_SE, Refused, SessionDue, SessionExpires, SessionTimer, min_se, names,
};
pub(crate) use state::Dialog;
pub(crate) use tag::Tag;
pub(crate) use two_hundred::{Due, TwoHundred};
