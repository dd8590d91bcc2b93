//! Hyper-V classes and methods: observe a host, perform one act.
