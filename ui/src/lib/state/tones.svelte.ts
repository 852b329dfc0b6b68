/** What is heard on the lines that somebody looks at. The program tells it while it is asked for, and only then. */
import type { Backend } from "../ipc/backend";
import type { Analysis, LineAnalysis, PortId } from "../ipc/types";

/** The order is given again this often; the program looks for three seconds without it. */
const AGAIN_MS = 1_000;
/** What is older than this is heard no more: the box is gone, or the program has other things to do. */
export const STALE_MS = 1_500;

class Tones {
  #heard: Partial<Record<PortId, Analysis>> = $state.raw({});
  #came = new Map<PortId, number>();
  #watched = new Set<PortId>();

  /** What was heard on a line lately; `null`: nothing was told. */
  of(port: PortId): Analysis | null {
    return this.#heard[port] ?? null;
  }

  note(told: readonly LineAnalysis[]): void {
    const heard = { ...this.#heard };
    for (const { port, analysis } of told) {
      // The program tells for a moment more than somebody looks.
      if (!this.#watched.has(port)) continue;
      heard[port] = analysis;
      this.#came.set(port, performance.now());
    }
    this.#heard = heard;
  }

  /** Looks at a line while the window is seen, until the returned function is called. */
  watch(backend: Backend, port: PortId): () => void {
    const look = (): void => {
      if (performance.now() - (this.#came.get(port) ?? -Infinity) > STALE_MS) this.#forget(port);
      // Nobody is told of an order that was refused: there is nothing to see then, and that shows.
      if (!document.hidden) backend.command({ do: "analyse", port }).catch(() => undefined);
    };
    this.#watched.add(port);
    look();
    const timer = setInterval(look, AGAIN_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
      this.#watched.delete(port);
      this.#forget(port);
    };
  }

  #forget(port: PortId): void {
    if (this.#heard[port] === undefined) return;
    const { [port]: _, ...rest } = this.#heard;
    this.#heard = rest;
  }
}

export const tones = new Tones();
