/** The palette of commands: whether it is open. */
class Palette {
  open: boolean = $state(false);
}

export const palette = new Palette();
