//! Draws by which all gateways choose the same (Thaler and Ravishankar, "A name-based mapping scheme for
//! rendezvous", 1996).

/// A number that two values draw together: the same at every gateway, of every release.
pub(crate) fn draw(one: &[u8], other: &[u8]) -> u64 {
    // FNV-1a, 64 bits (draft-eastlake-fnv)
    let bytes = one.iter().chain(&[0]).chain(other);
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // the last bytes reach the high bits of FNV too little: MurmurHash3's finalizer spreads them
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}
