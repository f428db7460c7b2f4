//! From what QEMU tells a listener to pictures in a store.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use lunette_frame::{Damage, PictureError, Rect, Size};
use lunette_sys_shm::{Rows, SharedRange, ShmError};

use super::error::Fault;
use super::listener::{Area, Plain, PlainUpdate};
use super::listener_map::MappedPicture;
use super::outputs::Room;
use super::pixels::{Pool, Shape};
use super::pixman::pixel_format;
use super::store::Store;

/// Draws one scanout's pictures into memory of our own.
#[derive(Debug)]
pub(super) struct Canvas {
    store: Arc<Store>,
    room: Room,
    pool: Pool,
    map: Option<SharedPicture>,
    /// Whether the newest picture of the pool is older than what the machine shows, everywhere.
    behind: bool,
    /// What is drawn now; kept for its memory.
    damage: Damage,
}

/// A picture in memory that QEMU goes on writing.
#[derive(Debug)]
struct SharedPicture {
    shape: Shape,
    stride: usize,
    memory: SharedRange,
}

impl Canvas {
    pub(super) fn new(store: Arc<Store>, room: Room) -> Self {
        let damage = Damage::none(Size::new(0, 0));
        Self { store, room, pool: Pool::default(), map: None, behind: true, damage }
    }

    /// A new listener gets everything anew.
    pub(super) fn restart(&mut self) {
        self.map = None;
        self.behind = true;
    }

    /// The machine shows another picture in shared memory. Nothing is drawn: an update follows.
    ///
    /// # Errors
    /// When the memory cannot be read; QEMU is to send the pixels then. What is wrong with the picture itself, QEMU
    /// cannot do better, is left for the sources.
    pub(super) fn map(&mut self, picture: MappedPicture) -> Result<(), ShmError> {
        self.restart();
        match shape_of(picture.size, picture.format, picture.stride) {
            Ok(shape) => {
                let stride = picture.stride as usize;
                let len = stride.saturating_mul(shape.size.height as usize - 1).saturating_add(shape.stride());
                let memory = SharedRange::open(picture.memory, picture.offset.into(), len)?;
                self.map = Some(SharedPicture { shape, stride, memory });
            }
            Err(fault) => self.fail(fault),
        }
        Ok(())
    }

    /// Whether there is a shared picture to draw from.
    pub(super) fn has_map(&self) -> bool {
        self.map.is_some()
    }

    /// The machine has written parts of the shared picture. `updates` says how many times it told so.
    pub(super) fn update_map(&mut self, areas: &[Area]) {
        let updates = areas.len() as u64;
        self.store.counters.mapped.fetch_add(updates, Relaxed);
        let Some(map) = &self.map else { return };
        let (size, told) = (map.shape.size, crate::now());
        self.store.gauge.picture(size, told, updates);
        if !self.store.is_watched() {
            self.behind = true;
            return self.store.skip(size, told, updates);
        }
        self.damage.reset(size);
        for rect in areas.iter().filter_map(|area| area.clip(size)) {
            self.damage.add(rect);
        }
        self.draw_map(updates);
    }

    /// Fetches the shared picture for a source that has come, if nobody wanted it before.
    pub(super) fn catch_up(&mut self) {
        let Some(map) = &self.map else { return };
        if self.behind && self.store.is_watched() {
            self.damage.reset(map.shape.size);
            self.draw_map(1);
        }
    }

    fn draw_map(&mut self, updates: u64) {
        let captured = crate::now();
        let Some(map) = &self.map else { return };
        let shape = map.shape;
        if let Err(fault) = prepare(&mut self.pool, &self.room, shape, self.behind, &mut self.damage) {
            return self.fail(fault);
        }
        let damage = &self.damage;
        let drawn = self.pool.draw(shape, damage, |bytes| copy(map, damage.rects(), bytes));
        match drawn {
            Ok(pixels) => {
                self.behind = false;
                self.store.publish(pixels, shape.size, &self.damage, captured, updates);
            }
            Err(error) => self.fail(Fault::Unreadable(error.to_string())),
        }
    }

    /// The machine sends a whole picture.
    pub(super) fn show(&mut self, plain: &Plain<'_>) {
        self.restart();
        self.store.counters.plain.fetch_add(1, Relaxed);
        let size = plain.size;
        self.store.gauge.picture(size, crate::now(), 1);
        if let Err(fault) = self.draw_plain(size, size.bounds(), plain) {
            self.fail(fault);
        }
    }

    /// The machine sends a part of the picture that it has sent whole before.
    pub(super) fn update(&mut self, update: &PlainUpdate<'_>) {
        self.store.counters.plain.fetch_add(1, Relaxed);
        let Some(size) = self.pool.shape().map(|shape| shape.size).filter(|_| !self.behind) else { return };
        let Some(rect) = update.area.clip(size) else { return };
        self.store.gauge.picture(size, crate::now(), 1);
        let whole = rect.width == update.plain.size.width && rect.height == update.plain.size.height;
        let drawn = if whole {
            self.draw_plain(size, rect, &update.plain)
        } else {
            Err(Fault::Picture(PictureError::Size(update.plain.size)))
        };
        if let Err(fault) = drawn {
            self.fail(fault);
        }
    }

