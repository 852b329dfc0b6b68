/** What would become of a number by the dialling rules of the draft. */
import type { Dialling, Settings } from "../ipc/types";
import { draft } from "./draft.svelte";
import { live } from "./live.svelte";

class DialTest {
  /** The number that a person tries. */
  number: string = $state("");
  /** What the program says; `null`: nothing was asked. */
  answer: Dialling | null = $state.raw(null);
  #asked = 0;

  /** The rule that fits the number, counted from 0. */
  readonly fits: number | null = $derived(this.answer === null || this.answer.outcome === "no_number" || this.answer.rule === null ? null : this.answer.rule - 1);

  /** Asks the program. An answer that a newer question has overtaken is dropped. */
  async ask(): Promise<void> {
    const asked = ++this.#asked;
    if (this.number.trim() === "") {
      this.answer = null;
      return;
    }
    const answer = await live.backend?.dialTest($state.snapshot(draft.settings) as Settings, this.number).catch(() => null);
    if (asked === this.#asked) this.answer = answer ?? null;
  }
}

export const dialTest = new DialTest();
