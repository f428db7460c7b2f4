//! How an encoder is set up, as strings that every build knows.

use std::ffi::{CStr, c_int};

use crate::Error;
use crate::api::Api;
use crate::layout::{CSP_I420, Param};

/// Least pixels on a side that these bindings take.
pub const MIN_SIDE: u32 = 16;
/// Most pixels on a side that the library takes.
pub const MAX_SIDE: u32 = 16_384;

/// Speed against size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// The least CPU.
    Ultrafast,
    /// More CPU on scrolling for a better motion search.
    Superfast,
}

impl Preset {
    fn name(self) -> &'static CStr {
        match self {
            Self::Ultrafast => c"ultrafast",
            Self::Superfast => c"superfast",
        }
    }
}

/// What differs from one encoder to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Speed against size.
    pub preset: Preset,
    /// Pixels per row, even.
    pub width: u32,
    /// Rows, even.
    pub height: u32,
    /// Planned pictures per second, numerator and denominator; decides the level written into the stream.
    pub fps: (u32, u32),
    /// Threads, 1 to 16; each codes one slice of every picture.
    pub threads: u16,
}

impl Settings {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let range = |what, given: u64, from: u64, to: u64| {
            if (from..=to).contains(&given) { Ok(()) } else { Err(Error::Setting { what, given, from, to }) }
        };
        range("width", self.width.into(), MIN_SIDE.into(), MAX_SIDE.into())?;
        range("height", self.height.into(), MIN_SIDE.into(), MAX_SIDE.into())?;
        range("odd bit of width", u64::from(self.width % 2), 0, 0)?;
        range("odd bit of height", u64::from(self.height % 2), 0, 0)?;
        range("threads", self.threads.into(), 1, 16)
    }

    /// The library's parameters for these settings.
    ///
    /// Constant QP: the caller sets the QP of every picture. That is not only simpler than `crf` with a VBV, it also
    /// leaves out the library's lookahead. What it costs,
    /// `cargo run --release -p lunette-encode --example encode_cost` says.
    pub(crate) fn param(&self, api: &Api) -> Result<Box<Param>, Error> {
        let mut param = Param::filled(0);
        let (preset, tune) = (self.preset.name(), c"zerolatency");
        // SAFETY: the buffer is larger than the struct of any known build; both strings end with a zero.
        let code = unsafe { (api.param_preset)(param.as_mut_ptr(), preset.as_ptr(), tune.as_ptr()) };
        if code != 0 {
            return Err(Error::Option { key: "preset", value: preset.to_string_lossy().into_owned(), code });
        }
        let side = |value: u32| c_int::try_from(value).unwrap_or(c_int::MAX);
        param.set_int(Param::WIDTH, side(self.width));
        param.set_int(Param::HEIGHT, side(self.height));
        param.set_int(Param::CSP, CSP_I420);
        for (key, value) in self.options() {
            api.parse(&mut param, key, &value)?;
        }
        // SAFETY: the library filled the struct; the string ends with a zero.
        match unsafe { (api.param_profile)(param.as_mut_ptr(), c"baseline".as_ptr()) } {
            0 => Ok(param),
            code => Err(Error::Option { key: "profile", value: "baseline".to_owned(), code }),
        }
    }

    fn options(&self) -> Vec<(&'static str, String)> {
        let fixed = [
            ("log", "-1"),
            // The library clamps the QP of every picture to what `qp` and the ratios between picture kinds span:
            // here 31 ± 20.
            ("qp", "31"),
            ("ipratio", "10"),
            ("pbratio", "10"),
            // Text has neither the flat areas that adaptive quantisers spend on nor blocks to smooth; ultrafast leaves
            // both out anyway.
            ("aq-mode", "0"),
            ("no-deblock", "1"),
            // IDRs come on demand only.
            ("keyint", "infinite"),
            ("scenecut", "0"),
            ("repeat-headers", "1"),
            ("annexb", "1"),
            ("aud", "0"),
            ("force-cfr", "1"),
            ("fullrange", "off"),
            ("colorprim", "bt709"),
            ("transfer", "bt709"),
            ("colormatrix", "bt709"),
        ];
        let mut options: Vec<_> = fixed.into_iter().map(|(key, value)| (key, value.to_owned())).collect();
        options.push(("fps", format!("{}/{}", self.fps.0, self.fps.1)));
        options.push(("threads", self.threads.to_string()));
        options.push(("sliced-threads", u8::from(self.threads > 1).to_string()));
        options
    }
}
