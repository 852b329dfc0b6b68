/** What the real program tells by itself: asked for, one question at a time, for as long as somebody listens. */
import type { Listener } from "../backend";
import { commands, type News } from "../bindings";

/** A program that does not answer is asked again after this long. */
const PATIENCE_MS = 1_000;

export class TauriNews {
  /** Who listens: greater than in any page that was loaded before. */
  #ear = 0;
  readonly #keptListeners = new Set<() => void>();

  listen(listener: Listener): () => void {
    const ear = Math.max(Date.now(), this.#ear + 1);
    this.#ear = ear;
    void this.#ask(ear, listener);
    return () => {
      if (this.#ear === ear) this.#ear += 1;
    };
  }

  /** Calls that are over can be read: told without saying which. */
  whenKept(heard: () => void): () => void {
    this.#keptListeners.add(heard);
    return () => this.#keptListeners.delete(heard);
  }

  async #ask(ear: number, listener: Listener): Promise<void> {
    while (this.#ear === ear) {
      try {
        const answer = await commands.news(ear);
        // The program ends, or another page listens.
        if (answer.status === "error" || answer.data === null) return;
        if (this.#ear === ear) this.#tell(answer.data, listener);
      } catch (error) {
        console.error(error);
        await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
      }
    }
  }

  #tell({ progress, notices, marks, analyses, picture, calls_kept }: News, listener: Listener): void {
    progress.forEach((told) => listener.progress(told));
    notices.forEach((notice) => listener.notice(notice));
    if (marks.length > 0) listener.marks(marks);
    if (analyses.length > 0) listener.analyses(analyses);
    if (picture) listener.picture(picture.snapshot, picture.exchange, picture.device);
    if (calls_kept) this.#keptListeners.forEach((heard) => heard());
  }
}
