/** Deterministic random numbers: xoshiro128** 1.1, seeded through SplitMix64 (Blackman and Vigna, prng.di.unimi.it). */

/** A source of uniformly distributed 32-bit words. */
export interface Generator32 {
  /** The next word, in [0, 2^32). */
  next(): number;
}

/** The first `count` outputs of SplitMix64. */
export function splitMix64(seed: bigint, count: number): bigint[] {
  const out: bigint[] = [];
  let state = BigInt.asUintN(64, seed);
  for (let i = 0; i < count; i++) {
    state = BigInt.asUintN(64, state + 0x9e37_79b9_7f4a_7c15n);
    let z = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn);
    out.push(z ^ (z >> 31n));
  }
  return out;
}

function rotateLeft(x: number, count: number): number {
  return (x << count) | (x >>> (32 - count));
}

/** xoshiro128** from a state of four words, not all zero. */
export function xoshiro128(state: readonly [number, number, number, number]): Generator32 {
  let [s0, s1, s2, s3] = state;
  return {
    next(): number {
      const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
      const t = s1 << 9;
      s2 ^= s0;
      s3 ^= s1;
      s1 ^= s2;
      s0 ^= s3;
      s2 ^= t;
      s3 = rotateLeft(s3, 11);
      return result;
    },
  };
}

/** A generator from a seed: any integer, used mod 2^64. */
export function seededGenerator(seed: number | bigint): Generator32 {
  const [a = 0n, b = 0n] = splitMix64(BigInt(seed), 2);
  const word = (value: bigint): number => Number(BigInt.asIntN(32, value));
  return xoshiro128([word(a), word(a >> 32n), word(b), word(b >> 32n)]);
}

/** A number in [0, n) without modulo bias; n from 1 to 2^32. */
export function below(generator: Generator32, n: number): number {
  const limit = 0x1_0000_0000 - (0x1_0000_0000 % n);
  for (;;) {
    const word = generator.next();
    if (word < limit) return word % n;
  }
}
