//! The one table of every object that FAISS stores behind a four-character code.
//!
//! A line is a tag, the class that a reader ends up with, the function that reads the fields behind
//! the tag, the lowest FAISS release whose reader follows it, and the releases that write it. The
//! lookup, the names in outlines, the document `docs/faiss-format.md` and the tests' coverage list all come
//! from here: a new type is a line here, a function, and a fixture. Versions were read from FAISS's
//! git tags 1.2.1 to 1.15.1 (`index_io.cpp`, later `impl/index_read.cpp` and `impl/index_write.cpp`); 1.2.1 is
//! the oldest tag, so it stands for "that or earlier". What depends on a value and not on the tag alone
//! (metrics, scalar quantizer kinds) is not in here.

use super::reader::Reader;
use super::{additive, binary, codes, flat, graph, invlists, ivf, svs, transform, wrap};
use crate::outline::{Family, Fourcc};
use crate::window::Read;
use core::fmt;

/// A release of FAISS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u8, pub u8, pub u8);

impl fmt::Display for Version {
    /// `1.7.3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Something that FAISS stores behind a tag.
#[derive(Debug, Clone, Copy)]
pub struct Type {
    /// Its four-character code.
    pub tag: Fourcc,
    /// The FAISS class that a reader ends up with; [`NULL`] where that is a null pointer.
    pub class: &'static str,
    /// What it is to FAISS.
    pub family: Family,
    /// The lowest FAISS release that reads this tag.
    pub since: Version,
    /// The releases that write it, as text.
    pub written: &'static str,
    /// Reads what follows the tag.
    pub(crate) layout: fn(&mut Reader<'_>, &'static Type) -> Read<()>,
}

/// The class of a record that stands for a null pointer: `null` and `il00`.
pub const NULL: &str = "null";

/// The tag of a float index that is not there.
pub(crate) const NULL_TAG: Fourcc = Fourcc(*b"null");

/// The type with this tag.
pub fn find(tag: Fourcc) -> Option<&'static Type> {
    TYPES.iter().find(|found| found.tag == tag)
}

macro_rules! types {
    ($($family:ident { $($tag:literal $class:literal $layout:path, $major:literal $minor:literal $patch:literal, $written:literal;)* })*) => {
        /// Every tag, by family and age.
        pub static TYPES: &[Type] = &[$($(Type {
            tag: Fourcc(*$tag),
            class: $class,
            family: Family::$family,
            since: Version($major, $minor, $patch),
            written: $written,
            layout: $layout,
        },)*)*];
    };
}

