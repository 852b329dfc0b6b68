/** Advice on the draft, asked for anew whenever the draft has been reviewed. */
import type { Advice, Settings } from "../ipc/types";
import { draft } from "./draft.svelte";
import { live } from "./live.svelte";

class AdviceOnDraft {
  list: readonly Advice[] = $state.raw([]);
  #asked = 0;

  /** Asks the program. An answer that a newer question has overtaken is dropped. */
  async ask(): Promise<void> {
    const asked = ++this.#asked;
    const list = await live.backend?.profiles.advise($state.snapshot(draft.settings) as Settings);
    if (list && asked === this.#asked) this.list = list;
  }
}

export const advice = new AdviceOnDraft();
