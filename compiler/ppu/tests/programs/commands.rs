//! Commands other than single updates: runs on the time base, stop, and what exceptions do.
