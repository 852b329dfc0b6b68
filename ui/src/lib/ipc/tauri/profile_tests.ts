/** Line profiles tried by the real program. */
import { commands } from "../bindings";
import type { ProfileTests } from "../profile_tests";
import type { ProfileCheck, ProfileResult } from "../types";

export class TauriProfileTests implements ProfileTests {
  checks(code: string): Promise<ProfileCheck[]> {
    return commands.profileChecks(code);
  }

  attempt(code: string, place: number): Promise<ProfileResult | null> {
    return commands.tryProfileCheck(code, place);
  }
}
