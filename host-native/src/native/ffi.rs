//! FAISS, called. All unsafe code of this crate is here.
//!
//! An [`Owned`] is an index that is freed when it is dropped, a [`Borrowed`] one that somebody else frees; what can be
//! asked of an index is asked of a `Borrowed`. Every call that may throw gives FAISS's own words as a [`Cause::Faiss`].
//! FAISS's callback reader and writer come without a user pointer, so the sink or the source stands in a
//! variable of the calling thread while FAISS runs; FAISS calls back on that thread only.
//!
//! The C interface is that of `faiss-sys` 0.7 (FAISS 1.12.0, `c_api/`).

mod asking;
mod building;
mod inside;
mod words;

pub(crate) use building::{Alone, Vectors};

use crate::Cause;
use faiss_sys as sys;
use std::{
    cell::Cell,
    ffi::{CStr, c_int, c_void},
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    ptr::{self, NonNull},
    slice,
};
use words::without_path;

/// What FAISS can be told when it reads: `faiss/index_io.h`, FAISS 1.12.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flags {
    /// `IO_FLAG_MMAP`: array inverted lists stay in the file, mapped.
    MapLists,
    /// `IO_FLAG_MMAP_IFC`: codes of flat storages and links of HNSW stay in the file, mapped.
    MapCodes,
}

impl Flags {
    fn value(self) -> c_int {
        match self {
            Flags::MapLists => 0x646f_0008,
            Flags::MapCodes => 1 << 9,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pointer {
    Float(NonNull<sys::FaissIndex>),
    Binary(NonNull<sys::FaissIndexBinary>),
}

/// An index that is somebody else's, and lives as long as `'a`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Borrowed<'a> {
    pointer: Pointer,
    index: PhantomData<&'a ()>,
}

/// An index that is freed when this is dropped.
#[derive(Debug)]
pub(crate) struct Owned(Pointer);

// SAFETY: an index is plain memory of the C++ heap; nothing in it belongs to a thread.
unsafe impl Send for Owned {}
// SAFETY: through a shared reference only `const` methods of FAISS are called (search, reconstruct, getters, write), which
// FAISS promises to be safe side by side on CPU indexes ("Threads and asynchronous calls" in its wiki).
unsafe impl Sync for Owned {}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the pointer came from FAISS, is freed here only, and all that borrows it is gone.
        match self.0 {
            Pointer::Float(index) => unsafe { sys::faiss_Index_free(index.as_ptr()) },
            Pointer::Binary(index) => unsafe { sys::faiss_IndexBinary_free(index.as_ptr()) },
        }
    }
}

impl Owned {
    /// The index, to be asked.
    pub(crate) fn borrow(&self) -> Borrowed<'_> {
        Borrowed { pointer: self.0, index: PhantomData }
    }

    /// As the crate `faiss` has it.
    ///
    /// # Errors
    /// When it is a binary index.
    pub(crate) fn into_float(self) -> Result<faiss::index::IndexImpl, Cause> {
        match self.0 {
            Pointer::Float(index) => {
                std::mem::forget(self);
                // SAFETY: a live index of FAISS, handed over.
                Ok(unsafe { faiss::index::FromInnerPtr::from_inner_ptr(index.as_ptr()) })
            }
            Pointer::Binary(_) => Err(Cause::Refused("it is a binary index".into())),
        }
    }

    /// As the crate `faiss` has it.
    ///
    /// # Errors
    /// When it is not a binary index.
    pub(crate) fn into_binary(self) -> Result<faiss::index::BinaryIndexImpl, Cause> {
        match self.0 {
            Pointer::Binary(index) => {
                std::mem::forget(self);
                // SAFETY: a live index of FAISS, handed over.
                Ok(unsafe { faiss::index::FromInnerPtr::from_inner_ptr(index.as_ptr()) })
            }
            Pointer::Float(_) => Err(Cause::Refused("it is not a binary index".into())),
        }
    }
}

/// FAISS's answer to a call.
fn attempt(code: c_int) -> Result<(), Cause> {
    if code == 0 {
        return Ok(());
    }
    // SAFETY: FAISS keeps the last exception of this thread, and its words with it, until the next one.
    let words = unsafe {
        let words = sys::faiss_get_last_error();
        if words.is_null() { String::new() } else { CStr::from_ptr(words).to_string_lossy().into_owned() }
    };
    Err(Cause::Faiss(without_path(&words)))
}

/// The version of the linked FAISS: `1.12.0`.
pub(crate) fn version() -> String {
    // SAFETY: a string that is part of the library.
    unsafe { CStr::from_ptr(sys::faiss_get_version()) }.to_string_lossy().into_owned()
}

/// Where the bytes of an index go.
type Sink<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), Cause>;

/// Where they come from: fill the slice, or say why not.
type Source<'a> = &'a mut dyn FnMut(&mut [u8]) -> Result<(), Cause>;

