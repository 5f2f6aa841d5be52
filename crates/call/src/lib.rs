//! One call as a state machine, reports of missed calls, and which reports are the same call.