    fn draw_plain(&mut self, size: Size, rect: Rect, plain: &Plain<'_>) -> Result<(), Fault> {
        let captured = crate::now();
        let part = shape_of(rect_size(rect), plain.format, plain.stride)?;
        let shape = Shape::new(size, part.format).map_err(Fault::Picture)?;
        let stride = plain.stride as usize;
        // Checks that the data is as long as it has to be.
        lunette_frame::PictureRef::packed(part.format, part.size, stride, plain.data).map_err(Fault::Picture)?;
        self.damage.reset(size);
        self.damage.add(rect);
        prepare(&mut self.pool, &self.room, shape, false, &mut self.damage)?;
        if self.damage.is_full() && rect != size.bounds() {
            // Pixels of another format cannot join those that are there.
            return Err(Fault::Picture(PictureError::Size(rect_size(rect))));
        }
        let (left, row_bytes) = (rect.x as usize * 4, part.stride());
        let drawn = self.pool.draw(shape, &self.damage, |bytes| {
            for row in 0..rect.height as usize {
                let start = (rect.y as usize + row) * shape.stride() + left;
                bytes[start..start + row_bytes].copy_from_slice(&plain.data[row * stride..][..row_bytes]);
            }
            Ok::<_, std::convert::Infallible>(())
        });
        let pixels = drawn.unwrap_or_else(|never| match never {});
        self.behind = false;
        self.store.publish(pixels, size, &self.damage, captured, 1);
        Ok(())
    }

    /// The machine shows nothing.
    pub(super) fn disable(&mut self) {
        self.restart();
        self.store.darken();
    }

    pub(super) fn fail(&mut self, fault: Fault) {
        self.behind = true;
        let text = fault.to_string();
        if self.store.fail(fault) {
            tracing::warn!(scanout = %self.room.id(), reason = text, "no picture");
        }
    }
}

/// Makes room for a picture and widens `damage` to all of it where nothing can be kept.
fn prepare(pool: &mut Pool, room: &Room, shape: Shape, behind: bool, damage: &mut Damage) -> Result<(), Fault> {
    if pool.shape() != Some(shape) {
        pool.clear();
        room.claim(shape.size)?;
    }
    if behind || pool.is_empty() {
        damage.reset(shape.size);
        damage.add(shape.size.bounds());
    }
    Ok(())
}

fn shape_of(size: Size, format: u32, stride: u32) -> Result<Shape, Fault> {
    let shape = Shape::new(size, pixel_format(format)?).map_err(Fault::Picture)?;
    let (stride, row) = (stride as usize, shape.stride());
    if stride < row {
        return Err(Fault::Picture(PictureError::Stride { plane: 0, stride, row }));
    }
    Ok(shape)
}

fn rect_size(rect: Rect) -> Size {
    Size::new(rect.width, rect.height)
}

