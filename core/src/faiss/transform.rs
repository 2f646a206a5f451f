//! Vector transforms. All end with the same three fields.

use super::header::int_as_count;
use super::reader::{Reader, inside};
use super::types::{Type, find};
use crate::bytes::Span;
use crate::error::{Error, Kind};
use crate::limits;
use crate::outline::{Dtype, Fourcc, Value};
use crate::window::Read;

/// What every transform ends with.
#[derive(Debug, Clone, Copy)]
struct End {
    d_in: u64,
    d_out: u64,
    is_trained: bool,
}

/// `d_in`, `d_out`, `is_trained`. FAISS: end of `write_VectorTransform`.
fn end(r: &mut Reader<'_>) -> Read<End> {
    let d_in = int_as_count(r, "d_in", "d_in is not negative")?;
    let d_out = int_as_count(r, "d_out", "d_out is not negative")?;
    let is_trained = r.bool("is_trained")?;
    Ok(End { d_in, d_out, is_trained })
}

/// `LTra`, `rrot`, `Viqm`, and PCA in three ages. FAISS: `write_VectorTransform`, `LinearTransform`.
///
/// `PCAm` (before 1.2.1) has no `balanced_bins`; `Pcam` (since 1.7.2) has `epsilon`.
pub(super) fn linear(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    match &found.tag.0 {
        b"Viqm" => {
            r.i32("max_iter")?;
            r.i32("seed")?;
        }
        b"PCAm" | b"PcAm" | b"Pcam" => {
            r.f32("eigen_power")?;
            if &found.tag.0 == b"Pcam" {
                r.f32("epsilon")?;
            }
            r.bool("random_rotation")?;
            if &found.tag.0 != b"PCAm" {
                r.i32("balanced_bins")?;
            }
            r.vector("mean", Dtype::F32)?;
            r.vector("eigenvalues", Dtype::F32)?;
            r.vector("PCAMat", Dtype::F32)?;
        }
        _ => {}
    }
    let have_bias = r.bool("have_bias")?;
    let (a_at, a) = (r.at(), r.vector("A", Dtype::F32)?);
    let (b_at, b) = (r.at(), r.vector("b", Dtype::F32)?);
    let end = end(r)?;
    if end.is_trained {
        r.at_least(a_at, "A", "A is at least d_in * d_out", end.d_in.saturating_mul(end.d_out), a)?;
        if have_bias {
            r.at_least(b_at, "b", "b is at least d_out", end.d_out, b)?;
        }
    }
    Ok(())
}

/// `RmDT`: dimensions in another order. FAISS: `RemapDimensionsTransform`.
///
/// `kept_dimensions` is derived where the map only pads: so many dimensions in order, then empty ones (-1).
pub(super) fn remap(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let (at, count) = (r.at(), r.vector("map", Dtype::I32)?);
    let map = Span::new(r.at().saturating_sub(count.saturating_mul(4)), count.saturating_mul(4));
    if map.len <= limits::LEVELS_BYTES {
        let bytes = r.take_all(map).map_err(|stop| inside(stop, "map"))?;
        if let Some(kept) = padding(&bytes) {
            r.derive("kept_dimensions", Value::U64(kept));
        }
    }
    let end = end(r)?;
    r.at_least(at, "map", "map is at least d_out", end.d_out, count)
}

/// The length of a run 0, 1, 2, ... that only -1 follows.
fn padding(map: &[u8]) -> Option<u64> {
    let from = |chunk: &[u8; 4]| i64::from(i32::from_le_bytes(*chunk));
    let (entries, _) = map.as_chunks::<4>();
    let kept = (0_i64..).zip(entries).take_while(|(at, entry)| from(entry) == *at).count();
    entries.iter().skip(kept).all(|entry| from(entry) == -1).then_some(kept as u64)
}

/// `VNrm`: vectors scaled to length 1. FAISS: `NormalizationTransform`.
pub(super) fn normalization(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    r.f32("norm")?;
    let at = r.at();
    let end = end(r)?;
    r.agree(at, "d_out", "d_out = d_in", end.d_in, end.d_out)
}

/// `VCnt`: the mean taken off. FAISS: `CenteringTransform`.
pub(super) fn centering(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let (at, mean) = (r.at(), r.vector("mean", Dtype::F32)?);
    let end = end(r)?;
    if end.is_trained {
        r.at_least(at, "mean", "mean is at least d_in", end.d_in, mean)?;
    }
    Ok(())
}

/// `HRot`: a Hadamard rotation, all of which follows from its seed. FAISS: `HadamardRotation`.
pub(super) fn hadamard(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    r.u32("seed")?;
    let at = r.at();
    let end = end(r)?;
    let expected = end.d_in.max(1).next_power_of_two();
    r.agree(at, "d_out", "d_out is the power of two from d_in up", expected, end.d_out)
}

/// `Viqt`: centring, PCA and a rotation, two transforms inside. FAISS: `ITQTransform`.
pub(super) fn itq(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    r.vector("mean", Dtype::F32)?;
    r.bool("do_pca")?;
    inner(r, "itq", &|tag| &tag.0 == b"Viqm", "`Viqm`")?;
    // Every transform that is linear has the same reader; no other may stand here, above all not `Viqt`.
    inner(r, "pca_then_itq", &|tag| find(tag).is_some_and(|found| is_linear(found.tag)), "a linear transform")?;
    end(r)?;
    Ok(())
}

fn is_linear(tag: Fourcc) -> bool {
    matches!(&tag.0, b"LTra" | b"rrot" | b"Viqm" | b"PCAm" | b"PcAm" | b"Pcam")
}

/// A transform whose tag `fits`.
fn inner(r: &mut Reader<'_>, role: &'static str, fits: &dyn Fn(Fourcc) -> bool, allowed: &'static str) -> Read<()> {
    if r.left() >= 4 {
        let tag = r.peek_tag()?;
        if find(tag).is_some() && !fits(tag) {
            return r.fail(Error::new(Kind::MisplacedTag { tag, allowed }, r.at()).inside("tag"), role);
        }
    }
    r.transform(role)?;
    Ok(())
}
