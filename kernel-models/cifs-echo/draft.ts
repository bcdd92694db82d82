/** What a check of cifs-echo says to people who do not have groundhog. */
import type { BugStory, DraftStory } from "../../tools/check/draft-story.ts";
import type { EchoCheck, Figures } from "./figure-types.ts";

type Words = Pick<BugStory, "summary" | "expected">;

/** By property; what happens instead is in the property's own words. */
const WORDS: Readonly<Record<string, Words>> = {
  "healthy-server-kept": {
    summary: "cifs: a server that answers everything is declared dead",
    expected: "The connection stays: the server answers every request within half an echo interval.",
  },
  "dead-server-noticed": {
    summary: "cifs: a dead server is not declared dead",
    expected: "A server that answers nothing any more is declared dead, and the client reconnects.",
  },
  "echo-goes-on": {
    summary: "cifs: no more echoes after one could not be sent",
    expected: "After an echo that could not be sent, the next one is sent when it is due.",
  },
  "echo-resumes": {
    summary: "cifs: no more echoes after a reconnect",
    expected: "After a reconnect to a server that is back, echoes are sent again.",
  },
};

/** Of an idle mount, or of one request at the wrong time. */
function keptSummary({ windows, idleDeaths }: Figures, summary: string): string {
  const [window] = windows;
  if (window === undefined) return summary;
  const { hz, echoIntervalSeconds: interval, share } = window;
  const how = share === 1 || idleDeaths.length === windows.length ? "on an idle mount" : "after one request";
  return `${summary} ${how} (HZ=${hz}, ${interval} s)`;
}

/** The recipe of the figures, a sentence for each step: the next one begins with a capital or a number. */
function steps({ reproduce }: Figures): readonly string[] {
  return reproduce === null ? [] : reproduce.split(/(?<=\.) (?=[A-Z\d])/);
}

function bug({ figures, properties }: EchoCheck, property: string): BugStory {
  const words = WORDS[property] ?? { summary: `cifs: ${property} is violated`, expected: `${property} holds.` };
  const isKept = property === "healthy-server-kept";
  const detail = properties.find(({ name }) => name === property)?.detail ?? property;
  return {
    ...words,
    summary: isKept ? keptSummary(figures, words.summary) : words.summary,
    // The figures' recipe is one for this property alone.
    steps: isKept ? steps(figures) : [],
    actual: `${detail}.`,
  };
}

export const echoDraft: DraftStory<EchoCheck> = {
  component: "CIFS",
  // fs/cifs/cifs_debug.h, of all times.
  prints: /^(?:cifs_(?:server_|tcon_|autodisable_)?dbg(?:_\w+)?|cifs_info|cFYI|cERROR|cifserror|cifswarn)$/,
  bug,
};
