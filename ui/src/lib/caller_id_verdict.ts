/** Whether a line sends caller ID, in words: what its last calls tell, and what to do about it. */
import type { Words } from "../i18n";
import type { CallerIdVerdict } from "./ipc/types";

export function verdictWords(words: Words, verdict: CallerIdVerdict): { fact: string; advice: string } {
  switch (verdict.verdict) {
    case "works": {
      const { understood, of } = verdict;
      const fact = words.t("line_sends.works", { source: words.code("caller_id_source", verdict.source), understood, of });
      return { fact, advice: words.t(understood < of ? "line_sends.works.some" : "line_sends.works.all") };
    }
    case "unreadable":
      return { fact: words.t("line_sends.unreadable", { unread: verdict.unread, of: verdict.of }), advice: words.t("line_sends.unreadable.advice") };
    case "sends_none":
      return { fact: words.t("line_sends.sends_none", { of: verdict.of }), advice: words.t("line_sends.sends_none.advice") };
    case "unknown":
      return { fact: words.t("line_sends.unknown", { of: verdict.of, least: verdict.least }), advice: words.t("line_sends.unknown.advice") };
  }
}
