/** Bytes -> tokens: what begins and ends where, whatever the bytes are. */
import { describe, expect, test } from "vitest";
import { CHARACTER, DIRECTIVE, IDENTIFIER, LineTable, lex, NUMBER, PUNCTUATOR, STRING } from "../../tools/c/lex.ts";
import { bytes } from "./fixtures.ts";

const NAMES = new Map([
  [IDENTIFIER, "name"],
  [NUMBER, "number"],
  [STRING, "string"],
  [CHARACTER, "character"],
  [PUNCTUATOR, "punctuator"],
  [DIRECTIVE, "directive"],
]);

/** Tokens as `kind text` lines. */
function tokensOf(text: string): readonly string[] {
  const { tokens } = lex(bytes(text));
  return Array.from({ length: tokens.count }, (_, i) => {
    return `${NAMES.get(tokens.kind[i] ?? 0)} ${text.slice(tokens.start[i], tokens.end[i])}`;
  });
}

function commentsOf(text: string): readonly string[] {
  const { comments } = lex(bytes(text));
  return comments.flatMap((start, i) => (i % 2 === 0 ? [text.slice(start, comments[i + 1])] : []));
}

describe("numbers", () => {
  test.each(["0", "42", "0x1fUL", "1.5e-3f", ".5", "1e+10", "0x1p-3", "07ull", "1.", "0b101", "1000baseT"])(
    "%s is one token",
    (text) => {
      expect(tokensOf(`(${text})`)).toEqual(["punctuator (", `number ${text}`, "punctuator )"]);
    },
  );

  test("a sign after the hexadecimal digit e is an operator", () => {
    expect(tokensOf("0xe+1")).toEqual(["number 0xe", "punctuator +", "number 1"]);
    expect(tokensOf("0Xfe-x")).toEqual(["number 0Xfe", "punctuator -", "name x"]);
  });

  test("dots", () => {
    expect(tokensOf("a.b ... c..d")).toEqual([
      "name a",
      "punctuator .",
      "name b",
      "punctuator ...",
      "name c",
      "punctuator .",
      "punctuator .",
      "name d",
    ]);
  });
});

describe("operators", () => {
  test("the longest operator wins", () => {
    expect(tokensOf("a<<=b>>=c->d--->e&&&f").map((token) => token.split(" ")[1])).toEqual(
      "a <<= b >>= c -> d -- -> e && & f".split(" "),
    );
  });

  test("their code is their text", () => {
    const { tokens } = lex(bytes("-> ... <<= {"));
    expect([...tokens.code]).toEqual([0x2d3e, 0x2e2e2e, 0x3c3c3d, 0x7b]);
  });
});

describe("strings", () => {
  test("escapes, comment markers and quotes inside", () => {
    expect(tokensOf(String.raw`"a\"b" "/* no */" "//" '"' '\''`)).toEqual([
      String.raw`string "a\"b"`,
      'string "/* no */"',
      'string "//"',
      `character '"'`,
      String.raw`character '\''`,
    ]);
  });

  test("an unterminated one ends with its line", () => {
    expect(tokensOf('x = "abc;\ny;')).toEqual(["name x", "punctuator =", 'string "abc;', "name y", "punctuator ;"]);
    expect(tokensOf("'a\nb")).toEqual(["character 'a", "name b"]);
    expect(tokensOf('"abc')).toEqual(['string "abc']);
    expect(tokensOf('"abc\\')).toEqual(['string "abc\\']);
  });

  test("a backslash at the end of the line continues it, before LF and before CR LF", () => {
    expect(tokensOf('"a\\\nb" c')).toEqual(['string "a\\\nb"', "name c"]);
    expect(tokensOf('"a\\\r\nb" c')).toEqual(['string "a\\\r\nb"', "name c"]);
  });
});

