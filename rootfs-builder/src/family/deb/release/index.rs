//! An index of packages, as a `Release` file proves it.

use crate::decompress::Compression;
use crate::fetch::{IndexForm, IndexRequest};
use crate::store::BlobId;

/// An index of packages that a `Release` file proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackagesIndex {
    /// Its path below the suite's folder.
    pub path: String,
    /// What it must be.
    pub plain: BlobId,
    /// The forms it is offered in.
    pub forms: Vec<PackagesForm>,
}

/// One form of an index of packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackagesForm {
    /// How it is compressed.
    pub compression: Compression,
    /// What the file must be.
    pub packed: BlobId,
    /// Where it is below the suite's folder, the first choice first.
    pub paths: Vec<String>,
}

impl PackagesIndex {
    /// What to ask of the fetcher, where the suite's folder is at each of `bases`.
    pub fn request(&self, bases: &[String]) -> IndexRequest {
        let addresses = |paths: &[String]| {
            let pairs = bases.iter().flat_map(|base| paths.iter().map(move |path| (base, path)));
            pairs.map(|(base, path)| format!("{}/{path}", base.trim_end_matches('/'))).collect()
        };
        let forms = self.forms.iter().map(|form| IndexForm {
            compression: form.compression,
            packed: form.packed,
            candidates: addresses(&form.paths),
        });
        let name = bases.first().map_or(self.path.clone(), |base| format!("{base}/{}", self.path));
        IndexRequest { name, plain: self.plain, forms: forms.collect() }
    }
}
