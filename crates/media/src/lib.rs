//! RTP: greeting out, message in, WAV on disk.
