//! What is simulated.

use gateway_core::fxo::simulator::VirtualBox;

use super::SimulateArgs;
use crate::exit::Exit;

/// The box and its exchange, as the arguments want them.
pub(super) fn simulated_box(args: &SimulateArgs) -> Result<VirtualBox, Exit> {
    Ok(VirtualBox::new(args.ports))
}
