/**
 * Work that runs later: what is bound to what, what arms it after how long, and how handlers arm themselves again.
 */
import { argumentTexts, type CallSite } from "../c/file-index.ts";
import { ancestorOf, childOf, nodeAt, type SyntaxNode } from "../c/syntax.ts";
import type { Collected, DelayedWorkFact, Duration, FactProblem, Mechanism, Reference } from "./fact.ts";
import { type Armed, handedOver } from "./handed-over.ts";
import { ARMS, BINDS, type BindPrimitive } from "./primitives.ts";
import { type ArmedItem, rearmOf } from "./rearm.ts";
import type { Scope } from "./scope.ts";
import type { Use, UseFinder } from "./uses.ts";

/** A function bound to an item; `timer_setup(&t, NULL, 0)` binds none. */
interface Binding {
  readonly fact: DelayedWorkFact;
  readonly handler: string | null;
}

/** Collects bindings, arming calls, and one summary for each handler. */
export function collectDelayedWork(uses: UseFinder): Collected<DelayedWorkFact> {
  const problems: FactProblem[] = [];
  const bindings = [...callBindings(uses), ...fileScopeBindings(uses), ...storedBindings(uses)];
  const direct = [...armingCalls(uses), ...expiryStores(uses)];
  const armed = [...direct, ...handedOver(uses, direct)];
  const facts: DelayedWorkFact[] = bindings.map((binding) => binding.fact);
  for (const { fact, use } of armed) {
    const handlers = handlersOf(fact, use, bindings);
    const selfRearm =
      fact.operation !== "cancel" && fact.operation !== "expiry" && handlers.includes(use.scope.fn.name);
    facts.push({ ...fact, handler: handlers[0] ?? null, handlers, selfRearm });
  }
  const items: ArmedItem[] = armed
    .filter(({ fact }) => fact.operation === "queue" || fact.operation === "modify")
    .map(({ fact, use }) => ({
      key: keyOf(fact.item),
      isLocal: isLocal(fact.item, use.scope),
      scope: use.scope,
      site: use.site,
      isSelf: isSelf(use, fact.item),
    }));
  facts.push(...handlerFacts(uses, bindings, items, problems));
  return { facts, problems };
}

/** `&server->echo` -> `TCP_Server_Info.echo`: the same item wherever it is reached from. */
export function keyOf(item: Reference): string {
  return item.field === null ? item.expression : `${item.struct ?? "?"}.${item.field}`;
}

/** Keys match when both struct tags are known and equal, or when one of them could not be found. */
export function keysMatch(a: string, b: string): boolean {
  if (a === b) return true;
  const [structA, fieldA] = splitKey(a);
  const [structB, fieldB] = splitKey(b);
  return fieldA === fieldB && fieldA !== null && (structA === "?" || structB === "?");
}

function splitKey(key: string): readonly [string, string | null] {
  const at = key.lastIndexOf(".");
  return at < 0 ? [key, null] : [key.slice(0, at), key.slice(at + 1)];
}

/**
 * Functions that may run for an item, those bound nearest first: in the same function, else in the same file where the
 * item is a variable (names of static variables mean something else in other files), else everywhere.
 */
function handlersOf(fact: DelayedWorkFact, use: Use, bindings: readonly Binding[]): readonly string[] {
  const key = keyOf(fact.item);
  const matching = bindings.filter((one) => one.handler !== null && keysMatch(keyOf(one.fact.item), key));
  const here = matching.filter((one) => one.fact.function === fact.function && one.fact.file === fact.file);
  const inFile = matching.filter((one) => one.fact.file === fact.file);
  const isVariable = fact.item.field === null;
  const elsewhere = isVariable && (inFile.length > 0 || isLocal(fact.item, use.scope)) ? inFile : matching;
  // A local of the same name in another function is another item.
  const chosen = here.length > 0 ? here : isLocal(fact.item, use.scope) ? [] : elsewhere;
  const names = [...new Set(chosen.flatMap((one) => one.handler ?? []))];
  if (names.length > 0 || !isParameterItem(use)) return names;
  // A handler that arms what it was called with: queue_delayed_work(wq, to_delayed_work(work), ...).
  const own = use.scope.fn.name;
  return bindings.some((one) => one.handler === own) ? [own] : [];
}

/** Whether an item is a local variable or parameter, so that its name says nothing elsewhere. */
function isLocal(item: Reference, scope: Scope): boolean {
  return item.field === null && scope.locals.has(item.expression);
}

function isSelf(use: Use, item: Reference): boolean {
  return item.field === null && isParameterItem(use);
}

