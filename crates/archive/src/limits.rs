//! How much of an archive is read.

/// Limits on one archive. What goes over them is an anomaly of kind
/// `limit-exceeded`, and the release is then incomplete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes as downloaded.
    pub compressed_bytes: u64,
    /// Bytes after decompression, headers and padding included.
    pub total_bytes: u64,
    /// Bytes of one file; a larger one is passed over, the rest is read.
    pub file_bytes: u64,
    /// Headers of any kind, folders and extension headers included.
    pub entries: u64,
    /// Folders above a file.
    pub depth: usize,
    /// Bytes of one path.
    pub path_bytes: usize,
    /// Bytes of all paths together: bounds the memory spent on finding duplicates.
    pub all_path_bytes: usize,
    /// Decompressed bytes for each compressed one.
    pub ratio: u64,
    /// Up to this many decompressed bytes any ratio is accepted: small files may be repetitive.
    pub ratio_floor: u64,
    /// Anomalies kept of each kind; the others are counted.
    pub anomalies_per_kind: usize,
}

impl Default for Limits {
    /// Room for the largest packages on the public registry (a few hundred
    /// megabytes, about 100,000 files) with a margin of two to four.
    fn default() -> Self {
        const MIB: u64 = 1 << 20;
        Limits {
            compressed_bytes: 1024 * MIB,
            total_bytes: 2048 * MIB,
            file_bytes: 1024 * MIB,
            entries: 400_000,
            depth: 128,
            path_bytes: 4096,
            all_path_bytes: 96 << 20,
            ratio: 200,
            ratio_floor: 64 * MIB,
            anomalies_per_kind: 16,
        }
    }
}
