/** How a function ends: with which calls behind it, and in which order. */
import { type Cfg, type CfgNode, controlFlow, reachable } from "../c/cfg.ts";
import type { CFunction } from "../c/file.ts";
import { codeOfFile } from "../c/fragment.ts";
import type { Site, Workbench } from "./workbench.ts";

/** The ends of a function that has something to give back and somebody to tell. */
export interface Ends {
  /** Calls that give back and are followed by no call that tells, on some way to the end. */
  readonly silent: readonly Site[];
  /** A call that tells before the one that gives back; null where there is none. */
  readonly early: Site | null;
  /** Whether there is a way through the function without giving back. */
  readonly mayKeep: boolean;
}

/**
 * Looks at all ways through a function.
 *
 * @param giveBack name of the function that gives something back
 * @param tell name of the function that tells others
 */
export function endsOf(bench: Workbench, fn: CFunction, giveBack: string, tell: string): Ends {
  const body = bench.bodyNode(fn);
  const gives = bench.find.callsIn(fn, giveBack).map((site) => bench.find.callStatement(site));
  const tells = bench.find.callsIn(fn, tell).map((site) => bench.find.callStatement(site));
  if (body === null) return { silent: gives, early: null, mayKeep: true };
  const cfg = controlFlow(body, codeOfFile(fn.file));
  const stop = cfg.problems[0];
  if (stop !== undefined) bench.refuse({ fn, node: stop.node }, stop.reason);
  const [givers, tellers] = [nodesOf(cfg, gives), nodesOf(cfg, tells)];
  const isTelling = (node: CfgNode): boolean => tellers.some((one) => one.at === node);
  const isGiving = (node: CfgNode): boolean => givers.some((one) => one.at === node);
  return {
    silent: givers.filter(({ at }) => reachable(at, isTelling).has(cfg.exit)).map(({ site }) => site),
    early: tellers.find(({ at }) => [...reachable(at, () => false)].some(isGiving))?.site ?? null,
    mayKeep: reachable(cfg.entry, isGiving).has(cfg.exit),
  };
}

function nodesOf(cfg: Cfg, sites: readonly Site[]): readonly { readonly at: CfgNode; readonly site: Site }[] {
  return sites.flatMap((site) => {
    const at = cfg.nodes.find((one) => one.syntax === site.node);
    return at === undefined ? [] : [{ at, site }];
  });
}
