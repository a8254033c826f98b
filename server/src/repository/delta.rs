//! Deltas: what leads from a content a station has to a new one, as a zstd frame with the old content
//! as its prefix (`zstd -19 --patch-from`).

use std::io::{self, Write as _};

/// The level of compression: made once, read by every station.
const LEVEL: i32 = 19;

/// The smallest window, as a power of two.
const WINDOW_LOG_MIN: u32 = 10;

/// The largest window a reader has to have room for, as a power of two: 128 MiB.
pub const WINDOW_LOG_MAX: u32 = 27;

/// What leads from `base` to `content`. An empty base gives the content compressed.
///
/// # Errors
/// What the compressor answers: it has no memory.
pub fn delta(base: &[u8], content: &[u8]) -> io::Result<Vec<u8>> {
    let together = base.len().saturating_add(content.len()).max(1);
    let window = together.ilog2().saturating_add(1);
    let mut encoder = zstd::stream::Encoder::with_ref_prefix(Vec::new(), LEVEL, base)?;
    encoder.window_log(window.clamp(WINDOW_LOG_MIN, WINDOW_LOG_MAX))?;
    encoder.long_distance_matching(true)?;
    encoder.include_checksum(false)?;
    encoder.set_pledged_src_size(u64::try_from(content.len()).ok())?;
    encoder.write_all(content)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn applied(base: &[u8], delta: &[u8]) -> Vec<u8> {
        let mut decoder = zstd::stream::Decoder::with_ref_prefix(delta, base).unwrap();
        decoder.window_log_max(WINDOW_LOG_MAX).unwrap();
        let mut content = Vec::new();
        decoder.read_to_end(&mut content).unwrap();
        content
    }

    #[test]
    fn a_delta_of_one_changed_table_is_a_small_part_of_the_whole() {
        let base: Vec<u8> = (0..40_000_u32)
            .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
            .collect();
        let mut content = base.clone();
        for byte in &mut content[70_000..70_400] {
            *byte ^= 0x5a;
        }
        let delta = delta(&base, &content).unwrap();
        assert_eq!(applied(&base, &delta), content);
        assert!(delta.len() < 1_000, "{}", delta.len());
    }

    #[test]
    fn from_nothing_it_is_the_content_compressed() {
        let content = b"one stamp and ".repeat(1_000);
        let whole = delta(b"", &content).unwrap();
        assert_eq!(applied(b"", &whole), content);
        assert!(whole.len() < 100, "{}", whole.len());
        assert_eq!(applied(b"x", &delta(b"x", b"").unwrap()), b"");
    }
}
