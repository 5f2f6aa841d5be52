//! Sources that know people: LDAP and the contacts store.
