//! EDEN codes (`impl/EDENQuantizer.h`, FAISS 1.15.0).
//!
//! A code is the number of a value for each dimension, then two floats, of which the second is the scale. The values
//! are no part of the file: FAISS has them built in, so they are here too.

use super::{Scratch, Table, add, bits};
use crate::error::Error;

/// How such a code is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Eden<T> {
    /// Bits of a number, 1 to 8.
    pub(super) bits: u32,
    /// What the vectors were centred by, where it is stored with the quantizer.
    pub(super) center: Option<T>,
}

impl<T> Eden<T> {
    pub(super) fn map<U>(&self, table: &mut dyn FnMut(&T) -> Result<U, Error>) -> Result<Eden<U>, Error> {
        Ok(Eden { bits: self.bits, center: self.center.as_ref().map(table).transpose()? })
    }
}

impl Eden<Table> {
    pub(super) fn decode(
        &self,
        codes: &[u8],
        width: usize,
        d: usize,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let positive = POSITIVE.get((self.bits as usize).saturating_sub(1)).copied().unwrap_or_default();
        scratch.numbers.resize(d, 0);
        let packed = d.saturating_mul(self.bits as usize).div_ceil(8);
        for (code, out) in codes.chunks_exact(width.max(1)).zip(out.chunks_exact_mut(d.max(1))) {
            let (numbers, factors) = code.split_at(packed.min(code.len()));
            let scale = factors.as_chunks::<4>().0.get(1).map_or(0.0, |bytes| f32::from_le_bytes(*bytes));
            bits::unpack(numbers, self.bits, &mut scratch.numbers);
            for (to, number) in out.iter_mut().zip(&scratch.numbers) {
                *to = scale * value(positive, *number as usize);
            }
            if let Some(center) = &self.center {
                add(out, center);
            }
        }
        Ok(())
    }
}

/// The value of this number: they ascend, and the lower half are the upper half's, negative.
fn value(positive: &[f32], number: usize) -> f32 {
    match number.checked_sub(positive.len()) {
        Some(above) => positive.get(above).copied().unwrap_or(0.0),
        None => -positive.iter().rev().nth(number).copied().unwrap_or(0.0),
    }
}

/// The upper halves of FAISS's tables for 1 to 8 bits (`kLloydMaxCentroids1` to `8`): values that stand for a normal
/// distribution. From 5 bits on they are not quite those that Lloyd and Max's method ends with, so they cannot be made.
#[rustfmt::skip]
const POSITIVE: [&[f32]; 8] = [
    &[0.7978846],
    &[0.45278004, 1.5104176],
    &[0.24509418, 0.7560053, 1.3439093, 2.1519456],
    &[0.12839504, 0.3880483, 0.65675914, 0.94234043, 1.2562312, 1.6180464, 2.0690172, 2.7325895],
    &[0.06588962, 0.19805169, 0.33137804, 0.46669918, 0.60493314, 0.7471351, 0.8945644, 1.0487823, 1.2118032, 1.386339, 1.5762264,
      1.7872312, 2.028726, 2.3177364, 2.6911156, 3.2607262],
    &[0.033409458, 0.100278124, 0.1672966, 0.23456657, 0.3021923, 0.37028193, 0.4389488, 0.50831276, 0.5785018, 0.64965427,
      0.7219205, 0.79546607, 0.8704749, 0.9471531, 1.0257343, 1.106486, 1.1897175, 1.2757916, 1.3651379, 1.4582729, 1.5558275,
      1.6585847, 1.7675371, 1.8839719, 2.009605, 2.1468031, 2.2989728, 2.4712946, 2.6722617, 2.9173915, 3.2404165, 3.744069],
    &[0.016828144, 0.050490756, 0.08417242, 0.11788597, 0.15164426, 0.18546025, 0.21934709, 0.25331807, 0.2873868, 0.32156712,
      0.35587308, 0.39031926, 0.42492056, 0.45969224, 0.4946502, 0.52981085, 0.5651912, 0.600809, 0.6366827, 0.6728316,
      0.70927596, 0.7460371, 0.78313756, 0.8206008, 0.85845196, 0.8967176, 0.93542606, 0.97460747, 1.014294, 1.0545204, 1.0953238,
      1.1367443, 1.1788253, 1.2216139, 1.2651614, 1.3095237, 1.3547621, 1.4009441, 1.4481442, 1.4964452, 1.5459387, 1.5967277,
      1.6489283, 1.7026712, 1.7581052, 1.815401, 1.8747554, 1.9363967, 2.0005932, 2.0676622, 2.1379833, 2.2120163, 2.2903268,
      2.3736203, 2.462796, 2.5590234, 2.663867, 2.779492, 2.9090216, 3.0572162, 3.2318962, 3.447381, 3.734857, 4.189522],
    &[0.005087752, 0.0152639495, 0.025442228, 0.03562398, 0.045810603, 0.0560035, 0.06620409, 0.0764138, 0.08663409, 0.096866414,
      0.107112266, 0.117373146, 0.1276506, 0.1379462, 0.14826153, 0.15859826, 0.16895804, 0.1793426, 0.1897537, 0.20019317,
      0.21066286, 0.2211647, 0.2317007, 0.2422729, 0.25288343, 0.2635345, 0.27422833, 0.28496736, 0.29575402, 0.30659086,
      0.3174805, 0.32842574, 0.3394294, 0.35049453, 0.36162418, 0.3728216, 0.38409016, 0.3954334, 0.40685496, 0.41835868,
      0.42994857, 0.44162878, 0.45340362, 0.46527764, 0.47725555, 0.4893423, 0.501543, 0.513863, 0.5263079, 0.5388835, 0.5515958,
      0.56445116, 0.5774561, 0.59061754, 0.60394245, 0.6174384, 0.6311128, 0.6449739, 0.6590298, 0.67328924, 0.68776107,
      0.70245457, 0.71737945, 0.7325456, 0.7479634, 0.76364356, 0.7795972, 0.79583585, 0.8123714, 0.8292162, 0.84638304,
      0.86388516, 0.88173634, 0.89995074, 0.91854316, 0.9375288, 0.95692354, 0.97674376, 0.99700654, 1.0177295, 1.0389313,
      1.0606309, 1.0828483, 1.1056043, 1.1289208, 1.1528205, 1.177327, 1.2024658, 1.2282629, 1.2547462, 1.281945, 1.3098904,
      1.3386155, 1.3681554, 1.3985475, 1.4298323, 1.4620531, 1.4952564, 1.529493, 1.5648178, 1.6012908, 1.6389779, 1.6779516,
      1.7182921, 1.7600884, 1.8034403, 1.8484597, 1.8952732, 1.9440248, 1.9948794, 2.0480273, 2.1036901, 2.1621277, 2.2236478,
      2.2886198, 2.3574913, 2.4308136, 2.5092754, 2.5937557, 2.685399, 2.7857394, 2.896901, 3.0219514, 3.1655722, 3.3354592,
      3.545717, 3.8270895, 4.27349],
];
