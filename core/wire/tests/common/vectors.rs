//! The examples of the protocol pages, which are test vectors.

/// The blocks of bytes in `page` that are marked `kind`, by name.
pub fn vectors(page: &str, kind: &str) -> Vec<(String, Vec<u8>)> {
    let bytes = |block: Vec<&str>| block.into_iter().flat_map(line_bytes).collect();
    blocks(page, kind).into_iter().map(|(name, block)| (name, bytes(block))).collect()
}

/// The blocks of text in `page` that are marked `kind`, by name.
pub fn texts(page: &str, kind: &str) -> Vec<(String, String)> {
    blocks(page, kind).into_iter().map(|(name, block)| (name, block.join("\n"))).collect()
}

fn blocks<'a>(page: &'a str, kind: &str) -> Vec<(String, Vec<&'a str>)> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("```").and_then(|mark| mark.strip_prefix(kind)) else { continue };
        found.push((name.trim().to_owned(), lines.by_ref().take_while(|line| !line.starts_with("```")).collect()));
    }
    found
}

/// `01 00*3 # remark` is 1, 0, 0, 0.
fn line_bytes(line: &str) -> Vec<u8> {
    let hex = line.split('#').next().unwrap_or_default();
    hex.split_whitespace().flat_map(word_bytes).collect()
}

fn word_bytes(word: &str) -> Vec<u8> {
    let (byte, times) = word.split_once('*').unwrap_or((word, "1"));
    vec![u8::from_str_radix(byte, 16).expect("a hex byte"); times.parse().expect("a number")]
}
