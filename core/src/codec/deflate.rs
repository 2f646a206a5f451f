//! Raw DEFLATE (RFC 1951) over `miniz_oxide`, in bounded memory.
//!
//! [`Deflater`] gives up as soon as the result would not be small enough. [`Inflate`] gives out blocks of
//! its 32 KiB window, so what a stream claims to hold never decides how much memory it gets.

use alloc::{boxed::Box, vec, vec::Vec};
use miniz_oxide::deflate::core::{
    CompressionStrategy, CompressorOxide, TDEFLFlush, TDEFLStatus, compress, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{
    DecompressorOxide, decompress, inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};

/// Most bytes that an [`Inflate`] gives at once; also the longest reach of DEFLATE.
pub(super) const BLOCK: usize = 1 << 15;

/// How DEFLATE looks for something to shorten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Single bytes only: better than matches where nothing repeats but values are uneven, such as
    /// exponents of floats (0.340 of their size against 0.397 at level 9).
    Huffman,
    /// Matches too, at level 3: within a few hundredths of level 9 at five times its speed.
    Matches,
}

impl Method {
    pub(super) const ALL: [Method; 2] = [Method::Huffman, Method::Matches];

    fn flags(self) -> u32 {
        const RAW: i32 = -15; // no zlib header
        match self {
            Method::Huffman => create_comp_flags_from_zip_params(1, RAW, CompressionStrategy::HuffmanOnly as i32),
            Method::Matches => create_comp_flags_from_zip_params(3, RAW, CompressionStrategy::Default as i32),
        }
    }
}

/// Compressors, 300 KiB each, to be used again: to get their memory takes longer than what is short.
#[derive(Default)]
pub(super) struct Deflater {
    /// One a method.
    compressors: [Option<Box<CompressorOxide>>; 2],
}

impl Deflater {
    /// `bytes` as a DEFLATE stream, if that takes at most `most` bytes.
    pub(super) fn deflate(&mut self, method: Method, bytes: &[u8], most: usize) -> Option<Vec<u8>> {
        let compressor = self.compressors.get_mut(method as usize)?;
        match compressor {
            Some(used) => used.reset(),
            None => *compressor = Some(Box::new(CompressorOxide::new(method.flags()))),
        }
        let mut out = vec![0; most];
        let (status, _, len) = compress(compressor.as_deref_mut()?, bytes, &mut out, TDEFLFlush::Finish);
        out.truncate(len);
        (status == TDEFLStatus::Done).then_some(out)
    }
}

/// A DEFLATE stream that is decoded block by block.
pub(super) struct Inflate<'a> {
    stored: &'a [u8],
    decoder: DecompressorOxide,
    /// The last bytes that came out; each block starts at its start.
    window: Vec<u8>,
    started: bool,
    ended: bool,
}

impl<'a> Inflate<'a> {
    pub(super) fn new(stored: &'a [u8]) -> Inflate<'a> {
        let decoder = DecompressorOxide::new();
        Inflate { stored, decoder, window: Vec::new(), started: false, ended: false }
    }

    /// The next bytes: `len` of them, and [`BLOCK`] in every call but the last.
    pub(super) fn next(&mut self, len: usize) -> Result<&[u8], &'static str> {
        if self.window.is_empty() {
            self.window = vec![0; BLOCK];
        }
        let found = self.advance()?;
        if found < len {
            return Err("ends before its last byte");
        }
        if found > len {
            return Err("goes on after its last byte");
        }
        self.window.get(..len).ok_or("is asked for too much at once")
    }

    /// That the stream ends here, and its stored bytes with it.
    pub(super) fn finish(&mut self) -> Result<(), &'static str> {
        if !self.ended && self.advance()? > 0 {
            return Err("goes on after its last byte");
        }
        if !self.ended {
            return Err("does not end after its last byte");
        }
        if self.stored.is_empty() { Ok(()) } else { Err("is followed by bytes of no plane") }
    }

    /// Decode one window full, or up to the end; how many bytes came out.
    fn advance(&mut self) -> Result<usize, &'static str> {
        if self.ended {
            return Ok(0);
        }
        // In the first block nothing lies before the window, and the decoder then refuses to reach there.
        let flags = if self.started { 0 } else { TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF };
        let (status, used, found) = decompress(&mut self.decoder, self.stored, &mut self.window, 0, flags);
        self.started = true;
        self.stored = self.stored.get(used..).unwrap_or(&[]);
        match status {
            TINFLStatus::Done => self.ended = true,
            TINFLStatus::HasMoreOutput => {}
            TINFLStatus::FailedCannotMakeProgress => return Err("is cut short: its DEFLATE stream goes on"),
            _ => return Err("is no DEFLATE stream"),
        }
        Ok(found)
    }
}
