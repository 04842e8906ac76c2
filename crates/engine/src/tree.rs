//! Tree ensembles in one node form, with kernels chosen at load.
