//! Numbers and dial plan; who was called and who rang.

mod caller_id;
mod source;

pub use caller_id::CallerId;
pub use source::{Answering, Question, Source, SourceFault};
