//! The journal and outbox that lose nothing, and the couriers that hand mail over.
