/** One setting as it is edited: of the gateway, of one port, or of all ports at once. */
import type { FieldInfo, PortId, Problem } from "../ipc/types";
import { ofPort, putAt, valueAt } from "../paths";
import { sameValue } from "../setting_words";
import { draft } from "./draft.svelte";

export interface OfPort {
  port: PortId | null;
  value: unknown;
}

export class Editing {
  readonly #info: () => FieldInfo;
  readonly #port: () => PortId | null;

  /** Every place where an edit puts its value. */
  readonly paths: readonly string[] = $derived.by(() => {
    const { path } = this.#info();
    const port = this.#port();
    if (!path.startsWith("ports[]")) return [path];
    if (port !== null) return [ofPort(path, port)];
    return draft.settings.ports.map((_, index) => ofPort(path, index));
  });
  readonly values: readonly OfPort[] = $derived(
    this.paths.map((path, index) => ({
      port: this.#info().path.startsWith("ports[]") ? (this.#port() ?? index) : null,
      value: valueAt(draft.settings, path),
    })),
  );
  /** The ports do not agree. */
  readonly differs: boolean = $derived(this.values.some(({ value }) => !sameValue(value, this.values[0]?.value)));
  /** The value; `undefined` where the ports do not agree. */
  readonly value: unknown = $derived(this.differs ? undefined : this.values[0]?.value);
  readonly changed: boolean = $derived(this.paths.some((path) => draft.isChanged(path)));
  /** The first problem, and the port that has it. */
  readonly problem: { problem: Problem; port: PortId | null } | null = $derived.by(() => {
    const found = this.paths.flatMap((path, index) => {
      const problem = draft.problem(path);
      return problem ? [{ problem, port: this.values[index]?.port ?? null }] : [];
    });
    return found.find(({ problem }) => problem.severity === "error") ?? found[0] ?? null;
  });

  constructor(info: () => FieldInfo, port: () => PortId | null) {
    this.#info = info;
    this.#port = port;
  }

  put(value: unknown): void {
    for (const path of this.paths) putAt(draft.settings, path, Array.isArray(value) ? [...(value as unknown[])] : value);
  }
}
