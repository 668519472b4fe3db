//! Lane arithmetic shared by every engine.
