/** How a person likes to read the setting pages. Kept in this window, not in the settings of the gateway. */
const STORED = "loopstart.names";

class Reading {
  /** Whether each setting also shows what other makers call it. */
  names: boolean = $state(localStorage.getItem(STORED) === "shown");

  showNames(on: boolean): void {
    this.names = on;
    if (on) localStorage.setItem(STORED, "shown");
    else localStorage.removeItem(STORED);
  }
}

export const reading = new Reading();
