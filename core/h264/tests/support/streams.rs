//! Parameter sets of real streams: 30 frames of a test picture, encoded by x264 with various settings.

/// The parameter sets of one stream, in hexadecimal, and what an independent analyser says about them.
pub(crate) struct Stream {
    pub(crate) name: &'static str,
    pub(crate) sps: &'static str,
    pub(crate) pps: &'static str,
    pub(crate) codec: &'static str,
    pub(crate) visible: (u32, u32),
    pub(crate) coded: (u32, u32),
    /// `max_num_reorder_frames` and `max_dec_frame_buffering`.
    pub(crate) delay: Option<(u8, u8)>,
}

pub(crate) const BASELINE: Stream = Stream {
    name: "Constrained Baseline",
    sps: "6742c01ed900a03db0110000030001000003003c0f162e48",
    pps: "68cb83cb20",
    codec: "avc1.42c01e",
    visible: (640, 480),
    coded: (640, 480),
    delay: Some((0, 3)),
};

pub(crate) const ZERO_LATENCY: Stream = Stream {
    name: "Constrained Baseline for low latency, cropped columns",
    sps: "6742c020d90056061e6f0110000003001000000303c8f1832480",
    pps: "68cb83cb20",
    codec: "avc1.42c020",
    visible: (1366, 768),
    coded: (1376, 768),
    delay: Some((0, 3)),
};

pub(crate) const LEVEL_1B: Stream = Stream {
    name: "level 1b by constraint flag",
    sps: "6742d00bd902c4ec0440000003004000000783c48992",
    pps: "68cb83cb20",
    codec: "avc1.42d00b",
    visible: (176, 144),
    coded: (176, 144),
    delay: Some((0, 3)),
};

pub(crate) const MAIN: Stream = Stream {
    name: "Main with B frames, cropped rows",
    sps: "674d4028eca03c0113f2e022000003000200000300781e30632c",
    pps: "68ebe3cb20",
    codec: "avc1.4d4028",
    visible: (1920, 1080),
    coded: (1920, 1088),
    delay: Some((2, 4)),
};

pub(crate) const HIGH: Stream = Stream {
    name: "High with B frames",
    sps: "67640020acd94056061e6f0110000003001000000303c0f1831960",
    pps: "68ebe3cb22c0",
    codec: "avc1.640020",
    visible: (1366, 768),
    coded: (1376, 768),
    delay: Some((2, 4)),
};

pub(crate) const SLICES: Stream = Stream {
    name: "High for low latency, four slices",
    sps: "6764001facb200a00b760220000003002000000791e30649",
    pps: "68ebc3cb22c0",
    codec: "avc1.64001f",
    visible: (1280, 720),
    coded: (1280, 720),
    delay: Some((0, 3)),
};

pub(crate) const INTERLACED: Stream = Stream {
    name: "High, interlaced, rows cropped by fields",
    sps: "67640028acd94078044fde0220000003002000000783e2c5b2c0",
    pps: "68fba3cb22c0",
    codec: "avc1.640028",
    visible: (1920, 1080),
    coded: (1920, 1088),
    delay: Some((2, 4)),
};

pub(crate) const BUFFER_MODEL: Stream = Stream {
    name: "High with buffer model and colours",
    sps: "6764001facd9405005bb01a1010101a50000030001000003003c624000f424001e84e2c300f8c18cb0",
    pps: "68ebecb22c",
    codec: "avc1.64001f",
    visible: (1280, 720),
    coded: (1280, 720),
    delay: Some((2, 4)),
};

pub(crate) const GRAY: Stream = Stream {
    name: "High, monochrome, full range, odd height",
    sps: "67640020f36501581878bac05b20000003002000000781e30632c0",
    pps: "68ebe3cb22c0",
    codec: "avc1.640020",
    visible: (1366, 767),
    coded: (1376, 768),
    delay: Some((2, 4)),
};

pub(crate) const HIGH_10: Stream = Stream {
    name: "High 10",
    sps: "676e001fa6cd9405005bb0110000030001000003003c0f183196",
    pps: "68ebe3cb22c0",
    codec: "avc1.6e001f",
    visible: (1280, 720),
    coded: (1280, 720),
    delay: Some((2, 4)),
};

pub(crate) const INTRA_10: Stream = Stream {
    name: "High 10 Intra",
    sps: "676e101ea6cb81407b60220000030002000003007808",
    pps: "68ee0f2c8b",
    codec: "avc1.6e101e",
    visible: (640, 480),
    coded: (640, 480),
    delay: None,
};

pub(crate) const HIGH_422: Stream = Stream {
    name: "High 4:2:2, odd height",
    sps: "677a001fb6cd940d83fe68430110000003001000000303c0f1831960",
    pps: "68ebe3cb22c0",
    codec: "avc1.7a001f",
    visible: (854, 481),
    coded: (864, 496),
    delay: Some((2, 4)),
};

pub(crate) const HIGH_444: Stream = Stream {
    name: "High 4:4:4 Predictive, odd height",
    sps: "67f40020919b280ac0c3c5d60220000003002000000781e30632c0",
    pps: "68ebe3c44844",
    codec: "avc1.f40020",
    visible: (1366, 767),
    coded: (1376, 768),
    delay: Some((2, 4)),
};

/// A custom quantizer matrix: its PPS carries eight present flags for scaling lists.
pub(crate) const MATRIX: Stream = Stream {
    name: "High with scaling lists, cropped rows",
    sps: "6764001eacd940a02ff970110000030001000003003c0f162d96",
    pps: "68ebe3cb3002c0",
    codec: "avc1.64001e",
    visible: (640, 360),
    coded: (640, 368),
    delay: Some((2, 4)),
};

pub(crate) const ALL: [Stream; 14] = [
    BASELINE,
    ZERO_LATENCY,
    LEVEL_1B,
    MAIN,
    HIGH,
    SLICES,
    INTERLACED,
    BUFFER_MODEL,
    GRAY,
    HIGH_10,
    INTRA_10,
    HIGH_422,
    HIGH_444,
    MATRIX,
];

impl Stream {
    pub(crate) fn sps(&self) -> Vec<u8> {
        bytes(self.sps)
    }

    pub(crate) fn pps(&self) -> Vec<u8> {
        bytes(self.pps)
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at: usize| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..hex.len()).step_by(2).map(|at| digit(at).expect("hexadecimal digits")).collect()
}
