//! The vectors that the readers in JavaScript are tested with are what Rust burns.

use std::path::Path;

use lunette_frame::marker::{Corner, Marker};
use lunette_frame::{ScanoutId, Size};
use serde::{Deserialize, Serialize};

const SIZE: Size = Size::new(128, 40);
const STRIDE: usize = 128 * 4;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Vector {
    counter: u32,
    scanout: u16,
    /// A row of cells each, 1 is white.
    cells: Vec<String>,
}

fn vector(counter: u32, scanout: u16) -> Vector {
    let mut pixels = vec![0; STRIDE * 40];
    Marker { counter, scanout: ScanoutId::new(scanout) }.burn(&mut pixels, STRIDE, SIZE, Corner::TopLeft);
    let cell =
        |row: usize, column: usize| if pixels[(row * 8 + 4) * STRIDE + (column * 8 + 4) * 4] > 128 { '1' } else { '0' };
    let cells = (0..5).map(|row| (0..16).map(|column| cell(row, column)).collect()).collect();
    Vector { counter, scanout, cells }
}

#[test]
fn the_vectors_are_what_rust_burns() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/markers.json");
    let burnt: Vec<Vector> =
        [(0, 0), (1, 7), (30, 1), (0xDEAD_BEEF, 0xFFFF), (u32::MAX, 3)].map(|(c, s)| vector(c, s)).into();
    if std::env::var_os("LUNETTE_WRITE_VECTORS").is_some() {
        let text = serde_json::to_string_pretty(&burnt).expect("plain data");
        std::fs::write(&path, text + "\n").expect("the folder is there");
    }
    let kept: Vec<Vector> =
        serde_json::from_slice(&std::fs::read(path).expect("kept in the repository")).expect("JSON");
    assert_eq!(kept, burnt, "LUNETTE_WRITE_VECTORS=1 writes them anew");
}
