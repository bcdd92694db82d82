/** What must hold for any text at all: random bytes, random C tokens, and mutations of C that is fine. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCFile } from "../../tools/c/file.ts";
import { indexFile } from "../../tools/c/file-index.ts";
import { mask } from "../../tools/c/mask.ts";
import { bytes, EVERYTHING, expectRangesInside, expectSameShape, lostIn, readC } from "./fixtures.ts";

fc.configureGlobal({ seed: 42 });

/** A file with a bit of everything. */
const FIXTURE = `/* A driver. */
#include <linux/kernel.h>
#ifndef TIMEOUT
#define TIMEOUT (5 * HZ)
#endif
#define each(p, h) \\
	for (p = (h); p; p = p->next)
static DEFINE_MUTEX(lock);
enum state { NEW, READY = 4, MANY(x), GONE };
struct item {
	struct list_head link;
	DECLARE_BITMAP(flags, 64);
	union { int a; long b; };
	int (*fn)(struct item *, unsigned int) __aligned(8);
} __packed;
static const struct ops ops = {
	.open	= item_open,
	.name	= PREFIX "item" SUFFIX,
};
SYSCALL_DEFINE2(item, int, fd, char __user *, p)
{
	return min_t(unsigned int, fd, sizeof(struct item));
}
static int __init item_open(struct item *item, const char *fmt, ...)
	__releases(&lock)
{
	struct item *i = container_of(item, struct item, link), *j;
	typeof(i->a) x = 'x';

	list_for_each_entry_safe(i, j, &item->link, link)
		if (i->a && !j->b)
			queue_delayed_work(wq, &i->work, TIMEOUT / 2);
#ifdef CONFIG_ITEM
	if (x) {
#else
	if (!x) {
#endif
		asm volatile("nop" : "=r" (x) : : "memory");
		goto out;
	}
	switch (x) {
	case 1 ... 5:
		scoped_guard(mutex, &lock) { x = ({ int y = 1; y; }); }
		fallthrough;
	default:
		TRACE_IT(x, , ==)
		break;
	}
	do { x--; } while (x > 0); // down
out:
}
`;

const PIECES = [
  ..."( ) { } [ ] ; , . -> : ? = == && || ! & * + - < ... # ## \\ ' \" \n /* */ // @".split(" "),
  ..."if else for while do switch case default return goto break struct union enum static int unsigned void".split(" "),
  ..."typeof sizeof asm __user __releases list_for_each_entry container_of min_t offsetof scoped_guard alignof".split(
    " ",
  ),
  ..."x y foo NAME TRACE_IT() 0 1 0x1f 1000baseT \"s\" 'c' __label__ __attribute__ DECLARE_BITMAP struct_group".split(
    " ",
  ),
  ...[
    "\n#if 1\n",
    "\n#if X\n",
    "\n#else\n",
    "\n#elif\n",
    "\n#endif\n",
    "\n#define A(x) x\n",
    "\nint f(void)\n{\n",
    "\n}\n",
    " ",
    "\t",
    "\r\n",
    "\0",
    "é",
  ],
];

/** Everything that must hold for a text. */
function holds(text: Buffer): void {
  expectSameShape(text, mask(text, EVERYTHING));
  const file = readCFile("random.c", text, EVERYTHING);
  expect(file.functions.length).toBeLessThanOrEqual(file.functionsInText);
  lostIn(file);
  for (const one of file.functions) {
    expect(one.start).toBeLessThanOrEqual(one.bodyStart);
    expect(one.end).toBeLessThanOrEqual(text.length);
    expectRangesInside(one);
  }
  indexFile(file, new Set(["jiffies"]));
}

/** A place as a fraction, so that it fits any text. */
const place = fc.double({ min: 0, max: 1, noNaN: true });

interface Mutation {
  readonly kind: "delete" | "insert" | "duplicate" | "swap";
  readonly from: number;
  readonly length: number;
  readonly to: number;
  readonly piece: string;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom("delete", "insert", "duplicate", "swap"),
  from: place,
  length: fc.nat(60),
  to: place,
  piece: fc.constantFrom(...PIECES),
});

function mutate(text: string, { kind, from, length, to, piece }: Mutation): string {
  const start = Math.floor(from * text.length);
  const target = Math.floor(to * text.length);
  const slice = text.slice(start, start + length);
  if (kind === "insert") return text.slice(0, start) + piece + text.slice(start);
  if (kind === "duplicate") return text.slice(0, target) + slice + text.slice(target);
  const without = text.slice(0, start) + text.slice(start + length);
  if (kind === "delete") return without;
  const at = Math.min(target, without.length);
  return without.slice(0, at) + slice + without.slice(at);
}

describe("the fixture itself", () => {
  test("is read without loss", () => {
    const file = readC(FIXTURE);
    expect(lostIn(file)).toEqual([]);
    expect(file.functions.map((one) => one.name)).toEqual(["SYSCALL_DEFINE2", "item_open"]);
  });
});

describe("length, newlines and ranges hold, and nothing throws", () => {
  test("for random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (text) => holds(Buffer.from(text))),
      { numRuns: 1500 },
    );
  });

  test("for random bytes of the kind that C is made of", () => {
    const character = fc.constantFrom(..."(){}[];,.#\"'\\/*\n\r \tabA_0:=&<>-+");
    fc.assert(
      fc.property(fc.array(character, { maxLength: 300 }), (text) => holds(bytes(text.join("")))),
      { numRuns: 2000 },
    );
  });

  test("for random tokens", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 150 }), (pieces) => holds(bytes(pieces.join(" ")))),
      { numRuns: 2000 },
    );
  });

  test("for random tokens inside a function", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }), (pieces) => {
        holds(bytes(`int f(void)\n{\n${pieces.join(" ")}\n}\nint g(void) { return 1; }\n`));
      }),
      { numRuns: 2000 },
    );
  });

  test("for the fixture with up to six mutations", () => {
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 6 }), (mutations) => {
        holds(bytes(mutations.reduce(mutate, FIXTURE)));
      }),
      { numRuns: 1500 },
    );
  });

  test("for the fixture cut off at every byte", () => {
    for (let end = 0; end < FIXTURE.length; end++) holds(bytes(FIXTURE.slice(0, end)));
  });

  test("for the fixture with CR LF line ends, and nothing is lost", () => {
    const text = FIXTURE.replaceAll("\n", "\r\n");
    holds(bytes(text));
    expect(lostIn(readC(text))).toEqual([]);
    expect(readC(text).functions.length).toBe(2);
  });
});

describe("no function is lost without a word", () => {
  test("a fixture with one byte deleted has all its functions, or something is listed", () => {
    const silent: string[] = [];
    for (let at = 0; at < FIXTURE.length; at++) {
      const file = readC(FIXTURE.slice(0, at) + FIXTURE.slice(at + 1));
      if (file.functionsInText < 2 && lostIn(file).length === 0)
        silent.push(`byte ${at}: ${FIXTURE.slice(at, at + 12)}`);
    }
    expect(silent).toEqual([]);
  });
});
