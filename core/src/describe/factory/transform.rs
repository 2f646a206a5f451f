//! Words for vector transforms, which a factory string names in front of the index.

use super::{Piece, exact, flag, float, loose, number};
use crate::outline::Record;
use alloc::format;

/// A transform; `quantizer_m` is that of the product quantizer behind it.
pub(super) fn transform(vt: &Record, quantizer_m: Option<u64>) -> Piece {
    let (d_in, d_out) = (vt.u64("d_in").unwrap_or(0), vt.u64("d_out").unwrap_or(0));
    let unknown = || loose(format!("{}({d_in}->{d_out})", vt.class));
    match vt.class {
        "PCAMatrix" => {
            let whiten = match float(vt, "eigen_power") {
                Some(0.0) => "",
                Some(-0.5) => "W",
                _ => return unknown(),
            };
            let rotate = if flag(vt, "random_rotation") { "R" } else { "" };
            exact(format!("PCA{whiten}{rotate}{d_out}")).only_if(!flag(vt, "balanced_bins"))
        }
        "NormalizationTransform" if float(vt, "norm") == Some(2.0) => exact("L2norm"),
        "RandomRotationMatrix" if d_in == d_out => exact("RR"),
        "RandomRotationMatrix" => exact(format!("RR{d_out}")),
        "HadamardRotation" if vt.u64("seed") == Some(12345) => exact("HR"),
        "HadamardRotation" => number(vt, "seed", |seed| format!("HR{seed}")),
        "ITQTransform" if flag(vt, "do_pca") => exact(format!("ITQ{d_out}")),
        "ITQTransform" if d_in == d_out => exact("ITQ"),
        "LinearTransform" if !flag(vt, "have_bias") => match quantizer_m.filter(|&m| m > 0) {
            Some(m) if d_in == d_out => exact(format!("OPQ{m}")),
            Some(m) => exact(format!("OPQ{m}_{d_out}")),
            None => unknown(),
        },
        "RemapDimensionsTransform" if vt.u64("kept_dimensions") == Some(d_in) => exact(format!("Pad{d_out}")),
        _ => unknown(),
    }
}