/** Whether the armed item is (or is made from) the function's own parameter. */
function isParameterItem(use: Use): boolean {
  // At the caller of a helper the arguments are the helper's, not the primitive's.
  const arm = use.place === "handed" ? undefined : ARMS.get(use.primitive);
  const node = arm === undefined ? undefined : use.args[arm.item];
  if (node === undefined) return false;
  const text = use.scope.text(node, use.code);
  const name = /^(?:to_delayed_work\s*\(\s*)?(\w+)\)?$/.exec(text)?.[1];
  if (name === undefined) return false;
  const definitions = use.scope.definitions.get(name);
  const first = definitions?.[0];
  if (definitions?.length !== 1) return false;
  return first == null ? use.scope.locals.has(name) : /^to_delayed_work\b|^container_of\b/.test(use.scope.text(first));
}

function bindFact(
  base: Pick<DelayedWorkFact, "file" | "line" | "column" | "function" | "expression">,
  primitive: string,
  mechanism: Mechanism,
  item: Reference,
  handler: string,
): Binding {
  const word = handler.replace(/^&\s*|^\(\s*\w+\s*\)\s*/g, "");
  const name = word === "NULL" || word === "0" ? null : word;
  return {
    handler: name,
    fact: {
      kind: "delayed-work",
      ...base,
      operation: "bind",
      mechanism,
      primitive,
      item,
      handler: name,
      handlers: name === null ? [] : [name],
      queue: null,
      delay: null,
      selfRearm: false,
      rearm: null,
    },
  };
}

function* callBindings(uses: UseFinder): Generator<Binding> {
  for (const use of uses.of(new Set(BINDS.keys()))) {
    const bind = BINDS.get(use.primitive);
    const item = bind === undefined ? undefined : use.args[bind.item];
    const handler = bind === undefined ? undefined : use.args[bind.handler];
    if (bind === undefined || item === undefined || handler === undefined) continue;
    const base = { ...use.scope.place(use.site), expression: use.scope.text(use.site) };
    const text = use.scope.text(handler, use.code);
    yield bindFact(base, use.primitive, bind.mechanism, use.scope.reference(item, use.code), text);
  }
}

/** DECLARE_DELAYED_WORK(name, handler) and its kin at file scope, initialisers, and macros around them. */
function* fileScopeBindings(uses: UseFinder): Generator<Binding> {
  for (const [primitive, bind] of BINDS) {
    for (const site of uses.program.callsTo(primitive)) {
      if (site.function === null) yield* fileScopeBinding(uses, site, primitive, bind, argumentTexts(site));
    }
  }
  for (const { macro } of uses.program.macrosOfFiles) {
    const call = /\b(\w+)\s*\(([^()]*)\)/g;
    for (const [, primitive = "", list = ""] of macro.body.matchAll(call)) {
      const bind = BINDS.get(primitive);
      if (bind === undefined || macro.parameters === null) continue;
      for (const site of uses.program.callsTo(macro.name)) {
        const values = argumentTexts(site);
        const args = list.split(",").map((one) => values[macro.parameters?.indexOf(one.trim()) ?? -1] ?? one.trim());
        if (site.function === null) yield* fileScopeBinding(uses, site, primitive, bind, args);
      }
    }
  }
}

function* fileScopeBinding(
  uses: UseFinder,
  site: CallSite,
  primitive: string,
  bind: BindPrimitive,
  args: readonly string[],
): Generator<Binding> {
  const item = args[bind.item];
  const handler = args[bind.handler];
  if (item === undefined || handler === undefined) return;
  // In an initialiser the item is named with the variable that it is a member of.
  const [, variable = "", field = ""] = /^(\w+)\.(\w+)$/.exec(item) ?? [];
  const struct = variable === "" ? null : (uses.program.variableTag(variable) ?? null);
  const base = { ...filePlace(site), expression: `${site.name}(${argumentTexts(site).join(", ")})` };
  const reference = { expression: item, struct, field: field === "" ? null : field };
  yield bindFact(base, primitive, bind.mechanism, reference, handler);
}

function filePlace(site: CallSite): Pick<DelayedWorkFact, "file" | "line" | "column" | "function"> {
  const { file, offset } = site;
  return { file: file.path, line: file.lines.lineAt(offset), column: file.lines.columnAt(offset), function: null };
}

const ASSIGNMENT = new Set(["assignment_expression"]);

/** `x->timer.function = handler`: how timers were bound before timer_setup(), and hrtimers before hrtimer_setup(). */
function* storedBindings(uses: UseFinder): Generator<Binding> {
  for (const { scope, store, left, right } of fieldStores(uses, "function")) {
    const owner = childOf(left, "argument");
    if (owner === undefined) continue;
    const item = scope.reference(owner);
    const mechanism = timerMechanism(scope, owner);
    const handler = scope.text(right);
    if (mechanism === null || !/^&?\s*\w+$/.test(handler)) continue;
    yield bindFact({ ...scope.place(store), expression: scope.text(store) }, ".function", mechanism, item, handler);
  }
}

/** Whether an expression is a timer, by its declared type or, where that is unknown, by its name. */
function timerMechanism(scope: Scope, owner: SyntaxNode): Mechanism | null {
  const reference = scope.reference(owner);
  const struct = reference.struct === null ? undefined : scope.program.struct(reference.struct);
  const type = reference.field === null ? reference.struct : struct?.fields.get(reference.field)?.typeName;
  if (type === "timer_list") return "timer";
  if (type === "hrtimer") return "hrtimer";
  return type == null && /timer$/.test(reference.field ?? reference.expression) ? "timer" : null;
}

