/**
 * Punctuators as `Tokens.code` stores them: their bytes as a big-endian number.
 */

export const OPEN_PAREN = 0x28;
export const CLOSE_PAREN = 0x29;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const SEMICOLON = 0x3b;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const EQUALS = 0x3d;
export const STAR = 0x2a;
export const AMPERSAND = 0x26;
export const DOT = 0x2e;
export const ARROW = 0x2d3e;
export const ELLIPSIS = 0x2e2e2e;
export const AND_AND = 0x2626;
export const PLUS_PLUS = 0x2b2b;
export const MINUS_MINUS = 0x2d2d;