types! {
    Index {
        b"IHN2" "IndexHNSW2Level" graph::hnsw, 1 2 1, "1.2.1..1.15.1";
        b"IHNf" "IndexHNSWFlat" graph::hnsw, 1 2 1, "1.2.1..1.15.1";
        b"IHNp" "IndexHNSWPQ" graph::hnsw, 1 2 1, "1.2.1..1.15.1";
        b"IHNs" "IndexHNSWSQ" graph::hnsw, 1 2 1, "1.2.1..1.15.1";
        b"Imiq" "MultiIndexQuantizer" codes::multi_index, 1 2 1, "1.2.1..1.15.1";
        b"IvFL" "IndexIVFFlat" ivf::flat_split, 1 2 1, "before 1.2.1";
        b"IvFl" "IndexIVFFlat" ivf::flat_split, 1 2 1, "before 1.2.1";
        b"IvPQ" "IndexIVFPQ" ivf::pq, 1 2 1, "before 1.2.1";
        b"IvQR" "IndexIVFPQR" ivf::pq, 1 2 1, "before 1.2.1";
        b"IvSQ" "IndexIVFScalarQuantizer" ivf::scalar, 1 2 1, "before 1.2.1";
        b"IwFl" "IndexIVFFlat" ivf::flat, 1 2 1, "1.2.1..1.15.1";
        b"IwPQ" "IndexIVFPQ" ivf::pq, 1 2 1, "1.2.1..1.15.1";
        b"IwQR" "IndexIVFPQR" ivf::pq, 1 2 1, "1.2.1..1.15.1";
        b"IwSQ" "IndexIVFScalarQuantizer" ivf::scalar, 1 2 1, "1.2.1..1.5.0";
        b"Ix2L" "Index2Layer" codes::two_layer, 1 2 1, "1.2.1..1.15.1";
        b"IxF2" "IndexFlatL2" flat::flat, 1 2 1, "1.2.1..1.15.1";
        b"IxFI" "IndexFlatIP" flat::flat, 1 2 1, "1.2.1..1.15.1";
        b"IxHE" "IndexLSH" codes::lsh, 1 2 1, "before 1.2.1";
        b"IxHe" "IndexLSH" codes::lsh, 1 2 1, "1.2.1..1.15.1";
        b"IxM2" "IndexIDMap2" wrap::id_map, 1 2 1, "1.2.1..1.15.1";
        b"IxMp" "IndexIDMap" wrap::id_map, 1 2 1, "1.2.1..1.15.1";
        b"IxPQ" "IndexPQ" codes::pq, 1 2 1, "before 1.2.1";
        b"IxPT" "IndexPreTransform" wrap::pre_transform, 1 2 1, "1.2.1..1.15.1";
        b"IxPo" "IndexPQ" codes::pq, 1 2 1, "before 1.2.1";
        b"IxPq" "IndexPQ" codes::pq, 1 2 1, "1.2.1..1.15.1";
        b"IxRF" "IndexRefine" wrap::refine, 1 2 1, "1.2.1..1.15.1";
        b"IxSQ" "IndexScalarQuantizer" codes::scalar, 1 2 1, "1.2.1..1.15.1";
        b"IwFd" "IndexIVFFlatDedup" ivf::dedup, 1 3 0, "1.3.0..1.15.1";
        b"IwSq" "IndexIVFScalarQuantizer" ivf::scalar, 1 5 1, "1.5.1..1.15.1";
        b"IwSh" "IndexIVFSpectralHash" ivf::spectral, 1 5 2, "1.5.2..1.15.1";
        b"IxLa" "IndexLattice" codes::lattice, 1 6 0, "1.6.0..1.15.1";
        b"IxFl" "IndexFlat" flat::flat, 1 6 2, "1.6.2..1.15.1";
        b"IPfs" "IndexPQFastScan" codes::pq_fast_scan, 1 7 0, "1.7.0..1.15.1";
        b"IwPf" "IndexIVFPQFastScan" ivf::pq_fast_scan, 1 7 0, "1.7.0..1.15.1";
        b"INSf" "IndexNSGFlat" graph::nsg, 1 7 1, "1.7.1..1.15.1";
        b"ImRQ" "ResidualCoarseQuantizer" additive::coarse, 1 7 1, "1.7.1..1.15.1";
        b"IxRQ" "IndexResidualQuantizer" additive::old_residual, 1 7 1, "1.7.1..1.7.1";
        b"IwLS" "IndexIVFLocalSearchQuantizer" additive::ivf, 1 7 2, "1.7.2..1.15.1";
        b"IwRQ" "IndexIVFResidualQuantizer" additive::ivf, 1 7 2, "1.7.2..1.15.1";
        b"IxLS" "IndexLocalSearchQuantizer" additive::plain, 1 7 2, "1.7.2..1.15.1";
        b"IxRq" "IndexResidualQuantizer" additive::plain, 1 7 2, "1.7.2..1.15.1";
        b"ILfs" "IndexLocalSearchQuantizerFastScan" additive::fast_scan, 1 7 3, "1.7.3..1.15.1";
        b"INNf" "IndexNNDescentFlat" graph::nndescent, 1 7 3, "1.7.3..1.15.1";
        b"INSp" "IndexNSGPQ" graph::nsg, 1 7 3, "1.7.3..1.15.1";
        b"INSs" "IndexNSGSQ" graph::nsg, 1 7 3, "1.7.3..1.15.1";
        b"IPLf" "IndexProductLocalSearchQuantizerFastScan" additive::fast_scan, 1 7 3, "1.7.3..1.15.1";
        b"IPRf" "IndexProductResidualQuantizerFastScan" additive::fast_scan, 1 7 3, "1.7.3..1.15.1";
        b"IRMf" "IndexRowwiseMinMax" wrap::rowwise, 1 7 3, "1.7.3..1.15.1";
        b"IRMh" "IndexRowwiseMinMaxFP16" wrap::rowwise, 1 7 3, "1.7.3..1.15.1";
        b"IRfs" "IndexResidualQuantizerFastScan" additive::fast_scan, 1 7 3, "1.7.3..1.15.1";
        b"IVLf" "IndexIVFLocalSearchQuantizerFastScan" additive::ivf_fast_scan, 1 7 3, "1.7.3..1.15.1";
        b"IVRf" "IndexIVFResidualQuantizerFastScan" additive::ivf_fast_scan, 1 7 3, "1.7.3..1.15.1";
        b"IwPL" "IndexIVFProductLocalSearchQuantizer" additive::ivf, 1 7 3, "1.7.3..1.15.1";
        b"IwPR" "IndexIVFProductResidualQuantizer" additive::ivf, 1 7 3, "1.7.3..1.15.1";
        b"IxPL" "IndexProductLocalSearchQuantizer" additive::plain, 1 7 3, "1.7.3..1.15.1";
        b"IxPR" "IndexProductResidualQuantizer" additive::plain, 1 7 3, "1.7.3..1.15.1";
        b"NPLf" "IndexIVFProductLocalSearchQuantizerFastScan" additive::ivf_fast_scan, 1 7 3, "1.7.3..1.15.1";
        b"NPRf" "IndexIVFProductResidualQuantizerFastScan" additive::ivf_fast_scan, 1 7 3, "1.7.3..1.15.1";
        b"IwIQ" "IndexIVFIndependentQuantizer" ivf::independent, 1 8 0, "1.8.0..1.15.1";
        b"IHNc" "IndexHNSWCagra" graph::hnsw, 1 9 0, "1.9.0..1.11.0";
        b"null" "null" wrap::null, 1 9 0, "1.9.0..1.15.1";
        b"Iwrq" "IndexIVFRaBitQ" ivf::rabitq, 1 11 0, "1.11.0..1.15.1";
        b"Ixrq" "IndexRaBitQ" codes::rabitq, 1 11 0, "1.11.0..1.15.1";
        b"IHc2" "IndexHNSWCagra" graph::hnsw, 1 12 0, "1.12.0..1.15.1";
        b"Irfs" "IndexRaBitQFastScan" codes::rabitq_fast_scan, 1 13 0, "1.13.0..1.13.2";
        b"IwPn" "IndexIVFFlatPanorama" ivf::panorama, 1 13 0, "1.13.0..1.15.0";
        b"Iwrf" "IndexIVFRaBitQFastScan" ivf::rabitq_fast_scan, 1 13 0, "1.13.0..1.13.2";
        b"Iwrr" "IndexIVFRaBitQ" ivf::rabitq, 1 13 1, "1.13.1..1.15.1";
        b"IxFP" "IndexFlatL2Panorama" flat::panorama, 1 13 1, "1.13.1..1.15.1";
        b"Ixrr" "IndexRaBitQ" codes::rabitq, 1 13 1, "1.13.1..1.15.1";
        b"IHfP" "IndexHNSWFlatPanorama" graph::hnsw, 1 13 2, "1.13.2..1.15.1";
        b"ILVQ" "IndexSVSVamanaLVQ" svs::any, 1 13 2, "1.13.2..1.15.1 (SVS builds only)";
        b"ISVD" "IndexSVSVamana" svs::any, 1 13 2, "1.13.2..1.15.1 (SVS builds only)";
        b"ISVF" "IndexSVSFlat" svs::any, 1 13 2, "1.13.2..1.15.1 (SVS builds only)";
        b"ISVL" "IndexSVSVamanaLeanVec" svs::any, 1 13 2, "1.13.2..1.15.1 (SVS builds only)";
        b"IxRP" "IndexRefinePanorama" wrap::refine, 1 13 2, "1.13.2..1.15.1";
        b"Irfn" "IndexRaBitQFastScan" codes::rabitq_fast_scan, 1 14 0, "1.14.0..1.15.1";
        b"Iwrn" "IndexIVFRaBitQFastScan" ivf::rabitq_fast_scan, 1 14 0, "1.14.0..1.15.1";
        b"IxFp" "IndexFlatIPPanorama" flat::panorama, 1 14 0, "1.14.0..1.15.1";
        b"ISID" "IndexSVSIVF" svs::any, 1 14 2, "1.14.2..1.15.1 (SVS builds only)";
        b"ISIL" "IndexSVSIVFLeanVec" svs::any, 1 14 2, "1.14.2..1.15.1 (SVS builds only)";
        b"ISIQ" "IndexSVSIVFLVQ" svs::any, 1 14 2, "1.14.2..1.15.1 (SVS builds only)";
        b"ISV2" "IndexSVSVamana" svs::any, 1 14 2, "1.14.2..1.15.1 (SVS builds only)";
        b"IwP2" "IndexIVFFlatPanorama" ivf::panorama, 1 14 2, "1.14.2..1.15.1";
        b"IH00" "IndexHNSW" graph::hnsw, 1 15 0, "1.15.0..1.15.1";
        b"IwEd" "IndexIVFEDEN" ivf::eden, 1 15 0, "never by a release";
        b"IwEe" "IndexIVFEDEN" ivf::eden, 1 15 0, "1.15.0..1.15.1";
        b"IxEd" "IndexEDEN" codes::eden, 1 15 0, "never by a release";
        b"IxEe" "IndexEDEN" codes::eden, 1 15 0, "1.15.0..1.15.1";
        b"IHNr" "IndexHNSWRaBitQ" graph::hnsw, 1 15 1, "1.15.1..1.15.1";
    }
    BinaryIndex {
        b"IBwF" "IndexBinaryIVF" binary::ivf, 1 3 0, "1.3.0..1.15.1";
        b"IBxF" "IndexBinaryFlat" binary::flat, 1 3 0, "1.3.0..1.15.1";
        b"IBFf" "IndexBinaryFromFloat" binary::from_float, 1 5 0, "1.5.0..1.15.1";
        b"IBHf" "IndexBinaryHNSW" binary::hnsw, 1 5 0, "1.5.0..1.15.1";
        b"IBM2" "IndexBinaryIDMap2" binary::id_map, 1 5 3, "1.5.3..1.15.1";
        b"IBMp" "IndexBinaryIDMap" binary::id_map, 1 5 3, "1.5.3..1.15.1";
        b"IBHh" "IndexBinaryHash" binary::hash, 1 6 3, "1.6.3..1.15.1";
        b"IBHm" "IndexBinaryMultiHash" binary::multi_hash, 1 6 3, "1.6.3..1.15.1";
        b"IBHc" "IndexBinaryHNSWCagra" binary::hnsw, 1 12 0, "1.12.0..1.15.1";
    }
    Transform {
        b"LTra" "LinearTransform" transform::linear, 1 2 1, "1.2.1..1.15.1";
        b"PCAm" "PCAMatrix" transform::linear, 1 2 1, "before 1.2.1";
        b"PcAm" "PCAMatrix" transform::linear, 1 2 1, "1.2.1..1.7.1";
        b"RmDT" "RemapDimensionsTransform" transform::remap, 1 2 1, "1.2.1..1.15.1";
        b"VNrm" "NormalizationTransform" transform::normalization, 1 2 1, "1.2.1..1.15.1";
        b"rrot" "RandomRotationMatrix" transform::linear, 1 2 1, "1.2.1..1.15.1";
        b"VCnt" "CenteringTransform" transform::centering, 1 5 1, "1.5.1..1.15.1";
        b"Viqm" "ITQMatrix" transform::linear, 1 6 0, "1.6.0..1.15.1";
        b"Viqt" "ITQTransform" transform::itq, 1 6 0, "1.6.0..1.15.1";
        b"Pcam" "PCAMatrix" transform::linear, 1 7 2, "1.7.2..1.15.1";
        b"HRot" "HadamardRotation" transform::hadamard, 1 14 1, "1.14.1..1.15.1";
    }
    InvertedLists {
        b"il00" "null" invlists::null, 1 2 1, "1.2.1..1.15.1";
        b"ilar" "ArrayInvertedLists" invlists::array, 1 2 1, "1.2.1..1.15.1";
        b"ilod" "OnDiskInvertedLists" invlists::on_disk, 1 2 1, "1.2.1..1.15.1";
        b"ilbl" "BlockInvertedLists" invlists::block, 1 7 0, "1.7.0..1.15.1";
        b"ilpn" "ArrayInvertedListsPanorama" invlists::panorama, 1 13 0, "1.13.0..1.15.0";
        b"ilp2" "ArrayInvertedListsPanorama" invlists::panorama, 1 14 2, "1.14.2..1.15.1";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_stands_in_the_table_once() {
        for (row, entry) in TYPES.iter().enumerate() {
            assert_eq!(TYPES.iter().position(|other| other.tag == entry.tag), Some(row), "{}", entry.tag);
        }
    }
}
