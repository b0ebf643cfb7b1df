//! TAXII 2.1 (<https://docs.oasis-open.org/cti/taxii/v2.1/os/taxii-v2.1-os.html>): what servers answer, and how a collection
//! is gone through. Nothing here touches the network: whoever does hands over what came.
//!
//! ```text
//! documents  discovery, API roots, lists of collections
//! paging     page after page, from where the last update ended; what servers do wrong with that
//! ```

mod documents;
mod paging;

pub use documents::{
    ApiRoot, Collection, Discovery, Entrance, MAX_DOCUMENT, check_media_type, read_api_root, read_collections,
    read_entrance,
};
pub use paging::{MAX_PAGE, Objects, Paging};
