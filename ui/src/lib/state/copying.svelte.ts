/** One button that copies: whether its text is on the clipboard, for a moment after the press. */
import { complaint } from "./complaint.svelte";
import { locale } from "./locale.svelte";

/** How long it is told that the text was copied. */
const TOLD_MS = 2_000;

export class Copying {
  done: boolean = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  async copy(text: string): Promise<void> {
    clearTimeout(this.#timer);
    try {
      await navigator.clipboard.writeText(text);
      this.done = true;
      this.#timer = setTimeout(() => (this.done = false), TOLD_MS);
    } catch {
      this.done = false;
      complaint.tell(locale.words.t("copy.failed"));
    }
  }
}
