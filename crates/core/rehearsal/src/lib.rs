//! Engine, procedures and lab on one virtual clock.