/** Plain assignments to a field of a name. */
function* fieldStores(
  uses: UseFinder,
  field: string,
): Generator<{
  readonly scope: Scope;
  readonly store: SyntaxNode;
  readonly left: SyntaxNode;
  readonly right: SyntaxNode;
}> {
  for (const site of uses.program.usesOf(field)) {
    const scope = site.function === null ? null : uses.scopes.of(site.function);
    if (scope === null) continue;
    const name = nodeAt(scope.root, site.offset, site.offset + field.length);
    const store = ancestorOf(name, ASSIGNMENT);
    const left = store === null ? undefined : childOf(store, "left");
    const right = store === null ? undefined : childOf(store, "right");
    if (store === null || left === undefined || right === undefined) continue;
    if (left.type !== "field_expression" || childOf(left, "field") !== name) continue;
    if (childOf(store, "operator")?.type === "=") yield { scope, store, left, right };
  }
}

function* armingCalls(uses: UseFinder): Generator<Armed> {
  for (const use of uses.of(new Set(ARMS.keys()))) {
    const arm = ARMS.get(use.primitive);
    const item = arm === undefined ? undefined : use.args[arm.item];
    if (arm === undefined || item === undefined) continue;
    const { scope, code } = use;
    const queue = arm.queue === undefined ? undefined : use.args[arm.queue];
    const delay = arm.delay === undefined ? undefined : use.args[arm.delay];
    yield {
      use,
      fact: {
        kind: "delayed-work",
        ...scope.place(use.site),
        expression: scope.text(use.site),
        ...(use.viaMacro === null ? {} : { viaMacro: use.viaMacro }),
        operation: arm.operation,
        mechanism: arm.mechanism,
        primitive: use.primitive,
        item: scope.reference(item, code),
        handler: null,
        handlers: [],
        queue: queue === undefined ? null : scope.text(queue, code),
        delay: delay === undefined ? null : delayOf(use, delay, arm.absolute === true, arm.mechanism),
        selfRearm: false,
        rearm: null,
      },
    };
  }
}

/** `x->timer.expires = jiffies + delay` before add_timer(). */
function* expiryStores(uses: UseFinder): Generator<Armed> {
  for (const { scope, store, left, right } of fieldStores(uses, "expires")) {
    const owner = childOf(left, "argument");
    if (owner === undefined || timerMechanism(scope, owner) !== "timer") continue;
    const use: Use = {
      primitive: ".expires",
      scope,
      call: store,
      args: [owner],
      code: scope.code,
      site: store,
      viaMacro: null,
      place: "whole",
    };
    yield {
      use,
      fact: {
        kind: "delayed-work",
        ...scope.place(store),
        expression: scope.text(store),
        operation: "expiry",
        mechanism: "timer",
        primitive: ".expires",
        item: scope.reference(owner),
        handler: null,
        handlers: [],
        queue: null,
        delay: delayOf(use, right, true, "timer"),
        selfRearm: false,
        rearm: null,
      },
    };
  }
}

/** The delay; an expiry time is one once the clock is taken off. */
function delayOf(use: Use, node: SyntaxNode, absolute: boolean, mechanism: Mechanism): Duration {
  const { scope, code } = use;
  const unit = mechanism === "hrtimer" ? "ns" : "jiffies";
  return absolute ? scope.expiry(node, unit, code) : scope.duration(node, unit, code);
}

/** One summary for each function that is bound to something. */
function* handlerFacts(
  uses: UseFinder,
  bindings: readonly Binding[],
  items: readonly ArmedItem[],
  problems: FactProblem[],
): Generator<DelayedWorkFact> {
  const done = new Set<string>();
  for (const { fact, handler } of bindings) {
    if (handler === null) continue;
    const file = uses.program.files.find((one) => one.path === fact.file);
    const fn = uses.program.function(handler, file);
    const key = `${keyOf(fact.item)} ${handler} ${fn?.file.path ?? ""}`;
    if (done.has(key)) continue;
    done.add(key);
    const scope = fn === undefined ? null : uses.scopes.of(fn);
    if (fn === undefined || scope === null) {
      const why = fn === undefined ? "is no function of the scanned files" : "does not parse";
      const reason = `${fact.item.expression} is bound to ${handler}, which ${why}`;
      problems.push({ file: fact.file, function: fact.function, line: fact.line, reason });
      continue;
    }
    const { lines } = fn.file;
    yield {
      ...fact,
      file: fn.file.path,
      line: lines.lineAt(fn.nameOffset),
      column: lines.columnAt(fn.nameOffset),
      function: fn.name,
      expression: `${handler}()`,
      operation: "handler",
      rearm: rearmOf(uses, scope, keyOf(fact.item), items, keysMatch),
    };
  }
}
