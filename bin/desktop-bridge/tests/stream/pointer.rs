//! The pointer beside the picture: frame-export is in this process, where a test can change it.

use std::sync::Arc;

use lunette_capture::CursorShape;
use lunette_capture::pattern::Kind;
use lunette_frame::Size;
use lunette_wire::stream::{CursorImage, ServerMessage};

use crate::support::{Bridge, Machine, Viewer, earlier};

/// A pointer of 2x1 pixels: one size, whatever it looks like. Blue comes first in memory.
fn shape(hot_x: i32, pixels: [u8; 8]) -> Option<Arc<CursorShape>> {
    Some(Arc::new(CursorShape { size: Size::new(2, 1), hot_x, hot_y: 0, pixels: pixels.to_vec() }))
}

async fn next_image(viewer: &mut Viewer) -> CursorImage {
    viewer
        .until(|message| match message {
            ServerMessage::CursorImage(image) => Some(image),
            _ => None,
        })
        .await
}

/// The next one whose hot spot is this, with its pixels.
async fn next_with(viewer: &mut Viewer, hot_x: i32) -> (Vec<u8>, CursorImage) {
    loop {
        let image = next_image(viewer).await;
        let bitmap = image.bitmap.clone().expect("its pixels, every time");
        assert_eq!((bitmap.width(), bitmap.height()), (2, 1));
        if image.hot_x == hot_x {
            return (bitmap.pixels().to_vec(), image);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cursor_change_carries_its_pixels() {
    let machine = Machine::showing(Kind::Still).await;
    machine.point(3, shape(1, [0, 0, 255, 255, 255, 0, 0, 255]));
    let bridge = Bridge::start(&["--source", "scanout", "--scanout", "0", "--export", &machine.address.to_string()]);
    let mut viewer = Viewer::join(&bridge, &earlier("Zoë")).await;
    let red_blue = [255, 0, 0, 255, 0, 0, 255, 255];
    let (pixels, image) = next_with(&mut viewer, 1).await;
    assert_eq!((pixels, image.x, image.y), (red_blue.to_vec(), 3, 7));
    // The same size, other pixels, another hot spot: all of it comes together.
    machine.point(4, shape(0, [0, 255, 0, 255, 0, 0, 0, 0]));
    assert_eq!(next_with(&mut viewer, 0).await.0, [0, 255, 0, 255, 0, 0, 0, 0]);
    // And back: a viewer that keeps shapes by size would be wrong now.
    machine.point(5, shape(1, [0, 0, 255, 255, 255, 0, 0, 255]));
    assert_eq!(next_with(&mut viewer, 1).await.0, red_blue);
    // Moved only: whatever is told of that, there still is a pointer to see.
    machine.point(60, shape(1, [0, 0, 255, 255, 255, 0, 0, 255]));
    machine.point(61, shape(0, [0, 255, 0, 255, 0, 0, 0, 0]));
    assert_eq!(next_with(&mut viewer, 0).await.1.x, 61);
    machine.point(61, None);
    loop {
        match viewer.message().await {
            ServerMessage::CursorName(name) if name.name == "none" => break,
            ServerMessage::CursorImage(image) if image.bitmap.is_none() => break,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_joiner_is_told_how_the_pointer_looks_before_all_is_set_up() {
    let machine = Machine::showing(Kind::Still).await;
    machine.point(3, shape(1, [0, 0, 255, 255, 255, 0, 0, 255]));
    let bridge = Bridge::start(&["--source", "scanout", "--scanout", "0", "--export", &machine.address.to_string()]);
    let mut first = Viewer::join(&bridge, &earlier("Zoë")).await;
    next_image(&mut first).await;
    let mut second = Viewer::join(&bridge, &earlier("Ada")).await;
    assert!(matches!(second.message().await, ServerMessage::StreamInit(_)));
    assert!(matches!(second.message().await, ServerMessage::CursorImage(image) if image.bitmap.is_some()));
    second.complete().await;
}
