/// Bounds that keep a corrupt or hostile model file from exhausting the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes a model file may have once decompressed. Flag `--max-model-bytes`.
    pub model_bytes: u64,
    /// Most bytes decompression may yield for each compressed byte. Flag `--max-compression-ratio`.
    pub compression_ratio: u64,
    /// Deepest nesting of containers. Fixed: real models stay below 100.
    pub depth: usize,
}

impl Limits {
    /// Bytes of memory that a file's values may take beyond the number of bytes read.
    pub const HEADROOM_BYTES: u64 = 48 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self { model_bytes: 4 << 30, compression_ratio: 200, depth: 500 }
    }
}
