/** Who is banned or slowed, while somebody looks at it. */
import type { GuardView } from "../ipc/types";
import { Asking } from "./asking.svelte";

export class GuardWatch extends Asking {
  view: GuardView | null = $state.raw(null);
  #program: () => Promise<GuardView>;

  constructor(program: () => Promise<GuardView>) {
    super();
    this.#program = program;
  }

  protected override async take(): Promise<void> {
    this.view = await this.#program();
  }
}