/// What goes on between one of our calls and the callbacks that it makes.
struct Exchange<T> {
    with: T,
    failed: Option<Cause>,
    panicked: Option<Box<dyn std::any::Any + Send>>,
}

impl<T> Exchange<T> {
    /// Do `work` unless something has failed already. Says whether FAISS may go on; nothing unwinds into it.
    fn run(&mut self, work: impl FnOnce(&mut T) -> Result<(), Cause>) -> bool {
        if self.failed.is_some() || self.panicked.is_some() {
            return false;
        }
        let with = &mut self.with;
        match catch_unwind(AssertUnwindSafe(|| work(with))) {
            Ok(Ok(())) => true,
            Ok(Err(cause)) => {
                self.failed = Some(cause);
                false
            }
            Err(panic) => {
                self.panicked = Some(panic);
                false
            }
        }
    }

    /// Our own reason counts before FAISS's, which only knows that a callback gave up.
    fn end<R>(self, result: Result<R, Cause>) -> Result<R, Cause> {
        if let Some(panic) = self.panicked {
            resume_unwind(panic);
        }
        match self.failed {
            Some(cause) => Err(cause),
            None => result,
        }
    }
}

thread_local! {
    static WRITING: Cell<*mut Exchange<Sink<'static>>> = const { Cell::new(ptr::null_mut()) };
    static READING: Cell<*mut Exchange<Source<'static>>> = const { Cell::new(ptr::null_mut()) };
}

/// Puts the old value back.
struct Restore<T: 'static>(&'static std::thread::LocalKey<Cell<*mut T>>, *mut T);

impl<T> Drop for Restore<T> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

unsafe extern "C" fn write_callback(bytes: *const c_void, size: usize, items: usize) -> usize {
    let (exchange, Some(len)) = (WRITING.get(), size.checked_mul(items)) else { return 0 };
    if exchange.is_null() {
        return 0;
    }
    if len == 0 {
        return items;
    }
    // SAFETY: FAISS gives `size * items` readable bytes for the time of this call. The exchange lives on the stack of
    // `write`, which is below us on this thread, and nobody else refers to it while we run.
    let (bytes, exchange) = unsafe { (slice::from_raw_parts(bytes.cast::<u8>(), len), &mut *exchange) };
    if exchange.run(|sink| sink(bytes)) { items } else { 0 }
}

unsafe extern "C" fn read_callback(out: *mut c_void, size: usize, items: usize) -> usize {
    let (exchange, Some(len)) = (READING.get(), size.checked_mul(items)) else { return 0 };
    if exchange.is_null() {
        return 0;
    }
    if len == 0 {
        return items;
    }
    // SAFETY: FAISS gives `size * items` bytes of its memory to be filled during this call, and reads none of them before
    // it ends; a source only writes. The exchange is that of `read`, as in `write_callback`.
    let (out, exchange) = unsafe { (slice::from_raw_parts_mut(out.cast::<u8>(), len), &mut *exchange) };
    if exchange.run(|source| source(out)) { items } else { 0 }
}

/// Let FAISS write an index; `sink` gets the bytes in order, as they lie in FAISS's memory.
///
/// # Errors
/// The sink's, or FAISS's.
pub(crate) fn write(index: Borrowed<'_>, sink: &mut dyn FnMut(&[u8]) -> Result<(), Cause>) -> Result<(), Cause> {
    let mut writer = ptr::null_mut();
    // SAFETY: `writer` is written before it is read.
    attempt(unsafe { sys::faiss_CustomIOWriter_new(&raw mut writer, Some(write_callback)) })?;
    let mut exchange = Exchange { with: sink, failed: None, panicked: None };
    let result = {
        let here = (&raw mut exchange).cast::<Exchange<Sink<'static>>>();
        let _restore = Restore(&WRITING, WRITING.replace(here));
        // SAFETY: the index is alive (`Borrowed`). A `CustomIOWriter` is an `IOWriter` and its first base, so the
        // pointer serves as both (`c_api/impl/io_c.cpp`).
        attempt(unsafe {
            match index.pointer {
                Pointer::Float(index) => sys::faiss_write_index_custom(index.as_ptr(), writer.cast(), 0),
                Pointer::Binary(index) => sys::faiss_write_index_binary_custom(index.as_ptr(), writer.cast()),
            }
        })
    };
    // SAFETY: made above, used by nobody any more.
    unsafe { sys::faiss_CustomIOWriter_free(writer) };
    exchange.end(result)
}

/// Whether an index is one of floats or of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// `faiss::Index`.
    Float,
    /// `faiss::IndexBinary`.
    Binary,
}

