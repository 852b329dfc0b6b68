/** How the state of a port looks: the same icon and colour everywhere. */
import type { PortState } from "./ipc/types";
import type { IconName } from "./icons";

/** The colour of a state, as the tokens name it. */
export type Hue = "idle" | "ringing" | "dialing" | "talking" | "guard" | "fault";

interface Look {
  icon: IconName;
  hue: Hue;
  /** Hatched: nothing can happen here now. */
  hatched: boolean;
  /** Washed: worth a glance from two metres. */
  washed: boolean;
}

export const LOOKS: Readonly<Record<PortState, Look>> = {
  absent: { icon: "ring-dashed", hue: "guard", hatched: true, washed: false },
  no_battery: { icon: "unplugged", hue: "guard", hatched: true, washed: false },
  idle: { icon: "ring", hue: "idle", hatched: false, washed: false },
  in_use: { icon: "handset", hue: "dialing", hatched: false, washed: true },
  ringing: { icon: "bell", hue: "ringing", hatched: false, washed: true },
  calling: { icon: "bell-out", hue: "ringing", hatched: false, washed: true },
  dialing: { icon: "keypad", hue: "dialing", hatched: false, washed: true },
  waiting: { icon: "dots", hue: "dialing", hatched: false, washed: true },
  talking: { icon: "talk", hue: "talking", hatched: false, washed: true },
  ending: { icon: "hook", hue: "guard", hatched: false, washed: false },
  guard: { icon: "pause", hue: "guard", hatched: true, washed: false },
  out_of_service: { icon: "barred", hue: "guard", hatched: true, washed: false },
  fault: { icon: "alarm", hue: "fault", hatched: false, washed: true },
};
