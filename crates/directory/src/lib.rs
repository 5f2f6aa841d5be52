//! Sources that know people: an LDAP directory and the contacts store.
//!
//! Both implement [`ringpost_lookup::Source`]. [`LdapSource`] asks the
//! organisation's directory over a small pool of connections that heals itself;
//! [`Contacts`] keeps each subscriber's own contacts in `people.db`, filled from
//! vCards. Both find by number and not by spelling: they fetch what may match
//! and let the dial plan decide (see `closeness`).
//!
//! No type of the LDAP, SQL or vCard library leaves this crate.

mod closeness;
mod contacts;
mod error;
mod ldap;
mod text;

pub use contacts::{Contacts, Imported};
pub use error::DirectoryError;
pub use ldap::{LdapSettings, LdapSource};
