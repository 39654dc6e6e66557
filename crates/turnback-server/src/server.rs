//! What every handler shares.

use std::sync::Arc;

use crate::access::Doorkeeper;
use crate::dashboard::Memory;
use crate::edges::Edges;
use crate::events::Hub;
use crate::flags::Serving;
use crate::limits::{Limits, Places};
use crate::metrics::Requests;

/// The state of every router.
pub type Shared = Arc<Server>;

/// What every handler shares: the edges, who may come in, what happens, how much is borne.
pub struct Server {
    /// What leads to the world.
    pub edges: Edges,
    /// Who may do what.
    pub access: Doorkeeper,
    /// What happens, for all who listen.
    pub events: Hub,
    /// The flags, as they are served.
    pub flags: Serving,
    /// Version of this turnback.
    pub version: &'static str,
    /// What pages of the dashboard looked up last.
    pub(crate) memory: Memory,
    pub(crate) limits: Limits,
    pub(crate) places: Places,
    pub(crate) requests: Requests,
}

impl Server {
    /// Puts it together. `access` says who may come in.
    pub fn new(edges: Edges, access: Doorkeeper, limits: Limits, version: &'static str) -> Shared {
        Arc::new(Self {
            access,
            events: Hub::new(limits.listeners),
            flags: Serving::default(),
            version,
            memory: Memory::default(),
            places: Places::new(&limits),
            requests: Requests::default(),
            limits,
            edges,
        })
    }
}
