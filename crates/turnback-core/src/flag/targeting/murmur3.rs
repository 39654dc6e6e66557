//! MurmurHash3 for x86 with 32 bits and seed 0, by which `fractional` spreads people.
//!
//! The algorithm is Austin Appleby's, who gave it to the public domain
//! (<https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp>).

/// The hash of some bytes.
pub fn murmur3(bytes: &[u8]) -> u32 {
    let (blocks, tail) = bytes.as_chunks::<4>();
    let mut hash = 0;
    for block in blocks {
        hash ^= scramble(u32::from_le_bytes(*block));
        hash = hash
            .rotate_left(13)
            .wrapping_mul(5)
            .wrapping_add(0xe654_6b64);
    }
    let rest = tail
        .iter()
        .rev()
        .fold(0, |rest, byte| rest << 8 | u32::from(*byte));
    hash ^= scramble(rest);
    // The length goes in modulo 2^32.
    hash ^= bytes.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

fn scramble(block: u32) -> u32 {
    block
        .wrapping_mul(0xcc9e_2d51)
        .rotate_left(15)
        .wrapping_mul(0x1b87_3593)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_another_implementation() {
        // Python's mmh3 5.3.1: `mmh3.hash(text, signed=False)`.
        for (text, hash) in [
            ("", 0x0000_0000),
            ("a", 0x3c25_69b2),
            ("ab", 0x9bbf_d75f),
            ("abc", 0xb3dd_93fa),
            ("abcd", 0x43ed_676a),
            ("users-uuidann", 0xe911_aaa7),
            (
                "users-uuid0190a5a2-7c9e-7b4f-8000-2f1f9d0c7a11",
                0x0d5c_4aa2,
            ),
            ("höhe", 0x8dc4_5d42),
            ("日本語の利用者", 0x66c8_d938),
            (
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                0x9c78_f092,
            ),
        ] {
            assert_eq!(murmur3(text.as_bytes()), hash, "{text}");
        }
    }
}
