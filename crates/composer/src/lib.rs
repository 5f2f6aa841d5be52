//! From what happened to the e-mail that tells it.