describe("comments", () => {
  test("markers inside comments mean nothing", () => {
    expect(commentsOf("a /* /* // */ b */ // /* c\nd")).toEqual(["/* /* // */", "// /* c"]);
    expect(tokensOf("a /* /* // */ b // /* c\nd")).toEqual(["name a", "name b", "name d"]);
  });

  test("/*/ does not close itself, and an open one ends with the file", () => {
    expect(commentsOf("/*/ a */ b")).toEqual(["/*/ a */"]);
    expect(commentsOf("a /* b\nc")).toEqual(["/* b\nc"]);
  });

  test("a line comment goes on after backslash-newline", () => {
    expect(tokensOf("// a \\\nb\nc")).toEqual(["name c"]);
    expect(tokensOf("// a \\\r\nb\r\nc")).toEqual(["name c"]);
  });

  test("quotes inside comments open nothing", () => {
    expect(tokensOf("/* don't \" */ a // isn't\nb")).toEqual(["name a", "name b"]);
  });
});

describe("directives", () => {
  test("a directive is a line with its continuations", () => {
    expect(tokensOf("#define A 1 \\\n  + 2\nb")).toEqual(["directive #define A 1 \\\n  + 2", "name b"]);
    expect(tokensOf("#define A 1 \\\r\n  + 2\r\nb")).toEqual(["directive #define A 1 \\\r\n  + 2\r", "name b"]);
  });

  test("a comment in it may span lines, and is reported", () => {
    const text = "#define A /* one\n two */ 3\nb";
    expect(tokensOf(text)).toEqual(["directive #define A /* one\n two */ 3", "name b"]);
    expect(commentsOf(text)).toEqual(["/* one\n two */"]);
  });

  test("blanks and comments may stand before the #, text may not", () => {
    expect(tokensOf("  /* a */ # if 1\nb # c")).toEqual(["directive # if 1", "name b", "punctuator #", "name c"]);
  });

  test("a lone apostrophe in #error ends with its line", () => {
    expect(tokensOf("#error don't do this\nint a;")).toEqual([
      "directive #error don't do this",
      "name int",
      "name a",
      "punctuator ;",
    ]);
  });

  test("comment markers in strings of directives open nothing", () => {
    expect(tokensOf('#define A "/*"\nb')).toEqual(['directive #define A "/*"', "name b"]);
  });

  test("a # at the very end", () => {
    expect(tokensOf("a\n#")).toEqual(["name a", "directive #"]);
  });
});

describe("other bytes", () => {
  test("NUL, control characters and lone backslashes are reported as stray", () => {
    const lexed = lex(bytes("a\u0000b \u0007 \\\nc\u007f"));
    expect(lexed.tokens.count).toBe(3);
    expect(lexed.stray).toEqual([1, 4, 6, 9]);
  });

  test("Latin-1 and UTF-8 bytes are letters, so that offsets are those of the file", () => {
    const latin1 = Buffer.from([0x61, 0xe9, 0x20, 0x62]);
    expect([...lex(latin1).tokens.end]).toEqual([2, 4]);
    const utf8 = Buffer.from("aé b", "utf8");
    expect([...lex(utf8).tokens.end]).toEqual([3, 5]);
  });

  test("every byte value alone, and twice, comes back", () => {
    for (let byte = 0; byte < 256; byte++) {
      expect(lex(Buffer.from([byte])).tokens.count).toBeLessThanOrEqual(1);
      expect(lex(Buffer.from([byte, byte, 10])).tokens.count).toBeLessThanOrEqual(2);
    }
  });

  test("form feed and vertical tab are blanks, CR LF keeps directives on their lines", () => {
    expect(tokensOf("\f#if 1\r\n\vb")).toEqual(["directive #if 1\r", "name b"]);
  });
});

describe("lines", () => {
  test("lines and columns count from 1, in bytes", () => {
    const table = new LineTable(bytes("ab\n\ncd"));
    expect([0, 1, 2, 3, 4, 5].map((at) => `${table.lineAt(at)}:${table.columnAt(at)}`)).toEqual([
      "1:1",
      "1:2",
      "1:3",
      "2:1",
      "3:1",
      "3:2",
    ]);
    expect(table.lineCount).toBe(3);
  });

  test("an empty file has one line", () => {
    expect(new LineTable(bytes("")).lineAt(0)).toBe(1);
    expect(new LineTable(bytes("")).lineCount).toBe(1);
  });
});
