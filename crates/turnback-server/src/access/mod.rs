//! Who comes in, and what they may do.

mod actor;
mod doorkeeper;
mod role;
mod secret;
mod session;

pub use self::actor::{Actor, Approver, By, Operator, Viewer};
pub use self::doorkeeper::Doorkeeper;
pub use self::role::Role;
pub use self::secret::{Fingerprint, NewSecret};
pub use self::session::{COOKIE, CSRF_HEADER, SESSION_SECONDS, sign_in, sign_out};
