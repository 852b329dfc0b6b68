/** Where the first-run guide stands. What it fills in goes into the draft, as if a person had typed it. */
import type { Settings } from "../ipc/types";
import { arrange, fitPorts, isLoopback, listenOn, untouched, type Phones } from "../guide";
import { generateSecret } from "../secret";
import { draft } from "./draft.svelte";
import { live } from "./live.svelte";

class GuideState {
  step: number = $state(0);

  /** One telephone for all lines, or one a line. */
  get phones(): Phones {
    return draft.settings.gateway.single_user ? "one" : "each";
  }

  /** Fills the blanks before users are shown. A draft that nobody has touched begins with one telephone for all lines. */
  fill(reachesOut: boolean): void {
    const settings = fitPorts($state.snapshot(draft.settings) as Settings, live.snapshot?.device?.ports ?? 0);
    if (reachesOut && isLoopback(settings.gateway.bind_address)) settings.gateway.bind_address = listenOn(true);
    draft.settings = arrange(settings, untouched(settings) ? "one" : this.phones, generateSecret);
  }

  choosePhones(phones: Phones): void {
    draft.settings = arrange($state.snapshot(draft.settings) as Settings, phones, generateSecret);
  }
}

export const guide = new GuideState();
