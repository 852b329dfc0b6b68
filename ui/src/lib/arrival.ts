/** Where a jump ends: the field scrolls into view, takes the focus, and is marked for a moment. */
import { tick } from "svelte";
import type { Attachment } from "svelte/attachments";

import { route } from "./state/route.svelte";

const CONTROLS = "input:not([disabled]), [role=radio][aria-checked=true], button:not([disabled])";

export function arrival(path: string): Attachment<HTMLElement> {
  return (element) => {
    if (route.field !== path) return;
    void tick().then(() => {
      route.field = null;
      element.scrollIntoView({ block: "center" });
      element.querySelector<HTMLElement>(CONTROLS)?.focus();
    });
    element.classList.add("arrived");
    element.addEventListener("animationend", () => element.classList.remove("arrived"), { once: true });
  };
}
