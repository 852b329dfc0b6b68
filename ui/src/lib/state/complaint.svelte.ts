/** What a person asked for and did not get, told for a while over every page. */

/** How long it is told. */
const TOLD_MS = 10_000;

class Complaint {
  /** A new one for every telling, so that the same words are heard again. */
  told: { text: string } | null = $state.raw(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  tell(text: string): void {
    this.told = { text };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.dismiss(), TOLD_MS);
  }

  dismiss(): void {
    clearTimeout(this.#timer);
    this.told = null;
  }
}

export const complaint = new Complaint();