fn copy(map: &SharedPicture, rects: &[Rect], bytes: &mut [u8]) -> Result<(), ShmError> {
    let stride = map.shape.stride();
    for rect in rects {
        let (left, top) = (rect.x as usize * 4, rect.y as usize);
        let rows = Rows {
            start: top * map.stride + left,
            stride: map.stride,
            bytes: rect.width as usize * 4,
            count: rect.height as usize,
        };
        map.memory.copy_rows(rows, &mut bytes[top * stride + left..], stride)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    use lunette_frame::{Pts, ScanoutId};
    use proptest::prelude::*;
    use rustix::fs::{MemfdFlags, memfd_create};
    use tokio::sync::mpsc;

    use super::super::console::{ConsoleInfo, ConsoleNumber};
    use super::super::outputs::Outputs;
    use super::super::source::QemuSource;
    use super::*;
    use crate::{Polled, Source};

    const SIZES: [Size; 2] = [Size::new(24, 16), Size::new(17, 9)];
    const X8R8G8B8: u32 = 0x2002_0888;

    /// What a machine does, and a pipeline.
    #[derive(Debug, Clone)]
    enum Step {
        /// Shows other memory, with pixels of this value, and tells of a part of it.
        Flip(usize, u8, Area),
        /// Writes a part of the memory, and tells of it.
        Write(Area, u8),
        /// Sends a whole picture.
        Send(usize, u8),
        /// Sends a part of it.
        SendPart(Area, u8),
        Poll,
    }

    fn area() -> impl Strategy<Value = Area> {
        (-3..26, -3..18, 0..28, 0..20).prop_map(|(x, y, width, height)| Area { x, y, width, height })
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            2 => (0..2_usize, any::<u8>(), area()).prop_map(|(size, value, area)| Step::Flip(size, value, area)),
            6 => (area(), any::<u8>()).prop_map(|(area, value)| Step::Write(area, value)),
            1 => (0..2_usize, any::<u8>()).prop_map(|(size, value)| Step::Send(size, value)),
            3 => (area(), any::<u8>()).prop_map(|(area, value)| Step::SendPart(area, value)),
            4 => Just(Step::Poll),
        ]
    }

    /// A machine, a canvas that it draws on, and what the picture should be.
    struct Model {
        canvas: Canvas,
        memory: Option<File>,
        size: Size,
        wanted: Vec<u8>,
        polled: Option<(Size, Vec<u8>)>,
    }

    impl Model {
        fn fill(&mut self, rect: Rect, value: u8) {
            for row in rect.y..rect.bottom() {
                let start = ((row * self.size.width + rect.x) * 4) as usize;
                let bytes = &mut self.wanted[start..start + rect.width as usize * 4];
                bytes.fill(value);
                if let Some(memory) = &self.memory {
                    memory.write_all_at(bytes, start as u64).unwrap();
                }
            }
        }

        fn start(&mut self, size: Size, value: u8) {
            self.size = size;
            self.wanted = vec![0; (size.width * size.height * 4) as usize];
            self.fill(size.bounds(), value);
        }

        fn apply(&mut self, step: &Step) {
            match *step {
                Step::Flip(size, value, area) => {
                    let memory = File::from(memfd_create("model", MemfdFlags::CLOEXEC).unwrap());
                    self.memory = Some(memory.try_clone().unwrap());
                    self.start(SIZES[size], value);
                    let (size, stride) = (self.size, self.size.width * 4);
                    let picture = MappedPicture { memory: memory.into(), offset: 0, size, stride, format: X8R8G8B8 };
                    self.canvas.map(picture).unwrap();
                    self.canvas.update_map(&[area]);
                }
                Step::Write(area, value) => {
                    if self.memory.is_none() {
                        return;
                    }
                    if let Some(rect) = area.clip(self.size) {
                        self.fill(rect, value);
                    }
                    self.canvas.update_map(&[area]);
                }
                Step::Send(size, value) => {
                    self.memory = None;
                    self.start(SIZES[size], value);
                    let (size, stride) = (self.size, self.size.width * 4);
                    self.canvas.show(&Plain { size, stride, format: X8R8G8B8, data: &self.wanted });
                }
                Step::SendPart(area, value) => {
                    let inside = area.clip(self.size).filter(|rect| rect.x as i32 == area.x && rect.y as i32 == area.y);
                    let Some(rect) = inside.filter(|_| self.memory.is_none() && !self.wanted.is_empty()) else {
                        return;
                    };
                    self.fill(rect, value);
                    let size = rect_size(rect);
                    let area = Area { width: rect.width as i32, height: rect.height as i32, ..area };
                    let data = vec![value; (size.width * size.height * 4) as usize];
                    let plain = Plain { size, stride: size.width * 4, format: X8R8G8B8, data: &data };
                    self.canvas.update(&PlainUpdate { area, plain });
                }
                Step::Poll => {}
            }
        }

        fn check(&mut self, source: &mut QemuSource) {
            let Polled::Frame(frame) = source.poll(Pts::from_nanos(0)).unwrap() else { return };
            let (size, bytes) = (frame.picture.size(), frame.picture.planes()[0].data.to_vec());
            assert_eq!((size, &bytes), (self.size, &self.wanted));
            if let Some((_, before)) = self.polled.as_ref().filter(|(known, _)| *known == size) {
                for (at, (before, now)) in (0..).zip(before.chunks(4).zip(bytes.chunks(4))) {
                    let (x, y) = (at % size.width, at / size.width);
                    let pixel = Rect::new(x, y, 1, 1);
                    assert!(before == now || frame.damage.rects().iter().any(|rect| rect.contains(pixel)), "{x},{y}");
                }
            } else {
                assert!(frame.damage.is_full());
            }
            self.polled = Some((size, bytes));
        }
    }

    fn model() -> (Model, QemuSource) {
        let outputs = Arc::new(Outputs::new(u64::MAX));
        let id = ScanoutId::new(0);
        let (number, device) = (ConsoleNumber(0), String::new());
        let console = ConsoleInfo { number, head: 0, device, is_graphic: true, size: SIZES[0] };
        outputs.found(&BTreeMap::from([(id, console)]));
        let store = outputs.store(id).unwrap();
        let source = QemuSource::new(id, Arc::clone(&store), &Arc::default(), mpsc::channel(1).0.downgrade());
        let canvas = Canvas::new(store, Room::new(outputs, id));
        let (size, wanted) = (SIZES[0], Vec::new());
        (Model { canvas, memory: None, size, wanted, polled: None }, source)
    }

    proptest! {
        #[test]
        fn whatever_is_updated_the_polled_picture_is_right_and_damage_covers_all_changes(
            steps in prop::collection::vec(step(), 1..60)
        ) {
            let (mut model, mut source) = model();
            for step in &steps {
                model.apply(step);
                if matches!(step, Step::Poll) {
                    model.check(&mut source);
                }
            }
            model.check(&mut source);
        }
    }
}
