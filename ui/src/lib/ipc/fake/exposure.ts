/** What a toy gateway finds when it attacks itself: an open trunk is open, everything else holds. */
import type { ExposureResult, ExposureCheck, ExposureReport, Settings } from "../types";

const CAUTIONS: readonly ExposureCheck[] = ["stranger_asks", "endless_guessing", "stranger_sound"];
const CHECKS: readonly ExposureCheck[] = [
  "stranger_asks",
  "stranger_registers",
  "stranger_calls",
  "stranger_calls_abroad",
  "stranger_calls_premium",
  "forged_caller",
  "guessed_secret",
  "replayed_proof",
  "stolen_proof",
  "endless_guessing",
  "malformed",
  "stranger_sound",
];
const OF_A_SERVER: readonly ExposureCheck[] = ["guessed_secret", "replayed_proof", "stolen_proof", "endless_guessing"];

export function toyExposure({ gateway, ports }: Settings): ExposureReport {
  const blank = ports.findIndex((port) => port.only_from_host === "");
  const isOpen = gateway.mode === "sip_trunk" && blank >= 0;
  const result = (check: ExposureCheck): ExposureResult => {
    const open = isOpen && (check === "stranger_asks" || check === "stranger_calls" || check === "forged_caller");
    const tried = gateway.mode === "sip_server" || !OF_A_SERVER.includes(check);
    return { check, outcome: open ? "open" : tried ? "held" : "not_tried", weight: CAUTIONS.includes(check) ? "caution" : "danger" };
  };
  return {
    grade: isOpen ? "F" : "A",
    reach: gateway.bind_address === "0.0.0.0" ? "all_networks" : "this_computer",
    checks: CHECKS.map(result),
    advice: isOpen ? [{ path: `ports[${blank}].only_from_host`, weight: "danger", code: "open_to_anyone", args: {} }] : [],
  };
}
