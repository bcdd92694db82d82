/**
 * The variables that random expressions are about: one of each integer type of the kernel as a local variable, as a
 * member of a struct, at file scope, in arrays, in the bytes of a packed struct, and bit-fields.
 */

/** Integer types by the names that kernel C uses, with their width in bits; "long" where the machine decides. */
export const TYPES: Readonly<Record<string, number | "long">> = {
  bool: 8,
  char: 8,
  s8: 8,
  u8: 8,
  short: 16,
  u16: 16,
  int: 32,
  "unsigned int": 32,
  long: "long",
  "unsigned long": "long",
  s64: 64,
  u64: 64,
  size_t: "long",
  __le16: 16,
  __le32: 32,
  __le64: 64,
  __be16: 16,
  __be32: 32,
  __be64: 64,
};
export const TYPE_NAMES: readonly string[] = Object.keys(TYPES);

/** A variable of the C text. */
export interface Place {
  /** How it is written; an array element is `array[` and the index goes behind. */
  readonly text: string;
  readonly type: string;
  readonly kind: "local" | "member" | "bit-field" | "array";
}

/** Elements of every array: an index is one bit of an expression. */
export const ELEMENTS = 2;

const words = (type: string): string => type.replace(/\W/g, "_");
/** Signed, unsigned and bool bit-fields of every declared width; int is one with a sign. */
const BIT_FIELDS: readonly (readonly [type: string, bits: number])[] = [
  ["bool", 1],
  ["u8", 1],
  ["u8", 3],
  ["s8", 5],
  ["u16", 9],
  ["short", 12],
  ["int", 1],
  ["int", 2],
  ["int", 8],
  ["int", 17],
  ["int", 31],
  ["unsigned int", 1],
  ["unsigned int", 7],
  ["unsigned int", 16],
  ["unsigned int", 31],
  ["unsigned long", 20],
  ["u64", 30],
  ["s64", 11],
  ["long", 4],
];
const ARRAYS = ["u8", "s8", "char", "u16", "short", "int", "unsigned int", "unsigned long", "u64", "__be32", "bool"];
/** _Bool has no place in bytes: what a byte other than 0 and 1 is, C leaves open. */
const PACKED = TYPE_NAMES.filter((type) => type !== "bool");

const bitField = ([type, bits]: readonly [string, number]): string => `f_${words(type)}_${bits}`;

const variables = (prefix: string, kind: Place["kind"], types: readonly string[]): readonly Place[] =>
  types.map((type) => ({ text: `${prefix}${words(type)}`, type, kind }));

/** Everything that an expression can read and store. */
export const PLACES: readonly Place[] = [
  ...variables("v_", "local", TYPE_NAMES),
  ...variables("w_", "local", TYPE_NAMES),
  ...variables("t->m_", "member", TYPE_NAMES),
  ...variables("state.inner.n_", "member", TYPE_NAMES),
  ...variables("g_", "member", TYPE_NAMES),
  ...variables("p->b_", "member", PACKED),
  ...variables("t->a_", "array", ARRAYS),
  ...variables("p->x_", "array", ["u8", "u16", "__be32", "s64"]),
  ...BIT_FIELDS.map((one): Place => ({ text: `t->${bitField(one)}`, type: one[0], kind: "bit-field" })),
];

const members = (prefix: string, types: readonly string[], after = ""): string =>
  types.map((type) => `\t${type} ${prefix}${words(type)}${after};\n`).join("");

/** Structs, variables at file scope, and for each type a function that hands its argument on. */
export const DECLARATIONS = [
  `struct things {\n${members("m_", TYPE_NAMES)}${members("a_", ARRAYS, `[${ELEMENTS}]`)}`,
  BIT_FIELDS.map((one) => `\t${one[0]} ${bitField(one)} : ${one[1]};\n`).join(""),
  "};\n",
  `struct inner {\n${members("n_", TYPE_NAMES)}};\n`,
  "struct outer {\n\tint before;\n\tstruct inner inner;\n};\n",
  `struct packet {\n${members("b_", PACKED)}${members("x_", ["u8", "u16", "__be32", "s64"], `[${ELEMENTS}]`)}`,
  "} __attribute__((packed));\n",
  "static struct things things;\nstatic struct outer state;\nstatic struct packet packet;\n",
  TYPE_NAMES.map((type) => `static ${type} g_${words(type)};\n`).join(""),
  TYPE_NAMES.map((type) => `static ${type} as_${words(type)}(${type} x)\n{\n\treturn x;\n}\n`).join(""),
].join("");

/** The function that hands an argument of a type on. */
export function identityOf(type: string): string {
  return `as_${words(type)}`;
}
