/** Numbers of callers in the toy world: enough to try the window with. The program has the whole of them. */
import type { Settings } from "../types";
import { toyTable } from "./table";

export function callerNumber({ gateway }: Settings, number: string): string {
  const row = toyTable().numberings.find(({ country }) => country === gateway.country);
  if (!row || gateway.caller_number_format === "as_received" || !/^\d+$/.test(number)) return number;
  const whole = (digits: string) => row.national_digits.includes(digits.length);
  const bare = number.startsWith(row.trunk_prefix) ? number.slice(row.trunk_prefix.length) : number;
  const national = [bare, number, gateway.area_code + number].find((digits) => whole(digits));
  if (national === undefined) return number;
  switch (gateway.caller_number_format) {
    case "e164":
      return `+${row.calling_code}${national}`;
    case "e164_digits":
      return row.calling_code + national;
    case "national":
      return row.trunk_prefix + national;
    case "national_significant":
      return national;
    default:
      return number;
  }
}