/// Let FAISS read an index of which `source` has the bytes, in order.
///
/// # Errors
/// The source's, or FAISS's.
pub(crate) fn read(family: Family, source: &mut dyn FnMut(&mut [u8]) -> Result<(), Cause>) -> Result<Owned, Cause> {
    let mut reader = ptr::null_mut();
    // SAFETY: `reader` is written before it is read.
    attempt(unsafe { sys::faiss_CustomIOReader_new(&raw mut reader, Some(read_callback)) })?;
    let mut exchange = Exchange { with: source, failed: None, panicked: None };
    let result = {
        let here = (&raw mut exchange).cast::<Exchange<Source<'static>>>();
        let _restore = Restore(&READING, READING.replace(here));
        // SAFETY: a `CustomIOReader` is an `IOReader` and its first base; the results are written before they are read.
        unsafe {
            match family {
                Family::Float => take(|out| sys::faiss_read_index_custom(reader.cast(), 0, out))
                    .map(|index| Owned(Pointer::Float(index))),
                Family::Binary => take(|out| sys::faiss_read_index_binary_custom(reader.cast(), 0, out))
                    .map(|index| Owned(Pointer::Binary(index))),
            }
        }
    };
    // SAFETY: made above, used by nobody any more.
    unsafe { sys::faiss_CustomIOReader_free(reader) };
    exchange.end(result)
}

/// Let FAISS read the index file at `path`.
///
/// # Errors
/// FAISS's.
pub(crate) fn read_path(family: Family, path: &CStr, flags: Flags) -> Result<Owned, Cause> {
    let (path, flags) = (path.as_ptr(), flags.value());
    // SAFETY: the path ends with a NUL byte; the results are written before they are read.
    unsafe {
        match family {
            Family::Float => {
                take(|out| sys::faiss_read_index_fname(path, flags, out)).map(|index| Owned(Pointer::Float(index)))
            }
            Family::Binary => take(|out| sys::faiss_read_index_binary_fname(path, flags, out))
                .map(|index| Owned(Pointer::Binary(index))),
        }
    }
}

/// A pointer that FAISS gives through its last argument.
fn take<T>(call: impl FnOnce(*mut *mut T) -> c_int) -> Result<NonNull<T>, Cause> {
    let mut out = ptr::null_mut();
    attempt(call(&raw mut out))?;
    NonNull::new(out).ok_or_else(|| Cause::Refused("the stream says that there is no index (`null`)".into()))
}

impl<'a> Borrowed<'a> {
    /// An index of the crate `faiss`.
    ///
    /// # Errors
    /// A null pointer.
    pub(crate) fn float(pointer: *mut sys::FaissIndex, _index: &'a impl ?Sized) -> Result<Borrowed<'a>, Cause> {
        let pointer = NonNull::new(pointer).ok_or_else(|| Cause::Refused("the index is a null pointer".into()))?;
        Ok(Borrowed { pointer: Pointer::Float(pointer), index: PhantomData })
    }

    /// A binary index of the crate `faiss`.
    ///
    /// # Errors
    /// A null pointer.
    pub(crate) fn binary(pointer: *mut sys::FaissIndexBinary, _index: &'a impl ?Sized) -> Result<Borrowed<'a>, Cause> {
        let pointer = NonNull::new(pointer).ok_or_else(|| Cause::Refused("the index is a null pointer".into()))?;
        Ok(Borrowed { pointer: Pointer::Binary(pointer), index: PhantomData })
    }

    /// Dimensions.
    pub(crate) fn d(self) -> usize {
        // SAFETY: the index is alive.
        let d = unsafe {
            match self.pointer {
                Pointer::Float(index) => sys::faiss_Index_d(index.as_ptr()),
                Pointer::Binary(index) => sys::faiss_IndexBinary_d(index.as_ptr()),
            }
        };
        usize::try_from(d).unwrap_or(0)
    }

    /// Whether it is trained.
    pub(crate) fn is_trained(self) -> bool {
        // SAFETY: the index is alive.
        unsafe {
            match self.pointer {
                Pointer::Float(index) => sys::faiss_Index_is_trained(index.as_ptr()) != 0,
                Pointer::Binary(index) => sys::faiss_IndexBinary_is_trained(index.as_ptr()) != 0,
            }
        }
    }

    /// Vectors.
    pub(crate) fn ntotal(self) -> u64 {
        // SAFETY: the index is alive.
        let ntotal = unsafe {
            match self.pointer {
                Pointer::Float(index) => sys::faiss_Index_ntotal(index.as_ptr()),
                Pointer::Binary(index) => sys::faiss_IndexBinary_ntotal(index.as_ptr()),
            }
        };
        u64::try_from(ntotal).unwrap_or(0)
    }

    /// FAISS's number of the metric.
    pub(crate) fn metric(self) -> u32 {
        // SAFETY: the index is alive.
        unsafe {
            match self.pointer {
                Pointer::Float(index) => sys::faiss_Index_metric_type(index.as_ptr()),
                Pointer::Binary(index) => sys::faiss_IndexBinary_metric_type(index.as_ptr()),
            }
        }
    }

    /// Whether it is a binary index.
    pub(crate) fn family(self) -> Family {
        match self.pointer {
            Pointer::Float(_) => Family::Float,
            Pointer::Binary(_) => Family::Binary,
        }
    }
}
