import { describe, expect, it } from "vitest";

import { Words } from "../i18n";
import en from "../i18n/en";
import type { MarkKind } from "../lib/ipc/types";
import { markHue, markWords, turns } from "../lib/marks";
import { party } from "../lib/party";
import { endWords } from "../lib/words";

describe("a call that went on elsewhere", () => {
  it("says where, and why not", () => {
    const words = new Words("en", en);
    const to = "sip:ana@192.0.2.8";
    const marks: MarkKind[] = [
      { kind: "transferred", to },
      { kind: "transfer_failed", to, status: 486 },
      { kind: "taken_over", by: to },
    ];
    const who = party(to);
    expect(marks.map((mark) => markWords(words, mark))).toEqual([`transferred to ${who}`, `the transfer to ${who} failed (486)`, `taken over by ${who}`]);
    expect(marks.map((mark) => [markHue(mark), turns(mark)])).toEqual([["accent", true], ["fault", true], ["accent", true]]);
    expect(endWords(words, { cause: "transfer_failed", evidence: null, sip_status: 408 })).toBe("the transfer failed (408)");
  });
});
