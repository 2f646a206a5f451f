//! Vector transforms. All end with the same three fields.

use super::reader::Reader;
use super::types::{Type, find};
use crate::error::{Error, Kind};
use crate::outline::{Dtype, Fourcc};
use crate::window::Read;

/// What every transform ends with: `d_in`, `d_out`, `is_trained`. FAISS: end of `write_VectorTransform`.
fn end(r: &mut Reader<'_>) -> Read<()> {
    super::header::int_as_count(r, "d_in", "d_in is not negative")?;
    super::header::int_as_count(r, "d_out", "d_out is not negative")?;
    r.bool("is_trained")?;
    Ok(())
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
    r.bool("have_bias")?;
    r.vector("A", Dtype::F32)?;
    r.vector("b", Dtype::F32)?;
    end(r)
}

/// `RmDT`: dimensions in another order. FAISS: `RemapDimensionsTransform`.
pub(super) fn remap(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    r.vector("map", Dtype::I32)?;
    end(r)
}

/// `VNrm`: vectors scaled to length 1. FAISS: `NormalizationTransform`.
pub(super) fn normalization(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    r.f32("norm")?;
    end(r)
}

/// `VCnt`: the mean taken off. FAISS: `CenteringTransform`.
pub(super) fn centering(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    r.vector("mean", Dtype::F32)?;
    end(r)
}

/// `HRot`: a Hadamard rotation, all of which follows from its seed. FAISS: `HadamardRotation`.
pub(super) fn hadamard(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    r.u32("seed")?;
    end(r)
}

/// `Viqt`: centring, PCA and a rotation, two transforms inside. FAISS: `ITQTransform`.
pub(super) fn itq(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    r.vector("mean", Dtype::F32)?;
    r.bool("do_pca")?;
    inner(r, "itq", &|tag| &tag.0 == b"Viqm", "`Viqm`")?;
    // Every transform that is linear has the same reader; no other may stand here, above all not `Viqt`.
    inner(r, "pca_then_itq", &|tag| find(tag).is_some_and(|found| is_linear(found.tag)), "a linear transform")?;
    end(r)
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
