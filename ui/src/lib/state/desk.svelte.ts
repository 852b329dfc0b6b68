/** The desktop around the window, what a person wants of this window, and whether the first-run guide is open. */
import type { Backend } from "../ipc/backend";
import type { Desk, Preferences } from "../ipc/types";

class DeskState {
  view: Desk | null = $state.raw(null);
  /** The last change could not be kept. */
  unkept: boolean = $state(false);
  guide: boolean = $state(new URLSearchParams(location.search).get("guide") === "open");

  #backend: Backend | null = null;

  /** Asks what there is. A gateway that nobody has configured yet opens the guide, until it was finished or left once. */
  async begin(backend: Backend): Promise<void> {
    this.#backend = backend;
    const view = await backend.desk();
    this.view = view;
    if (view.never_applied && !view.preferences.guide_done) this.guide = true;
  }

  /** Changes preferences. What cannot be kept goes back to what it was. */
  async keep(change: Partial<Preferences>): Promise<void> {
    if (!this.#backend || !this.view) return;
    const before = this.view;
    const preferences = { ...before.preferences, ...change };
    this.view = { ...before, preferences };
    try {
      await this.#backend.keepPreferences(preferences);
      this.unkept = false;
    } catch {
      this.view = before;
      this.unkept = true;
    }
  }

  /** The guide was finished or left: it opens by itself no more. */
  async closeGuide(): Promise<void> {
    this.guide = false;
    if (!this.view?.preferences.guide_done) await this.keep({ guide_done: true });
  }
}

export const desk = new DeskState();
