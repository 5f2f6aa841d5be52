//! Ringpost: unanswered calls become voice mail and missed call notifications.
