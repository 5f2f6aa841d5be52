//! Table tests of the wire reader.
