/** What the window asks of the program about the line profile of a country, tried at a simulated exchange. No line is touched. */
import type { ProfileCheck, ProfileResult } from "./types";

export interface ProfileTests {
  /** What the profile promises, in the order of a call; nothing for a country that is not known. */
  checks(code: string): Promise<ProfileCheck[]>;
  /** Tries the promise at this place of them; `null` where there is none. It takes a good part of a second. */
  attempt(code: string, place: number): Promise<ProfileResult | null>;
}
