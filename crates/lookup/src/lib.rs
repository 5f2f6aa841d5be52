//! Numbers and dial plan; who was called and who rang.
//!
//! Nothing here waits: a [`DialPlan`] reads numbers, [`Subscribers`] and
//! [`called_user`] find whose call it is, [`CallerId::read`] says what can be
//! asked about the caller, [`Source`] is the port to whoever knows people, and
//! [`choose`] decides among the answers. Asking all sources at once under a
//! deadline is the work of the house.

mod called;
mod caller_id;
mod choice;
mod clean;
mod dial_plan;
mod explained;
mod shown;
mod source;
mod spelling;
mod subscribers;

pub use called::{CalledRule, UnknownCalledRule, called_user};
pub use caller_id::CallerId;
pub use choice::{Answer, Choice, choose};
pub use dial_plan::{DialPlan, InvalidDialPlan};
pub use explained::{Looked, Standing, explain_called_user};
pub use shown::shown;
pub use source::{Answering, Question, Source, SourceFault};
pub use subscribers::{DuplicateSubscriber, Subscribers};
