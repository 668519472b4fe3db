//! The whole compiler behind one Session, for embedding.
