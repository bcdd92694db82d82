/**
 * break, continue and goto. TypeScript has labels but no goto: a jump forward leaves a block that ends at the label, a
 * jump back goes round a loop that begins there, and where jumps cross, a loop dispatches on where to go on.
 */
import { childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import { S32 } from "./c-types.ts";
import type { FunctionContext } from "./context.ts";
import { quotedText } from "./names.ts";
import { statement } from "./statements.ts";
import type { Line, Writer } from "./writer.ts";

/**
 * What `break` and `continue` can mean here. `loop`, `switch`: C's own. `block`: a C switch written as blocks.
 * `again`: a loop that only a goto needs; C's break and continue do not see it.
 */
export interface Frame {
  readonly kind: "loop" | "switch" | "block" | "again";
  readonly head: Line;
  label: string | null;
}

/** A label that can be jumped to from here, and the statements that do it. */
export interface Target {
  readonly cName: string;
  readonly texts: () => readonly string[];
}

export function enterFrame(ctx: FunctionContext, kind: Frame["kind"], head: Line): Frame {
  const frame: Frame = { kind, head, label: null };
  ctx.frames.push(frame);
  return frame;
}

/** Ends a frame; its head gets its label now that it is known whether it needs one. */
export function leaveFrame(ctx: FunctionContext, frame: Frame): void {
  ctx.frames.pop();
  if (frame.label !== null) frame.head.text = `${frame.label}: ${frame.head.text}`;
}

function labelOf(ctx: FunctionContext, frame: Frame): string {
  frame.label ??= ctx.labelName(frame.kind === "loop" ? "loop_" : "switch_");
  return frame.label;
}

/** A loop says that it begins another round, and where it stands. */
export function roundText(ctx: FunctionContext, line: number): string {
  return `kernel.goRound(${quotedText(`${ctx.file.path}:${line}`)});`;
}

/** `break` as C means it here. */
export function breakText(ctx: FunctionContext): string | null {
  for (let i = ctx.frames.length - 1, isNearest = true; i >= 0; i--) {
    const frame = ctx.frames[i] as Frame;
    if (frame.kind === "again") {
      isNearest = false;
      continue;
    }
    // A block has no break of its own in TypeScript.
    return isNearest && frame.kind !== "block" ? "break;" : `break ${labelOf(ctx, frame)};`;
  }
  return null;
}

/** `continue` as C means it here. */
export function continueText(ctx: FunctionContext): string | null {
  for (let i = ctx.frames.length - 1, isNearest = true; i >= 0; i--) {
    const frame = ctx.frames[i] as Frame;
    if (frame.kind === "loop") return isNearest ? "continue;" : `continue ${labelOf(ctx, frame)};`;
    if (frame.kind === "again") isNearest = false;
  }
  return null;
}

/** What `goto label` becomes here; null when the label is in a block that this place is not in. */
export function gotoText(ctx: FunctionContext, label: string): readonly string[] | null {
  for (let i = ctx.targets.length - 1; i >= 0; i--) {
    const target = ctx.targets[i] as Target;
    if (target.cName === label) return target.texts();
  }
  return null;
}

interface Item {
  readonly label: string | null;
  readonly node: SyntaxNode;
  readonly line: number;
}

/** A list of statements with the labels in front of them taken off. */
function itemsOf(ctx: FunctionContext, nodes: readonly SyntaxNode[]): readonly Item[] {
  const items: Item[] = [];
  for (const node of nodes) {
    let at: SyntaxNode | undefined = node;
    while (at?.type === "labeled_statement") {
      const label = childOf(at, "label");
      const inner: SyntaxNode | undefined = at.children.find((child) => child.field !== "label" && child.type !== ":");
      // A label before a label has nothing of its own.
      const own = inner?.type === "labeled_statement" ? EMPTY : (inner ?? at);
      items.push({ label: label === undefined ? null : ctx.textOf(label), node: own, line: ctx.line(at) });
      at = inner;
      if (at?.type !== "labeled_statement") at = undefined;
    }
    if (node.type !== "labeled_statement") items.push({ label: null, node, line: ctx.line(node) });
  }
  return items;
}

const EMPTY: SyntaxNode = { type: "expression_statement", field: null, start: 0, end: 0, children: [], parent: null };

/** Which items jump to a label. */
function jumpers(ctx: FunctionContext, items: readonly Item[], label: string): readonly number[] {
  return items.flatMap((item, i) => {
    for (const node of [item.node, ...descendants(item.node)]) {
      if (node.type !== "goto_statement") continue;
      const target = childOf(node, "label");
      if (target !== undefined && ctx.textOf(target) === label) return [i];
    }
    return [];
  });
}

interface Label {
  readonly cName: string;
  readonly at: number;
  readonly line: number;
  readonly hasForward: boolean;
  readonly hasBackward: boolean;
}

/** Writes a list of statements, with the labels in it. */
export function sequence(ctx: FunctionContext, out: Writer, nodes: readonly SyntaxNode[]): void {
  const items = itemsOf(ctx, nodes);
  const labels = items.flatMap((item, at): Label[] => {
    if (item.label === null) return [];
    const from = jumpers(ctx, items, item.label);
    const hasBackward = from.some((i) => i >= at);
    const hasForward = from.some((i) => i < at);
    return hasForward || hasBackward ? [{ cName: item.label, at, line: item.line, hasForward, hasBackward }] : [];
  });
  const [only] = labels;
  if (labels.every((one) => !one.hasBackward)) forward(ctx, out, items, 0, items.length, labels);
  else if (labels.length === 1 && only !== undefined && !only.hasForward) again(ctx, out, items, only);
  else dispatched(ctx, out, items, labels);
}

function plain(ctx: FunctionContext, out: Writer, items: readonly Item[], from: number, to: number): void {
  for (let i = from; i < to; i++) statement(ctx, out, (items[i] as Item).node);
}

/** Blocks that end where a label stands; jumping there is leaving the block. */
function forward(
  ctx: FunctionContext,
  out: Writer,
  items: readonly Item[],
  from: number,
  to: number,
  labels: readonly Label[],
): void {
  const last = labels.at(-1);
  if (last === undefined) {
    plain(ctx, out, items, from, to);
    return;
  }
  const name = ctx.labelName(last.cName);
  out.add(`${name}: {`);
  ctx.targets.push({ cName: last.cName, texts: () => [`break ${name};`] });
  out.inside(() => forward(ctx, out, items, from, last.at, labels.slice(0, -1)));
  ctx.targets.pop();
  out.add("}");
  plain(ctx, out, items, last.at, to);
}

/** A loop from a label to the end of its list, which only a jump back repeats. */
function again(ctx: FunctionContext, out: Writer, items: readonly Item[], label: Label): void {
  plain(ctx, out, items, 0, label.at);
  const name = ctx.labelName(label.cName);
  const head = out.add(`${name}: for (;;) {`);
  const frame = enterFrame(ctx, "again", head);
  ctx.targets.push({ cName: label.cName, texts: () => [`continue ${name};`] });
  out.inside(() => {
    out.add(roundText(ctx, label.line));
    plain(ctx, out, items, label.at, items.length);
    out.add(`break ${name};`);
  });
  ctx.targets.pop();
  leaveFrame(ctx, frame);
  out.add("}");
}

/** All labels of a list in one loop: a jump says where to go on, and goes round. */
function dispatched(ctx: FunctionContext, out: Writer, items: readonly Item[], labels: readonly Label[]): void {
  const at = ctx.temporary("goto", S32);
  const name = ctx.labelName("dispatch_");
  const names = labels.map((one) => ctx.labelName(one.cName));
  out.add(`${at.name} = 0;`);
  const head = out.add(`${name}: for (;;) {`);
  const frame = enterFrame(ctx, "again", head);
  labels.forEach((one, i) => {
    ctx.targets.push({ cName: one.cName, texts: () => [`${at.name} = ${i + 1};`, `continue ${name};`] });
  });
  out.inside(() => {
    out.add(roundText(ctx, labels[0]?.line ?? 0));
    for (const one of [...names].reverse()) out.add(`${one}: {`);
    out.add(`switch (${at.name}) {`);
    out.inside(() => {
      names.forEach((one, i) => {
        out.add(`case ${i + 1}:`);
        out.inside(() => out.add(`break ${one};`));
      });
      out.add("default:");
      out.inside(() => out.add("break;"));
    });
    out.add("}");
    let from = 0;
    for (const one of labels) {
      plain(ctx, out, items, from, one.at);
      out.add("}");
      from = one.at;
    }
    plain(ctx, out, items, from, items.length);
    out.add(`break ${name};`);
  });
  ctx.targets.length -= labels.length;
  leaveFrame(ctx, frame);
  out.add("}");
}
